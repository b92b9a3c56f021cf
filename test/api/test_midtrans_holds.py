"""The nightly run, which asks before it cuts anybody off."""
import json

import pytest

import isp
from gateway import mid, paying  # noqa: F401 (fixtures: a night meets every line of its system)


def suspended(payer, sub):
    return payer.town.api.show("/api/subscriptions/" + sub["id"])["status"] == "suspended"


def test_a_customer_who_paid_is_not_suspended(deaf, mid):
    """billing-cron asks about those it would suspend, and about them alone."""
    paid_sub, paid = deaf.town.billed(due="2026-03-01", start_date="2026-03-01", end_date="2026-03-31")
    debt_sub, debt = deaf.town.billed(due="2026-03-01", start_date="2026-03-01", end_date="2026-03-31")
    deaf.order(debt)
    mid.act(deaf.order(paid), "pay", method="bca_va")
    report = deaf.stack.cron("2026-03-05")
    assert not suspended(deaf, paid_sub) and deaf.status(paid) == "paid"
    assert suspended(deaf, debt_sub)
    assert report["steps"]["suspend"]["held"] == 0


def test_a_payment_brings_the_line_back(deaf, mid):
    """Suspended for debt, paid, and found by reconciliation with the rights of gateway-sync."""
    sub, invoice = deaf.town.billed(due="2026-03-01", start_date="2026-03-01", end_date="2026-03-31")
    deaf.stack.cron("2026-03-05")
    assert suspended(deaf, sub)
    mid.act(deaf.order(invoice), "pay", method="bca_va")
    deaf.sql("UPDATE midtrans_attempts SET next_check_at = now() WHERE invoice_id = '%s'" % invoice["id"])
    deaf.stack.exec("gateway-sync", "--once")
    deaf.wait(invoice, "paid", 3)
    assert not suspended(deaf, sub)


def indebted(payer):
    """A subscription and its invoice, which the night of 2026-03-05 would suspend it for."""
    return payer.town.billed(due="2026-03-01", start_date="2026-03-01", end_date="2026-03-31")


def run(payer, night):
    """(exit status, seconds, report) of a night."""
    began = isp.spent()
    done = payer.stack.exec("billing-cron", "--date", night, "--ahead", "--json", check=False)
    return done.returncode, isp.spent() - began, json.loads(done.stdout)


def held(report):
    return sorted(l["subscription_id"] for l in report["lines"] if l["outcome"] == "held")


def nights(payer, count):
    payer.town.api.put("/api/settings", {"hold_nights": count}).want(200)


def test_exactly_those_that_would_be_suspended_are_asked_about(deaf, mid):
    """Not who is not due yet, has no page, was suspended before or is paid; and of an order each thing once."""
    asked, others = [], []
    for _ in range(2):
        sub, invoice = indebted(deaf)
        asked.append(deaf.order(invoice))
    promised, invoice = indebted(deaf)
    others.append(deaf.order(invoice))
    deaf.town.api.post("/api/subscriptions/%s/suspend" % promised["id"], {}).want(200)
    _, later = deaf.town.billed(start_date="2026-03-10", end_date="2026-03-31")
    others.append(deaf.order(later))
    _, cash = indebted(deaf)
    others.append(deaf.order(cash))
    deaf.town.api.post("/api/invoices/%s/mark-paid" % cash["id"], {}).want(200)
    indebted(deaf)  # never had a page
    deaf.idle()
    mid.ask("POST", "/log/reset", {})
    deaf.stack.cron("2026-03-05")
    counts = mid.ask("GET", "/log")["counts"]
    assert counts == {"GET /v2/%s/status" % order: 1 for order in asked}, (counts, others)


def test_no_answer_holds_for_three_nights(deaf, mid):
    sub, invoice = indebted(deaf)
    other, _ = indebted(deaf)
    deaf.order(invoice)
    mid.fault("status", "/v2/*", code=500)
    for night in ("2026-03-05", "2026-03-06", "2026-03-07"):
        for _ in range(3):  # however often it is run: each run was a night
            status, _, report = run(deaf, night)
            assert status == 1 and report["steps"]["suspend"]["held"] >= 1 and sub["id"] in held(report)
            assert not suspended(deaf, sub) and suspended(deaf, other)
    run(deaf, "2026-03-08")
    assert suspended(deaf, sub)
    assert deaf.sql("SELECT count(*) FROM alert_logs WHERE meta ->> 'subscription_id' = '%s'" % sub["id"]) == "1"


def test_each_of_several_attempts_is_looked_up(deaf, mid):
    """Bug: an answer that failed ended the look-ups, and the attempt that had been paid was not looked up."""
    sub, invoice = indebted(deaf)
    first = deaf.order(invoice)
    deaf.sql("UPDATE midtrans_attempts SET expires_at = now() + interval '30 seconds' WHERE order_id = '%s'" % first)
    mid.act(deaf.order(invoice), "pay", method="bca_va")
    mid.fault("status", "GET /v2/%s/status" % first, code=500)
    run(deaf, "2026-03-05")
    mid.well()
    assert deaf.status(invoice) == "paid" and not suspended(deaf, sub)


def test_any_of_several_attempts_unanswered_holds(deaf, mid):
    """Bug: the last of several pages was answered and the line cut off, though the first page may have been paid.
    Answers about all of them reset the count of nights."""
    sub, invoice = indebted(deaf)
    orders = [deaf.order(invoice)]
    deaf.sql("UPDATE midtrans_attempts SET expires_at = now() + interval '30 seconds' WHERE order_id = '%s'" % orders[0])
    orders.append(deaf.order(invoice))
    count = "SELECT gateway_holds FROM subscriptions WHERE id = '%s'" % sub["id"]
    nights(deaf, 2)
    try:
        for night, silent in (("2026-03-05", 0), ("2026-03-06", 1)):
            mid.fault("status", "GET /v2/%s/status" % orders[silent], code=500)
            assert sub["id"] in held(run(deaf, night)[2]), "the other's answer says nothing of this one"
            mid.well()
        assert deaf.sql(count) == "2"
        run(deaf, "2026-03-07")
        assert suspended(deaf, sub) and deaf.sql(count) == "0"
    finally:
        nights(deaf, 3)


@pytest.mark.parametrize("said", [
    {"code": 200, "body": json.dumps({"status_code": "412", "status_message": "not by order_id"})}, {"code": 500}])
def test_an_order_whose_id_is_no_good_is_asked_for_by_its_payments(deaf, mid, said):
    """Bug: any error about the order_id ended the look-up, also when the payment's own id was known. A plain
    refusal of the order_id is then no failure."""
    sub, invoice = indebted(deaf)
    order = deaf.order(invoice)
    mid.act(order, "choose", method="dana")
    assert deaf.notify(mid.craft(order)).status == 200
    deaf.reconcile()
    mid.act(order, "pay")
    mid.fault("status", "GET /v2/%s/status" % order, **said)
    report = run(deaf, "2026-03-05")[2]
    mid.well()
    assert deaf.status(invoice) == "paid" and not suspended(deaf, sub)
    assert (sub["id"] in held(report)) == (said["code"] == 500)


def test_a_payment_begins_the_count_anew(deaf, mid):
    """Bug: the nights of an old debt counted against the next one."""
    sub, invoice = indebted(deaf)
    order = deaf.order(invoice)
    mid.fault("status", "/v2/*", code=500)
    nights(deaf, 1)
    try:
        assert held(run(deaf, "2026-03-05")[2]) == [sub["id"]]
        mid.well()
        mid.act(order, "pay", method="bca_va")
        deaf.reconcile()
        assert deaf.status(invoice) == "paid"
        deaf.town.api.make("/api/invoices", {"subscription_id": sub["id"], "kind": "other", "amount": 50000,
                                             "due_date": "2026-03-05"})
        again = [i for i in deaf.town.invoices(sub) if i["id"] != invoice["id"]]
        deaf.order(again[0])
        mid.fault("status", "/v2/*", code=500)
        assert held(run(deaf, "2026-03-08")[2]) == [sub["id"]]
        run(deaf, "2026-03-09")
        assert suspended(deaf, sub), "one night, says the setting"
    finally:
        nights(deaf, 3)


@pytest.mark.parametrize("silent", [True, False])
def test_a_gateway_that_is_away_is_not_asked_about_each(deaf, mid, silent):
    """Bug: each debtor cost 15 seconds of waiting for Midtrans: with a thousand of them the night took four hours.
    After two silences in a row the rest is held without a call; after an answer in between the calls go on."""
    debts = [indebted(deaf) for _ in range(6)]
    for _, invoice in debts:
        deaf.order(invoice)
    deaf.idle()
    mid.ask("POST", "/log/reset", {})
    if silent:
        mid.fault("hang", "*", times=1)
        mid.fault("status", "*", code=429, after=1)
    else:
        mid.fault("refuse")
    status, seconds, report = run(deaf, "2026-03-05")
    assert status == 1 and set(held(report)) >= {sub["id"] for sub, _ in debts}
    assert seconds < (24 if silent else 8)
    assert sum(mid.ask("GET", "/log")["counts"].values()) == (2 if silent else 0)
    mid.well()
    for _, invoice in debts:
        deaf.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
    deaf.idle()


def test_a_single_silence_is_no_reason_to_ask_no_more(deaf, mid):
    debts = [indebted(deaf) for _ in range(4)]
    orders = [deaf.order(invoice) for _, invoice in debts]
    for order in orders[:3:2]:
        mid.fault("status", "GET /v2/%s/status" % order, code=429)
    mid.act(orders[3], "pay", method="bca_va")
    _, _, report = run(deaf, "2026-03-05")
    mid.well()
    assert len(set(held(report)) & {sub["id"] for sub, _ in debts}) == 2
    assert deaf.status(debts[3][1]) == "paid" and suspended(deaf, debts[1][0])
