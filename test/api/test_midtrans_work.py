"""Payments that gateway-sync and ispctl find without any notification."""
import json
import os
import signal
import time

import pytest

import gateway
import isp


@pytest.fixture
def alone(deaf):
    """`deaf`, and its gateway-sync is stopped: what is due is done by who is asked to."""
    deaf.idle()
    pid = deaf.stack.leader("gateway-sync")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield deaf
    finally:
        os.kill(pid, signal.SIGCONT)


def test_reconciliation_alone_finds_every_payment(deaf, mid):
    """The webhook address is dead for a whole day; all that GET status finds by order_id arrives."""
    invoices = {m: deaf.billed() for m in ("bca_va", "qris", "permata_va", "indomaret", "gopay")}
    card = deaf.billed()
    orders = {m: deaf.order(i) for m, i in invoices.items()}
    refused, later = deaf.billed(), deaf.billed()
    mid.act(deaf.order(refused), "refuse", method="credit_card")
    late = deaf.order(later)
    for method, order in orders.items():
        mid.act(order, "pay", method=method)
    mid.act(deaf.order(card), "pay", method="credit_card")
    mid.act(orders["permata_va"], "reverse")
    deaf.reconcile()
    for method, invoice in invoices.items():
        assert deaf.status(invoice) == ("unpaid" if method == "permata_va" else "paid"), method
    assert deaf.status(card) == "paid" and deaf.status(refused) == "unpaid"
    mid.act(orders["qris"], "refund", amount=50000)
    mid.act(late, "pay", method="bca_va")
    deaf.reconcile()
    assert deaf.refunds(invoices["qris"]) == "50000" and deaf.status(later) == "paid"
    deaf.reconcile()
    assert deaf.refunds(invoices["qris"]) == "50000"
    assert all(len(deaf.payments(i)) <= 1 for i in invoices.values())


def test_gateway_sync_finds_it_by_itself(deaf, mid):
    invoice = deaf.billed()
    mid.act(deaf.order(invoice), "pay", method="bca_va")
    deaf.sql("UPDATE midtrans_attempts SET next_check_at = now() WHERE invoice_id = '%s'" % invoice["id"])
    deaf.stack.exec("gateway-sync", "--once")
    deaf.wait(invoice, "paid", 3)


def test_a_page_that_runs_out_is_closed_by_our_clock(deaf, mid):
    invoice, pending = deaf.billed(), deaf.billed()
    first, waiting = deaf.order(invoice), deaf.order(pending)
    mid.act(waiting, "choose", method="bca_va")
    deaf.reconcile()
    deaf.sql("UPDATE midtrans_attempts SET expires_at = now() - interval '1 minute' WHERE order_id IN ('%s', '%s')"
             % (first, waiting))
    deaf.stack.exec("gateway-sync", "--once")
    deaf.idle()
    assert deaf.sql("SELECT string_agg(state, ',') FROM midtrans_attempts WHERE order_id IN ('%s', '%s')"
                    % (first, waiting)) == "closed,closed"
    assert mid.order(waiting)["transactions"][0]["transaction_status"] == "expire"
    assert deaf.order(invoice) != first


def test_status_and_cancel_by_hand(deaf, mid):
    invoice = deaf.billed()
    order = deaf.order(invoice)
    api = deaf.town.api
    data = api.show("/api/midtrans/status/" + order)
    assert data["success"] is True and data["data"]["transaction_status"] is None
    mid.act(order, "choose", method="bca_va")
    assert api.show("/api/midtrans/status/" + order)["data"]["transaction_status"] == "pending"
    assert api.post("/api/midtrans/cancel/" + order).want(200).json["data"]["attempt_state"] == "closed"
    assert mid.order(order)["transactions"][0]["transaction_status"] == "cancel"
    second = deaf.order(invoice)
    mid.act(second, "pay", method="bca_va")
    api.post("/api/midtrans/cancel/" + second).want(409)
    assert deaf.status(invoice) == "paid"  # what was learned on the way counts
    for path in ("INV-20260302-0001-9-none", "x", "%2e%2e"):
        api.get("/api/midtrans/status/" + path).want(404)
    mid.fault("status", "GET /v2/*", code=503)
    api.get("/api/midtrans/status/" + second).want(502)


def test_bi_snap_channels_are_found_by_transaction(payer, mid):
    """DANA: GET status knows no order_id, and repeats the transaction_id in its place (facts 3)."""
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="dana")
    payer.wait_order(order, "pending")
    mid.rules(drop=1)
    mid.act(order, "pay")
    payer.reconcile()
    assert payer.status(invoice) == "paid"


def hours_pass(payer, mid, orders, hours):
    """For Midtrans and for these orders."""
    mid.ask("POST", "/clock", {"advance": 3600 * hours})
    past = ", ".join("%s = %s - interval '%d hours'" % (name, name, hours)
                     for name in ("created_at", "expires_at", "next_check_at", "closed_at"))
    payer.sql("UPDATE midtrans_attempts SET %s WHERE order_id IN (%s)" % (past, ", ".join("'%s'" % o for o in orders)))


def test_a_day_without_any_notification(alone, mid):
    """gateway-sync by itself, by its own pace: what is paid, captured, refused, reversed, refunded, charged back,
    what runs out, and what nobody ever used."""
    methods = {"early": "qris", "late": "bca_va", "card": "credit_card", "back": "permata_va", "part": "gopay",
               "charged": "credit_card", "expired": "bni_va", "unused": None, "refused": "credit_card"}
    invoices = {name: alone.billed() for name in methods}
    orders = {name: alone.order(invoice) for name, invoice in invoices.items()}
    actions = {0: [("early", "pay"), ("card", "pay"), ("expired", "choose"), ("refused", "refuse"), ("back", "pay"),
                 ("part", "pay"), ("charged", "pay")],
             3: [("back", "reverse")], 9: [("charged", "settle"), ("part", "refund")], 15: [("late", "pay")],
             18: [("charged", "chargeback")]}
    for hour in range(0, 39, 3):  # six hours at most until each is asked about again
        for name, action in actions.get(hour, ()):
            more = {"amount": 50000} if action == "refund" else {}
            mid.act(orders[name], action, method=methods[name], **more)
        alone.stack.exec("gateway-sync", "--once")
        hours_pass(alone, mid, orders.values(), 3)
    found = {name: (alone.status(invoice), alone.order_state(orders[name])) for name, invoice in invoices.items()}
    assert found == {"early": ("paid", "paid"), "late": ("paid", "paid"), "card": ("paid", "paid"),
                     "back": ("unpaid", "closed"), "part": ("paid", "paid"), "charged": ("unpaid", "closed"),
                     "expired": ("unpaid", "closed"), "unused": ("unpaid", "closed"), "refused": ("unpaid", "closed")}
    assert alone.refunds(invoices["part"]) == "50000"
    assert alone.payments(invoices["card"])[0]["midtrans_status"] == "settlement"
    assert mid.ask("GET", "/messages", state="delivered") == []


def long_closed(payer, order):
    """Nothing came of it for days: it is finally closed."""
    payer.idle()
    payer.sql("UPDATE midtrans_attempts SET closed_at = now() - interval '4 days' WHERE order_id = '%s'" % order)
    payer.reconcile()
    assert payer.sql("SELECT next_check_at FROM midtrans_attempts WHERE order_id = '%s'" % order) == ""


def old_news(mid, body):
    """Midtrans answers what it said before."""
    mid.fault("status", "GET /v2/*/status", code=200, body=json.dumps(body))


def found_by_asking(payer, mid, invoice, order):
    """No message of the refund came; asked about, it is booked, and then nothing is waited for."""
    assert payer.refunds(invoice) == ""
    mid.well()
    payer.reconcile()
    assert payer.refunds(invoice) == "50000"
    payer.reconcile()
    assert payer.sql("SELECT next_check_at FROM midtrans_attempts WHERE order_id = '%s'" % order) == ""


def test_a_refund_that_comes_late_is_found(payer, mid):
    """Bug: the refund of an order more than three days old was looked up once, and never again."""
    invoice, order = payer.paid_by("qris")
    mid.rules(drop=1)
    long_closed(payer, order)
    old_news(mid, mid.craft(order))
    mid.fault("lost", "POST /v2/*/refund", times=1)
    payer.town.api.another(timeout=40).post("/api/midtrans/refund/" + order, {"amount": 50000}).want(502)
    payer.idle()
    found_by_asking(payer, mid, invoice, order)


def test_a_late_confirmation_is_found(payer, mid):
    """Bug: the only look-up after a notification came too early, and no other followed."""
    invoice, order = payer.paid_by("qris")
    long_closed(payer, order)
    before = mid.craft(order)
    mid.rules(hold=True)
    mid.act(order, "refund", amount=50000)
    old_news(mid, before)
    assert payer.notify(mid.craft(order)).status == 200
    payer.idle()
    found_by_asking(payer, mid, invoice, order)


# ---- who waits for whom --------------------------------------------------------------------------

def claimed(payer, invoice):
    """An order whose notification has to be confirmed: gateway-sync has a job."""
    order = payer.order(invoice)
    payer.mid.act(order, "choose", method="bca_va")
    body = payer.mid.craft(order)
    body.update(status_code="200", transaction_status="settlement", gross_amount="150001.00")
    body["signature_key"] = gateway.sign(body)
    assert payer.notify(body).status == 200
    return order


def jobs(payer, order, what):
    return payer.sql("SELECT %s FROM midtrans_jobs j JOIN midtrans_attempts a ON a.id = j.attempt_id "
                     "WHERE a.order_id = '%s' ORDER BY j.id DESC LIMIT 1" % (what, order))


def test_a_job_is_done_within_a_second(payer, mid):
    """From the commit that leaves it, NOTIFY and all: the median of three, since a busy machine holds up one. Without the
    seconds in which the machine stood still: the database's clock knows nothing of them."""
    took = []
    for _ in range(3):
        invoice, order = payer.paid_by("permata_va")
        stood_still = time.monotonic() - isp.spent()
        mid.act(order, "reverse")
        payer.wait(invoice, "unpaid", 20)
        payer.idle()
        stood_still = time.monotonic() - isp.spent() - stood_still
        took.append(float(jobs(payer, order, "extract(epoch FROM done_at - j.created_at)")) - stood_still)
    assert sorted(took)[1] < 1, took


def test_an_order_that_fails_delays_no_other(deaf, mid):
    """Bug: each failure paused all work, for 1, 2, 4 ... 30 s: with a few broken orders no other was confirmed in
    time."""
    broken, invoice = [], deaf.billed()
    mid.fault("status", "GET /v2/*", code=500)
    for _ in range(5):
        broken.append(claimed(deaf, deaf.billed()))
    isp.wait_until(lambda: all(int(jobs(deaf, o, "attempts") or 0) > 0 for o in broken), 20, "each tried")
    order = deaf.order(invoice)
    mid.act(order, "pay", method="bca_va")
    mid.well()
    for other in broken:
        mid.fault("status", "GET /v2/%s/status" % other, code=500)
    body = mid.craft(order)
    body.update(gross_amount="150001.00")
    body["signature_key"] = gateway.sign(body)
    assert deaf.notify(body).status == 200
    deaf.wait(invoice, "paid", 1)
    mid.well()
    deaf.sql("UPDATE midtrans_jobs SET due_at = now() WHERE done_at IS NULL")
    deaf.stack.exec("gateway-sync", "--once")
    deaf.idle()


def test_a_check_that_fails_comes_less_and_less_often(alone, mid):
    """Bug: a failed check was due again in two minutes, whatever the count, for ever."""
    order = alone.order(alone.billed())
    mid.fault("status", "GET /v2/%s/status" % order, code=500)
    for minutes in (1, 2, 4):
        alone.sql("UPDATE midtrans_attempts SET next_check_at = now() WHERE order_id = '%s'" % order)
        assert alone.stack.exec("gateway-sync", "--once", check=False).returncode == 1
        left = float(alone.sql("SELECT extract(epoch FROM next_check_at - now()) / 60 FROM midtrans_attempts "
                               "WHERE order_id = '%s'" % order))
        assert minutes - 0.2 < left <= minutes
    mid.well()


def test_once_ends_when_nobody_answers(alone, mid):
    orders = [alone.order(alone.billed()) for _ in range(5)]
    mid.ask("POST", "/log/reset", {})
    mid.fault("status", "*", code=429)
    alone.sql("UPDATE midtrans_attempts SET next_check_at = now() WHERE order_id IN (%s)"
              % ", ".join("'%s'" % o for o in orders))
    assert alone.stack.exec("gateway-sync", "--once", check=False).returncode == 1
    assert sum(mid.ask("GET", "/log")["counts"].values()) == 2
    mid.well()
    assert alone.stack.exec("gateway-sync", "--once").returncode == 0


def test_a_proxy_before_midtrans_knows_nothing(alone, mid):
    """Bug: a proxy's 403 counted as "no such payment": a false alert said that Midtrans does not know a payment,
    and after the fifth it was never looked up again."""
    invoice = alone.billed()
    order, body = alone.genuine(invoice, method="qris")
    assert alone.notify(body).status == 200 and alone.status(invoice) == "paid"
    for code in (403, 404):
        mid.fault("html", "GET /v2/*", code=code)
        alone.stack.exec("ispctl", "midtrans", "reconcile", check=False)
    mid.well()
    reported = "SELECT confirmed, (SELECT count(*) FROM midtrans_unknown_ids s WHERE s.attempt_id = t.attempt_id) " \
           "FROM midtrans_transactions t JOIN midtrans_attempts a ON a.id = t.attempt_id WHERE a.order_id = '%s'" % order
    assert alone.sql(reported) == "f|0" and alone.alerts(invoice) == []
    alone.reconcile()
    assert alone.sql(reported) == "t|0" and alone.alerts(invoice) == []


def test_asked_to_slow_down_gateway_sync_does(payer, mid):
    """Bug: each NOTIFY made gateway-sync call Midtrans at once, however long a pause Midtrans had asked for."""
    invoices = [payer.billed() for _ in range(5)]
    mid.ask("POST", "/log/reset", {})
    mid.fault("status", "GET /v2/*", code=429, header={"Retry-After": "4"})
    began = time.monotonic()
    orders = [claimed(payer, invoice) for invoice in invoices]
    isp.wait_until(lambda: mid.calls("/v2/%s/status" % orders[0]), 20, "the first asked about")
    lookups = sum(mid.calls("/v2/%s/status" % order) for order in orders)
    mid.well()
    payer.idle()
    assert lookups <= 2 and time.monotonic() - began >= 4


def test_a_malformed_id_is_not_found(alone, mid):
    """"no/id" is no address of Midtrans, says its router, in HTML. Passed over without a count, it kept the order under
    way, and asked about each minute, for ever."""
    invoice = alone.billed()
    order, body = alone.genuine(invoice, "choose", method="bca_va")
    odd = "no/id-" + order  # no transaction of others begins so
    mid.fault("html", "GET /v2/no*", code=404)
    assert alone.notify(dict(body, transaction_id=odd)).status == 200
    for _ in range(5):
        alone.sql("UPDATE midtrans_unknown_ids SET asked_at = now() - interval '1 minute'; UPDATE midtrans_events "
                  "SET received_at = now() - interval '1 hour' WHERE transaction_id = '%s'" % odd)
        alone.reconcile()
    assert alone.sql("SELECT asks FROM midtrans_unknown_ids WHERE transaction_id = '%s'" % odd) == "5"
    alone.town.api.post("/api/midtrans/cancel/" + order).want(200)


# ---- ispctl midtrans reconcile -------------------------------------------------------------------

def test_reconcile_asks_all_or_those_whose_turn_it_is(alone, mid):
    first, second = alone.order(alone.billed()), alone.order(alone.billed())
    mid.ask("POST", "/log/reset", {})
    lookups = lambda: [mid.calls("/v2/%s/status" % o) for o in (first, second)]  # noqa: E731
    alone.reconcile("--due")
    assert lookups() == [0, 0]
    alone.sql("UPDATE midtrans_attempts SET next_check_at = now() - interval '1 second', checks = 9 "
             "WHERE order_id = '%s'" % first)
    alone.reconcile("--due")
    assert lookups() == [1, 0]
    printed = alone.reconcile().stdout
    assert lookups() == [2, 1] and "0 without an answer" in printed
    mid.fault("refuse")
    done = alone.stack.exec("ispctl", "midtrans", "reconcile", check=False)
    assert done.returncode == 1 and "without an answer" in done.stdout
    mid.well()
