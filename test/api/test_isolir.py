"""The page of isolated customers: found by the address of their session, paid, back.

The router sends their requests to nginx's server at ISOLIR_LISTEN, that server sends the browser to
/isolir, and the page asks GET /api/public/isolir.
"""
import os
import re
import urllib.error
import urllib.request

import pytest

import isp
import ports
from gateway import mid  # noqa: F401 (fixture)

PAGES = os.path.join(isp.TOP, "app", "web", "pay")
POOL = "127.0.9.20-127.0.9.40"  # addresses of sessions, from which this machine's browser can ask


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@pytest.fixture(scope="module")
def port():
    return ports.port()


@pytest.fixture(scope="module")
def town(mid, port):  # noqa: F811
    router = isp.Sim().up()
    stack = isp.Stack("isolir", dict(mid.env(), ISOLIR_LISTEN="127.0.0.1:%d" % port))
    try:
        stack.up()
        mid.rules(url=stack.url + "/api/midtrans/notification")
        stack.sql("UPDATE settings SET line_sample_minutes = 0")  # sessions are read when a test says so
        made = isp.Town(stack.client())
        made.stack, made.sim = stack, router
        router.run("/ip/pool/add", "=name=near", "=ranges=" + POOL)
        router.run("/ppp/profile/add", "=name=isolated", "=local-address=127.0.9.1", "=remote-address=near")
        made.router = made.api.make("/api/router-settings", dict(router.as_router("Tower"), ppp_pool="near"))["id"]
        made.api.put("/api/settings", {"suspend_mode": "isolate", "company_name": "Desa Net", "company_phone": "021 555",
                                       "company_whatsapp": "0812555"}).want(200)
        yield made
    finally:
        stack.down()
        router.down()


def read_sessions(town):
    town.stack.sql("UPDATE router_snapshots SET tried_at = '-infinity'")
    return town.api.show("/api/mikrotik/online-users")


def home(town, sub):
    """A browser behind the customer's modem."""
    rows = [row for row in read_sessions(town) if row["username"] == sub["mikrotik_username"]]
    return isp.Client(town.stack.url, source=rows[0]["address"])


def is_dialled(town, sub, isolated):
    """Has the customer a session of such a profile? The old one ends a moment after the profile has changed."""
    rows = town.sim.table("/ppp/active", name=sub["mikrotik_username"])
    return bool(rows) and all((row["dialled"]["profile"] == "isolated") == isolated for row in rows)


@pytest.fixture(scope="module")
def debtor(town):
    customer = town.customer(name="Ibu Sri", phone="0812-3456-7890")
    sub, invoice = town.billed(customer=customer, due="2026-02-10")
    isp.wait_until(lambda: town.sim.secret(sub["mikrotik_username"]), 10)
    town.sim.cpe(sub["mikrotik_username"])
    for night in range(40):
        town.stack.cron(isp.day("2026-03-03", night))
        if town.api.show("/api/subscriptions/" + sub["id"])["suspend_reason"] == "debt":
            break
    isp.wait_until(lambda: is_dialled(town, sub, True), 15)
    return sub, invoice


def test_every_request_of_the_pool_is_sent_to_the_page(town, port):
    opener = urllib.request.build_opener(NoRedirect)
    for path in ("/", "/generate_204", "/a/b?c=d"):
        request = urllib.request.Request("http://127.0.0.1:%d%s" % (port, path), headers={"Host": "connectivitycheck.example"})
        with pytest.raises(urllib.error.HTTPError) as answer:
            opener.open(request, timeout=5)
        assert answer.value.code == 302 and answer.value.headers["Location"] == town.stack.url + "/isolir"
        assert answer.value.headers["Cache-Control"] == "no-store"


def test_the_page_is_there_and_small(town):
    text = urllib.request.urlopen(town.stack.url + "/isolir", timeout=5).read().decode()
    named = re.findall(r'(?:src|href)="(/pay/[^"]+)"', text)
    assert {"/pay/isolir.js", "/pay/page.js", "/pay/pay.css"} == set(named)
    for name in named:
        with urllib.request.urlopen(town.stack.url + name, timeout=5) as answer:
            assert answer.status == 200
    assert sum(os.path.getsize(os.path.join(PAGES, name)) for name in os.listdir(PAGES)) < 60000


def test_the_line_is_found_by_its_address(town, debtor):
    sub, invoice = debtor
    got = home(town, sub).show("/api/public/isolir")
    assert got == {"customer": "Ibu Sri", "status": "suspended", "suspend_reason": "debt", "invoice_id": invoice["id"],
                   "total_due": sum(bill["outstanding"] for bill in town.invoices(sub)),
                   "company": {"name": "Desa Net", "phone": "021 555", "whatsapp": "0812555", "address": ""}}
    elsewhere = isp.Client(town.stack.url, source="127.0.9.10")
    assert "username" in elsewhere.get("/api/public/isolir").want(404).json["message"]


def test_an_address_of_two_sessions_shows_nobody(town, debtor):
    """Two routers behind masquerade hand out one address: the page must not show the neighbour's debt."""
    client = home(town, debtor[0])
    town.stack.sql("INSERT INTO router_sessions SELECT (r).* FROM (SELECT jsonb_populate_record(s, jsonb_build_object("
                   "'session_id', '*77', 'username', 'neighbour')) AS r FROM router_sessions s LIMIT 1) x")
    try:
        client.get("/api/public/isolir").want(404)
    finally:
        town.stack.sql("DELETE FROM router_sessions WHERE username = 'neighbour'")
    client.get("/api/public/isolir").want(200)


def test_an_old_reading_shows_nobody(town, debtor):
    """An address belongs to somebody else ten minutes later."""
    client = home(town, debtor[0])
    town.stack.sql("UPDATE router_sessions SET taken_at = taken_at - interval '11 minutes'")
    client.get("/api/public/isolir").want(404)
    town.stack.sql("UPDATE router_sessions SET taken_at = taken_at + interval '11 minutes'")
    client.get("/api/public/isolir").want(200)


def test_username_and_phone_find_it_too(town, debtor):
    sub, invoice = debtor
    anyone = isp.Client(town.stack.url, source="127.0.9.11")
    name = sub["mikrotik_username"]
    assert anyone.get("/api/public/isolir", username=name, phone="7890").want(200).json["invoice_id"] == invoice["id"]
    for wrong in ({"username": name, "phone": "7891"}, {"username": name}, {"username": "nobody", "phone": "7890"}):
        anyone.get("/api/public/isolir", **wrong).want(404)
    assert "phone" in anyone.get("/api/public/isolir", username=name, phone="12345").want(422).errors


def test_guessing_is_slow(town, debtor):
    """Ten thousand numbers could be tried in minutes if requests were not counted by address."""
    guesser = isp.Client(town.stack.url, source="127.0.9.12")
    seen = [guesser.get("/api/public/isolir", username=debtor[0]["mikrotik_username"], phone="%04d" % n).status
            for n in range(200)]
    assert set(seen) <= {404, 429} and seen[-1] == 429


def test_guessing_from_many_addresses_is_slow(town, debtor):
    """Bug: the four digits are one of 10,000: guessed from many addresses, each with its own 120 a minute, they were
    found in minutes. The wrong guesses for a username are counted together, five a minute."""
    name = debtor[0]["mikrotik_username"]
    town.stack.sql("DELETE FROM throttles WHERE key LIKE 'isolir:%'")

    def ask(n, phone):
        return isp.Client(town.stack.url, source="127.0.9.%d" % n).get("/api/public/isolir", username=name, phone=phone)

    assert {ask(20, "7890").status for _ in range(8)} == {200}
    assert [ask(20 + n, "%04d" % n).status for n in range(7)] == [404] * 5 + [429] * 2
    assert ask(30, "7890").want(429).header("Retry-After")
    isp.Client(town.stack.url, source="127.0.9.31").get("/api/public/isolir", username="other", phone="0000").want(404)
    town.stack.sql("DELETE FROM throttles WHERE key LIKE 'isolir:%'")


def test_paid_and_back(town, debtor, mid):  # noqa: F811
    sub, invoice = debtor
    client = home(town, sub)
    order = client.post("/api/midtrans/snap-token", {"invoice_id": invoice["id"], "scope": "due"}).want(200).json["order_id"]
    mid.act(order, "pay", method="qris")
    isp.wait_until(lambda: town.api.show("/api/subscriptions/" + sub["id"])["status"] == "active", 10)
    assert client.show("/api/public/invoices/" + invoice["id"])["service"] == "on"
    isp.wait_until(lambda: town.sim.secret(sub["mikrotik_username"])["profile"] != "isolated", 10)
    isp.wait_until(lambda: is_dialled(town, sub, False), 10)
    assert home(town, sub).show("/api/public/isolir")["status"] == "active"


def test_the_commands_of_the_router(town, port):
    text = town.stack.exec("ispctl", "router", "isolate-commands", "Tower").stdout
    for part in ('name="isolated"', "to-ports=%d " % port, "address=app.midtrans.com", 'to-addresses=[:resolve "127.0.0.1"]',
                 "chain=srcnat src-address-list=isp-isolated", "address-list=isp-isolated"):
        assert part in text, part
    firsts = re.findall(r"isolated (\d)\"\] 0", text)
    assert firsts == ["1", "2", "6", "5", "4", "3"], "the last that is moved to the front is the first"
    assert town.stack.exec("ispctl", "router", "isolate-commands", "Nowhere", check=False).returncode == 1
