"""Bills and receipts as PDF, the account of a customer, and the reports."""
import os
import re
import subprocess

import pytest

import isp

TODAY = "2026-03-02"


@pytest.fixture(scope="module")
def system():
    stack = isp.Stack("paper", {"APP_TODAY": TODAY})
    try:
        yield stack.up()
        stack.check()
    finally:
        stack.down()


@pytest.fixture(scope="module")
def api(system):
    client = system.client()
    client.put("/api/settings", {"company_name": "Warga Net Nusantara", "company_address": "Jl. Kenanga 7, Bandung",
                                 "company_phone": "022-123456", "company_whatsapp": "0812-3456-7890",
                                 "tax_mode": "exclusive", "tax_rate": 1200, "tax_base": "11/12"}).want(200)
    return client


@pytest.fixture(scope="module")
def town(api):
    return isp.Town(api, TODAY)


class House:
    """A customer with a bill of a package, a rent and a discount, with tax."""

    def __init__(self, api, town, **more):
        self.customer = town.customer(name=isp.unique("Ibu Sri Rahayu Éka "), address="Gg. Melati 3 RT 02/05", npwp="01.234.567.8-901.000", **more)
        package = town.package(name=isp.unique("Rumah "), price=150000)
        self.sub = town.subscription(self.customer, package, start_date="2026-02-04", end_date="2026-03-05", issue_invoice=False)
        api.make("/api/subscriptions/%s/items" % self.sub["id"], {"kind": "item", "text": "Sewa ONT", "amount": 15000})
        api.make("/api/subscriptions/%s/items" % self.sub["id"], {"kind": "discount", "text": "Diskon setia", "percent": 10})
        self.bill = api.make("/api/invoices", {"subscription_id": self.sub["id"]})


def pdf(client, path):
    answer = client.raw("GET", path, headers=client.headers())
    assert answer.status == 200 and answer.header("content-type") == "application/pdf", answer
    assert answer.body.startswith(b"%PDF-")
    return answer.body


def run(program, data, *words):
    return subprocess.run([program, *words], input=data, capture_output=True, check=True).stdout


def text_of(data):
    return run("pdftotext", data, "-layout", "-", "-").decode()


def size_of(data):
    """(width, height) of the first page in points, and the number of pages."""
    said = run("pdfinfo", data, "-").decode()
    width, height = re.search(r"Page size: +([\d.]+) x ([\d.]+)", said).groups()
    return float(width), float(height), int(re.search(r"Pages: +(\d+)", said).group(1))


def dark(data):
    """The share of dark dots, as drawn."""
    dots = run("pdftoppm", data, "-r", "60", "-gray").split(b"\n", 3)[3]
    return sum(d < 128 for d in dots) / len(dots)


def keep(name, data):
    """For whoever wants to look at it."""
    with open(os.path.join(isp.BUILD, name), "wb") as file:
        file.write(data)


def test_a_bill_is_one_page_with_lines_tax_and_a_code(system, api, town):
    house = House(api, town)
    data = pdf(api, "/api/invoices/%s/pdf" % house.bill["id"])
    keep("bill.pdf", data)
    text = text_of(data)
    for shown in ("Warga Net Nusantara", "Jl. Kenanga 7", "TAGIHAN", house.bill["invoice_number"], house.customer["name"],
                 "Gg. Melati 3", "01.234.567.8-901.000", "Sewa ONT", "-Rp16.500", "Rp148.500", "PPN", "Rp16.335", "Rp164.835",
                 "/pay/" + house.bill["id"], "6 Maret 2026"):
        assert shown in text, "%s is not in\n%s" % (shown, text)
    assert house.bill["amount"] == 164835 == sum(line["amount"] for line in house.bill["lines"])
    width, height, pages = size_of(data)
    assert (round(width), round(height), pages) == (595, 842, 1), "A4"
    fonts = run("pdffonts", data, "-").decode().splitlines()[2:]
    assert len(fonts) == 2 and all(re.search(r"DejaVu\S+ .* yes yes", f) for f in fonts), fonts
    assert 0.01 < dark(data) < 0.2


def test_a_paid_bill_is_a_receipt_on_rolls_too(api, town):
    house = House(api, town)
    api.post("/api/invoices/%s/mark-paid" % house.bill["id"], {"method": "cash", "payment_date": TODAY}).want(200)
    for size, points in (("58", 164), ("80", 227), ("a4", 595)):
        data = pdf(api, "/api/invoices/%s/pdf?size=%s" % (house.bill["id"], size))
        keep("receipt%s.pdf" % size, data)
        text = text_of(data)
        assert "KUITANSI" in text and "Lunas" in text and "tunai" in text and "/pay/" not in text
        width, _, pages = size_of(data)
        assert (round(width), pages) == (points, 1)
    api.get("/api/invoices/%s/pdf" % house.bill["id"], size="a5").want(422)
    api.get("/api/invoices/%s/pdf" % isp.NOBODY).want(404)


def test_ways_to_pay_are_words(api, town):
    """Bug: a receipt said mobile_money and bank_transfer, as the database does."""
    house = House(api, town)
    for amount, method in ((1000, "mobile_money"), (2000, "bank_transfer"), (3000, "ovo")):
        api.make("/api/payments", {"invoice_id": house.bill["id"], "amount": amount, "method": method, "payment_date": TODAY})
    text = text_of(pdf(api, "/api/invoices/%s/pdf" % house.bill["id"]))
    assert "Rp1.000 · dompet digital" in text and "Rp2.000 · transfer bank" in text and "Rp3.000 · OVO" in text, text


def test_a_cancelled_bill_asks_for_nothing(api, town):
    """Bug: the paper of a cancelled bill was headed DIBATALKAN and still named an amount and a due date."""
    house = House(api, town)
    api.delete("/api/invoices/" + house.bill["id"]).want(204)
    text = text_of(pdf(api, "/api/invoices/%s/pdf" % house.bill["id"]))
    assert "DIBATALKAN" in text and "Dibatalkan" in text and "Harus dibayar" not in text and "Jatuh tempo" not in text
    assert "/pay/" not in text


def test_the_public_paper_has_no_address(system, api, town):
    house = House(api, town)
    anyone = isp.Client(system.url)
    text = text_of(pdf(anyone, "/api/public/invoices/%s/pdf" % house.bill["id"]))
    assert house.customer["name"] in text and "Sewa ONT" in text
    assert "Melati" not in text and "01.234" not in text and house.sub["mikrotik_username"] not in text
    anyone.get("/api/invoices/%s/pdf" % house.bill["id"]).want(401)


def test_notes_of_two_lines_are_two_lines(api, town):
    """Bug: a newline in the notes was drawn as a box, and both lines stood in one."""
    house = House(api, town)
    api.put("/api/invoices/" + house.bill["id"], {"notes": "Pasang di lantai dua\n\nTeknisi: Éko"}).want(200)
    for size in ("a4", "58"):
        lines = [line.strip() for line in text_of(pdf(api, "/api/invoices/%s/pdf?size=%s" % (house.bill["id"], size))).splitlines()]
        assert any(line.endswith("dua") for line in lines), lines
        assert any(line.startswith("Teknisi") for line in lines), lines


def test_a_cancelled_bill_of_nothing_is_not_paid(api, town):
    """Bug: a cancelled bill of 0 read "Lunas", as nothing is owed of it."""
    package = town.package(name=isp.unique("Gratis "), price=0)
    sub = town.subscription(town.customer(), package, start_date="2026-03-10", end_date="2026-04-08", issue_invoice=True)
    bill = town.invoices(sub)[0]
    assert (bill["amount"], bill["status"]) == (0, "paid")
    api.post("/api/subscriptions/%s/cancel" % sub["id"], {"reason": "moved"}).want(200)
    assert api.show("/api/invoices/" + bill["id"])["status"] == "cancelled"
    text = text_of(pdf(api, "/api/invoices/%s/pdf" % bill["id"]))
    assert "Dibatalkan" in text and "Lunas" not in text


def test_a_long_bill_breaks_into_pages(api, town):
    house = House(api, town)
    lines = [{"kind": "charge", "text": "Pekerjaan nomor %d di rumah pelanggan, kabel dan tenaga kerja" % n, "unit_price": 1000}
             for n in range(90)]
    api.put("/api/invoices/" + house.bill["id"], {"lines": lines}).want(200)
    data = pdf(api, "/api/invoices/%s/pdf" % house.bill["id"])
    assert size_of(data)[2] in (2, 3)
    assert "nomor 0 " in text_of(data) and "nomor 89 " in text_of(data)


def test_statement_is_opening_rows_closing(api, town):
    """The debt before, each bill and payment with the balance after it, what is owed after: less than 0 is credit."""
    house = House(api, town)
    where = "/api/customers/%s/statement" % house.customer["id"]
    amount = house.bill["amount"]
    api.make("/api/payments", {"invoice_id": house.bill["id"], "amount": amount + 5000, "surplus_to_credit": True, "payment_date": TODAY})
    shown = api.show(where)
    assert (shown["opening"], shown["closing"], shown["from"], shown["to"]) == (0, -5000, "2026-03-01", TODAY)
    assert [(r["type"], r["amount"], r["balance"]) for r in shown["rows"]] == [
        ("invoice", amount, amount), ("payment", -amount - 5000, -5000)]
    later = api.get(where, **{"from": "2026-03-03", "to": "2026-03-09"}).want(200).json
    assert (later["opening"], later["rows"], later["closing"]) == (-5000, [], -5000)
    assert "to" in api.get(where, **{"from": "2026-03-03", "to": "2026-03-01"}).want(422).errors
    api.get("/api/customers/%s/statement" % isp.NOBODY).want(404)


def rows_of(api, name, **query):
    return api.get("/api/reports/" + name, **query).want(200).json["rows"]


def test_statement_keeps_to_the_law_of_money(api, town):
    """A cancelled bill, a reversal, a refund and a gift: the closing is what is outstanding less the credit."""
    house = House(api, town)
    paid = api.make("/api/payments", {"invoice_id": house.bill["id"], "amount": 50000, "payment_date": TODAY})
    api.delete("/api/payments/" + paid["id"]).want(204, 200)
    api.delete("/api/invoices/" + house.bill["id"]).want(204)
    api.make("/api/customers/%s/credits" % house.customer["id"], {"amount": 9000, "reason": "thanks"})
    shown = api.show("/api/customers/%s/statement" % house.customer["id"])
    assert shown["closing"] == -9000 == shown["rows"][-1]["balance"]
    assert {r["type"] for r in shown["rows"]} == {"invoice", "payment", "reversal", "cancelled", "gift"}


def test_reports_add_up(system, api, town):
    house = House(api, town)
    api.make("/api/payments", {"invoice_id": house.bill["id"], "amount": 60000, "method": "transfer", "payment_date": TODAY})
    api.make("/api/payments", {"invoice_id": House(api, town).bill["id"], "amount": 1000, "method": "cash", "payment_date": TODAY})
    total = api.show("/api/dashboard/stats")["total_revenue"]
    for by in ("day", "month", "method", "actor"):
        rows = rows_of(api, "revenue", by=by)
        assert sum(r["revenue"] for r in rows) == total, by
    assert {r["name"] for r in rows_of(api, "revenue", by="method")} >= {"cash", "transfer"}
    assert [r["name"] for r in rows_of(api, "revenue", by="month")] == ["2026-03"]
    owed = {r["customer_id"]: r for r in rows_of(api, "receivables")}[house.customer["id"]]
    assert owed["total"] == house.bill["amount"] - 60000 == owed["not_due"]
    aged = {r["customer_id"]: r for r in rows_of(api, "receivables", **{"from": "2026-01-01", "to": "2026-04-30"})}
    assert aged[house.customer["id"]]["days_31_60"] == owed["total"]
    aged = {r["customer_id"]: r for r in rows_of(api, "receivables", **{"from": "2026-04-01", "to": "2026-04-30"})}
    assert aged[house.customer["id"]]["days_31_60"] == owed["total"], "a bill of an earlier month is owed, too"
    tax = {r["invoice_number"]: r for r in rows_of(api, "tax")}[house.bill["invoice_number"]]
    assert (tax["npwp"], tax["base"], tax["tax_amount"], tax["amount"]) == ("01.234.567.8-901.000", 148500, 16335, 164835)
    assert any(r["amount"] == 60000 and r["customer"] == house.customer["name"] for r in rows_of(api, "payments"))
    assert any(r["active"] >= 1 for r in rows_of(api, "subscribers"))


def test_a_discount_greater_than_what_is_taxed(api, town):
    """Bug: a discount of 200000 on a package of 100000 and a deposit of 500000 left a base of -100000 in the tax report."""
    house = House(api, town)
    api.put("/api/invoices/" + house.bill["id"], {"lines": [
        {"kind": kind, "text": kind, "unit_price": price} for kind, price in (("package", 100000), ("deposit", 500000), ("discount", -200000))]}).want(200)
    row = {r["invoice_number"]: r for r in rows_of(api, "tax")}[house.bill["invoice_number"]]
    assert (row["base"], row["untaxed"], row["tax_amount"], row["amount"]) == (0, 400000, 0, 400000)


def test_a_refund_is_of_the_method_that_it_left_by(api, town):
    """A refund counts under its own method. Bug: cash handed back for a transfer lowered the transfers of the report,
    which then differed from the cash box."""
    def given():
        return {r["name"]: r["given_back"] for r in rows_of(api, "revenue", by="method")}
    paid = api.make("/api/payments", {"invoice_id": House(api, town).bill["id"], "amount": 7000, "method": "transfer", "payment_date": TODAY})
    before = given()
    api.post("/api/payments/%s/refund" % paid["id"], {"amount": 7000, "method": "cash", "reason": "too much"}).want(200, 201)
    after = given()
    assert after["cash"] - before.get("cash", 0) == 7000 and after["transfer"] == before["transfer"], after


def test_cashiers_have_what_they_took(system, api, town):
    """The actor of the payment, not of the log that was written at the same time: an import has one moment for many."""
    house = House(api, town)
    ids = [api.make("/api/payments", {"invoice_id": house.bill["id"], "amount": n, "payment_date": TODAY})["id"] for n in (1100, 1300)]
    system.sql("UPDATE payments SET actor = 'kasir@example.net' WHERE id = '%s'" % ids[1])
    rows = {r["name"]: r["received"] for r in rows_of(api, "revenue", by="actor")}
    assert rows["kasir@example.net"] == 1300, rows


def test_lines_that_ended_are_counted_by_their_day(system, api, town):
    house = House(api, town)
    ended = lambda **days: sum(r["ended"] for r in rows_of(api, "subscribers", **days))
    before = ended()
    api.post("/api/subscriptions/%s/cancel" % house.sub["id"], {}).want(200)
    system.sql("UPDATE subscriptions SET cancelled_at = '2026-03-01 12:00+07' WHERE id = '%s'" % house.sub["id"])
    assert ended() == before + 1
    assert ended(**{"from": "2026-02-01", "to": "2026-02-28"}) == 0


@pytest.mark.parametrize("name", ["revenue", "receivables", "tax", "payments", "subscribers"])
def test_reports_are_csv_too(system, api, town, name):
    house = House(api, town)
    api.make("/api/payments", {"invoice_id": house.bill["id"], "amount": 1000, "payment_date": TODAY})
    answer = api.raw("GET", "/api/reports/%s?format=csv" % name, headers=api.headers())
    assert answer.status == 200 and answer.header("content-type").startswith("text/csv")
    assert "attachment" in answer.header("content-disposition")
    assert answer.body.count(b"\r\n") == 1 + len(rows_of(api, name))
    api.get("/api/reports/" + name, format="xml").want(422)
    assert "to" in api.get("/api/reports/" + name, **{"from": "2024-01-01", "to": "2026-01-01"}).want(422).errors
