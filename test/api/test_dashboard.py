"""The first screen (GET /api/dashboard) and the columns that lists tell (console.md 5.4)."""
import isp


def numbers(api):
    return api.show("/api/dashboard")


def test_money_of_today_stands_by_method_and_cashier(stack, api, operator, town):
    before = numbers(api)
    _, invoice = town.billed()
    operator.post("/api/invoices/%s/mark-paid" % invoice["id"], {"amount": 20000, "method": "qris"}).want(200)
    after = numbers(api)
    assert after["today_total"] - before["today_total"] == 20000
    assert after["month_total"] - before["month_total"] == 20000
    taken = [r for r in after["received_today"] if (r["method"], r["actor"]) == ("qris", "operator@example.net")]
    assert taken and taken[0]["amount"] >= 20000, after["received_today"]
    assert len(after["months"]) == 12 and after["months"][-1]["received"] >= 20000
    payment = api.rows("/api/payments", invoice_id=invoice["id"])[0]
    assert payment["actor"] == "operator@example.net"
    assert payment in api.rows("/api/payments", actor="operator@example.net", per_page=100)


def test_a_payment_that_is_taken_back_leaves_the_cashiers_drawer(api, operator, town):
    """The table of today's money by cashier still held it: its sum was larger than the figure above it."""
    _, invoice = town.billed()
    paid = operator.post("/api/payments", {"invoice_id": invoice["id"], "amount": 30000, "method": "other"}).want(201).json

    def drawer():
        return sum(r["amount"] for r in numbers(api)["received_today"] if (r["method"], r["actor"]) == ("other", "operator@example.net"))
    held = drawer()
    api.delete("/api/payments/" + paid["id"], {"reason": "typed twice"}).want(200, 204)
    assert held - drawer() == 30000
    today = numbers(api)
    assert sum(r["amount"] for r in today["received_today"]) == today["today_total"]


def test_debts_have_an_age(api, town):
    def aged(age):
        return [r for r in numbers(api)["ageing"] if r["age"] == age][0]
    before = aged("8-30")
    town.billed(due="2026-02-20")
    after = aged("8-30")
    assert (after["count"] - before["count"], after["amount"] - before["amount"]) == (1, 150000)


def test_the_plan_of_tonight_is_kept_with_its_time(api, town):
    api.get("/api/billing/preview").want(200)
    kept = numbers(api)["preview"]
    assert kept["made_at"].endswith("Z") and kept["answer"]["dry_run"] is True
    assert set(kept["answer"]["steps"]) >= {"renew", "overdue", "suspend"}


def test_a_router_tells_its_accounts_and_an_alert_its_customers(stack, api, town):
    router = [r for r in numbers(api)["routers"] if r["name"] == "Session router"][0]
    sub = town.subscription(router_id=router["id"])
    now = [r for r in numbers(api)["routers"] if r["id"] == router["id"]][0]
    assert now["accounts"] == router["accounts"] + 1 and now["has_drift"] is False
    row = [r for r in api.rows("/api/router-settings", broken="0") if r["id"] == router["id"]][0]
    assert row["accounts"] == now["accounts"] and row["broken"] is False

    def away():
        """Its customers, once the dashboard shows the alert: router-sync, which reaches the router, may end it any time."""
        stack.sql("SELECT alert_resolve('router:%s', 'over')" % router["id"])
        stack.sql("SELECT alert_raise('system', 'critical', 'Router away', 'x', NULL, 'router:%s')" % router["id"])
        return sum(a["customers"] for a in numbers(api)["alerts"] if a["title"] == "Router away")
    try:
        isp.wait_until(away, 20, "an alert that names its customers")
    finally:
        stack.sql("SELECT alert_resolve('router:%s', 'over')" % router["id"])
    assert api.show("/api/subscriptions/" + sub["id"])["router"]["name"] == "Session router"


def test_rows_tell_debt_due_day_and_where_to_pay(stack, api, town):
    sub, invoice = town.billed()
    line = api.show("/api/subscriptions/" + sub["id"])
    assert (line["debt"], line["next_due"]) == (150000, invoice["due_date"])
    customer = api.show("/api/customers/" + sub["customer_id"])
    assert (customer["debt"], customer["next_due"]) == (150000, invoice["due_date"])
    assert customer["online"] in (True, False, None)
    assert invoice["pay_url"] == "%s/pay/%s" % (stack.url, invoice["id"]), invoice["pay_url"]
    package = api.show("/api/packages/" + sub["package_id"])
    assert package["subscriptions_count"] >= 1
    assert package["monthly_value"] == 150000 * package["subscriptions_count"]


def test_each_filter_of_a_list_narrows_it(api, town):
    """Bug: unknown filters were ignored: suspend_reason=debt showed all 60 lines as if they were cut off."""
    sub, invoice = town.billed()
    api.post("/api/subscriptions/%s/suspend" % sub["id"], {}).want(200)
    for path, query in (("/api/subscriptions", {"suspend_reason": "manual,debt"}), ("/api/subscriptions", {"type": "pppoe"}),
                        ("/api/subscriptions", {"end_from": "2026-01-01", "end_to": "2030-01-01"}),
                        ("/api/subscriptions", {"sync_state": "pending,synced,failed"}),
                        ("/api/invoices", {"open": "1"}), ("/api/invoices", {"status": "unpaid,overdue"}),
                        ("/api/invoices", {"issued_from": invoice["issued_on"], "issued_to": invoice["issued_on"]})):
        answer = api.get(path, customer_id=sub["customer_id"], **query).want(200)
        assert answer.header("X-Ignored") is None, query
        assert len(answer.json["data"]) == 1, (query, answer.json["total"])
    for path, query in (("/api/subscriptions", {"suspend_reason": "debt"}), ("/api/subscriptions", {"type": "static"}),
                        ("/api/subscriptions", {"end_to": "2020-01-01"}), ("/api/invoices", {"open": "0"})):
        assert api.get(path, customer_id=sub["customer_id"], **query).want(200).json["data"] == [], query
    for path, sort in (("/api/customers", "-next_due"), ("/api/subscriptions", "customer.name"), ("/api/subscriptions", "-debt"),
                       ("/api/invoices", "-outstanding"), ("/api/invoices", "subscription.customer.name"),
                       ("/api/payments", "customer.name"), ("/api/packages", "-subscriptions_count")):
        api.get(path, sort=sort).want(200)


def test_a_dry_run_changes_nothing(api, town):
    sub, _ = town.billed()
    at = "/api/subscriptions/" + sub["id"]
    tried = api.post(at + "/days", {"days": 3, "reason": "storm", "dry_run": True}).want(200)
    assert tried.header("X-Dry-Run") == "1" and tried.json["end_date"] == isp.day(sub["end_date"], 3)
    api.post(at + "/pause?dry_run=1", {}).want(200)
    api.post("/api/customers/%s/charges" % sub["customer_id"], {"text": "x", "amount": 5, "dry_run": True}).want(201)
    line = api.show(at)
    assert (line["end_date"], line["pause_from"], line["status"]) == (sub["end_date"], None, "active")
    assert api.rows("/api/customers/%s/charges" % sub["customer_id"]) == []


def test_meta_tells_what_screens_are_drawn_from(api, viewer):
    meta = viewer.show("/api/meta")
    assert meta["business_day"] == "2026-03-02" and meta["time_zone"] == "Asia/Jakarta"
    assert meta["midtrans"] in (True, False)
    known = {r["name"]: r for r in meta["resources"]}
    line = {f["name"]: f for f in known["subscription"]["fields"]}
    assert line["customer_id"]["ref"] == "customer" and line["customer_id"]["fixed"] is True
    assert line["router_id"]["ref"] == "router_setting" and line["mikrotik_username"]["pattern"]
    assert {f["name"] for f in known["payment"]["filters"]} >= {"received_from", "received_to"}
    assert {f["name"]: f for f in known["setting"]["fields"]}["grace_days"]["unit"] == "days"
    assert known["customer"]["permissions"]["create"] == {"role": "operator", "ability": "billing"}
    acts = {a["name"]: a for a in known["invoice"]["actions"]}
    assert acts["mark-paid"]["dry_run"] is True and acts["mark-paid"]["fields"]
    assert known["invoice"]["sum"] == "amount" and known["invoice"]["label"] == "invoice_number"
    assert line["end_date"]["hint_key"] == "subscription.end_date"


def test_revenue_is_counted_by_the_day_of_payment(api, town):
    """A payment of last month that is booked today is revenue of last month, on the first screen and in the report."""
    _, invoice = town.billed()

    def revenue():
        first, stats = numbers(api), api.show("/api/dashboard/stats")
        months = {row["month"]: row["received"] for row in first["months"]}
        report = {row["name"]: row["revenue"] for row in api.get(
            "/api/reports/revenue", **{"from": "2026-02-01", "to": "2026-03-31", "by": "month"}).want(200).json["rows"]}
        return {"today": first["today_total"], "month": first["month_total"], "feb": months["2026-02"], "mar": months["2026-03"],
                "stats month": stats["monthly_revenue"], "stats all": stats["total_revenue"],
                "report feb": report.get("2026-02", 0), "report mar": report.get("2026-03", 0)}

    def added(before):
        after = revenue()
        return {name: after[name] - before[name] for name in after if after[name] != before[name]}
    before = revenue()
    late = api.make("/api/payments", {"invoice_id": invoice["id"], "amount": 40000, "payment_date": "2026-02-20"})
    assert late["payment_date"].startswith("2026-02-20")
    assert added(before) == {"feb": 40000, "stats all": 40000, "report feb": 40000}
    before = revenue()
    now = api.make("/api/payments", {"invoice_id": invoice["id"], "amount": 30000})
    assert now["payment_date"].startswith("2026-03-02"), "the business day, not the clock's"
    everywhere = {name: 30000 for name in ("today", "month", "mar", "stats month", "stats all", "report mar")}
    assert added(before) == everywhere
    before = revenue()
    api.delete("/api/payments/" + now["id"]).want(200, 204)
    assert added(before) == {name: -30000 for name in everywhere if name != "mar"}, "undone money by its own day"
