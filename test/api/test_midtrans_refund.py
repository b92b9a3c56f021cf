"""Money that goes back by Midtrans."""
import time

import isp
from gateway import mid, payer, paying  # noqa: F401 (fixtures)


def test_refunds_at_the_dashboard_are_booked_once_each(payer, mid):
    mid.rules(confirm=0.2)
    invoice, order = payer.paid_by("qris")
    mid.act(order, "refund", amount=50000)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000", 5)
    mid.act(order, "refund", amount=30000)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000,30000", 5)
    time.sleep(0.5)
    payer.idle()
    assert payer.refunds(invoice) == "50000,30000" and payer.status(invoice) == "paid"


def test_a_partial_chargeback_after_a_partial_refund(payer, mid):
    """It was weighed against the sum of refunds, which was in the books: nothing was taken, nobody told."""
    invoice, order = payer.paid_by("qris")
    mid.act(order, "refund", amount=50000)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000", 5)
    mid.act(order, "chargeback", amount=30000, force=True)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000,30000", 5)
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


def test_a_refund_whose_answer_got_lost_is_not_made_twice(payer, mid):
    invoice, order = payer.paid_by("qris")
    mid.fault("lost", "POST /v2/*/refund", times=1)
    at = "/api/midtrans/refund/" + order
    payer.town.api.post(at, {"amount": 50000, "reopen": True}).want(502)
    isp.wait_until(lambda: payer.refunds(invoice) == "50000", 5)
    assert payer.status(invoice) == "unpaid"
    payer.idle()
    assert mid.order(order)["transactions"][0]["refunds"][0]["key"].startswith("isp-")
    assert len(mid.order(order)["transactions"][0]["refunds"]) == 1
