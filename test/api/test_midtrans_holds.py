"""The nightly run, which asks before it cuts anybody off."""
import json

import isp
from gateway import deaf, mid, payer, paying  # noqa: F401 (fixtures)


def suspended(payer, sub):
    return payer.town.api.show("/api/subscriptions/" + sub["id"])["status"] == "suspended"


def test_nobody_who_paid_is_suspended(deaf, mid):
    """billing-cron asks about those it would suspend, and about them alone."""
    paid_sub, paid = deaf.town.billed(start_date="2026-03-01", end_date="2026-03-31")
    debt_sub, debt = deaf.town.billed(start_date="2026-03-01", end_date="2026-03-31")
    deaf.order(debt)
    mid.act(deaf.order(paid), "pay", method="bca_va")
    report = deaf.stack.cron("2026-03-05")
    assert not suspended(deaf, paid_sub) and deaf.status(paid) == "paid"
    assert suspended(deaf, debt_sub)
    assert report["steps"]["suspend"]["held"] == 0


def test_who_pays_is_online_again(deaf, mid):
    """Suspended for debt, paid, and found by reconciliation with the rights of gateway-sync."""
    sub, invoice = deaf.town.billed(start_date="2026-03-01", end_date="2026-03-31")
    deaf.stack.cron("2026-03-05")
    assert suspended(deaf, sub)
    mid.act(deaf.order(invoice), "pay", method="bca_va")
    deaf.sql("UPDATE midtrans_attempts SET next_check_at = now() WHERE invoice_id = '%s'" % invoice["id"])
    deaf.stack.exec("gateway-sync", "--once")
    deaf.wait(invoice, "paid", 3)
    assert not suspended(deaf, sub)


def test_no_answer_holds_for_three_nights(deaf, mid):
    sub, invoice = deaf.town.billed(start_date="2026-03-01", end_date="2026-03-31")
    other, _ = deaf.town.billed(start_date="2026-03-01", end_date="2026-03-31")
    deaf.order(invoice)
    mid.fault("status", "/v2/*", code=500)
    for night in ("2026-03-05", "2026-03-06", "2026-03-07"):
        done = deaf.stack.exec("billing-cron", "--date", night, "--json", check=False)
        report = json.loads(done.stdout)
        assert done.returncode == 1 and report["steps"]["suspend"]["held"] >= 1, done
        assert [l for l in report["lines"] if l["outcome"] == "held" and l["subscription_id"] == sub["id"]]
        assert not suspended(deaf, sub) and suspended(deaf, other)
    deaf.stack.exec("billing-cron", "--date", "2026-03-08", check=False)
    assert suspended(deaf, sub)
    assert deaf.sql("SELECT count(*) FROM alert_logs WHERE meta ->> 'subscription_id' = '%s'" % sub["id"]) == "1"
