"""A night, a refund, the work at a router and a webhook, each by its program as its own role: with credit, a
free package, an open page, a hold. Tests of single functions ran as the owner, and a right that a program
lacked was missed until it ran at a customer's."""
import re

import pytest

import isp
from gateway import TODAY, Mid, Payer

ROLES = {"isp-api": "isp_api", "router-sync": "isp_router", "gateway-sync": "isp_gateway", "notifier": "isp_notify",
         "billing-cron": "isp_billing", "snmp-poller": "isp_snmp", "pinger": "isp_ping"}
NIGHT = "2026-03-05"


@pytest.fixture(name="sim", scope="module")
def _sim():
    with isp.Sim() as router:
        yield router


@pytest.fixture(name="gate", scope="module")
def _gate():
    with Mid("--scale", "0.001") as mid:
        yield mid


@pytest.fixture(name="system", scope="module")
def _system(sim, gate):
    stack = isp.Stack("own_roles", env=gate.env())
    try:
        stack.up()
        stack.sql("ALTER SYSTEM SET log_connections = on")
        stack.sql("SELECT pg_reload_conf()")
        stack.client().make("/api/router-settings", sim.as_router("Own"))
        for name in ("isp-api", "router-sync", "gateway-sync", "notifier"):
            stack.restart(name)
        isp.wait_until(stack.healthy, 10)
        gate.rules(url=stack.url + "/api/midtrans/notification")
        yield stack
    finally:
        stack.down()


@pytest.fixture(name="payer", scope="module")
def _payer(system, gate):
    return Payer(system, gate, isp.Town(system.client(), TODAY))


def debtor(payer):
    return payer.town.billed(due="2026-03-01", start_date="2026-03-01", end_date="2026-03-31")


def paid_elsewhere(payer, **more):
    return payer.town.subscription(start_date="2026-02-07", end_date="2026-03-08", **more)


def test_a_day_of_each_program(system, sim, gate, payer):
    town = payer.town
    renewed, free = paid_elsewhere(payer), paid_elsewhere(payer, package=town.package(price=0))
    town.api.make("/api/customers/%s/credits" % renewed["customer_id"], {"amount": 40000, "reason": "a gift"})
    (cut, bill), (held, asked) = debtor(payer), debtor(payer)
    order = payer.order(asked)
    system.drained()
    gate.fault("status", "GET /v2/%s/status" % order, code=500)

    night = system.exec("billing-cron", "--date", NIGHT, "--ahead", "--json", check=False)
    gate.well()
    assert night.returncode == 1, "one line is held: " + night.stderr
    state = {sub["id"]: town.api.show("/api/subscriptions/" + sub["id"]) for sub in (renewed, free, cut, held)}
    assert [state[s["id"]]["status"] for s in (renewed, free, cut, held)] == ["active", "active", "suspended", "active"]
    assert town.invoices(renewed)[0]["paid_amount"] == 40000
    assert town.invoices(free)[0]["status"] == "paid" and state[free["id"]]["end_date"] > free["end_date"]
    system.drained()
    assert sim.secret(cut["mikrotik_username"])["disabled"] == "true"
    assert sim.secret(held["mikrotik_username"])["disabled"] == "false"

    gate.act(payer.order(bill), "pay", method="qris")
    payer.wait(bill, "paid")
    system.drained()
    assert sim.secret(cut["mikrotik_username"])["disabled"] == "false"
    paid = payer.paid_by("qris", asked)[1]
    town.api.post("/api/midtrans/refund/" + paid, {"amount": 50000, "reason": "too slow"}).want(200)
    payer.idle()
    assert payer.refunds(asked) == "50000"
    for program in ("snmp-poller", "pinger"):
        system.exec(program)
    for program in ("router-sync", "gateway-sync", "notifier"):
        system.exec(program, "--once")
    system.check()


def test_each_program_was_its_own_role_and_lacked_no_right(system):
    """Runs after the day: by the log of the database, which no program writes."""
    with open(system.dir + "/log/postgres.log", encoding="utf-8", errors="replace") as file:
        log = file.read()
    users = {}
    for user, program in re.findall(r"connection authorized: user=(\w+) database=isp application_name=([\w-]+)", log):
        users.setdefault(program, set()).add(user)
    wanted = {program: {role} for program, role in ROLES.items()}
    wanted["billing-cron"].add("isp_gateway")  # it asks Midtrans about those it would suspend
    assert {program: users.get(program) for program in ROLES} == wanted
    assert "permission denied" not in log, re.findall(r".*permission denied.*", log)[:5]
