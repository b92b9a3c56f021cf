"""Lines of bills from outside: extras, discounts, charges, presets; runs and their undo; the history of a line."""
import pytest

import isp

TODAY = "2026-03-02"


@pytest.fixture(scope="module")
def system():
    stack = isp.Stack("bill", {"APP_TODAY": TODAY})
    try:
        yield stack.up()
        stack.check()
    finally:
        stack.down()


@pytest.fixture(scope="module")
def api(system):
    return system.client()


@pytest.fixture(scope="module")
def town(api):
    return isp.Town(api, TODAY)


def paid_to(town, last, **more):
    return town.subscription(start_date="2026-02-01", end_date=last, issue_invoice=False, **more)


def lines_of(api, sub):
    bill = api.make("/api/invoices", {"subscription_id": sub["id"]})
    assert bill["amount"] == sum(line["amount"] for line in bill["lines"])
    return [(line["kind"], line["text"], line["amount"]) for line in bill["lines"]]


def test_items_stand_on_the_next_bill(api, town):
    sub = paid_to(town, "2026-03-05")
    where = "/api/subscriptions/%s/items" % sub["id"]
    rent = api.make(where, {"kind": "item", "text": "Sewa ONT", "amount": 15000, "quantity": 2})
    api.make(where, {"kind": "discount", "text": "Setia", "percent": 10, "periods": 1})
    api.put("%s/%s" % (where, rent["id"]), {"amount": 20000}).want(200)
    gone = api.make(where, {"kind": "item", "text": "IP publik", "amount": 50000})
    api.delete("%s/%s" % (where, gone["id"])).want(204)
    assert {row["text"] for row in api.rows(where)} == {"Sewa ONT", "Setia"}
    assert [line[0::2] for line in lines_of(api, sub)] == [("package", 150000), ("item", 40000), ("discount", -19000)]
    assert set(api.post(where, {"kind": "item", "text": "x"}).want(422).errors) & {"amount", "percent"}
    api.post(where, {"kind": "item", "text": "x", "amount": 1, "percent": 5}).want(422)
    api.get("/api/subscriptions/%s/items" % isp.NOBODY).want(404)


def test_charges_stand_on_the_next_bill_or_on_their_own(api, town):
    sub = paid_to(town, "2026-03-05")
    where = "/api/customers/%s/charges" % sub["customer_id"]
    waits = api.make(where, {"kind": "installation", "text": "Pasang baru", "amount": 250000, "subscription_id": sub["id"]})
    assert waits["invoice_id"] is None
    alone = api.make(where, {"text": "Kabel", "amount": 5000, "quantity": 3, "own_bill": True})
    bill = api.show("/api/invoices/" + alone["invoice_id"])
    assert (bill["kind"], bill["amount"], bill["due_date"]) == ("other", 15000, isp.day(TODAY, 7))
    assert ("installation", "Pasang baru", 250000) in lines_of(api, sub)
    assert len(api.rows(where)) == 2
    assert "amount" in api.post(where, {"text": "x", "amount": 0}).want(422).errors


def test_a_line_of_a_touched_bill_stays(api, town):
    sub = paid_to(town, "2026-03-05")
    bill = api.make("/api/invoices", {"subscription_id": sub["id"]})
    lines = [{"kind": "package", "text": "Paket", "unit_price": 120000}]
    assert api.put("/api/invoices/" + bill["id"], {"lines": lines}).want(200).json["amount"] == 120000
    api.make("/api/payments", {"invoice_id": bill["id"], "amount": 1000})
    assert api.put("/api/invoices/" + bill["id"], {"lines": lines}).want(409).json["code"] == "invoice_touched"


def test_presets_fill_in_the_settings_of_one_way_to_bill(api):
    want = {"prabayar 30 hari": {"cycle": "rolling", "mode": "prepaid", "late_policy": "restart"},
            "bulanan tanggal tetap": {"cycle": "calendar", "billing_day": 1, "lead_days": 0, "due_days": 10, "grace_days": 9,
                                      "first_period": "prorate"},
            "pascabayar": {"cycle": "calendar", "mode": "postpaid", "postpaid_due_days": 10, "arrears": "bill"}}
    before = api.show("/api/settings")
    try:
        for name, values in want.items():
            api.post("/api/settings/preset", {"name": name}).want(200)
            now = api.show("/api/settings")
            assert {key: now[key] for key in values} == values, name
        assert "name" in api.post("/api/settings/preset", {"name": "gratis"}).want(422).errors
    finally:
        keys = {key for values in want.values() for key in values}
        api.put("/api/settings", {key: before[key] for key in keys}).want(200)


def test_a_run_is_listed_and_undone_by_a_click(system, api, town):
    """Undo restores exactly those whom the run took off, and the next night holds them; a click twice is 409."""
    sub = paid_to(town, "2026-03-01")
    api.make("/api/invoices", {"subscription_id": sub["id"]})
    system.cron("2026-03-04", "--force")
    status = lambda: api.show("/api/subscriptions/" + sub["id"])["status"]  # noqa: E731
    assert status() == "suspended"
    run = api.get("/api/billing/runs", per_page=1).want(200).json["data"][0]
    assert run["date"] == "2026-03-04" and run["is_forced"] and run["undone_at"] is None and run["counts"]
    assert api.post("/api/billing/runs/%s/undo" % run["id"]).want(200).json["restored"] >= 1
    assert status() == "active"
    assert api.get("/api/billing/runs", per_page=1).want(200).json["data"][0]["undone_at"]
    api.post("/api/billing/runs/%s/undo" % run["id"]).want(409)
    system.cron("2026-03-05", "--force")
    assert status() == "active", "held that night"
    system.cron("2026-03-06", "--force")
    assert status() == "suspended"


def test_history_tells_why_each_thing_happened(system, api, town):
    """The cause of a cut: newest first, each row with the row that caused it."""
    sub = paid_to(town, "2026-03-05")
    bill = api.make("/api/invoices", {"subscription_id": sub["id"]})
    api.make("/api/payments", {"invoice_id": bill["id"], "amount": bill["amount"]})
    rows = api.get("/api/subscriptions/%s/history" % sub["id"], per_page=100).want(200).json["data"]
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)
    assert {"change", "days", "payment"} <= {row["type"] for row in rows}
    days = next(row for row in rows if row["type"] == "days" and row["title"] == "period")
    assert (days["cause_type"], days["cause_id"]) == ("invoice", bill["id"])
    whole = api.get("/api/customers/%s/history" % sub["customer_id"], per_page=100).want(200).json["data"]
    assert {row["id"] for row in rows} <= {row["id"] for row in whole}
    api.get("/api/subscriptions/%s/history" % isp.NOBODY).want(404)
