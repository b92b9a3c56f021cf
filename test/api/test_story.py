"""A subscriber's life, from outside only, through nginx: signed up, on the router, billed, cut off,
paid, online again; then the same with the router away.  One system of its own, one test a step,
each going on where the last one ended.

The calendar: sign-up 2 March 2026 for 30 days (to the 31st), billed from the 25th, due on the 31st,
overdue on 1 April, cut off on 2 April (grace 1 day), paid that day.
"""
import re
import time

import pytest

import isp

SIGN_UP, EVE, BILLED, DUE, OVERDUE, CUT = "2026-03-02", "2026-03-24", "2026-03-25", "2026-03-31", "2026-04-01", "2026-04-02"
BILLED_2, DUE_2, CUT_2 = "2026-04-24", "2026-04-30", "2026-05-02"
AT_ONCE = 1.0  # seconds an answer may take that needs no router
SOON = 2.0     # from a commit here to the change on a healthy router
PROBE = 20.0   # a broken router is asked every 10 s


class Life:
    """State that the steps hand on."""


@pytest.fixture(scope="module")
def router():
    with isp.Sim("--redial", "0.1") as sim:
        yield sim


@pytest.fixture(scope="module")
def system(router):
    stack = isp.Stack("story", {"APP_TODAY": SIGN_UP})
    try:
        yield stack.up()
    finally:
        stack.down()


@pytest.fixture(scope="module")
def life():
    return Life()


@pytest.fixture(autouse=True)
def goes_on(request, life):
    """A step whose predecessor failed has nothing to go on from."""
    if getattr(life, "broken", None):
        pytest.fail("stands on %s, which failed" % life.broken)
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before:
        life.broken = request.node.name


def within(seconds, predicate, what):
    """Measured from now; says how long it took."""
    began = isp.spent()
    value = isp.wait_until(predicate, seconds, what)
    print("%s: %.2f s" % (what, isp.spent() - began))
    return value


def sub_of(life):
    return life.operator.show("/api/subscriptions/" + life.sub["id"])


def invoices_of(life):
    return life.operator.rows("/api/invoices", subscription_id=life.sub["id"])


def test_1_admin_logs_in(system, life):
    health = isp.Client(system.url).get("/api/health").want(200).json
    assert health["status"] == "ok" and health["version"] and health["time"].endswith("Z")
    life.admin = system.client()
    assert life.admin.user["role"] == "admin"
    assert life.admin.show("/api/me")["email"] == "admin@ispbilling.com"
    assert life.admin.show("/api/auth/user")["user"]["email"] == "admin@ispbilling.com"


def test_2_router_and_package(system, router, life):
    body = dict(router.as_router("Tower 1"), connect_timeout_ms=2000, read_timeout_ms=2000)
    life.router = life.admin.make("/api/router-settings", body)
    assert life.router["has_password"] is True and "password" not in life.router
    found = life.admin.post("/api/router-settings/%s/test" % life.router["id"]).want(200).json
    assert found["success"] is True and found["identity"] == "R1" and found["version"].startswith("7.20.4")
    assert all(isinstance(found[k], str) for k in ("board-name", "uptime", "cpu-load"))
    life.package = life.admin.make("/api/packages", {"name": "Home 10", "bandwidth": "10M/10M", "price": 150000,
                                                     "validity_days": 30})
    assert life.package["price"] == 150000 and life.package["router_profile"] == "home-10"
    assert life.package["type"] == "pppoe"


def test_3_signed_up_and_on_the_router(system, router, life):
    life.admin.make("/api/users", {"name": "Olga", "email": "olga@example.net", "password": "let me work 1"})
    life.operator = system.client("olga@example.net", "let me work 1")
    assert life.operator.user["role"] == "operator"
    life.customer = life.operator.make("/api/customers", {"name": "Budi Santoso", "phone": "+62 812-3456-789"})
    router.cpe("budi", service="pppoe", password="rahasia-1")
    body = {"customer_id": life.customer["id"], "package_id": life.package["id"], "mikrotik_username": "budi",
            "mikrotik_password": "rahasia-1", "start_date": SIGN_UP, "end_date": DUE}
    # Thirty days paid elsewhere are more than an operator may give.
    assert life.operator.post("/api/subscriptions", body).want(403).json["code"] == "days_bound"
    answer = life.admin.post("/api/subscriptions", body).want(201)
    assert answer.seconds < AT_ONCE
    life.sub = answer.json
    assert (life.sub["start_date"], life.sub["end_date"]) == (SIGN_UP, DUE)
    assert life.sub["status"] == "active" and life.sub["sync_state"] in ("pending", "synced")
    assert life.sub["customer"]["name"] == "Budi Santoso" and life.sub["package"]["name"] == "Home 10"
    secret = within(SOON, lambda: router.secret("budi"), "secret on the router")
    assert secret["disabled"] == "false" and secret["password"] == "rahasia-1" and secret["service"] == "pppoe"
    assert secret["profile"] == "home-10"
    assert re.match(r"isp:[0-9a-f-]{36}", secret["comment"])
    within(SOON, lambda: sub_of(life)["sync_state"] == "synced", "sync_state synced")
    assert sub_of(life)["synced_at"] and sub_of(life)["sync_error"] is None
    profile = router.table("/ppp/profile", name="home-10")[0]
    assert profile["rate-limit"] == "10M/10M"
    within(SOON, lambda: router.secret("budi")["sessions"], "the customer's device is online")


def lines(report, step="renew"):
    return sorted((l["step"], l["outcome"], l["subscription_id"], l["invoice_number"], l["amount"], l["due_date"])
                  for l in report["lines"] if l["step"] == step)


def test_4_billed_once(system, life):
    assert lines(system.cron(EVE)) == []
    asked = life.operator.get("/api/billing/preview", date=BILLED).want(200).json
    dry = system.cron(BILLED, "--dry-run")
    assert invoices_of(life) == []
    first, second = (system.start("billing-cron", "--date", BILLED, "--ahead", "--json") for _ in range(2))
    ends = [(p.communicate(timeout=60), p.returncode) for p in (first, second)]
    codes = sorted(code for _, code in ends)
    assert codes in ([0, 0], [0, 75]), ends
    mine = invoices_of(life)
    assert len(mine) == 1
    life.invoice = mine[0]
    expected = [("renew", "done", life.sub["id"], "INV-20260325-0001", 150000, DUE)]
    assert lines(asked) == lines(dry) == expected
    assert life.invoice["invoice_number"] == "INV-20260325-0001"
    assert (life.invoice["amount"], life.invoice["outstanding"], life.invoice["paid_amount"]) == (150000, 150000, 0)
    assert (life.invoice["period_start"], life.invoice["period_end"]) == ("2026-04-01", "2026-04-30")
    assert (life.invoice["status"], life.invoice["due_date"]) == ("unpaid", DUE)
    assert life.invoice["subscription"]["customer"]["name"] == "Budi Santoso"
    assert lines(system.cron(BILLED)) == []
    assert len(invoices_of(life)) == 1


def test_5_overdue_then_cut_off(system, router, life):
    system.cron(DUE)
    assert invoices_of(life)[0]["status"] == "unpaid"
    system.cron(OVERDUE)
    assert invoices_of(life)[0]["status"] == "overdue"
    assert sub_of(life)["status"] == "active" and router.secret("budi")["disabled"] == "false"
    assert router.secret("budi")["sessions"]
    router.log_reset()
    dry = system.cron(CUT, "--dry-run")
    assert sub_of(life)["status"] == "active"
    run = system.cron(CUT)
    assert lines(run, "suspend") == lines(dry, "suspend") and len(lines(run, "suspend")) == 1
    assert sub_of(life)["status"] == "suspended"
    within(SOON, lambda: router.secret("budi")["disabled"] == "true", "secret disabled")
    within(SOON, lambda: router.secret("budi")["sessions"] == [], "session gone")
    within(SOON, lambda: sub_of(life)["sync_state"] == "synced", "sync_state synced")
    done = [e["path"] for e in router.log()["entries"] if e["trap"] is None]
    cut = [n for n, path in enumerate(done) if path in ("/ppp/secret/set", "/ppp/secret/disable")]
    kick = [n for n, path in enumerate(done) if path == "/ppp/active/remove"]
    assert cut and kick and cut[0] < kick[0], "first disabled, then kicked: %s" % done
    time.sleep(0.5)  # the device dials again and again, in vain
    assert router.secret("budi")["sessions"] == []


def test_6_paid_and_online_again(system, router, life):
    system.today(CUT)
    address = "/api/invoices/%s/mark-paid" % life.invoice["id"]
    answer = life.operator.post(address, {"method": "cash"}).want(200)
    assert answer.seconds < AT_ONCE
    paid = answer.json
    assert (paid["status"], paid["paid_amount"], paid["outstanding"]) == ("paid", 150000, 0)
    within(SOON, lambda: router.secret("budi")["disabled"] == "false", "secret enabled again")
    sub = sub_of(life)
    assert (sub["status"], sub["end_date"]) == ("active", DUE_2)
    payments = life.operator.rows("/api/payments")
    assert [(p["amount"], p["method"], p["invoice_id"]) for p in payments] == [(150000, "cash", life.invoice["id"])]
    within(SOON, lambda: router.secret("budi")["sessions"], "online again")
    within(SOON, lambda: sub_of(life)["sync_state"] == "synced", "sync_state synced")
    again = life.operator.post(address, {"method": "cash"}).want(409).json
    assert "paid" in again["message"]
    assert len(life.operator.rows("/api/payments")) == 1
    assert sub_of(life)["end_date"] == DUE_2 and invoices_of(life)[0]["paid_amount"] == 150000


def test_7_router_away_during_a_suspension(system, router, life):
    system.cron(BILLED_2)
    system.cron("2026-05-01")
    router.fault("refuse")
    began = isp.spent()
    system.cron(CUT_2)
    assert isp.spent() - began < 5, "the run waited for a router"
    answer = life.operator.get("/api/subscriptions/" + life.sub["id"]).want(200)
    assert answer.seconds < AT_ONCE and answer.json["status"] == "suspended"
    assert answer.json["sync_state"] in ("pending", "failed")
    failed = within(10, lambda: (lambda s: s["sync_state"] == "failed" and s)(sub_of(life)), "sync_state failed")
    assert "refused" in failed["sync_error"].lower(), failed["sync_error"]
    router.well()
    within(PROBE, lambda: router.secret("budi")["disabled"] == "true", "right by itself")
    within(SOON, lambda: router.secret("budi")["sessions"] == [], "session gone")
    healed = within(SOON, lambda: (lambda s: s["sync_state"] == "synced" and s)(sub_of(life)), "sync_state synced")
    assert healed["sync_error"] is None


def test_7_router_away_during_a_payment(system, router, life):
    system.today(CUT_2)
    debt = [i for i in invoices_of(life) if i["status"] == "overdue"]
    assert len(debt) == 1 and debt[0]["due_date"] == DUE_2
    router.fault("hang")
    answer = life.operator.post("/api/invoices/%s/mark-paid" % debt[0]["id"]).want(200)
    assert answer.seconds < AT_ONCE and answer.json["status"] == "paid"
    sub = sub_of(life)
    assert sub["status"] == "active" and sub["sync_state"] in ("pending", "failed")
    failed = within(30, lambda: (lambda s: s["sync_state"] == "failed" and s)(sub_of(life)), "sync_state failed")
    assert failed["sync_error"] and sub_of(life)["status"] == "active"
    assert router.secret("budi")["disabled"] == "true"
    router.well()
    within(PROBE, lambda: router.secret("budi")["disabled"] == "false", "right by itself")
    within(SOON, lambda: router.secret("budi")["sessions"], "online again")
    within(SOON, lambda: sub_of(life)["sync_state"] == "synced", "sync_state synced")


def test_8_every_invariant_holds(system):
    system.check()
