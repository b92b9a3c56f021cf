"""Refunds through Midtrans."""
import json
import time

import pytest

import isp


def test_refunds_at_the_dashboard_are_booked_once_each(payer, mid):
    mid.rules(confirm=0.2)
    invoice, order = payer.paid_by("qris")
    mid.act(order, "refund", amount=50000)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000", 20)
    mid.act(order, "refund", amount=30000)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000,30000", 20)
    time.sleep(0.5)
    payer.idle()
    assert payer.refunds(invoice) == "50000,30000" and payer.status(invoice) == "paid"


def test_a_partial_chargeback_after_a_partial_refund(payer, mid):
    """Bug: a partial chargeback was compared with the sum of refunds, so nothing was booked and no alert raised."""
    invoice, order = payer.paid_by("qris")
    mid.act(order, "refund", amount=50000)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000", 20)
    mid.act(order, "chargeback", amount=30000, force=True)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000,30000", 20)
    payer.idle()
    assert payer.show(invoice)["outstanding"] == 30000
    payer.reconcile()
    assert payer.refunds(invoice) == "50000,30000"
    assert "Payment charged back" in payer.alerts(invoice)


def test_refund_by_an_admin(payer, mid):
    invoice, order = payer.paid_by("qris")
    at = "/api/midtrans/refund/" + order
    payer.anyone.post(at, {"amount": 1}).want(401)
    payer.town.api.post(at, {"amount": 150001}).want(422)
    payer.town.api.post(at, {"amount": 50000, "reason": "too slow"}).want(200)
    assert payer.refunds(invoice) == "50000" and payer.status(invoice) == "paid"
    payer.town.api.post(at, {"amount": 100000, "reopen": True}).want(200)
    assert payer.refunds(invoice) == "50000,100000" and payer.status(invoice) == "unpaid"
    payer.town.api.post(at, {"amount": 1}).want(409)
    payer.idle()
    assert payer.refunds(invoice) == "50000,100000"


def test_a_bank_transfer_is_not_refunded_by_midtrans(payer, mid):
    invoice, order = payer.paid_by("bca_va")
    answer = payer.town.api.post("/api/midtrans/refund/" + order, {"amount": 1000}).want(409)
    assert "by hand" in answer.json["message"]
    assert payer.refunds(invoice) == ""


# ---- exactly once --------------------------------------------------------------------------------

def refunds_at_midtrans(mid, order):
    """(amount, key) of each refund of an order at Midtrans."""
    return [(r["amount"], r["key"]) for t in mid.order(order)["transactions"] for r in t["refunds"]]


def refund_call_keys(mid, order):
    """The keys of the refund calls about an order."""
    ids = [t["transaction_id"] for t in mid.order(order)["transactions"]]
    return [e["body"]["refund_key"] for e in mid.ask("GET", "/log")["entries"]
            if e["path"] in ["/v2/%s/refund" % i for i in ids]]


def refund(payer, order, amount, key=None, **more):
    body = dict(more) if amount is None else dict(more, amount=amount)
    headers = {"Idempotency_Key": key} if key else {}
    api = payer.town.api.another(timeout=40)
    try:
        return api.post("/api/midtrans/refund/" + order, body, **headers)
    finally:
        api.close()


def test_two_simultaneous_requests_make_one_refund(payer, mid):
    """A double click, or two admins. Bug: the second call marked the first, still running, as refused, and the
    customer was paid twice."""
    invoice, order = payer.paid_by("qris")
    mid.fault("pause", "POST /v2/*/refund")

    def click():
        answer = refund(payer, order, 50000)
        mid.well()  # the one that is refused lets Midtrans answer the other
        return answer
    answers = isp.throng([click] * 2)
    assert sorted(a.status for a in answers) == [200, 409], answers
    assert "under way" in [a for a in answers if a.status == 409][0].json["message"]
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000]
    payer.idle()
    assert payer.refunds(invoice) == "50000"


def test_two_simultaneous_requests_with_one_key_get_one_answer(payer, mid):
    """The second waits for the answer of the first. With a key of its own it is answered 409: one is under way."""
    invoice, order = payer.paid_by("qris")

    def at_once(amount, *keys):
        def let_go():
            payer.second_waits()
            mid.well()
        mid.fault("pause", "POST /v2/*/refund")
        return isp.throng([lambda k=key: refund(payer, order, amount, k + order) for key in keys] + [let_go])[:2]
    first, second = at_once(50000, "same-", "same-")
    assert first.want(200).json == second.want(200).json
    answers = at_once(30000, "mine-", "theirs-")
    assert sorted(a.status for a in answers) == [200, 409]
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000, 30000]
    payer.idle()
    assert payer.refunds(invoice) == "50000,30000"


def test_a_refund_whose_answer_got_lost_is_not_made_twice(payer, mid):
    """The same request again is the same refund, whether gateway-sync has found it meanwhile or not. It keeps the
    actor and the reason of the request, even when gateway-sync books it."""
    invoice, order = payer.paid_by("qris")
    mid.fault("lost", "POST /v2/*/refund", times=1)
    refund(payer, order, 50000, reopen=True, reason="too slow").want(502)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000", 20)
    assert payer.status(invoice) == "unpaid"
    payer.idle()
    refund(payer, order, 50000, reopen=True, reason="too slow").want(200)
    assert len(refunds_at_midtrans(mid, order)) == 1 and payer.refunds(invoice) == "50000"
    assert refunds_at_midtrans(mid, order)[0][1].startswith("isp-") and len(refund_call_keys(mid, order)) == 1
    assert payer.sql("SELECT r.reason, r.actor, r.reopen FROM refunds r JOIN payments p ON p.id = r.payment_id "
                     "WHERE p.invoice_id = '%s'" % invoice["id"]) == "too slow|admin@ispbilling.com|t"
    refund(payer, order, 50000).want(200)  # the first is known to be done, so this is a second refund
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000, 50000] and payer.refunds(invoice) == "50000,50000"


@pytest.mark.parametrize("other", [{"key": True}, {"reopen": True}, {"reason": "outage in April"}, {"later": True}])
def test_a_second_refund_of_the_same_amount_is_made(payer, mid, other):
    """Bug: the answer of the first was lost, and gateway-sync found it. Each later refund of that amount was answered
    200 and not made, at any time and for any reason."""
    invoice, order = payer.paid_by("qris")
    wanted = {"reason": "outage in March"}
    mid.fault("lost", "POST /v2/*/refund", times=1)
    refund(payer, order, 50000, "first-" + order, **wanted).want(502)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000", 20)
    payer.idle()
    if other.pop("later", None):
        payer.sql("UPDATE midtrans_refunds SET created_at = now() - interval '25 hours'")
    key = "second-" + order if other.pop("key", None) else None
    refund(payer, order, 50000, key, **{**wanted, **other}).want(200)
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000, 50000] and payer.refunds(invoice) == "50000,50000"
    assert payer.status(invoice) == ("unpaid" if "reopen" in other else "paid")


def test_a_refund_above_the_remaining_amount_is_409(payer, mid):
    """Its answer was lost, and all was paid back at the dashboard. Bug: the API answered 200, and the admin thought
    that both refunds were paid."""
    invoice, order = payer.paid_by("qris")
    mid.fault("status", "POST /v2/*/refund", code=500, times=1)
    refund(payer, order, 40000).want(502)
    mid.act(order, "refund")
    answer = refund(payer, order, 40000).want(409)
    assert answer.json["message"].startswith("Nothing") and payer.refunds(invoice) == "150000"


def test_a_lost_refund_is_repeated_under_its_own_key(payer, mid):
    """It cannot be known whether the call arrived; repeating the same key is safe."""
    invoice, order = payer.paid_by("qris")
    mid.fault("reset", "POST /v2/*/refund", times=1)
    refund(payer, order, 50000).want(502)
    payer.idle()
    assert refunds_at_midtrans(mid, order) == []
    answer = refund(payer, order, 30000).want(409)
    assert "under way" in answer.json["message"] and "50.000" in answer.json["message"]
    refund(payer, order, None).want(409)
    refund(payer, order, 50000, reopen=True).want(409)
    refund(payer, order, 50000, "another-" + order).want(409)
    refund(payer, order, 50000).want(200)
    assert len(refund_call_keys(mid, order)) == 2 and len(set(refund_call_keys(mid, order))) == 1
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000] and payer.refunds(invoice) == "50000"
    refund(payer, order, 30000).want(200)
    assert payer.refunds(invoice) == "50000,30000"


def test_a_406_for_a_repeated_key_means_done(payer, mid):
    """Midtrans answers a repeated refund with 406 or "all refunded": that may mean that this refund was made."""
    for amount in (50000, None):
        invoice, order = payer.paid_by("qris")
        mid.fault("lost", "POST /v2/*/refund", times=1)
        mid.fault("status", "GET /v2/*", code=503)
        refund(payer, order, amount).want(502)
        refund(payer, order, amount).want(502)  # no second POST before the status is known
        assert len(refund_call_keys(mid, order)) == 1
        mid.fault("status", "GET /v2/*", code=404, times=2, body=json.dumps({"status_code": "404"}))
        refund(payer, order, amount).want(200)
        payer.idle()
        mid.well()
        assert len(refunds_at_midtrans(mid, order)) == 1 and len(set(refund_call_keys(mid, order))) == 1
        assert payer.refunds(invoice) == str(amount or 150000)


@pytest.mark.parametrize("executed", [True, False])
def test_after_408_the_outcome_is_unknown(payer, mid, executed):
    """Bug: a proxy gave up waiting, and the refund was made. It counted as refused, and the next try, under another
    key, paid the customer twice."""
    invoice, order = payer.paid_by("qris")
    mid.rules(drop=1)
    mid.fault("status", "POST /v2/*/refund", code=408, times=1, execute=executed)
    refund(payer, order, 50000).want(502)
    refund(payer, order, 50000).want(200)
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000] and len(set(refund_call_keys(mid, order))) == 1
    assert payer.refunds(invoice) == "50000"


def test_only_an_explicit_refusal_counts_as_refused(payer, mid):
    """500 and 408: unknown. 414: refused. A call that was not sent: refused."""
    invoice, order = payer.paid_by("qris")

    def states():
        return payer.sql("SELECT string_agg(q.state, ',' ORDER BY q.created_at) FROM midtrans_refunds q "
                         "JOIN midtrans_transactions t USING (transaction_id) JOIN midtrans_attempts a "
                         "ON a.id = t.attempt_id WHERE a.order_id = '%s'" % order)
    mid.fault("status", "POST /v2/*/refund", code=200, times=1, body=json.dumps(
        {"status_code": "414", "status_message": "Refund request is rejected"}))
    refund(payer, order, 10000).want(409)
    assert states() == "refused"
    mid.fault("status", "POST /v2/*/refund", code=429, times=1)
    refund(payer, order, 20000).want(503)
    assert states() == "refused,refused"
    mid.fault("refuse")
    refund(payer, order, 30000).want(502)
    mid.well()
    assert states() == "refused,refused,refused"
    for n, code in enumerate((500, 408)):
        mid.fault("status", "POST /v2/*/refund", code=code, times=1)
        refund(payer, order, 40000).want(502)
        assert states() == "refused,refused,refused," + "done," * n + "requested"
        refund(payer, order, 40000).want(200)
    assert payer.sql("SELECT string_agg(status || ' ' || (response ->> 'code'), ',' ORDER BY created_at, id) FROM midtrans_logs "
                     "WHERE event = 'refund' AND order_id = '%s'" % order) == (
        "refused 414,unknown 429,unknown 0,unknown 500,accepted 200,unknown 408,accepted 200"), "one log row for each call"
    assert states() == "refused,refused,refused,done,done" and [a for a, _ in refunds_at_midtrans(mid, order)] == [40000, 40000]


def test_a_lost_answer_and_then_a_call_that_was_not_sent(payer, mid):
    """Bug: the second call was not sent, and the refund counted as refused, though the first call had made it. The
    third click paid the customer twice."""
    invoice, order = payer.paid_by("qris")
    mid.rules(drop=1)
    mid.fault("status", "GET /v2/*", code=503)  # nor can gateway-sync find out
    mid.fault("lost", "POST /v2/*/refund", times=1)
    refund(payer, order, 50000).want(502)
    mid.fault("refuse")
    refund(payer, order, 50000).want(502)
    mid.well()
    refund(payer, order, 50000).want(200)
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000] and len(set(refund_call_keys(mid, order))) == 1
    assert payer.refunds(invoice) == "50000"


def test_an_idempotency_key_is_honoured(payer, mid):
    """As for payments: the same key and body return the first answer; another body is 409."""
    invoice, order = payer.paid_by("qris")
    key = "refund-of-" + order
    first = refund(payer, order, 50000, key, reason="x").want(200).json
    assert refund(payer, order, 50000, key, reason="x").want(200).json == first
    for more in ({"amount": 40000}, {"amount": 50000, "reason": "y"}, {"amount": 50000, "reason": "x", "reopen": True}):
        refund(payer, order, key=key, **{"amount": None, **more}).want(409)
    other = payer.paid_by("qris")[1]
    refund(payer, other, 50000, key, reason="x").want(409)
    refund(payer, other, 1, "x" * 256).want(422)
    refund(payer, order, 50000, key + "2", reason="x").want(200)
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000, 50000]
    mid.fault("status", "POST /v2/*/refund", code=200, times=1, body=json.dumps({"status_code": "414"}))
    refund(payer, other, 70000, "again").want(409)
    refund(payer, other, 70000, "again").want(200)  # a refused refund may be requested again
    assert [amount for amount, _ in refunds_at_midtrans(mid, other)] == [70000]


def test_repeating_a_key_after_a_lost_answer_refunds_once(payer, mid):
    invoice, order = payer.paid_by("qris")
    mid.fault("lost", "POST /v2/*/refund", times=1)
    refund(payer, order, 50000, "lost-" + order).want(502)
    payer.idle()
    for _ in range(2):
        refund(payer, order, 50000, "lost-" + order).want(200)
    assert len(refunds_at_midtrans(mid, order)) == 1 and payer.refunds(invoice) == "50000"


# ---- full refunds --------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["qris", "shopeepay", "ovo"])
def test_a_full_refund_includes_the_fee(payer, mid, method):
    """Bug: the full refund left out the fee, so it was a partial one: ShopeePay and OVO refused it, and a QRIS payment
    never counted as refunded at Midtrans."""
    mid.ask("POST", "/fee", {"amount": 4440})
    invoice, order = payer.paid_by(method)
    refund(payer, order, None).want(200)
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [154440] and payer.at_midtrans(order) == ["refund"]
    assert payer.refunds(invoice) == "150000"
    payment, = payer.payments(invoice)
    assert (payment["status"], payment["fee"]) == ("refunded", 4440)
    refund(payer, order, 1).want(409)


def test_partial_refunds_exclude_the_fee_until_the_last(payer, mid):
    mid.ask("POST", "/fee", {"amount": 4440})
    invoice, order = payer.paid_by("qris")
    refund(payer, order, 50000).want(200)
    refund(payer, order, 100000).want(200)
    assert [amount for amount, _ in refunds_at_midtrans(mid, order)] == [50000, 104440] and payer.at_midtrans(order) == ["refund"]
    assert payer.refunds(invoice) == "50000,100000"


def test_a_full_refund_with_reopen_cancels_a_captured_card(payer, mid):
    """A card captured and not settled cannot be refunded, but cancelled; with reopen the invoice is due again."""
    invoice, order = payer.paid_by("credit_card")
    answer = refund(payer, order, 1000).want(409)
    assert "settled" in answer.json["message"]
    for _ in range(2):
        refund(payer, order, 150000, "void-" + order, reason="moved away", reopen=True).want(200)
    assert payer.at_midtrans(order) == ["cancel"] and refunds_at_midtrans(mid, order) == []
    assert payer.status(invoice) == "unpaid" and payer.refunds(invoice) == ""
    assert payer.sql("SELECT kind, reason, r.actor FROM payment_reversals r JOIN payments p ON p.id = r.payment_id "
                     "WHERE p.invoice_id = '%s'" % invoice["id"]) == "void|moved away|admin@ispbilling.com"
    refund(payer, order, 150000).want(409)


def test_a_full_refund_without_reopen_keeps_the_invoice_paid(payer, mid):
    """Without reopen the invoice stays paid, though the payment is cancelled at Midtrans. Bug: the customer was given
    the money back and then cut off for debt. The cancellation, notified again, books nothing more."""
    sub, invoice = payer.town.billed(start_date="2026-01-01", end_date="2026-01-31")
    payer.stack.cron("2026-03-02")
    _, order = payer.paid_by("credit_card", invoice)
    refund(payer, order, None, reason="too slow").want(200)
    payer.idle()
    assert payer.notify(mid.craft(order)).status == 200
    payer.idle()
    payer.reconcile()
    assert payer.at_midtrans(order) == ["cancel"] and refunds_at_midtrans(mid, order) == []
    assert payer.status(invoice) == "paid" and payer.refunds(invoice) == str(invoice["amount"])
    assert payer.town.api.show("/api/subscriptions/" + sub["id"])["status"] == "active"
    payment, = payer.payments(invoice)
    assert (payment["status"], payment["midtrans_status"]) == ("refunded", "cancel")
    assert payer.sql("SELECT r.reason, r.actor FROM refunds r JOIN payments p ON p.id = r.payment_id "
                     "WHERE p.invoice_id = '%s'" % invoice["id"]) == "too slow|admin@ispbilling.com"
    refund(payer, order, 1).want(409)


@pytest.mark.parametrize("kind,more", [("lost", {}), ("status", {"code": 408, "execute": True})])
def test_a_cancellation_whose_answer_was_lost_is_made_once(payer, mid, kind, more):
    for reopen in (False, True):
        invoice, order = payer.paid_by("credit_card")
        mid.fault(kind, "POST /v2/*/cancel", times=1, **more)
        mid.rules(drop=1)
        refund(payer, order, None, reopen=reopen).want(502)
        payer.idle()
        refund(payer, order, None, reopen=reopen).want(200)
        assert payer.at_midtrans(order) == ["cancel"] and len(payer.payments(invoice)) == 1
        assert payer.status(invoice) == ("unpaid" if reopen else "paid")
        mid.rules(drop=0)


def test_a_cancellation_that_was_not_sent_does_not_block_refunds(payer, mid):
    """Bug: it stayed "requested" for ever and blocked all other refunds of the order."""
    invoice, order = payer.paid_by("credit_card")
    mid.fault("refuse")
    refund(payer, order, None).want(502)
    mid.well()
    mid.act(order, "settle")
    refund(payer, order, 1000).want(200)
    assert payer.refunds(invoice) == "1000" and [amount for amount, _ in refunds_at_midtrans(mid, order)] == [1000]


def pay_twice(payer, mid, order, method):
    """Pay the order a second time, as a customer or a bank does by mistake, and wait until both payments are booked."""
    mid.act(order, "choose", method=method, force=True)
    mid.act(order, "pay", method=method, force=True)
    isp.wait_until(lambda: payer.sql("SELECT count(*) FROM midtrans_transactions t JOIN midtrans_attempts a "
                                     "ON a.id = t.attempt_id WHERE t.payment_id IS NOT NULL AND a.order_id = '%s'"
                                     % order) == "2", 5, "both payments booked")
    payer.idle()


def test_a_refund_cancels_one_of_two_captured_payments(payer, mid):
    """Bug: both payments were cancelled."""
    invoice, order = payer.paid_by("credit_card")
    pay_twice(payer, mid, order, "credit_card")
    refund(payer, order, 150000).want(200)
    payer.idle()
    assert sorted(payer.at_midtrans(order)) == ["cancel", "capture"]
    assert sorted(p["status"] for p in payer.payments(invoice)) == ["received", "refunded"]
    assert payer.status(invoice) == "paid"


def test_a_refund_takes_the_payment_that_has_enough_left(payer, mid):
    """Bug: only the first payment was looked at, so after a partial refund the second could not be refunded."""
    invoice, order = payer.paid_by("qris")
    pay_twice(payer, mid, order, "gopay")
    refund(payer, order, 50000).want(200)
    refund(payer, order, 150000).want(200)
    refund(payer, order, 100001).want(422)
    refund(payer, order, None).want(200)
    first, second = mid.order(order)["transactions"]
    assert [[r["amount"] for r in t["refunds"]] for t in (first, second)] == [[50000, 100000], [150000]]


def test_a_card_settled_without_notification_is_refunded(payer, mid):
    invoice, order = payer.paid_by("credit_card")
    mid.rules(drop=1)
    mid.act(order, "settle")
    refund(payer, order, None).want(200)
    assert payer.at_midtrans(order) == ["refund"] and payer.refunds(invoice) == "150000"
    assert payer.status(invoice) == "paid"


# ---- refund and chargeback at the same time ------------------------------------------------------

@pytest.mark.parametrize("first", ["refund", "chargeback"])
def test_a_refund_and_a_chargeback_at_once_book_once(payer, mid, first):
    """Either may arrive first at Midtrans: the money is returned once."""
    invoice, order = payer.paid_by("qris")
    call = "POST /v2/*/refund"
    if first == "chargeback":
        mid.fault("pause", call)

    def charge_back():
        if first == "refund":
            time.sleep(0.2)
        else:
            isp.wait_until(lambda: mid.ask("GET", "/fault")[0]["hits"], 20, "the refund under way")
        mid.act(order, "chargeback", force=True)
        mid.fault("pause", call, off=True)
    answer, _ = isp.throng([lambda: refund(payer, order, None), charge_back])
    payer.idle()
    mid.well()
    payer.reconcile()
    payment, = payer.payments(invoice)
    assert payment["status"] in ("refunded", "reversed"), (answer, payment)
    assert payer.credit(invoice) == 0
    assert payer.status(invoice) == ("unpaid" if payment["status"] == "reversed" else "paid")
    if first == "chargeback":
        assert refunds_at_midtrans(mid, order) == [] and payment["status"] == "reversed" and answer.status == 409
    payer.stack.check()


# ---- paid twice, one given back --------------------------------------------------------------------

@pytest.mark.parametrize("way", ["api", "dashboard", "by hand"])
def test_paid_twice_and_one_given_back(payer, mid, way):
    """The bill stays paid, no credit is left and nothing is written off, however the money goes back."""
    invoice, order = payer.paid_by("qris")
    pay_twice(payer, mid, order, "gopay")
    assert payer.show(invoice)["outstanding"] == 0
    if way == "api":
        refund(payer, order, 150000).want(200)
    elif way == "dashboard":
        mid.act(mid.order(order)["transactions"][0]["transaction_id"], "refund", amount=150000)
    else:
        payment = payer.payments(invoice)[0]
        payer.town.api.post("/api/payments/%s/refund" % payment["id"], {"amount": 150000, "method": "cash", "reason": "twice"}).want(200, 201)
    isp.wait_until(lambda: sorted(p["status"] for p in payer.payments(invoice)) == ["received", "refunded"], 20)
    payer.idle()
    customer = payer.show(invoice)["customer_id"]
    assert payer.status(invoice) == "paid" and payer.show(invoice)["outstanding"] == 0
    assert payer.town.api.show("/api/customers/" + customer)["credit"] == 0
    assert payer.sql("SELECT count(*) FROM customer_credits WHERE customer_id = '%s' AND kind = 'loss'" % customer) == "0"
