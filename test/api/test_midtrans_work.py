"""What gateway-sync and ispctl find out without any notification."""
import isp
from gateway import deaf, mid, payer, paying  # noqa: F401 (fixtures)


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
