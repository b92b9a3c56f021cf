"""Lines of bills from outside: extras, discounts, charges, presets; runs and their undo; the history of a line."""
import json

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
    other = [dict(lines[0], unit_price=119999)]
    assert api.put("/api/invoices/" + bill["id"], {"lines": other}).want(409).json["code"] == "invoice_touched"
    shown = api.show("/api/invoices/" + bill["id"])
    assert api.put("/api/invoices/" + bill["id"], dict(shown, notes="as shown")).want(200).json["notes"] == "as shown"


def test_a_line_that_is_changed_keeps_its_charge(api, town):
    """Bug: lowering one line of a bill freed the charge of another line, which was then billed again."""
    sub = paid_to(town, "2026-03-05")
    where = "/api/customers/%s/charges" % sub["customer_id"]
    api.make(where, {"text": "Kabel", "amount": 5000})
    bill = api.make("/api/invoices", {"subscription_id": sub["id"]})
    lines = [{"kind": line["kind"], "text": line["text"], "unit_price": line["unit_price"] - 1000} for line in bill["lines"]]
    assert api.put("/api/invoices/" + bill["id"], {"lines": lines}).want(200).json["amount"] == bill["amount"] - 2000
    assert [charge["invoice_id"] for charge in api.rows(where)] == [bill["id"]]


def test_lines_follow_the_unit_of_their_package(system, api, town):
    """Bug: a package that became monthly left its lines prepaid, though the setting is postpaid."""
    package = api.make("/api/packages", {"name": "Bulanan nanti", "bandwidth": "10M/10M", "price": 100000})
    where = "/api/packages/" + package["id"]
    sub = paid_to(town, "2026-03-05", package_id=package["id"])
    is_postpaid = lambda: system.sql("SELECT is_postpaid FROM subscriptions WHERE id = '%s'" % sub["id"])  # noqa: E731
    api.put("/api/settings", {"mode": "postpaid"}).want(200)
    try:
        api.put(where, {"period_unit": "month", "dry_run": True}).want(200)
        assert is_postpaid() == "f"
        api.put(where, {"period_unit": "month"}).want(200)
        assert is_postpaid() == "t"
        api.put(where, {"period_unit": "day"}).want(200)
        assert is_postpaid() == "f"
    finally:
        api.put("/api/settings", {"mode": "prepaid"}).want(200)


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
    """Undo restores exactly the lines that the run switched off, and the next night holds them; a click twice is 409."""
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
    paid = next(row for row in rows if row["type"] == "payment")
    assert (paid["cause_type"], paid["cause_id"]) == ("invoice", bill["id"])
    whole = api.get("/api/customers/%s/history" % sub["customer_id"], per_page=100).want(200).json["data"]
    assert {row["id"] for row in rows} <= {row["id"] for row in whole}
    api.get("/api/subscriptions/%s/history" % isp.NOBODY).want(404)


def test_a_line_whose_router_is_away_is_not_cut(system, api, town):
    """The night names it as held and ends with 1; the dry run says the same; once the router is back the line is cut."""
    router = system.sql("INSERT INTO router_settings (name, host, port, username, is_active)"
                        " VALUES ('Tower', '127.0.0.9', 1, 'api', true) RETURNING id")
    sub = paid_to(town, "2026-03-01", router_id=router)
    api.make("/api/invoices", {"subscription_id": sub["id"]})
    system.sql("SELECT router_broken('%s', 'no route', 3600, false);"
               "UPDATE router_states SET away_since = '2026-03-03' WHERE router_id = '%s'" % (router, router))

    def night(day, *more):
        done = system.exec("billing-cron", "--date", day, "--ahead", "--force", "--json", *more, check=False)
        lines = [line for line in json.loads(done.stdout)["lines"] if line["subscription_id"] == sub["id"] and line["step"] == "suspend"]
        return done.returncode, [(line["outcome"], line["detail"]) for line in lines]
    system.cron("2026-03-03", "--force")
    held = (1, [("held", "the router Tower is away, night 1 of 3")])
    assert night("2026-03-04", "--dry-run") == held
    assert night("2026-03-04") == held
    assert api.show("/api/subscriptions/" + sub["id"])["status"] == "active"
    system.sql("UPDATE router_settings SET is_active = false WHERE id = '%s'" % router)
    assert [outcome for outcome, _ in night("2026-03-05")[1]] == ["done"]
    assert api.show("/api/subscriptions/" + sub["id"])["suspend_reason"] == "debt"


def test_a_night_of_another_year_is_refused(system):
    """A mistyped date would bill and cut everybody: later than tomorrow needs --ahead."""
    for day in ("2027-03-02", "2026-03-04"):
        done = system.exec("billing-cron", "--date", day, check=False)
        assert done.returncode == 2 and "--ahead" in done.stderr, done
    system.exec("billing-cron", "--date", "2026-03-03", "--dry-run")
    system.exec("billing-cron", "--date", "2027-03-02", "--ahead", "--dry-run", check=False)


def test_a_night_that_would_cut_two_fifths_cuts_nobody(system, api):
    """It says so, alerts and ends with 1; --force does it; undo restores exactly the lines that it switched off."""
    package = api.make("/api/packages", {"name": isp.unique("Many "), "bandwidth": "1M/1M", "price": 1000})["id"]
    system.sql("INSERT INTO customers (name) SELECT 'many' || n FROM generate_series(1, 100) n")
    system.sql("SELECT count(subscription_create(jsonb_build_object('customer_id', id, 'package_id', '%s', 'mikrotik_username', name,"
               " 'mikrotik_password', '', 'start_date', '2026-04-01', 'end_date', CASE WHEN right(name, 1) < '4' THEN '2026-04-20'"
               " ELSE '2026-05-20' END), '2026-04-01')) FROM customers WHERE name LIKE 'many%%'" % package)
    for day in ("2026-04-01", "2026-04-15", "2026-04-21"):
        system.exec("billing-cron", "--date", day, "--ahead", "--force", check=False)
    off = lambda: int(system.sql("SELECT count(*) FROM subscriptions WHERE mikrotik_username LIKE 'many%'"  # noqa: E731
                                 " AND suspend_reason = 'debt'"))
    assert off() == 0
    done = system.exec("billing-cron", "--date", "2026-04-22", "--ahead", "--json", check=False)
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["steps"]["suspend"]["guarded"] >= 40 and report["steps"]["suspend"]["done"] == 0, report["steps"]
    assert off() == 0
    assert system.sql("SELECT count(*) FROM alert_logs WHERE key = 'billing-guard:suspend' AND resolved_at IS NULL") == "1"
    touched = system.sql("SELECT id FROM subscriptions WHERE mikrotik_username = 'many1'")
    system.exec("billing-cron", "--date", "2026-04-22", "--ahead", "--force")
    assert off() == 40
    assert system.sql("SELECT count(*) FROM alert_logs WHERE key = 'billing-guard:suspend' AND resolved_at IS NULL") == "0"
    api.post("/api/subscriptions/%s/suspend" % touched, {"reason": "abuse"}).want(200)
    run = api.get("/api/billing/runs", per_page=1).want(200).json["data"][0]
    assert api.post("/api/billing/runs/%s/undo" % run["id"]).want(200).json["restored"] >= 39
    assert off() == 0 and api.show("/api/subscriptions/" + touched)["suspend_reason"] == "manual", "touched since, so left alone"
    system.sql("SELECT count(subscription_cancel(id, 'test', '2026-04-22')) FROM subscriptions WHERE mikrotik_username LIKE 'many%'")


def test_a_guarded_step_is_done_by_a_click(system, api, town):
    """Bug: contract 5.4 has a guarded step done by --force or a click, and there was no address for the click.

    A dry run names the line and cuts nobody; without force the guard stops it again; two at once are 409; the run of the
    click is in the list with its steps and its actor, and the same click again finds nothing guarded."""
    api.post("/api/billing/runs", {"force": True}).want(409)
    sub = paid_to(town, "2026-02-20")
    bill = api.make("/api/invoices", {"subscription_id": sub["id"]})
    system.sql("UPDATE invoices SET due_date = '2026-02-20' WHERE id = '%s'" % bill["id"])
    before = api.show("/api/settings")["suspend_guard"]
    api.put("/api/settings", {"suspend_guard": 0}).want(200)
    status = lambda: api.show("/api/subscriptions/" + sub["id"])["status"]  # noqa: E731
    try:
        done = system.exec("billing-cron", "--date", TODAY, check=False)
        assert done.returncode == 1 and status() == "active", done
        night = api.get("/api/billing/runs", per_page=1).want(200).json["data"][0]
        assert night["date"] == TODAY and night["counts"]["suspend"]["guarded"] >= 1 and night["report"]["only"] is None
        assert api.post("/api/billing/runs", {"steps": ["renew"]}).want(422).errors["steps"]
        rehearsed = api.post("/api/billing/runs", {"force": True, "dry_run": True}).want(200).json
        assert sub["id"] in [line["subscription_id"] for line in rehearsed["lines"] if line["outcome"] == "done"], rehearsed
        assert status() == "active"
        again = api.post("/api/billing/runs", {"steps": ["suspend"]}).want(200).json
        assert again["steps"]["suspend"]["guarded"] >= 1 and status() == "active"
        lock = system.connect()
        lock.cursor().execute("SELECT pg_advisory_lock(hashtext('isp-billing: run'))")
        assert api.post("/api/billing/runs", {"force": True}).want(409).json["code"] == "run_under_way"
        lock.cursor().execute("SELECT pg_advisory_unlock(hashtext('isp-billing: run'))")  # a server notices the end of a connection later
        lock.close()
        assert status() == "active"
        clicked = api.post("/api/billing/runs", {"steps": ["suspend"], "force": True}).want(200).json
        assert clicked["steps"]["suspend"]["done"] >= 1 and clicked["only"] == "suspend" and not clicked["dry_run"], clicked
        assert status() == "suspended"
        assert api.post("/api/billing/runs", {"force": True}).want(409).json["code"] == "run_not_guarded"
        run = api.get("/api/billing/runs", per_page=1).want(200).json["data"][0]
        assert run["is_forced"] and run["actor"] == isp.ADMIN["email"] and run["counts"]["suspend"]["done"] >= 1
        said = system.sql("SELECT string_agg(concat_ws(' ', actor, meta ->> 'steps', meta ->> 'force'), ', ' ORDER BY id) FROM audit_logs"
                          " WHERE action = 'run_started'").split(", ")
        assert said[0] == isp.ADMIN["email"] + " suspend false" and said[-1] == isp.ADMIN["email"] + " suspend true", said
        assert api.post("/api/billing/runs/%s/undo" % run["id"]).want(200).json["restored"] >= 1 and status() == "active"
        api.post("/api/subscriptions/bulk", {"act": "suspend", "ids": [sub["id"]]}).want(200)
        assert system.sql("SELECT run_id IS NULL FROM service_offs WHERE subscription_id = '%s' AND back_on IS NULL"
                          " AND struck_at IS NULL" % sub["id"]) == "t", "a worker goes on after the click, and no later act is of its run"
    finally:
        api.put("/api/settings", {"suspend_guard": before}).want(200)


def test_a_refused_bill_stands_in_the_report_of_the_run(system, api, town):
    """Bug: the report that the list of runs keeps had no lines at all, so a refused bill was a number without a name."""
    sub = paid_to(town, "2026-03-05")
    bill = api.make("/api/invoices", {"subscription_id": sub["id"]})
    api.make("/api/payments", {"invoice_id": bill["id"], "amount": bill["amount"]})
    system.sql("UPDATE invoices SET period_start = period_start + 20, period_end = period_end + 20 WHERE id = '%s'" % bill["id"])
    system.exec("billing-cron", "--date", "2026-03-30", "--ahead", "--only", "renew", check=False)
    lines = api.get("/api/billing/runs", per_page=1).want(200).json["data"][0]["report"]["lines"]
    assert [(line["outcome"], line["subscription_id"]) for line in lines if line["subscription_id"] == sub["id"]] == [("refused", sub["id"])]
    assert "done" not in {line["outcome"] for line in lines}
    system.sql("UPDATE invoices SET period_start = period_start - 20, period_end = period_end - 20 WHERE id = '%s'" % bill["id"])


def test_an_operator_waives_no_bill_beyond_the_bounds(system, api, town):
    """An operator who may lower no bill by a rupiah waived whole months with DELETE ?waive=1."""
    api.make("/api/users", {"name": "Olga", "email": "waive@example.net", "password": "let me work 1"})
    operator = system.client("waive@example.net", "let me work 1")
    bill = api.make("/api/invoices", {"subscription_id": paid_to(town, "2026-03-05")["id"]})
    where = "/api/invoices/%s?waive=1" % bill["id"]
    assert operator.delete(where).want(403).json["code"] == "discount_bound"
    assert api.show("/api/invoices/" + bill["id"])["status"] == "unpaid"
    api.delete(where).want(204)


def test_why_was_this_line_cut_is_one_look(system, api, town):
    """The router's act names the change that caused it, the change names the bill, the return names the payment."""
    router = system.sql("INSERT INTO router_settings (name, host, port, username, is_active)"
                        " VALUES ('Hill', '127.0.0.9', 2, 'api', false) RETURNING id")
    sub = paid_to(town, "2026-03-01", router_id=router)
    bill = api.make("/api/invoices", {"subscription_id": sub["id"]})

    def act():
        """The router has done what is wanted of it."""
        system.sql("SELECT account_results('%s', (SELECT jsonb_agg(jsonb_build_object('id', s.account_id, 'generation', s.generation, 'ok', true,"
                   " 'error', NULL, 'traces', s.traces)) FROM account_states s WHERE s.router_id = '%s'))" % (router, router))
    act()
    system.cron("2026-03-03", "--force")
    system.exec("billing-cron", "--date", "2026-03-04", "--ahead", "--force")
    act()
    payment = api.make("/api/payments", {"invoice_id": bill["id"], "amount": bill["amount"]})
    act()
    act()  # nothing new: no row
    rows = api.get("/api/subscriptions/%s/history" % sub["id"], per_page=100).want(200).json["data"]
    by_id = {row["id"]: row for row in rows}
    acts = [row for row in reversed(rows) if row["type"] == "router"]
    assert [row["title"] for row in acts] == ["enabled", "disabled", "enabled"], acts
    assert all(row["text"] == "Hill" and row["cause_type"] == "change" for row in acts)
    causes = [by_id[row["cause_id"]] for row in acts]
    assert [row["title"] for row in causes] == ["created", "suspended", "activated"]
    assert (causes[1]["cause_type"], causes[1]["cause_id"]) == ("invoice", bill["id"])
    assert (causes[2]["cause_type"], causes[2]["cause_id"]) == ("payment", payment["id"])
