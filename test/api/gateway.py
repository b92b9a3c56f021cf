"""gateway: a simulated Midtrans for tests, and a system that is paid through it.

    Mid      test/sim/midtrans.py and its control port; the manual is there
    Payer    makes invoices of the system and has customers pay them
    sign()   what Midtrans would put into signature_key

Fixtures (conftest.py): `payer` of the session's system with the Mid `mid`, both new to each test;
`deaf` the same, but no notification ever arrives. A module that imports `mid` and `paying` from here
has a system of its own.
"""
import base64
import contextlib
import hashlib
import itertools
import json
import os
import re

import pytest

import isp

KEY = "SB-Mid-server-simulated"
MERCHANT = "G000000001"
TODAY = "2026-03-02"

_addresses = itertools.count(1)


def sign(body, key=KEY):
    text = "%s%s%s%s" % (body["order_id"], body["status_code"], body["gross_amount"], key)
    return hashlib.sha512(text.encode()).hexdigest()


class Mid(isp.Peer):
    PROGRAM = "midtrans.py"

    def env(self):
        """The environment that makes a system use this gateway."""
        base = "http://127.0.0.1:%d" % self.port
        return {"MIDTRANS_SERVER_KEY": KEY, "MIDTRANS_CLIENT_KEY": "SB-Mid-client-simulated",
                "MIDTRANS_MERCHANT_ID": MERCHANT, "MIDTRANS_SNAP_URL": base + "/snap/v1",
                "MIDTRANS_API_URL": base + "/v2"}

    def act(self, order, act, **more):
        where = {"order_id": order} if order.startswith("INV-") else {"transaction_id": order}
        return self.ask("POST", "/act", dict(where, act=act, **more))

    def rules(self, **more):
        return self.ask("POST", "/notify", more)

    def fault(self, kind, path="*", **more):
        return self.ask("POST", "/fault", dict(more, kind=kind, path=path))

    def well(self):
        return self.ask("POST", "/fault", {"kind": "none"})

    def order(self, order):
        return self.ask("GET", "/orders/" + order)

    def calls(self, path):
        """How often the API was asked so."""
        return len(self.ask("GET", "/log", path=path)["entries"])

    def craft(self, order, change=None, sign_it=True, send=False, **more):
        return self.ask("POST", "/messages/craft",
                        dict(more, order_id=order, change=change or {}, sign=sign_it, send=send))


class Payer:
    """Customers of a system that is paid through a Mid."""

    def __init__(self, stack, mid, town):
        self.stack, self.mid, self.town = stack, mid, town
        self.anyone = isp.Client(stack.url, source="127.2.%d.%d" % divmod(next(_addresses), 250))

    def billed(self, **more):
        return self.town.billed(**more)[1]

    def ask_token(self, invoice, **more):
        """From an address of its own: nginx limits each."""
        customer = isp.Client(self.stack.url, source="127.1.%d.%d" % divmod(next(_addresses), 250), timeout=40)
        try:
            return customer.post("/api/midtrans/snap-token", dict(more, invoice_id=invoice["id"]))
        finally:
            customer.close()

    def token(self, invoice, **more):
        return self.ask_token(invoice, **more).want(200).json

    def order(self, invoice, **more):
        return self.token(invoice, **more)["order_id"]

    def show(self, invoice):
        return self.town.api.show("/api/invoices/" + invoice["id"])

    def status(self, invoice):
        return self.show(invoice)["status"]

    def wait(self, invoice, status, seconds=10):
        isp.wait_until(lambda: self.status(invoice) == status, seconds, "invoice " + status)

    def payments(self, invoice):
        return self.town.api.rows("/api/payments", invoice_id=invoice["id"])

    def notify(self, body, **headers):
        header = {"Content-Type": "application/json"}
        header.update(headers)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.anyone.raw("POST", "/api/midtrans/notification", data, header)

    def sql(self, text):
        return self.stack.sql(text)

    def token_of(self, order):
        return self.sql("SELECT snap_token FROM midtrans_attempts WHERE order_id = '%s'" % order)

    def credit(self, invoice):
        customer = self.show(invoice)["customer_id"]
        return self.town.api.show("/api/customers/" + customer)["credit"]

    def idle(self):
        """gateway-sync has nothing left to do."""
        isp.wait_until(lambda: self.sql("SELECT count(*) FROM midtrans_jobs WHERE done_at IS NULL") == "0",
                       15, "gateway-sync's queue empty")

    def reconcile(self, *more):
        return self.stack.exec("ispctl", "midtrans", "reconcile", *more)

    def order_state(self, order):
        return self.sql("SELECT state FROM midtrans_attempts WHERE order_id = '%s'" % order)

    def wait_order(self, order, state, seconds=20):
        isp.wait_until(lambda: self.order_state(order) == state, seconds, "order " + state)

    def second_waits(self):
        """A worker waits for the lock of a page or a refund, which another holds."""
        isp.wait_until(lambda: self.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
                                        " AND query LIKE 'SELECT pg_advisory_lock%midtrans:%'") != "0", 20, "the second waits")

    def events(self, order):
        return int(self.sql("SELECT count(*) FROM midtrans_events WHERE order_id = '%s'" % order))

    def at_midtrans(self, order):
        """The state of each payment of an order, the first begun first."""
        return [t["transaction_status"] for t in self.mid.order(order)["transactions"]]

    def refunds(self, invoice):
        return self.sql("SELECT string_agg(r.amount::text, ',' ORDER BY r.id) FROM refunds r "
                        "JOIN payments p ON p.id = r.payment_id WHERE p.invoice_id = '%s'" % invoice["id"])

    def alerts(self, invoice):
        """The titles of the alerts about an invoice."""
        titles = self.sql("SELECT title FROM alert_logs WHERE meta ->> 'invoice_id' = '%s' ORDER BY id" % invoice["id"])
        return titles.split("\n") if titles else []

    def genuine(self, invoice, act="pay", **more):
        """An order and the body of its newest message, which was never sent."""
        self.mid.rules(hold=True)
        order = self.order(invoice)
        self.mid.act(order, act, **more)
        return order, self.mid.craft(order)

    def paid_by(self, method, invoice=None):
        invoice = invoice or self.billed()
        order = self.order(invoice)
        self.mid.act(order, "pay", method=method)
        self.wait(invoice, "paid")
        return invoice, order


def tells_no_secret(system):
    """No log has the server key (nor as it is sent), a signature, or the token of a page."""
    names = [os.path.join(root, name) for root, _, files in os.walk(os.path.join(system.dir, "log")) for name in files]
    logs = "".join(open(name, encoding="utf-8", errors="replace").read() for name in names)
    tokens = system.sql("SELECT snap_token FROM midtrans_attempts WHERE snap_token IS NOT NULL").split()
    assert "midtrans" in logs
    for secret in [KEY, base64.b64encode((KEY + ":").encode()).decode()] + tokens:
        assert secret not in logs
    assert not re.search(r"\b[0-9a-f]{128}\b", logs)


@contextlib.contextmanager
def gateway():
    peer = Mid("--scale", "0.001").up()
    try:
        yield peer
    finally:
        peer.down()


@contextlib.contextmanager
def paid_through(peer, name):
    """A system whose customers pay through a Mid; `token` is an admin's."""
    system = isp.Stack(name, env=peer.env())
    try:
        system.up()
        system.token = system.client().token
        isp.Client(system.url, system.token).put("/api/settings", {"message_language": "en"}).want(200)
        yield system
        peer.well()
        system.check()
        tells_no_secret(system)
    finally:
        system.down()


def new_payer(system, peer):
    """Customers of a system whose gateway has forgotten all orders, as has the system."""
    peer.ask("POST", "/reset")
    # Midtrans sends a refused message again after 2 minutes; here, after 2 seconds.
    peer.rules(url=system.url + "/api/midtrans/notification", scale=1 / 60)
    system.sql("UPDATE midtrans_attempts SET next_check_at = NULL WHERE next_check_at IS NOT NULL")
    return Payer(system, peer, isp.Town(isp.Client(system.url, system.token), TODAY))


@pytest.fixture(scope="module")
def mid():
    with gateway() as peer:
        yield peer


@pytest.fixture(scope="module")
def paying(mid, request):
    with paid_through(mid, request.module.__name__.replace("test_", "")) as system:
        yield system
