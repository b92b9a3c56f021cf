"""The browser client of today, call by call: what it sends, what it reads, what would break it.

Its code is not ours to change: it takes the whole body as data, knows success by the status alone,
reads the body of each answer but 204, and logs its user out when /auth/user fails for any reason.
"""
import json
import re
import threading

import pytest

import isp
from gateway import mid  # noqa: F401 (fixture)

ORIGIN = "http://panel.example"
USER = {"name": "Ibu Admin", "email": "ibu@isp.example", "password": "rahasia-sekali", "password_confirmation": "rahasia-sekali"}


class Browser(isp.Client):
    """api.ts: the same headers on every call, from another origin, each preceded by a preflight."""

    def call(self, method, path, body=None, headers=None, query=None):
        self.preflight(method, path)
        sent = json.dumps(body).encode() if body is not None else None
        if query:
            path += "?" + isp.urlencode(query)
        answer = self.raw(method, path, sent, dict(self.headers(**{"Content-Type": "application/json", "Origin": ORIGIN}),
                                                   **(headers or {}))).sound()
        assert answer.header("Access-Control-Allow-Origin") == ORIGIN, answer
        assert answer.header("Access-Control-Allow-Credentials") is None
        return answer

    def preflight(self, method, path):
        asked = self.raw("OPTIONS", path, None, {"Origin": ORIGIN, "Access-Control-Request-Method": method,
                                                 "Access-Control-Request-Headers": "authorization,content-type"})
        assert asked.status in (200, 204), asked
        assert asked.header("Access-Control-Allow-Origin") == ORIGIN
        assert method in asked.header("Access-Control-Allow-Methods")
        allowed = asked.header("Access-Control-Allow-Headers").lower()
        assert "authorization" in allowed and "content-type" in allowed
        assert int(asked.header("Access-Control-Max-Age")) > 0

    def ok(self, method, path, body=None):
        """As response.ok; the body is read as JSON unless there is none to read."""
        answer = self.call(method, path, body)
        assert 200 <= answer.status < 300, answer
        return answer.json if answer.status != 204 else None

    def fails(self, method, path, body=None):
        """The answer whose message the toast would show."""
        answer = self.call(method, path, body)
        assert answer.status >= 400 and isinstance(answer.json["message"], str) and answer.json["message"], answer
        return answer


@pytest.fixture(scope="module")
def system(mid):  # noqa: F811
    router = isp.Sim().up()
    stack = isp.Stack("client", dict(mid.env(), FRONTEND_URL=ORIGIN))
    try:
        stack.up()
        stack.sim, stack.mid = router, mid
        yield stack
    finally:
        stack.down()
        router.down()


@pytest.fixture(scope="module")
def ui(system):
    browser = Browser(system.url)
    browser.token = browser.ok("POST", "/api/auth/login", {"email": isp.ADMIN["email"], "password": isp.ADMIN["password"]})["token"]
    body = dict(system.sim.as_router(), ssl=False)
    browser.ok("POST", "/api/router-settings", {k: body[k] for k in body if k != "is_active"})
    return browser


@pytest.fixture(scope="module")
def people(system, ui):
    """A customer with a package, a line that is online, and its first bill."""
    package = ui.ok("POST", "/api/packages", {"name": "Hemat", "price": 150000.0, "bandwidth": "10M/5M", "burst": "15M/10M",
                                              "priority": 8, "type": "pppoe"})
    customer = ui.ok("POST", "/api/customers", {"name": "Pak Budi", "email": None, "phone": "0812-3456-7890",
                                                "address": None, "status": "active"})
    sub = ui.ok("POST", "/api/subscriptions", {
        "customer_id": customer["id"], "package_id": package["id"], "start_date": "2026-03-02", "end_date": "2026-03-31",
        "mikrotik_username": "budi", "mikrotik_password": "budi-pw", "auto_renew": True, "status": "active",
        "issue_invoice": True})
    invoice = ui.ok("GET", "/api/invoices?subscription_id=" + sub["id"])["data"][0]
    isp.wait_until(lambda: system.sim.secret("budi"), 10)
    system.sim.cpe("budi")
    isp.wait_until(lambda: system.sim.secret("budi")["sessions"], 10)
    return {"package": package, "customer": customer, "sub": sub, "invoice": invoice}


# ---- 1a ------------------------------------------------------------------------------------------

def test_health(system):
    answer = Browser(system.url).raw("GET", "/api/health", None, {"Accept": "application/json", "Origin": ORIGIN})
    assert answer.status == 200 and answer.header("Access-Control-Allow-Origin") == ORIGIN


def test_login_and_its_errors(ui, system):
    visitor = Browser(system.url)
    assert "token" not in visitor.fails("POST", "/api/auth/login", {"email": isp.ADMIN["email"], "password": "wrong"}).json
    # After a forced logout the old token is still sent: it must not stand in the way of a login.
    stale = Browser(system.url, "1|gone")
    got = stale.ok("POST", "/api/auth/login", {"email": isp.ADMIN["email"], "password": isp.ADMIN["password"]})
    assert isinstance(got["token"], str) and "data" not in got and "success" not in got
    user = Browser(system.url, got["token"]).ok("GET", "/api/auth/user")["user"]
    assert {"id", "name", "email", "role"} <= set(user) and user["role"] == "admin"


def test_register_is_for_the_first_alone(ui, system):
    assert Browser(system.url).fails("POST", "/api/auth/register", USER).status == 403


def test_logout_has_no_body_and_ends_the_token(ui, system):
    token = Browser(system.url).ok("POST", "/api/auth/login", {"email": isp.ADMIN["email"], "password": isp.ADMIN["password"]})["token"]
    mine = Browser(system.url, token)
    assert mine.ok("POST", "/api/auth/logout")["message"]
    assert mine.fails("GET", "/api/auth/user").status == 401


def test_user_is_never_throttled_and_waits_for_no_router(ui, system):
    """Any failure of it logs the user out, in every tab."""
    system.sim.fault("hang")
    try:
        tabs = [threading.Thread(target=lambda: ui.another().call("GET", "/api/mikrotik/system")) for _ in range(8)]
        for tab in tabs:
            tab.start()
        for _ in range(150):
            answer = ui.call("GET", "/api/auth/user")
            assert answer.status == 200 and answer.seconds < 1
        for tab in tabs:
            tab.join()
    finally:
        system.sim.well()


def test_dashboard(ui, people):
    stats = ui.ok("GET", "/api/dashboard/stats")
    assert {"totalCustomers", "activeSubscriptions", "unpaidInvoices", "monthlyRevenue"} <= set(stats)


# ---- 1b ------------------------------------------------------------------------------------------

@pytest.mark.parametrize("what, key, change", [
    ("customers", "customer", {"name": "Pak Budi S.", "phone": "0812-3456-7890", "address": None, "status": "active"}),
    ("packages", "package", {"name": "Hemat", "price": 160000.0, "bandwidth": "10M/5M", "burst": None, "priority": 8, "type": "pppoe"}),
    ("subscriptions", "sub", {"auto_renew": False, "status": "active"}),
])
def test_lists_rows_and_changes(ui, people, what, key, change):
    path = "/api/%s/%s" % (what, people[key]["id"])
    assert people[key]["id"] in [row["id"] for row in ui.ok("GET", "/api/" + what)["data"]]
    row = ui.ok("GET", path)
    assert row["id"] == people[key]["id"]
    fresh = ui.ok("PUT", path, change)
    assert all(fresh[name] == value for name, value in change.items() if name not in ("priority", "price"))
    if what == "packages":
        assert isinstance(fresh["price"], int), "toLocaleString() formats numbers alone"
    assert ui.fails("GET", "/api/%s/not-a-uuid" % what).status == 404


def test_deleting(ui, people):
    made = ui.ok("POST", "/api/customers", {"name": "Salah Ketik", "phone": "0812"})
    ui.ok("DELETE", "/api/customers/" + made["id"])
    assert made["id"] not in [row["id"] for row in ui.ok("GET", "/api/customers")["data"]]
    assert ui.fails("DELETE", "/api/customers/" + isp.NOBODY).status == 404
    assert ui.fails("DELETE", "/api/packages/" + people["package"]["id"]).status == 409


def test_invoices_and_payments(ui, people):
    made = ui.ok("POST", "/api/invoices", {"subscription_id": people["sub"]["id"], "kind": "other", "amount": 20000, "notes": "Kabel"})
    path = "/api/invoices/" + made["id"]
    assert ui.ok("GET", path)["amount"] == 20000 and ui.ok("PUT", path, {"notes": "Kabel 20 m"})["notes"] == "Kabel 20 m"
    ui.ok("DELETE", path)
    made = ui.ok("POST", "/api/invoices", {"subscription_id": people["sub"]["id"], "kind": "other", "amount": 20000})
    paid = ui.ok("POST", "/api/payments", {"invoice_id": made["id"], "amount": 20000, "method": "cash", "payment_date": "2026-03-02"})
    assert ui.ok("GET", "/api/payments/" + paid["id"])["amount"] == 20000
    assert paid["id"] in [row["id"] for row in ui.ok("GET", "/api/payments")["data"]]
    assert ui.ok("GET", "/api/invoices/" + made["id"])["status"] == "paid"


def test_the_public_invoice(ui, system, people):
    visitor = Browser(system.url)
    got = visitor.ok("GET", "/api/public/invoices/" + people["invoice"]["id"])
    assert {"id", "amount", "status", "due_date", "created_at", "notes", "customer", "subscription"} <= set(got)
    assert got["customer"]["name"] == "Pak Budi" or got["customer"]["name"].startswith("Pak Budi")
    assert {"start_date", "end_date", "package"} <= set(got["subscription"]) and {"name", "bandwidth"} <= set(got["subscription"]["package"])
    assert all(got["subscription"][day] and re.fullmatch(r"\d{4}-\d\d-\d\d", got["subscription"][day]) for day in ("start_date", "end_date"))
    assert ui.ok("GET", "/api/public/invoices/" + people["invoice"]["id"]) == got, "also with a token"
    assert visitor.fails("GET", "/api/public/invoices/" + isp.NOBODY).status == 404


# ---- 1c ------------------------------------------------------------------------------------------

def test_router_settings(ui, system):
    listed = ui.ok("GET", "/api/router-settings")
    rows = listed["data"] if isinstance(listed, dict) else listed
    assert rows and "password" not in rows[0] and rows[0]["has_password"] is True
    again = {"host": "127.0.0.1", "port": system.sim.port, "username": system.sim.USER, "password": system.sim.PASSWORD, "ssl": False}
    assert ui.ok("POST", "/api/router-settings", again)["id"] == rows[0]["id"], "one call to create and to change"


def test_the_connection(ui, system):
    got = ui.ok("GET", "/api/router-settings/test")
    assert all(isinstance(got[key], str) and got[key] for key in ("version", "board-name", "uptime", "cpu-load"))
    system.sim.fault("refuse")
    try:
        assert ui.fails("GET", "/api/router-settings/test").status == 502
    finally:
        system.sim.well()


def test_radius(ui):
    before = ui.call("GET", "/api/radius-settings")
    assert before.status == 200 and before.json is None
    made = ui.ok("POST", "/api/radius-settings", {"host": "10.0.0.9", "port": 1812, "secret": "shared", "nas_identifier": "isp", "enabled": True})
    assert made["in_use"] is False and "secret" not in made
    shown = ui.ok("GET", "/api/radius-settings")
    assert (shown["host"], shown["port"], shown["nas_identifier"]) == ("10.0.0.9", 1812, "isp") and "shared" not in json.dumps(shown)


def test_answers_to_polling(ui, people, system):
    system.sql("UPDATE router_snapshots SET tried_at = '-infinity'")  # a failure of the tests before is kept for 5 s
    got = ui.ok("GET", "/api/mikrotik/system")
    assert isinstance(got["cpu"], int) and isinstance(got["memory"], int) and all(isinstance(got[k], str) for k in ("uptime", "version", "board"))
    assert "temperature" in got
    online = ui.ok("GET", "/api/mikrotik/online-users")
    assert isinstance(online, list) and len({row["id"] for row in online}) == len(online)
    mine = [row for row in online if row["username"] == "budi"]
    assert len(mine) == 1 and mine[0]["type"] == "pppoe"
    assert all(isinstance(mine[0][k], str) for k in ("id", "username", "type", "address", "uptime", "downloadSpeed", "uploadSpeed"))
    points = ui.ok("GET", "/api/mikrotik/traffic")
    assert isinstance(points, list) and all(set(p) == {"time", "download", "upload"} for p in points)
    assert all(isinstance(p["download"], (int, float)) and isinstance(p["time"], str) for p in points)


def test_user_detail(ui, people):
    got = ui.ok("GET", "/api/mikrotik/user-detail?username=budi&type=pppoe")
    assert {"id", "address", "macAddress", "uptime", "service"} <= set(got["session"]) and got["username"] == "budi"
    assert {"rxRate", "txRate", "rxBytes", "txBytes", "rxPackets", "txPackets"} <= set(got["bandwidth"])
    assert all(isinstance(value, str) and "/s" not in value and not value.endswith("ps") for value in got["bandwidth"].values())
    assert got["profile"] is None or {"profile", "maxLimit", "limitAt", "comment"} <= set(got["profile"])
    assert ui.fails("GET", "/api/mikrotik/user-detail?username=nobody%20at%20all&type=pppoe").status == 404


def test_acts_on_a_user(ui, people, system):
    ui.ok("POST", "/api/mikrotik/create-user", {"subscriptionId": people["sub"]["id"], "username": "budi", "password": "budi-pw",
                                                "packageId": people["package"]["id"]})
    ui.ok("POST", "/api/mikrotik/toggle-user", {"username": "budi", "type": "pppoe", "action": "disable"})
    assert system.sim.secret("budi")["disabled"] == "true"
    ui.ok("POST", "/api/mikrotik/toggle-user", {"username": "budi", "type": "pppoe", "action": "enable"})
    isp.wait_until(lambda: system.sim.secret("budi")["sessions"], 10)
    ui.ok("POST", "/api/mikrotik/disconnect-user", {"username": "budi", "type": "pppoe"})
    assert ui.fails("POST", "/api/mikrotik/disconnect-user", {"username": "nobody", "type": "pppoe"}).status == 404
    ui.ok("PUT", "/api/mikrotik/update-user", {"username": "budi"})
    assert ui.ok("DELETE", "/api/mikrotik/delete-user", {"username": "never was", "type": "pppoe"}) == {"success": True}


def test_secrets(ui, people, system):
    made = ui.ok("POST", "/api/mikrotik-secrets", {"customer_id": None, "username": "kantor", "password": "kantor-pw", "service": "pppoe",
                                                   "profile": "default", "local_address": None, "remote_address": None,
                                                   "comment": "front desk", "disabled": False})
    path = "/api/mikrotik-secrets/" + made["id"]
    ui.ok("POST", "/api/mikrotik/sync-secret", {"secretId": made["id"], "action": "create"})
    assert system.sim.secret("kantor")["password"] == "kantor-pw"
    assert made["id"] in [row["id"] for row in ui.ok("GET", "/api/mikrotik-secrets")["data"]]
    assert "password" not in ui.ok("GET", path) and ui.ok("PUT", path, {"comment": "desk", "password": "********"})["comment"] == "desk"
    ui.ok("POST", "/api/mikrotik/sync-secret", {"secretId": made["id"], "action": "update"})
    assert system.sim.secret("kantor")["password"] == "kantor-pw"
    ui.ok("POST", "/api/mikrotik/sync-secret", {"secretId": made["id"], "action": "delete"})
    ui.ok("DELETE", path)
    isp.wait_until(lambda: system.sim.secret("kantor") is None, 10)
    assert isinstance(ui.ok("POST", "/api/mikrotik/import-secrets")["imported"], int)
    ui.ok("POST", "/api/mikrotik/sync-package", {"packageId": people["package"]["id"]})


# ---- 1d ------------------------------------------------------------------------------------------

def test_monitoring(ui):
    device = ui.ok("POST", "/api/snmp-devices", {"name": "OLT", "host": "127.0.0.1", "port": 1, "community": "public", "version": "2c"})
    path = "/api/snmp-devices/" + device["id"]
    assert "community" not in ui.ok("GET", path) and ui.ok("PUT", path, {"name": "OLT 1"})["name"] == "OLT 1"
    assert device["id"] in [row["id"] for row in ui.ok("GET", "/api/snmp-devices")["data"]]
    assert ui.fails("POST", path + "/discover").status == 502, "nobody answers there; an empty body is no error"
    ui.ok("GET", path + "/interfaces")
    assert ui.fails("GET", "/api/snmp/bandwidth-history/%s?period=24h" % isp.NOBODY).status == 404
    ui.ok("DELETE", path)
    target = ui.ok("POST", "/api/ping-targets", {"name": "gw", "host": "127.0.0.1"})
    path = "/api/ping-targets/" + target["id"]
    ui.ok("GET", path), ui.ok("PUT", path, {"name": "gateway"}), ui.ok("GET", "/api/ping-targets")
    ui.ok("GET", path + "/history?period=24h")
    ui.ok("DELETE", path)
    ui.ok("GET", "/api/monitoring/dashboard")
    ui.ok("GET", "/api/monitoring/alerts?limit=50")


def test_notifications(ui):
    ui.ok("GET", "/api/notification-settings")
    ui.ok("POST", "/api/notification-settings", {"channel": "telegram", "name": "noc", "is_active": False,
                                                 "config": {"bot_token": "1:x", "chat_id": "5"}, "events": ["device_down"]})
    assert ui.fails("POST", "/api/notification-settings/test", {"type": "email"}).status in (404, 409, 422, 502)


def test_the_payment_token(ui, system, people):
    """Sent by a visitor, with an amount that counts for nothing; the error is shown as it is."""
    visitor = Browser(system.url)
    body = {"invoice_id": people["invoice"]["id"], "amount": "1.00", "customer_name": "x", "customer_email": None,
            "customer_phone": None, "description": "y"}
    got = visitor.ok("POST", "/api/midtrans/snap-token", body)
    assert isinstance(got["snap_token"], str) and got["snap_token"]
    assert system.mid.order(got["order_id"])["request"]["transaction_details"]["gross_amount"] == people["invoice"]["amount"]
    ui.ok("POST", "/api/invoices/%s/mark-paid" % people["invoice"]["id"])
    answer = visitor.fails("POST", "/api/midtrans/snap-token", body)
    assert answer.status == 409 and "paid" in answer.json["message"]


# ---- section 0 -----------------------------------------------------------------------------------

def test_errors_of_nginx_are_json_too(system):
    visitor = Browser(system.url)
    for path, status in (("/api/nothing/here", 404), ("/api/auth/login", 413)):
        body = b"x" * 70000 if status == 413 else None
        answer = visitor.raw("POST", path, body, {"Content-Type": "application/json", "Origin": ORIGIN})
        assert answer.status == status and answer.json["message"], answer
        assert answer.header("Access-Control-Allow-Origin") == ORIGIN


def test_no_answer_has_an_envelope(ui, people):
    for path in ("/api/auth/user", "/api/mikrotik/system", "/api/customers/" + people["customer"]["id"]):
        got = ui.ok("GET", path)
        assert "success" not in got and "data" not in got


def test_another_origin_is_answered_nothing(system):
    answer = Browser(system.url).raw("OPTIONS", "/api/customers", None, {
        "Origin": "http://evil.example", "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"})
    assert answer.header("Access-Control-Allow-Origin") is None
