"""Online payment against a simulated Midtrans: each case of the Midtrans facts by its name."""
import json
import os
import threading
import time

import pytest

import gateway
import isp

TODAY = "2026-03-02"


@pytest.fixture(scope="module")
def mid():
    peer = gateway.Mid("--scale", "0.001").up()
    yield peer
    peer.down()


@pytest.fixture(scope="module")
def paying(mid):
    system = isp.Stack("midtrans", env=mid.env())
    try:
        system.up()
        yield system
        mid.well()
        system.check()
    finally:
        system.down()


@pytest.fixture
def payer(paying, mid):
    mid.ask("POST", "/reset")
    mid.rules(url=paying.url + "/api/midtrans/notification")
    town = isp.Town(paying.client(), TODAY)
    return gateway.Payer(paying, mid, town)


@pytest.fixture
def deaf(payer, mid):
    """No notification ever arrives."""
    mid.rules(drop=1)
    return payer


def genuine(payer, mid, invoice, act="pay", **more):
    """An order and the body of its newest message, which was never sent."""
    mid.rules(hold=True)
    order = payer.order(invoice)
    mid.act(order, act, **more)
    return order, mid.craft(order)


# ---- pages ---------------------------------------------------------------------------------------

def test_page_says_what_the_plan_says(payer, mid):
    invoice = payer.billed()
    answer = payer.token(invoice)
    assert set(answer) == {"success", "snap_token", "order_id", "redirect_url", "client_key"}
    assert answer["success"] is True and answer["client_key"] == "SB-Mid-client-simulated"
    assert answer["order_id"].startswith(invoice["invoice_number"] + "-1-")
    asked = mid.order(answer["order_id"])["request"]
    assert asked["transaction_details"]["gross_amount"] == 150000
    assert sum(i["price"] * i["quantity"] for i in asked["item_details"]) == 150000
    assert asked["callbacks"]["finish"] == payer.stack.url + "/pay/" + invoice["id"]
    assert asked["expiry"]["start_time"].endswith(" +0700") and asked["expiry"]["duration"] == 1440
    assert asked["credit_card"] == {"secure": True}
    assert payer.show(invoice)["payment_url"] == answer["redirect_url"]


def test_the_same_page_until_it_is_used_up(payer, mid):
    invoice = payer.billed()
    first = payer.token(invoice)
    assert payer.token(invoice) == first
    mid.act(first["order_id"], "choose", method="bca_va")
    isp.wait_until(lambda: payer.sql("SELECT state FROM midtrans_attempts WHERE order_id = '%s'"
                                     % first["order_id"]) == "pending", 5)
    assert payer.token(invoice) == first
    mid.act(first["order_id"], "expire")
    isp.wait_until(lambda: payer.token(invoice)["order_id"] != first["order_id"], 5)
    assert payer.order(invoice).startswith(invoice["invoice_number"] + "-2-")


def test_operators_make_pages_too_and_viewers_do_not(payer):
    invoice = payer.billed()
    answer = payer.town.api.post("/api/midtrans/create-token", {"invoice_id": invoice["id"], "amount": 1})
    assert answer.want(200).json["order_id"] == payer.order(invoice)
    assert payer.anyone.post("/api/midtrans/create-token", {"invoice_id": invoice["id"]}).status == 401


def test_only_what_is_owed_is_asked_for(payer, mid):
    invoice = payer.billed()
    first = payer.order(invoice)
    payer.town.api.make("/api/payments", {"invoice_id": invoice["id"], "amount": 50000})
    second = payer.order(invoice)
    assert second != first and mid.order(second)["gross_amount"] == 100000
    isp.wait_until(lambda: mid.order(first)["state"] == "canceled", 5, "the old page cancelled")
    assert mid.order(second)["state"] != "canceled"


def test_nothing_owed_is_409_and_no_invoice_is_404(payer):
    paid, cancelled, free = payer.billed(), payer.billed(), payer.billed(package=payer.town.package(price=0))
    payer.town.api.post("/api/invoices/%s/mark-paid" % paid["id"], {}).want(200)
    payer.town.api.delete("/api/invoices/" + cancelled["id"])
    for invoice in (paid, cancelled, free):
        payer.anyone.post("/api/midtrans/snap-token", {"invoice_id": invoice["id"]}).want(409)
    payer.anyone.post("/api/midtrans/snap-token", {"invoice_id": isp.NOBODY}).want(404)
    payer.anyone.post("/api/midtrans/snap-token", {}).want(422)


def test_unicode_and_64_characters_and_no_email(payer, mid):
    """Names are cut between characters at 50 bytes; an empty e-mail is left out (facts 2)."""
    name = "Paket Cépat 日本語 " + "x" * 20 + "😀😀😀😀"
    package = payer.town.package(name=(name + "y" * 64)[:64] + isp.unique("n"))
    customer = payer.town.customer(name="Łukasz | 田中 " + "é" * 40, email=None, phone=None)
    asked = mid.order(payer.order(payer.billed(package=package, customer=customer)))["request"]
    item = asked["item_details"][0]["name"]
    assert 40 < len(item.encode()) <= 50 and item.startswith("Internet Paket Cépat 日本語")
    assert set(asked["customer_details"]) == {"first_name"}
    assert "|" not in asked["customer_details"]["first_name"]
    customer = payer.town.customer(email="ani@example.net", phone="+62 812 3456")
    asked = mid.order(payer.order(payer.billed(customer=customer)))["request"]["customer_details"]
    assert asked["email"] == "ani@example.net" and asked["phone"] == "+62 812 3456"


def test_two_tabs_and_twenty_clicks_get_one_attempt(payer, mid):
    invoice = payer.billed()
    mid.fault("latency", "POST /snap/v1/transactions", delay=0.4)
    clients = [isp.Client(payer.stack.url, source="127.0.0.%d" % (10 + n)) for n in range(8)]

    def click(client):
        return lambda: client.post("/api/midtrans/snap-token", {"invoice_id": invoice["id"]}).want(200).json
    answers = isp.throng([click(c) for c in clients])
    assert len({(a["order_id"], a["snap_token"]) for a in answers}) == 1
    assert mid.calls("/snap/v1/transactions") == 1


def test_a_lost_answer_is_the_same_order(payer, mid):
    for kind in ("lost", "truncate", "reset"):
        invoice = payer.billed()
        before = mid.calls("/snap/v1/transactions")
        mid.fault(kind, "POST /snap/v1/transactions", times=1)
        answer = payer.token(invoice)
        assert answer["order_id"].startswith(invoice["invoice_number"] + "-1-"), kind
        assert mid.calls("/snap/v1/transactions") == before + 2
        assert mid.order(answer["order_id"])["token"] == answer["snap_token"]


def test_a_broken_gateway_is_502_and_the_next_try_keeps_the_order(payer, mid):
    invoice = payer.billed()
    for fault in ({"kind": "status", "code": 500}, {"kind": "html"}, {"kind": "refuse"}):
        mid.fault(path="*", **fault)
        answer = payer.anyone.post("/api/midtrans/snap-token", {"invoice_id": invoice["id"]}).want(502)
        assert "html" not in answer.json["message"].lower(), answer.json
        mid.well()
    assert payer.order(invoice).startswith(invoice["invoice_number"] + "-1-")


def test_a_refusal_ends_the_attempt(payer, mid):
    invoice = payer.billed()
    mid.fault("status", "POST /snap/v1/transactions", code=400, times=1,
              body=json.dumps({"error_messages": ["transaction_details.gross_amount is odd"]}))
    payer.anyone.post("/api/midtrans/snap-token", {"invoice_id": invoice["id"]}).want(502)
    assert payer.order(invoice).startswith(invoice["invoice_number"] + "-2-")


def test_taken_by_somebody_else_is_not_ours(payer, mid):
    """"Already taken" on the first call of an attempt: the next number, and no adoption."""
    invoice = payer.billed()
    mid.fault("status", "POST /snap/v1/transactions", code=400, times=1, body=json.dumps(
        {"error_messages": ["transaction_details.order_id sudah digunakan"]}))
    order = payer.order(invoice)
    assert order.startswith(invoice["invoice_number"] + "-2-")
    assert payer.sql("SELECT state FROM midtrans_attempts WHERE order_id LIKE '%s-1-%%'"
                     % invoice["invoice_number"]) == "closed"


def test_tokens_of_one_invoice_are_limited(payer):
    invoice = payer.billed()
    clients = [isp.Client(payer.stack.url, source="127.0.1.%d" % (n + 1)) for n in range(3)]
    codes = [clients[n % 3].post("/api/midtrans/snap-token", {"invoice_id": invoice["id"]}).status for n in range(25)]
    assert codes[:20] == [200] * 20 and set(codes[20:]) == {429}, codes


# ---- money ---------------------------------------------------------------------------------------

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
    isp.wait_until(lambda: payer.payments(invoice)[0]["midtrans_status"] == "settlement", 5)
    assert len(payer.payments(invoice)) == 1


def test_a_challenged_card_waits_for_people(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="credit_card", challenge=True)
    isp.wait_until(lambda: payer.sql("SELECT state FROM midtrans_attempts WHERE order_id = '%s'" % order) == "review", 5)
    assert payer.status(invoice) == "unpaid" and payer.payments(invoice) == []
    mid.act(order, "accept")
    payer.wait(invoice, "paid")


def test_zero_decimals_and_capitals(payer, mid):
    """An amount is a text: "150000.00" is signed, and is 150,000 rupiah."""
    invoice = payer.billed()
    _, body = genuine(payer, mid, invoice, method="bca_va")
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
    _, body = genuine(payer, mid, invoice, method="qris")
    clients = [isp.Client(payer.stack.url) for _ in range(16)]

    def send(client):
        return lambda: client.raw("POST", "/api/midtrans/webhook", json.dumps(body).encode(),
                                  {"Content-Type": "application/json"}).status
    assert isp.throng([send(c) for c in clients]) == [200] * 16
    assert len(payer.payments(invoice)) == 1 and payer.credit(invoice) == 0
    payer.idle()


def test_the_old_page_is_paid_after_the_new_one(payer, mid):
    """Both pages of an invoice are paid: the second is credit, and people are told (row 17)."""
    invoice = payer.billed()
    first = payer.order(invoice)
    mid.act(first, "choose", method="bca_va")
    mid.act(first, "expire")
    second = isp.wait_until(lambda: (lambda o: o if o != first else None)(payer.order(invoice)), 5)
    mid.act(second, "pay", method="qris")
    payer.wait(invoice, "paid")
    mid.act(first, "pay", method="bca_va", force=True)
    isp.wait_until(lambda: len(payer.payments(invoice)) == 2, 5)
    assert payer.status(invoice) == "paid" and payer.credit(invoice) == 150000


def test_money_for_a_cancelled_invoice_is_credit(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.fault("status", "POST /v2/*/cancel", code=500)
    mid.act(order, "choose", method="bca_va")
    payer.town.api.delete("/api/invoices/" + invoice["id"])
    mid.act(order, "pay", force=True)
    isp.wait_until(lambda: payer.credit(invoice) == 150000, 5)
    assert payer.status(invoice) == "cancelled"
    mid.well()


def test_settled_by_cash_ends_the_pending_payment(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="bca_va")
    payer.town.api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
    isp.wait_until(lambda: mid.order(order)["transactions"][0]["transaction_status"] == "cancel", 5)
    payer.idle()


def test_expired_then_settled_is_confirmed(payer, mid):
    """Row 20: an expiry was told, then money: Midtrans is asked, and knows."""
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="bca_va")
    mid.act(order, "expire")
    isp.wait_until(lambda: payer.sql("SELECT state FROM midtrans_attempts WHERE order_id = '%s'" % order) == "closed", 5)
    mid.act(order, "set", status="settlement")
    payer.wait(invoice, "paid", 3)


def test_another_amount_is_asked_about_and_booked_as_it_is(payer, mid):
    invoice = payer.billed()
    order, body = genuine(payer, mid, invoice, method="bca_va")
    body["gross_amount"] = "100000.00"
    body["signature_key"] = gateway.sign(body)
    assert payer.notify(body).status == 200
    payer.wait(invoice, "paid", 5)  # what Midtrans says counts: 150,000
    assert payer.payments(invoice)[0]["amount"] == 150000


def test_reversal_undoes_the_payment(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="permata_va")
    payer.wait(invoice, "paid")
    began = time.monotonic()
    mid.act(order, "reverse")
    payer.wait(invoice, "unpaid", 3)
    assert time.monotonic() - began < 2
    payment, = payer.payments(invoice)
    assert payment["status"] == "reversed"


def test_a_settlement_told_again_after_the_reversal_books_nothing(payer, mid):
    invoice = payer.billed()
    order, body = genuine(payer, mid, invoice, method="permata_va")
    assert payer.notify(body).status == 200
    mid.rules(hold=False)
    mid.act(order, "reverse")
    payer.wait(invoice, "unpaid", 5)
    for _ in range(3):
        assert payer.notify(body).status == 200
    payer.idle()
    assert payer.status(invoice) == "unpaid" and len(payer.payments(invoice)) == 1


def test_deny_before_the_settlement_it_took_back(payer, mid):
    """Out of order: the reversal arrives first.  Midtrans is asked, nothing is booked."""
    invoice = payer.billed()
    order, settled = genuine(payer, mid, invoice, method="permata_va")
    mid.act(order, "reverse")
    denied = mid.craft(order)
    assert denied["transaction_status"] == "deny"
    assert payer.notify(denied).status == 200
    assert payer.notify(settled).status == 200
    payer.idle()
    assert payer.status(invoice) == "unpaid" and payer.payments(invoice) == []


def test_void_of_a_captured_card(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="credit_card")
    payer.wait(invoice, "paid")
    mid.act(order, "void")
    payer.wait(invoice, "unpaid", 5)


def test_chargeback(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method="credit_card")
    payer.wait(invoice, "paid")
    mid.act(order, "settle")
    mid.act(order, "chargeback")
    payer.wait(invoice, "unpaid", 5)


# ---- refunds -------------------------------------------------------------------------------------

def paid_by(payer, mid, method):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "pay", method=method)
    payer.wait(invoice, "paid")
    return invoice, order


def refunds(payer, invoice):
    return payer.sql("SELECT string_agg(r.amount::text, ',' ORDER BY r.created_at) FROM refunds r JOIN payments p "
                     "ON p.id = r.payment_id WHERE p.invoice_id = '%s'" % invoice["id"])


def test_refunds_at_the_dashboard_are_booked_once_each(payer, mid):
    mid.rules(confirm=0.2)
    invoice, order = paid_by(payer, mid, "qris")
    mid.act(order, "refund", amount=50000)
    isp.wait_until(lambda: refunds(payer, invoice) == "50000", 5)
    mid.act(order, "refund", amount=30000)
    isp.wait_until(lambda: refunds(payer, invoice) == "50000,30000", 5)
    time.sleep(0.5)
    payer.idle()
    assert refunds(payer, invoice) == "50000,30000" and payer.status(invoice) == "paid"


def test_refund_by_an_admin(payer, mid):
    invoice, order = paid_by(payer, mid, "qris")
    at = "/api/midtrans/refund/" + order
    payer.anyone.post(at, {"amount": 1}).want(401)
    payer.town.api.post(at, {"amount": 150001}).want(422)
    payer.town.api.post(at, {"amount": 50000, "reason": "too slow"}).want(200)
    assert refunds(payer, invoice) == "50000" and payer.status(invoice) == "paid"
    payer.town.api.post(at, {"amount": 100000, "reopen": True}).want(200)
    assert refunds(payer, invoice) == "50000,100000" and payer.status(invoice) == "unpaid"
    payer.town.api.post(at, {"amount": 1}).want(409)
    payer.idle()
    assert refunds(payer, invoice) == "50000,100000"


def test_a_bank_transfer_is_not_refunded_by_midtrans(payer, mid):
    invoice, order = paid_by(payer, mid, "bca_va")
    answer = payer.town.api.post("/api/midtrans/refund/" + order, {"amount": 1000}).want(409)
    assert "by hand" in answer.json["message"]
    assert refunds(payer, invoice) == ""


def test_a_refund_whose_answer_got_lost_is_not_made_twice(payer, mid):
    invoice, order = paid_by(payer, mid, "qris")
    mid.fault("lost", "POST /v2/*/refund", times=1)
    at = "/api/midtrans/refund/" + order
    payer.town.api.post(at, {"amount": 50000, "reopen": True}).want(502)
    isp.wait_until(lambda: refunds(payer, invoice) == "50000", 5)
    assert payer.status(invoice) == "unpaid"
    payer.idle()
    assert mid.order(order)["transactions"][0]["refunds"][0]["key"].startswith("isp-")
    assert len(mid.order(order)["transactions"][0]["refunds"]) == 1


# ---- hostile requests ----------------------------------------------------------------------------

def events(payer, order):
    return int(payer.sql("SELECT count(*) FROM midtrans_events WHERE order_id = '%s'" % order))


def test_forged_and_altered_signatures_are_403_and_leave_nothing(payer, mid):
    invoice = payer.billed()
    order, body = genuine(payer, mid, invoice, method="qris")
    before = events(payer, order)
    for signature in ("", None, 12, [], {"a": 1}, body["signature_key"].upper(), body["signature_key"][:-1],
                      "0" * 128, gateway.sign(body, "SB-Mid-server-other")):
        assert payer.notify(dict(body, signature_key=signature)).status == 403, signature
    missing = dict(body)
    del missing["signature_key"]
    assert payer.notify(missing).status == 403
    for name, value in (("gross_amount", "1.00"), ("order_id", order + "x"), ("status_code", "201"),
                        ("gross_amount", "150000")):
        assert payer.notify(dict(body, **{name: value})).status == 403, name
    assert events(payer, order) == before and payer.status(invoice) == "unpaid"


def test_replayed_with_another_status_is_not_believed(payer, mid):
    """The signature covers neither status nor transaction: a 201 cannot become money, and a 200
    books once (facts 4)."""
    invoice = payer.billed()
    order, pending = genuine(payer, mid, invoice, act="choose", method="bca_va")
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


def test_a_replay_leaves_nothing_but_a_counter(payer, mid):
    invoice = payer.billed()
    order, body = genuine(payer, mid, invoice, method="qris")
    assert payer.notify(body).status == 200

    def rows():
        return payer.sql("SELECT (SELECT count(*) FROM midtrans_events), (SELECT count(*) FROM midtrans_verdicts), "
                         "(SELECT count(*) FROM midtrans_logs), (SELECT count(*) FROM gateway_jobs), "
                         "(SELECT count(*) FROM alert_logs), (SELECT count(*) FROM payments)")
    before = rows()
    for _ in range(5):
        assert payer.notify(body).status == 200
    assert rows() == before
    assert payer.sql("SELECT copies FROM midtrans_copies c JOIN midtrans_events e ON e.id = c.event_id "
                     "WHERE e.order_id = '%s'" % order) == "5"


def test_another_merchant_or_currency_is_not_money(payer, mid):
    for change in ({"currency": "USD"}, {"merchant_id": "G999999999"}):
        invoice = payer.billed()
        order, body = genuine(payer, mid, invoice, method="qris")
        assert payer.notify(dict(body, **change)).status == 200
        assert payer.payments(invoice) == []
        mid.rules(hold=False)


def test_an_unknown_order_is_404_and_its_event_is_kept(payer, mid):
    invoice = payer.billed()
    _, body = genuine(payer, mid, invoice, method="qris")
    body = dict(body, order_id="INV-20260302-9999-1-zzzz")
    body["signature_key"] = gateway.sign(body)
    assert payer.notify(body).status == 404
    assert events(payer, body["order_id"]) == 1


def test_an_unknown_status_is_kept_for_people(payer, mid):
    invoice = payer.billed()
    order = payer.order(invoice)
    mid.act(order, "choose", method="qris")
    mid.act(order, "set", status="quantum_settlement")
    isp.wait_until(lambda: payer.sql("SELECT count(*) FROM alert_logs WHERE meta ->> 'order_id' = '%s'" % order) == "1", 5)
    assert payer.status(invoice) == "unpaid"


def test_malformed_bodies(payer, mid):
    invoice = payer.billed()
    order, body = genuine(payer, mid, invoice, method="qris")
    text = json.dumps(body).encode()
    before = events(payer, order)
    for bad in (b"", b"{", b"[]", b"null", b'"x"', text[:-1], text + b"x", b"\xff" + text, b"[" * 5000,
                text.replace(b'"order_id"', b'"order_id": "x", "order_id"', 1), b'{"order_id": 1}', b"{}",
                json.dumps(dict(body, transaction_id=None)).encode(),
                json.dumps(dict(body, transaction_status=["settlement"])).encode(),
                text[:-1] + b', "more": 1e999999999}', text[:-1] + b', "more": "\\u0000"}',
                text[:-1] + b', "metadata": {"a": 1, "a": 2}}'):
        answer = payer.notify(bad)
        assert answer.status == 400, (answer.status, bad[:60], answer.body)
        assert b"INV-" not in answer.body
    assert payer.notify(text, **{"Content-Type": "text/plain"}).status == 415
    assert payer.notify(b'{"a": "' + b"x" * 70000 + b'"}').status == 413
    assert events(payer, order) == before
    assert payer.notify(text).status == 200
    payer.wait(invoice, "paid", 2)


def test_ten_thousand_forgeries_and_memory_stays_flat(payer, mid):
    invoice = payer.billed()
    _, body = genuine(payer, mid, invoice, method="qris")
    bodies = [json.dumps(dict(body, signature_key="%0128x" % n, x="y" * (n % 2000))).encode() for n in range(100)]
    count = 100000 if isp.SOAK else 10000
    rows = payer.sql("SELECT count(*) FROM midtrans_events")

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
    assert payer.sql("SELECT count(*) FROM midtrans_events") == rows


def test_answers_in_time_while_midtrans_hangs(payer, mid):
    """The webhook calls nobody: it answers under 1 s whatever hangs."""
    invoice = payer.billed()
    order, body = genuine(payer, mid, invoice, method="permata_va")
    mid.fault("hang", "/v2/*")
    began = time.monotonic()
    assert payer.notify(body).status == 200
    mid.act(order, "reverse")
    assert payer.notify(mid.craft(order)).status == 200
    assert time.monotonic() - began < 1
    assert payer.status(invoice) == "paid"
    mid.well()
    payer.wait(invoice, "unpaid", 40)


def test_a_locked_invoice_is_503_and_the_event_is_kept(payer, mid):
    invoice = payer.billed()
    order, body = genuine(payer, mid, invoice, method="qris")
    before = events(payer, order)
    held = payer.stack.start("psql", "-X", "-h", os.path.join(payer.stack.dir, "run"), "-U", "postgres", "-d", "isp", "-c",
                             "BEGIN; SELECT FROM customers WHERE id = '%s' FOR UPDATE; SELECT pg_sleep(7)"
                             % payer.show(invoice)["customer_id"])
    isp.wait_until(lambda: payer.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == "1", 5)
    answer = payer.notify(body)
    assert answer.status == 503 and answer.headers["retry-after"]
    held.communicate(timeout=30)
    assert events(payer, order) == before + 1 and payer.payments(invoice) == []
    assert payer.notify(body).status == 200
    payer.wait(invoice, "paid", 2)


# ---- no webhook ----------------------------------------------------------------------------------

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
    assert refunds(deaf, invoices["qris"]) == "50000" and deaf.status(later) == "paid"
    deaf.reconcile()
    assert refunds(deaf, invoices["qris"]) == "50000"
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
    isp.wait_until(lambda: payer.sql("SELECT state FROM midtrans_attempts WHERE order_id = '%s'" % order) == "pending", 5)
    mid.rules(drop=1)
    mid.act(order, "pay")
    payer.reconcile()
    assert payer.status(invoice) == "paid"


# ---- the nightly run -----------------------------------------------------------------------------

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


# ---- without a key -------------------------------------------------------------------------------

def test_without_a_key_everything_else_works(stack, api, town):
    sub, invoice = town.billed()
    anyone = isp.Client(stack.url)
    for path in ("snap-token", "create-token"):
        answer = api.post("/api/midtrans/" + path, {"invoice_id": invoice["id"]}).want(503)
        assert answer.json["message"] == "online payment is not configured"
    assert anyone.post("/api/midtrans/notification", {"order_id": "x"}).status == 503
    assert stack.exec("gateway-sync", "--once").returncode == 0
    api.post("/api/invoices/%s/mark-paid" % invoice["id"], {}).want(200)
