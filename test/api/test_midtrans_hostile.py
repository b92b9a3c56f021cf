"""Requests to the webhook that are none of Midtrans' own, or not as it sent them.

Each gets its status, writes no row, calls nobody, ends no worker and leaves no memory behind;
well-signed ones that come again or with other unsigned fields are kept as events and move no money.

10,000 of them, with ISP_SOAK=1 100,000.  ISP_SEED=n repeats an earlier run's."""
import hashlib
import http.client
import json
import os
import random
import re
import socket
import threading
from urllib.parse import urlsplit

import psycopg2
import pytest

import isp
from gateway import KEY
from rough import HEADERS, WEBHOOK, Gate

COUNT = 100000 if isp.SOAK else 10000
WARM = 2000
CLIENTS = 8
GROWTH = 512 * 1024       # bytes a worker may have grown by
KEPT = ("midtrans_events", "midtrans_copies", "midtrans_verdicts", "midtrans_logs", "row_counts")  # what a well-signed body may add to
TODAY = "2026-03-02"


@pytest.fixture(scope="module")
def seed():
    return isp.seed()


@pytest.fixture(scope="module")
def gate():
    with Gate() as peer:
        yield peer


@pytest.fixture(scope="module")
def system(gate):
    stack = isp.Stack("hostile", dict(gate.env(), APP_TODAY=TODAY), without="timers,router-sync,gateway-sync,notifier")
    try:
        yield stack.up()
    finally:
        stack.down()


class Desk:
    """An invoice that is paid, one that is not, and the messages of Midtrans about the first."""

    def __init__(self, system, gate):
        self.gate, self.system = gate, system
        api = system.client()
        town = isp.Town(api)
        gate.post("/notify", hold=True, url=system.url + WEBHOOK)
        self.invoices, self.orders = [], []
        for _ in range(2):
            self.invoices.append(town.billed()[1]["id"])
            made = api.post("/api/midtrans/create-token", {"invoice_id": self.invoices[-1]}).want(200).json
            self.orders.append(made["order_id"])
        gate.act(self.orders[0], "choose", method="qris")
        gate.act(self.orders[0], "pay")
        self.pending, self.settled = [m["body"] for m in gate.messages(self.orders[0])]
        self.waits = gate.post("/messages/craft", order_id=self.begun(), send=False)
        client = isp.Client(system.url)
        client.raw("POST", WEBHOOK, json.dumps(self.settled).encode(), HEADERS).want(200)
        client.close()
        assert [api.show("/api/invoices/" + i)["status"] for i in self.invoices] == ["paid", "unpaid"]
        self.api = api

    def begun(self):
        """The second order: begun, never paid."""
        self.gate.act(self.orders[1], "choose", method="bca_va")
        return self.orders[1]


@pytest.fixture(scope="module")
def desk(system, gate):
    return Desk(system, gate)


def signed(body, **change):
    """With fields changed, and a good signature for whatever it says."""
    body = {k: v for k, v in dict(body, **change).items() if v is not None}
    text = "".join(str(body.get(name, "")) for name in ("order_id", "status_code", "gross_amount")) + KEY
    return dict(body, signature_key=hashlib.sha512(text.encode()).hexdigest())


def dumped(body):
    return json.dumps(body).encode()


# ---- what is sent: name -> (bytes or function of dice, status) ------------------------------------

def forged(desk, dice):
    """No, or no good, signature: 403."""
    good = desk.settled
    key = good["signature_key"]
    flipped = key[:-1] + ("0" if key[-1] != "0" else "1")
    return dice.choice([
        dict(good, signature_key=flipped), dict(good, signature_key=key.upper()), dict(good, signature_key=key + "0"),
        dict(good, signature_key=key[:64]), dict(good, signature_key=""), dict(good, signature_key=None),
        dict(good, signature_key=12345), dict(good, signature_key=[key]), dict(good, signature_key={"key": key}),
        {k: v for k, v in good.items() if k != "signature_key"},
        dict(good, signature_key="%0128x" % dice.getrandbits(512))])


def altered(desk, dice):
    """A signed member was changed: 403."""
    good = desk.settled
    return dice.choice([
        dict(good, order_id=desk.orders[1]), dict(good, gross_amount="1.00"), dict(good, gross_amount="150000"),
        dict(good, status_code="201"), dict(desk.pending, status_code="200", transaction_status="settlement"),
        dict(good, order_id=good["order_id"] + " "), dict(desk.waits, status_code="200", transaction_status="capture"),
        dict(good, order_id="INV-%d" % dice.randrange(10 ** 9))])


def malformed(desk, dice):
    """No JSON, no object, fields missing or of the wrong type: 400, signed or not."""
    good, text = desk.settled, dumped(desk.settled)
    size = dice.randrange(1, len(text))
    return dice.choice([
        text[:size], b"", b"null", b"[]", b"[" + text + b"]", b'"text"', b"12", b"{", b"{}", text + b"}", text + text,
        b"order_id=1&status_code=200", b"\xff\xfe" + text, text.replace(b'"IDR"', b'"\xff\xfe"'),
        text.replace(b'"IDR"', b'"\\ud800"'), text.replace(b'"IDR"', b"NaN"), b"[" * 5000 + b"]" * 5000,
        b'{"a":' * 3000 + b"1" + b"}" * 3000, text.replace(b"{", b'{"order_id": "twice", ', 1),
        b'{"transaction_status": "pending", ' + text[1:], text[:-1] + b', "fraud_status": "deny"}',
        dumped(dict(good, order_id=None)), dumped(dict(good, order_id=7)), dumped(dict(good, gross_amount=150000)),
        dumped(dict(good, gross_amount={"a": 1})), dumped(dict(good, status_code=200)), dumped(dict(good, order_id="")),
        dumped(signed(good, transaction_status=None)), dumped(signed(good, transaction_id=None)),
        dumped(signed(good, transaction_status=3)), dumped(signed(good, transaction_id=[1])),
        dumped(signed(good, gross_amount="1e5")), dumped(signed(good, gross_amount="-150000.00")),
        dumped(signed(good, gross_amount="10,50")), dumped(signed(good, gross_amount="9" * 40)),
        dumped(signed(good, fraud_status=["accept"])), dumped(signed(good, transaction_id="x" * 5000)),
        bytes(dice.randrange(256) for _ in range(dice.randrange(1, 300)))])


def oversized(desk, dice):
    """Over 64 KiB: 413."""
    body = dict(desk.settled, custom_field1="x" * dice.choice((66000, 100000, 300000)))
    return dumped(body)


KINDS = (("forged", forged, 403, 40), ("altered", altered, 403, 25), ("malformed", malformed, 400, 33),
         ("oversized", oversized, 413, 2))


def one(desk, dice):
    """(name, body, status) of a hostile request."""
    name, make, status, _ = dice.choices(KINDS, [kind[3] for kind in KINDS])[0]
    body = make(desk, dice)
    return name, body if isinstance(body, bytes) else dumped(body), status


# ---- looking ------------------------------------------------------------------------------------

def rows(system):
    """How many rows each table has."""
    db = psycopg2.connect(host=os.path.join(system.dir, "run"), dbname="isp", user="postgres")
    try:
        with db.cursor() as cursor:
            cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
            names = sorted(name for name, in cursor.fetchall())
            found = {}
            for name in names:
                cursor.execute("SELECT count(*) FROM " + name)
                found[name] = cursor.fetchone()[0]
            return found
    finally:
        db.close()


def memory(pids):
    """Private bytes of each process."""
    found = {}
    for pid in pids:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as file:
            found[pid] = sum(int(line.split()[1]) for line in file if line.startswith(("Private_Clean", "Private_Dirty"))) * 1024
    return found


def same_but(before, after, allowed=()):
    changed = {name: (before[name], after[name]) for name in after if before.get(name) != after[name]}
    assert set(changed) <= set(allowed), changed


def throw(system, desk, seed, count):
    """So many requests from several clients; the answers that were wrong."""
    wrong, threads = [], []

    def work(number):
        dice = random.Random("%s %d" % (seed, number))
        client = isp.Client(system.url)
        for _ in range(count // CLIENTS):
            name, body, status = one(desk, dice)
            try:
                answer = client.raw("POST", WEBHOOK, body, HEADERS).sound()
                if answer.status != status:
                    wrong.append("%s: wanted %d: %r for %r" % (name, status, answer, body[:600]))
                elif b"INV-" in answer.body or KEY.encode() in answer.body:
                    wrong.append("%s: echoes: %r" % (name, answer))
            except (OSError, http.client.HTTPException) as failure:
                if name != "oversized":  # nginx may close before all of it is read
                    wrong.append("%s: %r for %r" % (name, failure, body[:600]))
            except AssertionError as failure:
                wrong.append("%s: %s for %r" % (name, failure, body[:600]))
        client.close()
    for number in range(CLIENTS):
        threads.append(threading.Thread(target=work, args=(number,), daemon=True))
        threads[-1].start()
    for thread in threads:
        thread.join(600)
        assert not thread.is_alive(), "a request hangs"
    return wrong


# ---- tests --------------------------------------------------------------------------------------

def test_each_by_its_status_without_a_trace(system, gate, desk, seed):
    wrong = throw(system, desk, seed + " warm", WARM)
    assert wrong == [], "%d: %s" % (len(wrong), "\n".join(wrong[:5]))
    pids, before, calls = sorted(system.workers()), rows(system), gate.counts()
    held = memory(pids)
    wrong = throw(system, desk, seed, COUNT - WARM)
    assert wrong == [], "seed %s: %d: %s" % (seed, len(wrong), "\n".join(wrong[:5]))
    same_but(before, rows(system))
    assert gate.counts() == calls, "somebody was called"
    assert sorted(system.workers()) == pids, "a worker ended"
    grown = {pid: now - held[pid] for pid, now in memory(pids).items()}
    print("grown by %r bytes" % sorted(grown.values()))
    assert max(grown.values()) < GROWTH, grown


def test_every_kind_by_itself(system, desk):
    """No chance in it: each choice of each kind is met at least once."""
    dice, client = random.Random(7), isp.Client(system.url)
    for name, make, status, _ in KINDS:
        for _ in range(150 if name != "oversized" else 3):
            body = make(desk, dice)
            body = body if isinstance(body, bytes) else dumped(body)
            try:
                answer = client.raw("POST", WEBHOOK, body, HEADERS).sound()
            except (OSError, http.client.HTTPException):
                assert name == "oversized", body[:600]
                continue
            assert answer.status == status, (name, answer, body[:600])
    client.close()


def test_replayed_and_altered_where_nothing_is_signed(system, desk):
    """Well signed, so they are kept; they move no money and break no state."""
    before = rows(system)
    good = desk.settled
    bodies = [good, good, desk.pending,
              dict(good, transaction_status="capture"), dict(good, transaction_status="refund"),
              dict(good, transaction_status="partial_refund", refund_amount="1.00",
                   refunds=[{"refund_key": "k", "refund_amount": "1.00"}]),
              dict(good, transaction_status="chargeback"), dict(good, transaction_status="deny"),
              dict(good, transaction_status="cancel"), dict(good, transaction_status="expire"),
              dict(good, transaction_status="nonsense"), dict(good, transaction_status="SETTLEMENT"),
              dict(good, transaction_id="another"), dict(good, currency="USD"), dict(good, merchant_id="G1"),
              dict(good, fraud_status="challenge"), dict(good, payment_type="cash"),
              signed(good, gross_amount="150000.50"), signed(good, gross_amount="10.50", currency="USD"),
              dict(desk.waits, transaction_status="settlement"), dict(desk.waits, transaction_status="capture"),
              dict(desk.waits, transaction_status="refund"), dict(desk.waits, transaction_id=good["transaction_id"])]
    client = isp.Client(system.url)
    for body in bodies:
        client.raw("POST", WEBHOOK, dumped(body), HEADERS).sound().want(200)
    after = rows(system)
    same_but(before, after, KEPT + ("midtrans_jobs", "midtrans_transactions", "alert_logs", "message_outbox"))
    for body in bodies * 3:
        client.raw("POST", WEBHOOK, dumped(body), HEADERS).sound().want(200)
    client.close()
    same_but(after, rows(system), ("midtrans_copies",))
    assert [desk.api.show("/api/invoices/" + i)["status"] for i in desk.invoices] == ["paid", "unpaid"]
    assert len(desk.api.rows("/api/payments")) == 1


def log_lines(system, event):
    with open(os.path.join(system.dir, "log", "isp-api.log"), encoding="utf-8") as file:
        return [line for line in file if event in line]


def test_an_order_nobody_knows(system, desk):
    """404, and each an event; of the log a line a minute and worker, not a line each (row 28)."""
    def lines():
        return len(log_lines(system, "unknown order"))
    before, logged = rows(system), lines()
    client = isp.Client(system.url)
    for order in ["INV-20200101-0001-1-abcd", "x" * 50, "a/b", "\u00fc"] + ["none-%d" % n for n in range(60)]:
        client.raw("POST", WEBHOOK, dumped(signed(desk.settled, order_id=order)), HEADERS).want(404)
    client.close()
    after = rows(system)
    same_but(before, after, KEPT + ("alert_logs",))
    assert after["midtrans_events"] == before["midtrans_events"] + 64
    assert after["alert_logs"] <= before["alert_logs"] + 1, "money for unknown orders alerts once an hour"
    assert system.sql("SELECT count(*) FROM alert_logs WHERE key = 'midtrans:unknown_order' AND resolved_at IS NULL") == "1"
    assert 0 < lines() - logged <= len(system.workers())


def test_refused_notifications_are_counted(system, desk):
    """Row 29: not a row, but a number in the log, and nothing of what was sent."""
    before, logged = rows(system), len(log_lines(system, "notification refused"))
    client = isp.Client(system.url)
    for n in range(30):
        client.raw("POST", WEBHOOK, dumped(dict(desk.settled, order_id="forged-%d" % n)), HEADERS).want(403)
        client.raw("POST", WEBHOOK, b"{forged-", HEADERS).want(400)
    client.close()
    same_but(before, rows(system), ())
    lines = log_lines(system, "notification refused")
    assert lines and all(re.search(r"\bcount=[1-9]", line) for line in lines), lines
    assert len(lines) - logged <= len(system.workers()) and not log_lines(system, "forged-")


@pytest.mark.parametrize("method,status", [("GET", 405), ("PUT", 405), ("DELETE", 405)])
def test_other_methods(system, desk, method, status):
    isp.Client(system.url).raw(method, WEBHOOK, dumped(desk.settled), HEADERS).sound().want(status)


def test_not_declared_json(system, desk):
    client = isp.Client(system.url)
    client.raw("POST", WEBHOOK, dumped(desk.settled), {"Content-Type": "text/plain"}).sound().want(415)


def head(system, *lines):
    host = urlsplit(system.url).netloc
    return ("POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s\r\n\r\n" % (
        WEBHOOK, host, "\r\n".join(lines))).encode()


def dial(system):
    parts = urlsplit(system.url)
    return socket.create_connection((parts.hostname, parts.port), timeout=20)


def status_of(sock):
    data = b""
    while b"\r\n" not in data:
        more = sock.recv(4096)
        assert more, data
        data += more
    return int(data.split()[1])


@pytest.mark.parametrize("size", [1, 7, 4000])
def test_in_chunks(system, desk, size):
    text = dumped(desk.settled)
    with dial(system) as sock:
        sock.sendall(head(system, "Transfer-Encoding: chunked"))
        for at in range(0, len(text), size):
            part = text[at:at + size]
            sock.sendall(b"%x\r\n%s\r\n" % (len(part), part))
        sock.sendall(b"0\r\n\r\n")
        assert status_of(sock) == 200


def test_chunks_without_end_are_too_large(system):
    with dial(system) as sock:
        sock.sendall(head(system, "Transfer-Encoding: chunked"))
        try:
            for _ in range(40):
                sock.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        except OSError:
            return  # it had seen enough
        assert status_of(sock) == 413


def test_broken_framing(system):
    for tail in (b"zz\r\nhello\r\n0\r\n\r\n", b"-5\r\nhello\r\n0\r\n\r\n", b"fffffffffffffffff\r\nx"):
        with dial(system) as sock:
            sock.sendall(head(system, "Transfer-Encoding: chunked") + tail)
            assert status_of(sock) in (400, 413)
    with dial(system) as sock:
        sock.sendall(head(system, "Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n")
        assert status_of(sock) == 400


def test_slow_ones_keep_nobody_waiting(system, desk):
    """A hundred that never come to an end, and one that does."""
    text = dumped(desk.settled)
    slow = [dial(system) for _ in range(100)]
    try:
        for sock in slow:
            sock.sendall(head(system, "Content-Length: %d" % len(text)) + text[:50])
        client, took = isp.Client(system.url), []
        for _ in range(20):
            for sock in slow:
                sock.sendall(b" ")
            took.append(client.raw("POST", WEBHOOK, text, HEADERS).want(200).seconds)
        client.close()
        assert max(took) < 1, took
    finally:
        for sock in slow:
            sock.close()
