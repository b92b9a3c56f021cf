"""Online payment against a simulated Midtrans: each case of the Midtrans facts by its name."""
import json
import os
import socket

import pytest

import gateway
import isp


# ---- money ----------------------------------------------------------------------------------------

def test_a_page_that_polls_sees_paid(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="bca_va")
    mid.act(order, "pay")
    isp.wait_until(lambda: payer.anyone.get("/api/public/invoices/" + invoice["id"]).json["status"] == "paid", 2)
    assert payer.anyone.get("/api/public/invoices/" + invoice["id"]).json["outstanding"] == 0
    payment, = payer.payments(invoice)
    assert (payment["amount"], payment["source"], payment["method"], payment["fee"]) == (150000, "midtrans", "va", 0)
    assert payment["midtrans_status"] == "settlement"
    log = payer.town.api.get("/api/midtrans-logs", order_id=order).want(200).json["data"]
    assert {row["event"] for row in log} == {"create", "notification"}
    assert "signature" not in json.dumps(log) and payer.token_of(order) not in json.dumps(log)


def test_a_card_is_captured_and_then_settled_once(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="credit_card")
    payer.wait(invoice, "paid")
    mid.act(order, "settle")
    isp.wait_until(lambda: payer.payments(invoice)[0]["midtrans_status"] == "settlement", 20)
    assert len(payer.payments(invoice)) == 1


def test_a_challenged_card_waits_for_people(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="credit_card", challenge=True)
    payer.wait_order(order, "review")
    assert payer.status(invoice) == "unpaid" and payer.payments(invoice) == []
    mid.act(order, "accept")
    payer.wait(invoice, "paid")


def test_zero_decimals_and_capitals(payer, mid):
    """An amount is a text: "150000.00" is signed, and is 150,000 rupiah."""
    invoice = payer.billed()
    _, body = payer.genuine(invoice, method="bca_va")
    assert body["gross_amount"] == "150000.00"
    body["transaction_status"] = "SETTLEMENT"
    assert payer.notify(body).status == 200
    payer.wait(invoice, "paid", 2)


def test_a_fee_is_neither_revenue_nor_credit(payer, mid):
    for kind in ("string", "number"):
        mid.ask("POST", "/fee", {"amount": 4440, "as": kind})
        invoice = payer.billed()
        mid.act(payer.order(invoice), "pay", method="qris")
        payer.wait(invoice, "paid")
        payment, = payer.payments(invoice)
        assert (payment["amount"], payment["fee"]) == (150000, 4440)
        assert payer.credit(invoice) == 0
    mid.ask("POST", "/fee", {"amount": 0})


def test_copies_at_once_book_once(payer, mid):
    invoice = payer.billed()
    _, body = payer.genuine(invoice, method="qris")
    clients = [isp.Client(payer.stack.url) for _ in range(16)]

    def send(client):
        return lambda: client.raw("POST", "/api/midtrans/webhook", json.dumps(body).encode(),
                                  {"Content-Type": "application/json"}).status
    assert isp.throng([send(c) for c in clients]) == [200] * 16
    assert len(payer.payments(invoice)) == 1 and payer.credit(invoice) == 0
    payer.idle()


def two_pages(payer, mid, invoice):
    """The orders of its pages: the first has expired."""
    first = payer.order(invoice)
    mid.act(first, "choose", method="bca_va")
    mid.act(first, "expire")
    payer.wait_order(first, "closed")
    second = payer.order(invoice)
    assert second != first
    return first, second


def test_the_old_page_is_paid_after_the_new_one(payer, mid):
    """Both pages of an invoice are paid: the second is credit, and people are informed (row 17)."""
    invoice = payer.billed()
    first, second = two_pages(payer, mid, invoice)
    mid.act(second, "pay", method="qris")
    payer.wait(invoice, "paid")
    mid.act(first, "pay", method="bca_va", force=True)
    isp.wait_until(lambda: len(payer.payments(invoice)) == 2, 20)
    assert payer.status(invoice) == "paid" and payer.credit(invoice) == 150000


def test_money_for_a_cancelled_invoice_is_credit(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.fault("status", "POST /v2/*/cancel", code=500)
    mid.act(order, "choose", method="bca_va")
    payer.town.api.delete("/api/invoices/" + invoice["id"])
    mid.act(order, "pay", force=True)
    isp.wait_until(lambda: payer.credit(invoice) == 150000, 20)
    assert payer.status(invoice) == "cancelled"
    mid.well()


def test_settled_by_cash_ends_the_pending_payment(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="bca_va")
    payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
    isp.wait_until(lambda: mid.order(order)["transactions"][0]["transaction_status"] == "cancel", 20)
    payer.idle()


def begun_twice(payer, mid, *methods):
    """An order whose customer wandered: a payment by each method is under way."""
    invoice = payer.billed()
    order = payer.order(invoice)
    for method in methods or ("bca_va", "bni_va"):
        mid.act(order, "choose", method=method)
    isp.wait_until(lambda: payer.sql("SELECT count(*) FROM midtrans_transactions t JOIN midtrans_attempts a "
                                     "ON a.id = t.attempt_id WHERE a.order_id = '%s'" % order) == "2", 5)
    return invoice, order


def test_settled_by_cash_ends_every_payment_under_way(payer, mid):
    """Bug: only the newest payment was cancelled; the other could be paid for a day, and the order counted as
    closed."""
    for methods in ((), ("dana", "bca_va")):
        invoice, order = begun_twice(payer, mid, *methods)
        payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
        isp.wait_until(lambda: payer.at_midtrans(order) == ["cancel", "cancel"], 20)
        payer.wait_order(order, "closed")


def test_cancelling_by_hand_ends_every_payment_under_way(payer, mid):
    invoice, order = begun_twice(payer, mid)
    mid.fault("status", "POST /v2/%s/cancel" % mid.order(order)["transactions"][0]["transaction_id"], code=500)
    payer.town.api.post("/api/midtrans/cancel/" + order).want(502)
    assert payer.at_midtrans(order) == ["pending", "cancel"] and payer.order_state(order) == "pending"
    mid.well()
    payer.town.api.post("/api/midtrans/cancel/" + order).want(200)
    assert payer.at_midtrans(order) == ["cancel", "cancel"] and payer.order_state(order) == "closed"


def test_one_of_two_expires_and_the_page_stays(payer, mid):
    """Bug: the end of one payment closed the order: the customer got a second page beside a payment under way."""
    invoice, order = begun_twice(payer, mid)
    first, second = [t["transaction_id"] for t in mid.order(order)["transactions"]]
    mid.act(first, "expire")
    isp.wait_until(lambda: payer.sql("SELECT transaction_status FROM midtrans_transactions WHERE transaction_id = '%s'"
                                     % first) == "expire", 5)
    assert payer.order(invoice) == order and payer.order_state(order) == "pending"
    mid.act(second, "expire")
    payer.wait_order(order, "closed")


def test_an_open_page_beside_a_payment_is_cancelled(payer, mid):
    invoice, order = begun_twice(payer, mid)
    mid.act(order, "pay", method="bca_va")
    payer.wait(invoice, "paid")
    isp.wait_until(lambda: payer.at_midtrans(order) == ["settlement", "cancel"], 20)
    payer.idle()
    assert payer.order_state(order) == "paid" and len(payer.payments(invoice)) == 1


def test_cancel_meets_settlement(payer, mid):
    """The customer pays while we cancel: Midtrans says 412, is asked, and the money is credit."""
    invoice, order = payer.billed(), None
    order = payer.order(invoice)
    mid.act(order, "choose", method="bca_va")
    payer.wait_order(order, "pending")
    mid.rules(drop=1)
    mid.fault("pause", "POST /v2/*/cancel")
    payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
    isp.wait_until(lambda: [e for e in mid.ask("GET", "/log")["entries"] if e["path"].endswith("/cancel")], 20)
    mid.act(order, "pay")
    mid.well()
    isp.wait_until(lambda: payer.credit(invoice) == 150000, 20)
    payer.idle()
    assert payer.order_state(order) == "paid" and payer.at_midtrans(order) == ["settlement"]


def test_authorized_then_captured(payer, mid):
    """A hold on a card is a payment under way (row 6), and money when it is captured."""
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "authorize", method="credit_card")
    payer.wait_order(order, "pending")
    assert payer.status(invoice) == "unpaid" and payer.payments(invoice) == []
    mid.act(order, "capture")
    payer.wait(invoice, "paid")


def test_authorized_and_run_out_is_cancelled(payer, mid):
    """Bug: Midtrans does not expire an authorization, but gateway-sync ordered it to, every 30 seconds, for ever."""
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "authorize", method="credit_card")
    payer.wait_order(order, "pending")
    payer.sql("UPDATE midtrans_attempts SET expires_at = now() - interval '1 minute' WHERE order_id = '%s'" % order)
    payer.stack.exec("gateway-sync", "--once")
    payer.wait_order(order, "closed")
    assert payer.at_midtrans(order) == ["cancel"]
    assert mid.calls("/v2/%s/expire" % mid.order(order)["transactions"][0]["transaction_id"]) == 0


def test_expired_then_settled_is_confirmed(payer, mid):
    """Row 20: an expiry was reported, then money: Midtrans is asked, and knows."""
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="bca_va")
    mid.act(order, "expire")
    payer.wait_order(order, "closed")
    mid.act(order, "set", status="settlement")
    payer.wait(invoice, "paid", 3)


def test_another_amount_is_asked_about_and_booked_as_it_is(payer, mid):
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="bca_va")
    body["gross_amount"] = "100000.00"
    body["signature_key"] = gateway.sign(body)
    assert payer.notify(body).status == 200
    payer.wait(invoice, "paid", 20)  # what Midtrans says counts: 150,000
    assert payer.payments(invoice)[0]["amount"] == 150000


def test_reversal_undoes_the_payment(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="permata_va")
    payer.wait(invoice, "paid")
    mid.act(order, "reverse")
    payer.wait(invoice, "unpaid", 2)
    payment, = payer.payments(invoice)
    assert payment["status"] == "reversed"


def test_a_settlement_reported_again_after_the_reversal_books_nothing(payer, mid):
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="permata_va")
    assert payer.notify(body).status == 200
    mid.rules(hold=False)
    mid.act(order, "reverse")
    payer.wait(invoice, "unpaid", 20)
    for _ in range(3):
        assert payer.notify(body).status == 200
    payer.idle()
    assert payer.status(invoice) == "unpaid" and len(payer.payments(invoice)) == 1


def test_deny_before_the_settlement_it_took_back(payer, mid):
    """Out of order: the reversal arrives first.  Midtrans is asked, nothing is booked."""
    invoice = payer.billed()
    order, settled = payer.genuine(invoice, method="permata_va")
    mid.act(order, "reverse")
    denied = mid.craft(order)
    assert denied["transaction_status"] == "deny"
    assert payer.notify(denied).status == 200
    assert payer.notify(settled).status == 200
    payer.idle()
    assert payer.status(invoice) == "unpaid" and payer.payments(invoice) == []


def test_a_captured_card_is_not_cancelled_by_hand(payer, mid):
    """A captured card is paid: only an admin gives money back, while operators may cancel. Bug: cancelling undid
    the payment."""
    invoice, order = payer.paid_by("credit_card")
    answer = payer.town.api.post("/api/midtrans/cancel/" + order).want(409)
    assert "refund it" in answer.json["message"]
    assert payer.status(invoice) == "paid" and payer.at_midtrans(order) == ["capture"]
    mid.rules(drop=1)
    mid.act(order, "settle")  # nobody tells us
    payer.town.api.post("/api/midtrans/cancel/" + order).want(409)
    assert payer.status(invoice) == "paid" and payer.at_midtrans(order) == ["settlement"]


def test_void_of_a_captured_card(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="credit_card")
    payer.wait(invoice, "paid")
    mid.act(order, "void")
    payer.wait(invoice, "unpaid", 20)


def test_chargeback(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="credit_card")
    payer.wait(invoice, "paid")
    mid.act(order, "settle")
    mid.act(order, "chargeback")
    payer.wait(invoice, "unpaid", 20)


@pytest.mark.parametrize("method,bank", [("bca_va", "bca"), ("permata_va", "permata"), ("echannel", None),
                                         ("indomaret", "indomaret"), ("qris", "gopay")])
def test_the_fields_of_a_channel_are_kept(payer, mid, method, bank):
    """Row 1: the method, what the customer types to pay, and until when; row 10: when it settled."""
    order = payer.order(payer.billed())
    mid.act(order, "choose", method=method)
    payer.wait_order(order, "pending")
    body = mid.craft(order)
    code = body.get("permata_va_number") or body.get("payment_code") or (
        "%(biller_code)s %(bill_key)s" % body if "bill_key" in body else body.get("va_numbers", [{}])[0].get("va_number", ""))
    stored = "SELECT payment_type, coalesce(bank, ''), coalesce(pay_code, ''), to_char(%%s AT TIME ZONE '+07:00'::interval, " \
            "'YYYY-MM-DD HH24:MI:SS') FROM midtrans_transactions WHERE transaction_id = '%s'" % body["transaction_id"]
    kept = [body["payment_type"], bank or "", code]
    assert payer.sql(stored % "expiry_time").split("|") == kept + [body["expiry_time"]]
    mid.act(order, "pay", method=method)
    payer.wait_order(order, "paid")
    assert payer.sql(stored % "settlement_time").split("|") == kept + [mid.craft(order)["settlement_time"]]


def test_each_part_a_bank_takes_back_is_received_of(payer, mid):
    """The webhook never saw the sum of the parts: the second, of an order that nobody asked about any more, counted as
    a copy of the first."""
    invoice, order = payer.paid_by("qris")
    for taken in ("30000", "30000,20000"):
        payer.sql("UPDATE midtrans_attempts SET next_check_at = NULL WHERE order_id = '%s'" % order)
        mid.act(order, "chargeback", amount=int(taken.split(",")[-1]), force=True)
        isp.wait_until(lambda: payer.refunds(invoice) == taken, 20, "part taken back")
        payer.idle()
    assert payer.show(invoice)["outstanding"] == 50000


# ---- what stays as it is ---------------------------------------------------------------------------

def overdue(payer):
    sub, invoice = payer.town.billed(due="2026-02-20", start_date="2026-02-20", end_date="2026-03-21")
    payer.stack.cron("2026-03-02", "--only", "overdue")
    assert payer.status(invoice) == "overdue"
    return sub, invoice


def test_overdue_stays_overdue(payer, mid):
    """A payment that begins and ends without money changes no invoice (rows 1 and 8)."""
    _, invoice = overdue(payer)
    for end in ("expire", "cancel", "failure"):
        order = payer.order(invoice)
        mid.act(order, "choose", method="bca_va")
        payer.wait_order(order, "pending")
        assert payer.status(invoice) == "overdue"
        mid.act(order, end)
        payer.wait_order(order, "closed")
        assert payer.status(invoice) == "overdue", end


def test_others_say_nothing_about_what_is_paid(payer, mid):
    """Another transaction of the order (row 15), another order of the invoice (row 16), and late news of its own
    (row 11): it stays paid."""
    invoice = payer.billed()
    first, second = two_pages(payer, mid, invoice)
    mid.act(second, "pay", method="qris")
    payer.wait(invoice, "paid")
    for status, code in (("deny", "202"), ("expire", "202"), ("cancel", "202"), ("failure", "202"), ("pending", "201")):
        change = {"transaction_status": status, "status_code": code}
        other = dict(change, transaction_id="other-%s-%s" % (status, second))
        for order, said in ((second, other), (first, change), (first, dict(other, transaction_id="x" + first + status))):
            assert payer.notify(mid.craft(order, said)).status == 200
        if status in ("expire", "failure", "pending"):
            assert payer.notify(mid.craft(second, change)).status == 200
    payer.idle()
    assert payer.status(invoice) == "paid" and payer.order_state(second) == "paid"
    assert [p["status"] for p in payer.payments(invoice)] == ["received"] and payer.credit(invoice) == 0


def test_money_for_a_page_that_ran_out_counts(payer, mid):
    """Closed by our own clock, and paid all the same (row 19)."""
    invoice = payer.billed()
    order = payer.order(invoice)
    payer.sql("UPDATE midtrans_attempts SET expires_at = now() - interval '1 minute' WHERE order_id = '%s'" % order)
    payer.stack.exec("gateway-sync", "--once")
    payer.wait_order(order, "closed")
    mid.act(order, "pay", method="qris", force=True)
    payer.wait(invoice, "paid", 3)
    assert payer.order_state(order) == "paid" and len(payer.payments(invoice)) == 1


@pytest.mark.parametrize("action", ["cancelled", "paid", "part"])
def test_a_settled_invoice_has_no_page(payer, mid, action):
    """One nobody used and one with a payment under way, both of one invoice."""
    invoice = payer.billed()
    mid.fault("lost", "POST /snap/v1/transactions", times=2)
    payer.ask_token(invoice).want(502)
    first = payer.sql("SELECT order_id FROM midtrans_attempts WHERE invoice_id = '%s'" % invoice["id"])
    mid.act(first, "choose", method="bca_va")
    payer.wait_order(first, "pending")
    second = payer.order(invoice)
    assert second != first and mid.order(second)["state"] == "open"
    if action == "cancelled":
        payer.town.api.delete("/api/invoices/" + invoice["id"]).want(204)
    else:
        payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"],
                            {"amount": 1000} if action == "part" else {}).want(200)
    for order in (first, second):
        payer.wait_order(order, "closed")
    assert payer.at_midtrans(first) == ["cancel"] and mid.order(second)["state"] == "canceled"
    payer.idle()


# ---- what people are informed of, and what is booked ------------------------------------------------------

@pytest.mark.parametrize("change,date", [
    ({"settlement_time": "2026-03-01 00:30:00"}, "2026-02-28T17:30:00"),
    ({"settlement_time": None, "transaction_time": "2025-12-31 23:59:59"}, "2025-12-31T16:59:59")])
def test_paid_when_midtrans_says(payer, mid, change, date):
    """Its times are of western Indonesia and say so nowhere; not those of our clock either."""
    invoice = payer.billed()
    order, _ = payer.genuine(invoice, method="bca_va")
    assert payer.notify(mid.craft(order, change)).status == 200
    assert payer.payments(invoice)[0]["payment_date"].startswith(date)


def test_a_transaction_id_is_any_text(payer, mid):
    """No UUID, and longer than one."""
    invoice = payer.billed()
    order, _ = payer.genuine(invoice, method="bca_va")
    name = "A120%s/%s" % ("x" * 100, order)
    assert payer.notify(mid.craft(order, {"transaction_id": name})).status == 200
    payment, = payer.payments(invoice)
    assert payment["midtrans_transaction_id"] == payment["transaction_id"] == name and payer.status(invoice) == "paid"


def reported(payer, invoice, *titles):
    seen = isp.settled(lambda: sorted(payer.alerts(invoice)), sorted(titles), 20)
    assert seen == sorted(titles)


def test_people_are_informed_of_money_nobody_expected(payer, mid):
    """Rows 17 and 18."""
    invoice = payer.billed()
    order, _ = payer.genuine(invoice, method="qris")
    payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
    payer.notify(mid.craft(order))
    reported(payer, invoice, "Money for a paid invoice")
    assert payer.credit(invoice) == 150000 and payer.status(invoice) == "paid"
    invoice = payer.billed()
    order, _ = payer.genuine(invoice, method="qris")
    payer.town.api.delete("/api/invoices/" + invoice["id"]).want(204)
    payer.notify(mid.craft(order))
    reported(payer, invoice, "Money for a cancelled invoice")
    assert payer.credit(invoice) == 150000 and payer.status(invoice) == "cancelled"


def test_a_cancel_of_what_is_settled_is_not_believed(payer, mid):
    """Impossible by the graph (row 13): Midtrans is asked, people are informed, nothing is undone on its word."""
    invoice, order = payer.paid_by("qris")
    cancel = {"transaction_status": "cancel", "status_code": "202"}
    for n in range(3):
        assert payer.notify(mid.craft(order, dict(cancel, status_message="%d" % n))).status == 200
    payer.idle()
    assert payer.status(invoice) == "paid" and mid.calls("/v2/%s/status" % order) > 0
    reported(payer, invoice, "Payment reported as taken back", "A notification was not confirmed")


def test_people_are_informed_of_money_that_goes(payer, mid):
    """Rows 14, 23, 24 and 25."""
    invoice, order = payer.paid_by("permata_va")
    mid.act(order, "reverse")
    payer.wait(invoice, "unpaid", 20)
    reported(payer, invoice, "Payment taken back: voided")
    invoice, order = payer.paid_by("qris")
    mid.act(order, "refund", amount=50000)
    reported(payer, invoice, "Payment refunded", "Payment taken back: refund written off")
    mid.act(order, "refund")
    reported(payer, invoice, *2 * ["Payment refunded", "Payment taken back: refund written off"])
    assert payer.status(invoice) == "paid"  # what is refunded at the dashboard is written off
    invoice, order = payer.paid_by("qris")
    mid.act(order, "chargeback")
    payer.wait(invoice, "unpaid", 20)
    reported(payer, invoice, "Payment taken back: charged back")


def test_a_reversal_cuts_off_who_is_in_debt_without_it(payer, mid):
    """The effects of the payment go with it: the invoice is overdue again, and service ends at once."""
    sub, invoice = overdue(payer)
    _, order = payer.paid_by("permata_va", invoice)
    mid.act(order, "reverse")
    payer.wait(invoice, "overdue", 20)
    assert payer.town.api.show("/api/subscriptions/" + sub["id"])["status"] == "suspended"


@pytest.mark.parametrize("gross,status,open_,credit", [(100000, "unpaid", 50000, 0), (200000, "paid", 0, 50000)])
def test_another_amount_that_midtrans_confirms(payer, mid, gross, status, open_, credit):
    """The true amount is booked, and people are informed (row 21)."""
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="bca_va")
    body["gross_amount"] = "%d.00" % gross
    body["signature_key"] = gateway.sign(body)
    mid.fault("status", "GET /v2/*", code=200, body=json.dumps(body))
    assert payer.notify(body).status == 200
    isp.wait_until(lambda: payer.payments(invoice), 20)
    payer.idle()
    assert [p["amount"] for p in payer.payments(invoice)] == [gross]
    assert (payer.status(invoice), payer.show(invoice)["outstanding"], payer.credit(invoice)) == (status, open_, credit)
    reported(payer, invoice, "Payment of another amount")
    mid.well()


def test_another_amount_that_midtrans_does_not_confirm(payer, mid):
    """An event and an alert, and no money (row 21)."""
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="bca_va")
    body = mid.craft(order, {"transaction_status": "settlement", "status_code": "200", "gross_amount": "100000.00"})
    assert payer.notify(body).status == 200
    payer.idle()
    assert payer.payments(invoice) == [] and payer.status(invoice) == "unpaid"
    reported(payer, invoice, "A notification was not confirmed")


@pytest.mark.parametrize("action,status,titles", [
    ("refund", "paid", ["Payment refunded", "Payment taken back: refund written off"]),
    ("chargeback", "unpaid", ["Payment taken back: charged back"])])
def test_money_that_came_and_went_unheard(payer, mid, action, status, titles):
    """The settlement was never reported: payment and refund are booked together (row 26)."""
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.rules(drop=1)
    mid.act(order, "pay", method="qris")
    mid.act(order, action)
    assert payer.notify(mid.craft(order)).status == 200
    payer.wait(invoice, status, 20)
    isp.wait_until(lambda: payer.payments(invoice), 20)
    payment, = payer.payments(invoice)
    assert payment["status"] == ("refunded" if action == "refund" else "reversed")
    assert payer.credit(invoice) == 0
    reported(payer, invoice, *titles)


# ---- hostile requests -----------------------------------------------------------------------------

def test_forged_and_altered_signatures_are_403_and_leave_nothing(payer, mid):
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="qris")
    before = payer.events(order)
    for signature in ("", None, 12, [], {"a": 1}, body["signature_key"].upper(), body["signature_key"][:-1],
                      "0" * 128, gateway.sign(body, "SB-Mid-server-other")):
        assert payer.notify(dict(body, signature_key=signature)).status == 403, signature
    missing = dict(body)
    del missing["signature_key"]
    assert payer.notify(missing).status == 403
    for name, value in (("gross_amount", "1.00"), ("order_id", order + "x"), ("status_code", "201"),
                        ("gross_amount", "150000")):
        assert payer.notify(dict(body, **{name: value})).status == 403, name
    assert payer.events(order) == before and payer.status(invoice) == "unpaid"


def test_replayed_with_another_status_is_not_believed(payer, mid):
    """The signature covers neither status nor transaction: a 201 cannot become money, and a 200
    books once (facts 4)."""
    invoice = payer.billed()
    order, pending = payer.genuine(invoice, act="choose", method="bca_va")
    assert pending["status_code"] == "201"
    for status, fraud in (("settlement", None), ("capture", "accept")):
        altered = dict(pending, transaction_status=status, fraud_status=fraud or "accept")
        assert payer.notify(altered).status == 200
    payer.idle()
    assert payer.status(invoice) == "unpaid" and payer.payments(invoice) == []
    mid.act(order, "pay")
    settled = mid.craft(order)
    assert payer.notify(settled).status == 200
    payer.wait(invoice, "paid", 2)
    for change in ({"transaction_id": "another"}, {"transaction_status": "refund", "refund_amount": "150000.00"},
                   {"transaction_status": "chargeback"}, {"transaction_status": "deny"},
                   {"transaction_id": "x" * 64, "transaction_status": "capture", "fraud_status": "accept"}):
        assert payer.notify(dict(settled, **change)).status == 200, change
    payer.idle()
    assert payer.status(invoice) == "paid" and payer.credit(invoice) == 0
    assert [p["status"] for p in payer.payments(invoice)] == ["received"]


def test_a_copy_of_what_could_not_be_applied_books_nothing(payer, mid):
    """Bug: a 200 that was stored and answered 503 did not count: an altered copy of it was booked at once, and
    then the real payment, too."""
    invoice = payer.billed()
    order, _ = payer.genuine(invoice, method="qris")
    mid.act(order, "refund", amount=50000)
    refunded = mid.craft(order)
    with payer.stack.locked("SELECT FROM customers WHERE id = '%s'" % payer.show(invoice)["customer_id"]):
        assert payer.notify(refunded).status == 503
    altered = dict(refunded, transaction_status="settlement", transaction_id="forged-" + order)
    assert payer.notify(altered).status == 200
    payer.idle()
    assert [p["reference"] for p in payer.payments(invoice)] == [mid.order(order)["transactions"][0]["transaction_id"]]
    assert payer.refunds(invoice) == "50000" and payer.credit(invoice) == 0


def test_people_are_informed_when_midtrans_contradicts_a_payment(payer, mid):
    """Bug: a payment booked on the first notification stayed booked without an alert, though Midtrans answered
    each check that it still waits, or that it knows no such payment."""
    waits = payer.billed()
    order, body = payer.genuine(waits, "choose", method="bca_va")
    body.update(status_code="200", transaction_status="settlement")
    assert payer.notify(dict(body, signature_key=gateway.sign(body))).status == 200
    unknown = payer.billed()
    _, body = payer.genuine(unknown, method="qris")
    assert payer.notify(dict(body, transaction_id="forged-" + body["order_id"])).status == 200
    assert payer.status(waits) == payer.status(unknown) == "paid"
    payer.reconcile()
    assert payer.alerts(waits) == [], "it may have been asked before it was paid"
    payer.sql("UPDATE midtrans_transactions SET updated_at = now() - interval '61 seconds'")
    for _ in range(3):
        payer.reconcile()
    assert payer.alerts(waits) == ["Midtrans and our books disagree"] and payer.at_midtrans(order) == ["pending"]
    assert payer.alerts(unknown).count("Midtrans does not know a payment in our books") == 1
    assert payer.credit(unknown) == 150000


def dead_they_say(payer, mid):
    """A payment under way, and a copy of a refused card's body that says it expired."""
    invoice = payer.billed()
    order, body = payer.genuine(invoice, "choose", method="bca_va")
    assert payer.notify(body).status == 200
    mid.act(order, "refuse", method="credit_card")
    denied = mid.craft(order)
    for copy in (denied, dict(denied, transaction_id=body["transaction_id"], transaction_status="expire")):
        assert payer.notify(copy).status == 200
    assert payer.order_state(order) == "closed" and payer.at_midtrans(order) == ["pending", "deny"]
    return invoice, order


@pytest.mark.parametrize("first", ["asked", "paid", "cancelled"])
def test_dead_by_an_altered_copy_it_is_cancelled_all_the_same(payer, mid, first):
    """Bug: an altered copy closed the order for good, whatever Midtrans said, and it could be paid for a day after
    the invoice was paid."""
    invoice, order = dead_they_say(payer, mid)
    if first == "asked":
        payer.reconcile()
        assert payer.order_state(order) == "pending" and payer.order(invoice) == order
    if first == "cancelled":
        payer.town.api.post("/api/midtrans/cancel/" + order).want(200)
    else:
        payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
        payer.reconcile()
        payer.idle()
    assert payer.order_state(order) == "closed" and payer.at_midtrans(order) == ["cancel", "deny"]


def nobody_knows(mid, times):
    mid.fault("status", "GET /v2/*/status", code=200, times=times,
              body=json.dumps({"status_code": "404", "status_message": "Transaction doesn't exist."}))


def test_one_404_hides_no_payment(payer, mid):
    """Bug: after one 404 from Midtrans, a payment of a channel that is found by its transaction id only was never
    checked again."""
    invoice = payer.billed()
    order, body = payer.genuine(invoice, "choose", method="dana")
    assert payer.notify(body).status == 200
    mid.act(order, "expire")
    assert payer.notify(mid.craft(order)).status == 200
    mid.act(body["transaction_id"], "set", status="settlement", force=True)
    nobody_knows(mid, 2)
    assert payer.notify(mid.craft(order)).status == 200
    payer.idle()
    mid.well()
    assert payer.status(invoice) == "unpaid"
    payer.reconcile()
    assert payer.status(invoice) == "paid"


def test_one_404_ends_no_payment_under_way(payer, mid):
    invoice = payer.billed()
    order, body = payer.genuine(invoice, "choose", method="dana")
    assert payer.notify(body).status == 200
    nobody_knows(mid, 2)
    assert payer.town.api.show("/api/midtrans/status/" + order)["data"]["attempt_state"] == "pending"
    mid.well()
    payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
    payer.idle()
    assert payer.order_state(order) == "closed" and payer.at_midtrans(order) == ["cancel"]


@pytest.mark.parametrize("late", [False, True])
def test_claims_do_not_hide_a_payment(payer, mid, late):
    """Bug: each altered copy named another transaction of the order, and only the newest 20 were checked: the one
    that was paid was not among them, and Midtrans finds a DANA payment by its own id only."""
    invoice = payer.billed()
    order, bodies = payer.order(invoice), []
    mid.rules(hold=True)
    mid.act(order, "choose", method="bca_va")
    body = mid.craft(order)
    for n in range(40):
        bodies.append(dict(body, transaction_id="claim-%d-%s" % (n, order)))
    if late:
        mid.act(order, "choose", method="dana")
        assert payer.notify(mid.craft(order)).status == 200
    for claim in bodies:
        assert payer.notify(claim).status == 200
    if not late:
        mid.act(order, "choose", method="dana")
        assert payer.notify(mid.craft(order)).status == 200
    mid.act(order, "pay", method="dana")
    payer.reconcile()
    assert payer.status(invoice) == "paid"
    payer.idle()
    payer.reconcile()
    payer.reconcile()

    def lookups():
        counts = mid.ask("GET", "/log", limit=0)["counts"]
        return [n for call, n in counts.items() if "/claim-" in call and order in call]
    before = lookups()
    assert len(before) == 40, "each is asked about"
    for _ in range(10):
        payer.reconcile()
    assert sum(lookups()) - sum(before) <= 12 * 20, "twenty in a round"


@pytest.mark.parametrize("method", ["qris", "dana"])
def test_a_claimed_transaction_goes_back_to_its_order(payer, mid, method):
    """Bug: a copy of a body named the transaction of another order: that order's money was refused as
    inconsistent, checked for ever, and never booked."""
    mine, other = payer.billed(), payer.billed()
    order, body = payer.genuine(other, "choose", method="bca_va")
    theirs, settled = payer.genuine(mine, method=method)
    assert payer.notify(dict(body, transaction_id=settled["transaction_id"])).status == 200
    mid.rules(hold=False)
    assert payer.notify(settled).status == 200
    payer.wait(mine, "paid", 20)
    payer.idle()
    payer.reconcile()
    assert payer.status(other) == "unpaid" and payer.payments(other) == []
    assert mid.calls("/v2/%s/status" % theirs) < 5


@pytest.mark.parametrize("method", ["bca_va", "dana"])
def test_a_claim_cancels_nobody_elses_payment(payer, mid, method):
    """The claim of a copy is asked about before anything is done: another order's payment is left alone,
    also where Midtrans names no order in its answer (DANA), but the invoice we gave it."""
    mine, other = payer.billed(), payer.billed()
    order, body = payer.genuine(other, "choose", method="bri_va")
    theirs, _ = payer.genuine(mine, "choose", method=method)
    theirs_id = mid.order(theirs)["transactions"][0]["transaction_id"]
    for n in range(25):
        assert payer.notify(dict(body, transaction_id="claim-%d-%s" % (n, order))).status == 200
    assert payer.notify(dict(body, transaction_id=theirs_id)).status == 200
    for n in range(25, 50):
        assert payer.notify(dict(body, transaction_id="claim-%d-%s" % (n, order))).status == 200
    payer.town.api.post("/api/invoices/%s/mark-paid" % other["id"], {}).want(200)
    payer.idle()
    assert payer.at_midtrans(order) == ["cancel"] and payer.at_midtrans(theirs) == ["pending"]
    assert payer.order_state(order) == "closed"
    mid.act(theirs, "pay")
    assert payer.notify(mid.craft(theirs)).status == 200
    payer.wait(mine, "paid", 20)
    assert payer.payments(other)[0]["source"] == "manual" and len(payer.payments(other)) == 1


def test_one_alert_for_all_copies(payer, mid):
    """Bug: each copy with another sum of refunds raised another alert about the same doubtful card."""
    invoice = payer.billed()
    order, body = payer.genuine(invoice, "challenge", method="credit_card")
    for n in range(10):
        assert payer.notify(dict(body, transaction_id="t%d-%s" % (n, order), refund_amount="%d.00" % n)).status == 200
    assert payer.alerts(invoice) == ["Card payment under review"]


def test_each_card_under_review_is_reported(payer, mid):
    """The first alert hid the second card."""
    invoice = payer.billed()
    order, body = payer.genuine(invoice, "challenge", method="credit_card")
    assert payer.notify(body).status == 200
    mid.act(order, "refuse")
    assert payer.notify(mid.craft(order)).status == 200
    mid.act(order, "challenge", method="credit_card", force=True)
    assert payer.notify(mid.craft(order)).status == 200
    for _ in range(2):
        payer.reconcile()
    assert payer.alerts(invoice) == ["Card payment under review"] * 2


def test_each_thing_midtrans_does_not_confirm_is_reported(payer, mid):
    """Once an order, for ever: a forged reversal hid a chargeback."""
    invoice, order = payer.paid_by("bca_va")
    body = mid.craft(order)
    for status, code in (("deny", "202"), ("chargeback", "200"), ("chargeback", "200")):
        body.update(transaction_status=status, status_code=code)
        assert payer.notify(dict(body, signature_key=gateway.sign(body))).status == 200
        payer.idle()
    assert payer.alerts(invoice) == ["A notification was not confirmed"] * 2


def test_a_replay_leaves_nothing_but_a_counter(payer, mid):
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="qris")
    assert payer.notify(body).status == 200

    def rows():
        """Counts of this order's rows: gateway-sync and the notifier may be at work on others."""
        return payer.sql("SELECT (SELECT count(*) FROM midtrans_events WHERE order_id = a.order_id), (SELECT count(*) FROM "
                         "midtrans_verdicts v JOIN midtrans_events e ON e.id = v.event_id WHERE e.order_id = a.order_id), "
                         "(SELECT count(*) FROM midtrans_logs WHERE order_id = a.order_id OR invoice_id = a.invoice_id), "
                         "(SELECT count(*) FROM midtrans_jobs WHERE attempt_id = a.id), (SELECT count(*) FROM alert_logs "
                         "WHERE a.order_id = meta ->> 'order_id' OR a.invoice_id::text = meta ->> 'invoice_id'), (SELECT count(*) "
                         "FROM payments WHERE invoice_id = a.invoice_id) FROM midtrans_attempts a WHERE order_id = '%s'" % order)
    before = rows()
    for _ in range(5):
        assert payer.notify(body).status == 200
    assert rows() == before
    assert payer.sql("SELECT copies FROM midtrans_copies c JOIN midtrans_events e ON e.id = c.event_id "
                     "WHERE e.order_id = '%s'" % order) == "5"


def test_another_merchant_or_currency_is_not_money(payer, mid):
    for change in ({"currency": "USD"}, {"merchant_id": "G999999999"}):
        invoice = payer.billed()
        order, body = payer.genuine(invoice, method="qris")
        assert payer.notify(dict(body, **change)).status == 200
        assert payer.payments(invoice) == []
        assert payer.alerts(invoice) == ["Payment in another currency or of another merchant"]
        mid.rules(hold=False)


@pytest.mark.parametrize("money,title", [
    ({"gross_amount": "10.50", "currency": "USD"}, "Payment in another currency or of another merchant"),
    ({"gross_amount": "150000.50"}, "Payment of an amount that is no whole rupiah")])
def test_money_that_is_no_whole_rupiah_is_for_people(payer, mid, money, title):
    """Bug: a well-signed amount with a fraction was answered 400 as if malformed: Midtrans sent it again in vain,
    no person was informed, and its status check failed for ever, which delayed all other checks (rows 21, 22)."""
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="credit_card")
    body.update(money, transaction_id="odd-" + order)
    body["signature_key"] = gateway.sign(body)
    assert payer.notify(body).status == 200
    assert payer.notify(body).status == 200
    assert payer.events(order) == 1 and payer.payments(invoice) == []
    assert payer.alerts(invoice) == [title]
    assert body["gross_amount"] in payer.sql("SELECT message FROM alert_logs WHERE meta ->> 'order_id' = '%s'" % order)
    mid.fault("status", "GET /v2/%s/status" % order, code=200, body=json.dumps(body))
    payer.town.api.get("/api/midtrans/status/" + order).want(200)
    assert payer.payments(invoice) == [] and payer.alerts(invoice) == [title]
    mid.well()


def test_an_unknown_order_is_404_and_its_event_is_kept(payer, mid):
    invoice = payer.billed()
    _, body = payer.genuine(invoice, method="qris")
    body = dict(body, order_id="INV-20260302-9999-1-zzzz")
    body["signature_key"] = gateway.sign(body)
    assert payer.notify(body).status == 404
    assert payer.events(body["order_id"]) == 1


def test_an_unknown_status_is_kept_for_people(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="qris")
    mid.act(order, "set", status="quantum_settlement")
    isp.wait_until(lambda: payer.sql("SELECT count(*) FROM alert_logs WHERE meta ->> 'order_id' = '%s'" % order) == "1", 20)
    assert payer.status(invoice) == "unpaid"


def test_malformed_bodies(payer, mid):
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="qris")
    text = json.dumps(body).encode()
    before = payer.events(order)
    for bad in (b"", b"{", b"[]", b"null", b'"x"', text[:-1], text + b"x", b"\xff" + text, b"[" * 5000,
                text.replace(b'"order_id"', b'"order_id": "x", "order_id"', 1), b'{"order_id": 1}', b"{}",
                json.dumps(dict(body, transaction_id=None)).encode(),
                json.dumps(dict(body, transaction_status=["settlement"])).encode(),
                text[:-1] + b', "more": 1e999999999}', text[:-1] + b', "more": "\\u0000"}',
                text[:-1] + b', "metadata": {"a": 1, "a": 2}}', text[:-1] + b', "new": [{"a": 1, "a": 2}]}'):
        answer = payer.notify(bad)
        assert answer.status == 400, (answer.status, bad[:60], answer.body)
        assert b"INV-" not in answer.body
    assert payer.notify(text, **{"Content-Type": "text/plain"}).status == 415
    assert payer.notify(b'{"a": "' + b"x" * 70000 + b'"}').status == 413
    assert payer.events(order) == before
    assert payer.notify(text).status == 200
    payer.wait(invoice, "paid", 2)


def test_ten_thousand_forgeries_and_memory_stays_flat(payer, mid):
    invoice = payer.billed()
    _, body = payer.genuine(invoice, method="qris")
    bodies = [json.dumps(dict(body, signature_key="%0128x" % n, x="y" * (n % 2000))).encode() for n in range(100)]
    count = 100000 if isp.SOAK else 10000
    notified = "SELECT count(*) FROM midtrans_events WHERE source = 'notification'"  # the others are what gateway-sync asked for
    events = payer.sql(notified)

    def memory():
        total = 0
        for worker in payer.stack.workers():
            with open("/proc/%d/statm" % worker, encoding="ascii") as file:
                total += int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        return total

    def storm(n):
        client = isp.Client(payer.stack.url)
        for i in range(n):
            assert client.raw("POST", "/api/midtrans/notification", bodies[i % 100],
                              {"Content-Type": "application/json"}).status == 403
    isp.throng([lambda: storm(250)] * 4)
    before, workers = memory(), set(payer.stack.workers())
    isp.throng([lambda: storm(count // 4)] * 4)
    assert memory() - before < 4 << 20, (before, memory())
    assert set(payer.stack.workers()) == workers
    assert payer.sql(notified) == events


def test_answers_in_time_while_midtrans_hangs(payer, mid):
    """The webhook calls nobody: it answers under 1 s whatever hangs."""
    invoice = payer.billed()
    order, body = payer.genuine(invoice, method="permata_va")
    mid.fault("hang", "/v2/*")
    assert payer.notify(body).want(200).seconds < 1
    mid.act(order, "reverse")
    assert payer.notify(mid.craft(order)).want(200).seconds < 1
    assert payer.status(invoice) == "paid"
    mid.well()
    payer.wait(invoice, "unpaid", 40)


def test_a_locked_invoice_is_503_and_the_event_is_kept(payer, mid):
    """Sent again, it is applied; sent no more, the sweep has Midtrans asked about it."""
    again, never = payer.billed(), payer.billed()
    bodies = [payer.genuine(i, method="qris")[1] for i in (again, never)]
    others = [gateway.Payer(payer.stack, mid, payer.town) for _ in bodies]
    with payer.stack.locked("SELECT FROM customers WHERE id IN ('%s', '%s')"
                            % tuple(payer.show(i)["customer_id"] for i in (again, never))):
        answers = isp.throng([lambda o=o, b=b: o.notify(b) for o, b in zip(others, bodies)])
    assert [(a.status, bool(a.headers.get("retry-after"))) for a in answers] == [(503, True)] * 2
    for invoice, body in zip((again, never), bodies):
        assert payer.events(body["order_id"]) == 1 and payer.payments(invoice) == []
    assert payer.notify(bodies[0]).status == 200
    payer.wait(again, "paid", 2)
    payer.sql("UPDATE midtrans_events SET received_at = now() - interval '31 seconds' WHERE order_id = '%s'"
              % bodies[1]["order_id"])
    payer.stack.exec("gateway-sync", "--once")
    payer.wait(never, "paid", 20)


def test_no_database_is_503(payer, mid):
    """Sent again for two hours, not once (facts 4)."""
    invoice = payer.billed()
    _, body = payer.genuine(invoice, method="qris")
    payer.sql("ALTER DATABASE isp CONNECTION LIMIT 0")
    try:
        payer.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'isp_api'")
        answer = payer.notify(body)
        assert answer.status == 503 and answer.headers["retry-after"]
    finally:
        payer.sql("ALTER DATABASE isp CONNECTION LIMIT -1")
    # One worker is well before another has its connection again: Midtrans sends the message again, too.
    isp.wait_until(lambda: payer.notify(body).status == 200, 20)
    assert payer.status(invoice) == "paid"


def test_never_a_redirect(payer, mid):
    _, body = payer.genuine(payer.billed(), method="qris")
    for tail in ("/", "?x=1", "//"):
        answer = payer.anyone.raw("POST", "/api/midtrans/notification" + tail, json.dumps(body).encode(),
                                  {"Content-Type": "application/json"})
        assert answer.status in (200, 404) and "location" not in answer.headers, (tail, answer)


def test_a_dead_router_keeps_no_notification_waiting(payer, mid):
    """A customer who pays is online again when the router is; Midtrans is answered at once."""
    silent = socket.create_server(("127.0.0.1", 0))
    api = payer.town.api
    router = api.make("/api/router-settings", {"name": isp.unique("Dead "), "host": "127.0.0.1", "username": "isp",
                                               "port": silent.getsockname()[1], "password": "pw", "is_active": True})
    try:
        sub, invoice = payer.town.billed(due="2026-02-20", start_date="2026-02-20", end_date="2026-03-21", router_id=router["id"])
        payer.stack.cron("2026-03-02", "--only", "overdue,suspend")
        assert api.show("/api/subscriptions/" + sub["id"])["status"] == "suspended"
        _, body = payer.genuine(invoice, method="qris")
        assert payer.notify(body).want(200).seconds < 1, "it waited for the router"
        now = api.show("/api/subscriptions/" + sub["id"])
        assert now["status"] == "active" and payer.status(invoice) == "paid"
    finally:
        api.put("/api/router-settings/" + router["id"], {"is_active": False})
        silent.close()


# ---- without a key --------------------------------------------------------------------------------

def test_without_a_key_everything_else_works(stack, api, town):
    sub, invoice = town.billed()
    anyone = isp.Client(stack.url)
    for path in ("snap-token", "create-token"):
        answer = api.post("/api/midtrans/" + path, {"invoice_id": invoice["id"]}).want(503)
        assert answer.json["message"] == "online payment is not configured"
    assert anyone.post("/api/midtrans/notification", {"order_id": "x"}).status == 503
    assert stack.exec("gateway-sync", "--once").returncode == 0
    api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
