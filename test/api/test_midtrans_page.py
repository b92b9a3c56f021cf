"""Payment pages: what is asked for, and that one invoice has one page, whatever gets lost."""
import json

import isp
from gateway import mid, payer, paying  # noqa: F401 (fixtures)


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
