"""Fixtures: one running system with a simulated router for the whole session.

    stack     the system (isp.Stack), its business day 2026-03-02, its router added and active
    sim       the router
    api       an admin's client          operator, viewer   theirs
    town      makes customers, packages, subscriptions as an admin
    payer     customers of another system, which is paid through the simulated Midtrans `mid`
    anyone    a client without a token, from an address of its own for each test

At the end of the session every invariant must hold: `ispctl check`.
"""
import itertools
import os
import signal
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import gateway  # noqa: E402
import isp  # noqa: E402

PEOPLE = {"operator": "operator@example.net", "viewer": "viewer@example.net"}
PASSWORD = "a long password 7"
_addresses = itertools.count(1)
LONGEST = ("test_provision_many", "test_provision_failure", "test_midtrans_property")


def pytest_configure(config):
    # An ended session takes its systems along: atexit and fixtures do not run on a bare SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("SIGTERM"))


def pytest_collection_modifyitems(items):
    """A file goes to one worker as a whole, in this order: begun last, a long one would leave the others idle."""
    items.sort(key=lambda item: item.path.parent.name == "api" and item.path.stem not in LONGEST)


@pytest.fixture(scope="session")
def sim():
    with isp.Sim() as router:
        yield router


@pytest.fixture(scope="session")
def stack(sim):
    system = isp.Stack("api")
    try:
        system.up()
        admin = system.client()
        admin.put("/api/settings", {"message_language": "en"}).want(200)
        admin.make("/api/router-settings", dict(sim.as_router("Session router"), connect_timeout_ms=3000,
                                                read_timeout_ms=3000))
        for role, email in PEOPLE.items():
            admin.make("/api/users", {"name": role, "email": email, "password": PASSWORD, "role": role})
        yield system
        sim.well()
        system.drained(30)
        system.check()
    finally:
        system.down()


@pytest.fixture(scope="session")
def admin_token(stack):
    return stack.client().token


@pytest.fixture
def api(stack, admin_token):
    client = isp.Client(stack.url, admin_token)
    yield client
    client.close()


def somebody(stack, role):
    return stack.client(PEOPLE[role], PASSWORD)


@pytest.fixture(scope="session")
def operator(stack):
    return somebody(stack, "operator")


@pytest.fixture(scope="session")
def viewer(stack):
    return somebody(stack, "viewer")


@pytest.fixture(scope="session")
def town(stack, admin_token):
    return isp.Town(isp.Client(stack.url, admin_token))


# ---- a system that is paid through a simulated Midtrans (gateway.py), the test_midtrans_* files'

@pytest.fixture(scope="session")
def mid():
    with gateway.gateway() as peer:
        yield peer


@pytest.fixture(scope="session")
def paying(mid):
    with gateway.paid_through(mid, "midtrans") as system:
        yield system


@pytest.fixture
def payer(paying, mid):
    return gateway.new_payer(paying, mid)


@pytest.fixture
def deaf(payer, mid):
    mid.rules(drop=1)
    return payer


@pytest.fixture
def anyone(stack):
    client = isp.Client(stack.url, source="127.7.%d.%d" % divmod(next(_addresses), 250))
    yield client
    client.close()
