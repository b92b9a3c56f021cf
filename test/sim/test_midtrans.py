"""Tests of the simulated Midtrans, from outside, with a client of their own."""
import base64
import hashlib
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from urllib.parse import quote, urlencode

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "midtrans.py")
START = 20          # seconds a simulator may take to say that it is ready
KEY = "SB-Mid-server-example-key-0001"
ORDER = "INV-20250101-0001-1"
VECTORS = {     # facts 4
    "200": "cad1055947c8b98d8be8c602a3f425dec33c5c0357bd29408a500590d6579f7de834e9e1c69cb2cbb8bb"
           "8748bc6c9efae9b95116cebc8f733e44ced5950e4a54",
    "201": "e32ab1a488b6543606e5141d2c720ff256d8f7d7802365b02ea1a553a5cdd7d2c03abbd35048f2d4da6e"
           "e5b3ac95741c45f7b2969f141b704d8d399b9984e908",
    "202": "0bcebfb802d2f6c5641b4e0a5d9e59c2fd1f8d807cc787778b5dd271c20e1a4022807b1d18ddddd55e11"
           "ab6c7f3884e7ca4f4d74b45907d37542382efb4343d1"}
WIB = timezone(timedelta(hours=7))


class Shop:
    """A merchant's webhook: answers as configured, keeps all it got."""

    def __init__(self):
        shop = self
        self.got, self.answers, self.default, self.times = [], [], 200, []
        self.location = None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                shop.got.append((self.path, dict(self.headers), body))
                shop.times.append(time.time())
                status = shop.answers.pop(0) if shop.answers else shop.default
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", shop.location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/hook" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def bodies(self):
        return [json.loads(body) for _, _, body in self.got]

    def statuses(self):
        return [(b["transaction_status"], b["status_code"]) for b in self.bodies()]


class Sim:
    def __init__(self, *more):
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, "--server-key", KEY, "--client-key", "C", "--merchant-id",
             "G1", *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        ports = self.ready()
        self.port, self.door = int(ports["api"]), int(ports["control"])

    def ready(self):
        """The ports that the simulator prints; if it prints none in time it is ended, and so is the reading."""
        timer = threading.Timer(START, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline().split()
        finally:
            timer.cancel()
        assert line, "the simulator did not start"
        return dict(word.split("=") for word in line)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            out, err = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, out + err

    def http(self, method, path, body=None, headers=None, timeout=5, port=None):
        """(status, headers, bytes)"""
        link = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        try:
            link.request(method, path, body, headers or {})
            answer = link.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            link.close()

    def call(self, method, path, body=None, key=KEY, **more):
        """(HTTP status, JSON) of the gateway's API."""
        headers = {"Authorization": "Basic " + base64.b64encode((key + ":").encode()).decode(),
                   "Accept": "application/json", "Content-Type": "application/json"}
        headers.update(more.pop("headers", {}))
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        status, _, text = self.http(method, path, data, headers, **more)
        return status, json.loads(text)

    def control(self, method, path, body=None, want=200):
        """An order to the control port."""
        data = json.dumps(body).encode() if body is not None else None
        status, _, text = self.http(method, path, data, port=self.door, timeout=15)
        assert status == want, text
        return json.loads(text)

    def create(self, order_id=ORDER, gross=150000, headers=None, **more):
        body = {"transaction_details": {"order_id": order_id, "gross_amount": gross}, **more}
        return self.call("POST", "/snap/v1/transactions", body, headers=headers or {})

    def errors(self, order_id=ORDER, gross=150000, **more):
        status, body = self.create(order_id, gross, **more)
        assert status == 400, body
        return body["error_messages"]

    def act(self, act, order_id=ORDER, want=200, **more):
        return self.control("POST", "/act", {"order_id": order_id, "act": act, **more}, want)

    def core(self, act, order_id=ORDER, body=None):
        """The answer of a Core call; the HTTP status is always 200."""
        method = "GET" if act == "status" else "POST"
        status, answer = self.call(method, "/v2/%s/%s" % (quote(order_id, safe=""), act), body)
        assert status == 200
        return answer

    def code(self, act, order_id=ORDER, body=None):
        return self.core(act, order_id, body)["status_code"]

    def quiet(self):
        assert self.control("GET", "/quiet?timeout=10")["quiet"]


@pytest.fixture(scope="module")
def process():
    sim = Sim()
    yield sim
    code, text = sim.stop()
    assert (code, text) == (0, "")


@pytest.fixture
def sim(process):
    process.control("POST", "/reset", {})
    return process


@pytest.fixture
def shop(sim):
    shop = Shop()
    sim.control("POST", "/notify", {"url": shop.url, "scale": 0.00002})
    yield shop
    shop.server.shutdown()
    shop.server.server_close()


def sign(order_id, code, gross):
    return hashlib.sha512((order_id + code + gross + KEY).encode()).hexdigest()


# ---- starting

def test_only_loopback():
    for more in (["--host", "0.0.0.0"], ["--notify", "http://192.0.2.1/"],
                 ["--notify", "https://127.0.0.1/"]):
        done = subprocess.run([sys.executable, PROGRAM, *more], capture_output=True, check=False, timeout=20)
        assert done.returncode == 2


def test_ends_on_sigterm_with_connections_open():
    sim = Sim()
    link = http.client.HTTPConnection("127.0.0.1", sim.port, timeout=5)
    link.request("GET", "/nothing")
    link.getresponse().read()
    sim.control("POST", "/fault", {"kind": "hang"})
    link.request("GET", "/nothing")
    assert sim.stop() == (0, "")


# ---- Snap

def test_create(sim):
    status, body = sim.create()
    assert status == 201
    assert len(body["token"]) == 36
    assert body["redirect_url"] == "http://127.0.0.1:%d/snap/v4/redirection/%s" % (
        sim.port, body["token"])
    assert set(body) == {"token", "redirect_url"}


def test_wrong_key(sim):
    for path in ("/snap/v1/transactions", "/v2/x/cancel"):
        for key in ("wrong", KEY + "x", ""):
            status, body = sim.call("POST", path, {}, key=key)
            assert status == 401
            assert "error_messages" in body or body["status_code"] == "401"
    assert sim.http("POST", "/snap/v1/transactions", b"{}")[0] == 401
    assert sim.http("POST", "/snap/v1/transactions", b"{}", {"Authorization": "Basic ?"})[0] == 401


def test_wrong_path_speaks_another_language(sim):
    for path in ("/snap/v1/nothing", "/v2/x/nothing", "/v2/a/b/status", "/v1/x", "/"):
        status, body = sim.call("POST", path, {})
        assert status == 404
        assert "status_code" not in body and body["error"] == "Not Found"


def test_order_id(sim):
    name = "transaction_details.order_id"
    assert sim.create("a" * 50)[0] == 201
    assert sim.errors("a" * 51) == [name + " too long"]
    assert sim.create("Az09-_~.")[0] == 201
    for bad in ("a/b", "a#b", "a b", "é", "a%2Fb", ORDER + "\n", "\n"):
        assert len(sim.errors(bad)) == 1, bad
    assert sim.errors("") == [name + " is required"]
    assert sim.errors(None) == [name + " is required"]
    assert len(sim.errors(7)) == 1


def test_seed_order_id_is_one_too_long(sim):
    """facts 7.1: INV- + UUID + - + epoch."""
    order_id = "INV-123e4567-e89b-12d3-a456-426614174000-1735689600"
    assert len(order_id) == 51
    assert sim.errors(order_id) == ["transaction_details.order_id too long"]


def test_gross_amount(sim):
    name = "transaction_details.gross_amount"
    assert sim.create("one", 1)[0] == 201
    assert sim.errors(gross=0) == [name + " must be greater than or equal to 0.01"]
    assert sim.errors(gross=-1) == [name + " must be greater than or equal to 0.01"]
    assert sim.errors(gross=None) == [name + " is required", name + " is not a number"]
    assert sim.errors(gross="150000") == [name + " is not a number"]
    assert sim.errors(gross=True) == [name + " is not a number"]
    assert sim.errors(gross=150000.5) == [name + " must be an integer"]
    assert sim.errors(gross=150000.0) == [name + " must be an integer"]


def item(**more):
    return {"id": "1", "price": 150000, "quantity": 1, "name": "Internet", **more}


def test_items(sim):
    assert sim.create("sum", 100, item_details=[
        item(price=60, quantity=2), item(price=-20, name="Discount")])[0] == 201
    assert sim.create("fifty", item_details=[item(name="é" * 50)])[0] == 201
    assert sim.errors(item_details=[item(price=1)]) == [
        "transaction_details.gross_amount is not equal to the sum of item_details"]
    assert sim.errors(item_details=[item(name="n" * 51)]) == ["item_details Name too long"]
    for none in ("", None):
        assert sim.errors(item_details=[item(name=none)]) == ["item_details Name is required"]
    assert sim.errors(item_details=[item(id="i" * 51)]) == ["item_details.id too long"]
    assert len(sim.errors(item_details=[item(quantity=0)])) == 2
    assert len(sim.errors(item_details=[item(price="150000")])) == 2
    assert sim.errors(item_details=[]) != []


def test_several_errors_at_once(sim):
    assert len(sim.errors("a" * 51, 0, customer_details={"email": ""})) == 3
    assert sim.call("POST", "/snap/v1/transactions", {})[1]["error_messages"] == [
        "transaction_details is required", "transaction_details.order_id is required",
        "transaction_details.gross_amount is required",
        "transaction_details.gross_amount is not a number"]


def test_customer(sim):
    bad = "customer_details.email format is invalid"
    for email in ("", "x", "a@b", "a b@c.id", "@c.id", None, "a@c.id\n", "a@@c.id", "a@c..id",
                  "a@.c.id", "a@c.id.", ".a@c.id", "a.@c.id", "a..b@c.id", '"a"@c.id', "o'b@c.id",
                  "a@-c.id", "a@c-.id", "a@c.-id", "a@c.i_d", "\u00e9@c.id", "a@\u00e9.id",
                  "a" * 65 + "@c.id", "a@" + "c" * 64 + ".id"):
        assert sim.errors(customer_details={"email": email}) == [bad], email
    for n, email in enumerate(("a.b@c.co.id", "a+b_c@d-e.f4.id", "a" * 64 + "@c.id")):
        good = {"email": email, "phone": "+62811"}
        assert sim.create("mail%d" % n, customer_details=good)[0] == 201, email
    assert sim.create("none", customer_details={"first_name": "Budi"})[0] == 201
    assert sim.errors(customer_details={"first_name": "n" * 256}) == [
        "customer_details.first_name too long"]
    assert len(sim.errors(customer_details={"billing_address": {"postal_code": "1" * 11}})) == 1


def stamp(seconds):
    return (datetime.now(WIB) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S +0700")


class Stamp:
    """A start_time so many seconds from now, said when the test runs: those made while tests were collected
    were too old for the gateway on a slow machine."""

    def __init__(self, seconds=0, cut=None, end=""):
        self.seconds, self.cut, self.end = seconds, cut, end

    def __str__(self):
        return stamp(self.seconds)[:self.cut] + self.end


def now_in(body):
    return {key: now_in(value) if isinstance(value, dict) else str(value) if isinstance(value, Stamp) else value
            for key, value in body.items()}


@pytest.mark.parametrize("expiry,good", [
    ({"duration": 5, "unit": "minutes"}, True), ({"duration": 4, "unit": "minute"}, False),
    ({"duration": 7, "unit": "days"}, True), ({"duration": 8, "unit": "days"}, False),
    ({"duration": 1, "unit": "week"}, False), ({"duration": "1", "unit": "day"}, False),
    ({"duration": 0, "unit": "day"}, False), ({"unit": "day"}, False),
    ({"duration": 1, "unit": "day", "start_time": Stamp()}, True),
    ({"duration": 1, "unit": "hour", "start_time": Stamp(-590)}, True),
    ({"duration": 1, "unit": "day", "start_time": Stamp(-610)}, False),
    ({"duration": 1, "unit": "day", "start_time": Stamp(610)}, False),
    ({"duration": 1, "unit": "day", "start_time": Stamp(-7 * 3600)}, False),  # UTC, labelled +0700
    ({"duration": 1, "unit": "day", "start_time": Stamp(end="\n")}, False),
    ({"duration": 1, "unit": "day", "start_time": Stamp(cut=-6)}, False),
    ({"duration": 1, "unit": "day", "start_time": "2025-13-01 00:00:00 +0700"}, False),
])
def test_expiry(sim, expiry, good):
    assert (sim.create(expiry=now_in(expiry))[0] == 201) == good


def test_page_expiry_has_no_start(sim):
    assert sim.create(page_expiry={"duration": 1, "unit": "hour"})[0] == 201
    assert len(sim.errors(page_expiry={"duration": 1, "unit": "hour", "start_time": stamp(0)})) == 1


def test_enabled_payments(sim):
    sim.create("some", enabled_payments=["qris", "bca_va", "nonsense"])
    assert sim.control("GET", "/orders/some")["offered"] == ["qris", "bca_va"]
    token = sim.create("empty", enabled_payments=[])[1]["token"]
    assert sim.control("GET", "/orders/empty")["offered"] == []
    assert b"no way to pay" in sim.http("GET", "/snap/v4/redirection/" + token)[2]
    assert sim.act("choose", "some", 409, method="gopay")["message"].startswith("gopay")
    assert len(sim.errors(enabled_payments="qris")) == 1


def test_size(sim):
    room = 16 * 1024 - len(json.dumps({"transaction_details": {
        "order_id": ORDER, "gross_amount": 150000}, "x": ""}))
    assert sim.create(x="x" * room)[0] == 201
    assert sim.create(x="x" * (room + 1))[0] == 413


def test_not_json(sim):
    assert sim.call("POST", "/snap/v1/transactions", b"{")[0] == 400
    assert sim.call("POST", "/snap/v1/transactions", b"[]")[0] == 400
    assert sim.call("POST", "/snap/v1/transactions", b"{}", headers={
        "Content-Type": "text/plain"})[0] == 415


def test_order_id_again_kills_the_old_page(sim):
    first, second = sim.create()[1], sim.create(gross=90000)[1]
    assert first["token"] != second["token"]
    assert sim.http("GET", "/snap/v4/redirection/" + first["token"])[0] == 404
    page = sim.http("GET", "/snap/v4/redirection/" + second["token"])
    assert page[0] == 200 and b"Rp90.000" in page[2]
    assert sim.control("GET", "/orders/" + ORDER)["gross_amount"] == 90000


def test_order_id_in_use_is_refused(sim):
    sim.create()
    sim.act("choose", method="bca_va")
    assert sim.errors() == ["transaction_details.order_id has already been taken"]
    sim.act("pay")
    assert "has been paid and utilized" in sim.errors()[0]


def test_idempotency_key(sim):
    key = {"Idempotency-Key": "k" * 46}
    first = sim.create(headers=key)
    assert sim.create("other", headers=key) == first
    assert sim.call("POST", "/v2/none/cancel", {}, headers=key) == first
    assert sim.create(headers={"Idempotency-Key": "k" * 47})[1] != first[1]
    bad = {"Idempotency-Key": "bad"}
    assert sim.create("a" * 51, headers=bad)[0] == 400
    assert sim.create("b", headers=bad)[0] == 201
    sim.control("POST", "/clock", {"advance": 301})
    assert sim.create("c", headers=key)[1] != first[1]


def test_idempotency_key_under_way(sim):
    sim.control("POST", "/fault", {"kind": "latency", "path": "inside", "delay": 2})
    key, seen = {"Idempotency-Key": "slow"}, []
    other = threading.Thread(target=lambda: seen.append(sim.create(headers=key)[0]), daemon=True)
    other.start()
    time.sleep(0.2)
    assert sim.create(headers=key)[0] == 202
    other.join(10)
    assert seen == [201]
    assert sim.create(headers=key)[0] == 201


def test_end_of_a_session(sim):
    for how in ("cancel", "expire"):
        token = sim.create(how)[1]["token"]
        path = "/snap/v1/transactions/%s/%s" % (token, how)
        assert sim.call("POST", path)[0] == 200
        assert sim.call("POST", path)[0] == 400
        assert b"ended" in sim.http("GET", "/snap/v4/redirection/" + token)[2]
        assert sim.code("status", how) == "404"
    token = sim.create("over", page_expiry={"duration": 5, "unit": "minutes"})[1]["token"]
    sim.control("POST", "/clock", {"advance": 301})
    assert sim.call("POST", "/snap/v1/transactions/%s/cancel" % token) == (
        400, {"error_messages": ["token already expired"]})
    token = sim.create()[1]["token"]
    sim.act("choose", method="qris")
    assert sim.call("POST", "/snap/v1/transactions/%s/cancel" % token) == (
        400, {"error_messages": ["Transaction is in progress"]})
    assert sim.call("POST", "/snap/v1/transactions/%s/cancel" % ("x" * 36))[0] == 404


# ---- Core

def test_nothing_chosen_is_404_in_the_body(sim):
    sim.create()
    for act in ("status", "cancel", "expire", "refund", "approve", "deny"):
        answer = sim.core(act)
        assert answer["status_code"] == "404"
        assert answer["status_message"] == "Transaction doesn't exist."
        assert "transaction_status" not in answer


def test_status_of_a_pending_va(sim):
    sim.create()
    sim.act("choose", method="bca")
    answer = sim.core("status")
    assert answer["status_code"] == "201"
    assert answer["transaction_status"] == "pending"
    assert answer["payment_type"] == "bank_transfer"
    assert answer["gross_amount"] == "150000.00"
    assert answer["va_numbers"][0]["bank"] == "bca"
    assert answer["payment_amounts"] == []
    assert answer["order_id"] == ORDER
    assert answer["signature_key"] == VECTORS["201"]
    assert "settlement_time" not in answer
    now = datetime.now(WIB).replace(tzinfo=None)
    stamped = datetime.strptime(answer["transaction_time"], "%Y-%m-%d %H:%M:%S")
    assert abs((now - stamped).total_seconds()) < 60
    by_id = sim.core("status", answer["transaction_id"])
    assert by_id == answer


def test_codes_of_status(sim):
    def code(act, method="bca_va", **more):
        sim.control("POST", "/reset", {})
        sim.create()
        sim.act("choose", method=method)
        if act:
            sim.act(act, **more)
        answer = sim.core("status")
        assert answer["signature_key"] == sign(ORDER, answer["status_code"], "150000.00")
        return answer["transaction_status"], answer["status_code"]
    assert code(None) == ("pending", "201")
    assert code("pay") == ("settlement", "200")
    assert code("refuse") == ("deny", "202")
    assert code("cancel") == ("cancel", "200")
    assert code("expire") == ("expire", "407")
    assert code("failure") == ("failure", "202")
    assert code("pay", "credit_card") == ("capture", "200")
    assert code("challenge", "credit_card") == ("capture", "201")


def test_cancel_and_expire(sim):
    sim.create()
    sim.act("choose", method="bni_va")
    assert sim.code("expire") == "407"
    assert sim.code("expire") == "412"
    assert sim.code("cancel") == "412"
    sim.create("b")
    sim.act("choose", "b", method="bni_va")
    assert sim.core("cancel", "b")["transaction_status"] == "cancel"
    sim.create("c")
    sim.act("pay", "c", method="qris")
    assert sim.code("cancel", "c") == "412"
    assert sim.code("expire", "c") == "412"


def test_refund(sim):
    sim.create()
    sim.act("pay", method="qris")
    answer = sim.core("refund", body={"refund_key": "r1", "amount": 50000, "reason": "x"})
    assert (answer["status_code"], answer["transaction_status"]) == ("200", "partial_refund")
    assert answer["refund_amount"] == "50000.00"
    assert sim.code("refund", body={"refund_key": "r1", "amount": 1}) == "406"
    assert sim.code("refund", body={"refund_key": "r2", "amount": 100001}) == "414"
    assert sim.code("refund", body={"refund_key": "r2", "amount": "1"}) == "400"
    assert sim.code("refund", body={"refund_key": "r2", "amount": 0}) == "400"
    answer = sim.core("refund", body={"refund_key": "r2", "amount": 100000})
    assert answer["transaction_status"] == "refund"
    assert sim.code("refund", body={"refund_key": "r3", "amount": 1}) == "412"
    status = sim.core("status")
    assert status["refund_amount"] == "150000.00"
    assert [(r["refund_key"], r["refund_amount"]) for r in status["refunds"]] == [
        ("r1", "50000.00"), ("r2", "100000.00")]
    assert len({r["refund_chargeback_id"] for r in status["refunds"]}) == 2


@pytest.mark.parametrize("method,amount,code", [
    ("bca_va", 1, "412"), ("echannel", 1, "412"), ("indomaret", 1, "412"),
    ("permata_va", 1, "412"), ("gopay", 1, "200"), ("dana", 1, "200"), ("shopeepay", 1, "414"),
    ("shopeepay", 150000, "200"), ("ovo", 1, "414"), ("ovo", 150000, "200"), ("kredivo", 1, "200"),
    ("akulaku", 1, "200"), ("credit_card", 1, "412")])
def test_refund_by_channel(sim, method, amount, code):
    """Never VA, bill or counter; ShopeePay and OVO in full only; a capture is no settlement yet."""
    sim.create()
    name = sim.act("pay", method=method)["transaction_id"]
    assert sim.code("refund", name, {"refund_key": "r", "amount": amount}) == code


@pytest.mark.parametrize("method,issuer,days", [
    ("qris", "gopay", 45), ("qris", "bca", 7), ("gopay", "gopay", 45), ("shopeepay", "gopay", 365),
    ("dana", "gopay", 45), ("ovo", "gopay", 7), ("kredivo", "gopay", 14)])
def test_refund_windows(sim, method, issuer, days):
    """facts 3; a foreign issuer's QRIS has less than our own."""
    for late, code in ((-60, "200"), (60, "412")):
        sim.control("POST", "/clock", {"offset": 0})
        sim.create("late%d" % late)
        name = sim.act("pay", "late%d" % late, method=method, issuer=issuer)["transaction_id"]
        sim.control("POST", "/clock", {"advance": days * 86400 + late})
        assert sim.code("refund", name, {"refund_key": "r"}) == code


def test_card(sim):
    sim.create()
    sim.act("pay", method="credit_card")
    answer = sim.core("status")
    assert (answer["transaction_status"], answer["fraud_status"]) == ("capture", "accept")
    assert answer["masked_card"] == "48111111-1114"
    assert "settlement_time" not in answer
    assert sim.code("approve") == "412"
    sim.control("POST", "/clock", {"advance": 86401})
    assert sim.core("status")["transaction_status"] == "settlement"
    assert sim.code("refund", body={"refund_key": "r", "amount": 1}) == "200"


def test_challenge(sim):
    for n, (act, status) in enumerate((("approve", "capture"), ("deny", "deny"),
                                       ("cancel", "cancel"))):
        name = "c%d" % n
        sim.create(name)
        sim.act("pay", name, method="credit_card", challenge=True)
        assert sim.core("status", name)["fraud_status"] == "challenge"
        sim.act("settle", name, 409)
        assert sim.code(act, name) == "200"
        assert sim.core("status", name)["transaction_status"] == status
        assert sim.code("approve", name) == "412"
    sim.create("left")
    sim.act("challenge", "left", method="card")
    sim.control("POST", "/clock", {"advance": 86401})
    assert sim.core("status", "left")["transaction_status"] == "deny"


@pytest.mark.parametrize("method", ["dana", "danamon", "bsi", "seabank", "saqu"])
def test_snap_bi_is_found_by_transaction_id_only(sim, method):
    sim.create()
    name = sim.act("choose", method=method)["transaction_id"]
    assert not re.fullmatch("[0-9a-f-]{36}", name)
    for act in ("status", "cancel", "expire"):
        assert sim.code(act) == "404"
    answer = sim.core("status", name)
    assert answer["transaction_status"] == "PENDING"
    assert answer["order_id"] == answer["transaction_id"] == name
    sim.act("pay")
    assert sim.core("status", name)["transaction_status"] == "settlement"


def test_snap_bi_notification_names_the_order(sim, shop):
    sim.create()
    sim.act("pay", method="dana")
    sim.quiet()
    assert [(b["order_id"], b["transaction_status"]) for b in shop.bodies()] == [
        (ORDER, "pending"), (ORDER, "settlement")]


def test_several_transactions_of_one_order(sim):
    sim.create()
    refused = [sim.act("refuse", method="credit_card")["transaction_id"] for _ in range(2)]
    paid = sim.act("pay", method="qris")["transaction_id"]
    assert len({*refused, paid}) == 3
    assert sim.core("status")["transaction_id"] == paid
    assert sim.core("status", refused[0])["transaction_status"] == "deny"
    assert sim.core("status", refused[0])["order_id"] == ORDER
    assert sim.act("choose", want=409, method="qris")["message"] == "the order is paid"


def test_expiry_by_the_clock(sim, shop):
    sim.create("pages")
    sim.create(expiry={"duration": 1, "unit": "hour", "start_time": stamp(0)})
    sim.act("choose", method="bri_va")
    sim.control("POST", "/clock", {"advance": 3590})
    assert sim.code("status") == "201"
    sim.control("POST", "/clock", {"advance": 20})
    assert sim.code("status") == "407"
    sim.control("POST", "/clock", {"advance": 86400})
    sim.quiet()
    assert shop.statuses() == [("pending", "201"), ("expire", "202")]
    assert sim.code("status", "pages") == "404"     # a page that ends unused sends nothing


def test_without_start_time_the_clock_starts_with_the_choice(sim):
    sim.create(expiry={"duration": 1, "unit": "hour"})
    sim.control("POST", "/clock", {"advance": 7200})
    sim.act("choose", method="bca_va")
    sim.control("POST", "/clock", {"advance": 3500})
    assert sim.code("status") == "201"


# ---- notifications

def test_notification(sim, shop):
    sim.create(custom_field1="x")
    sim.act("choose", method="bni_va")
    sim.act("pay")
    sim.quiet()
    path, headers, _ = shop.got[0]
    assert path == "/hook"
    assert headers["User-Agent"] == "Veritrans"
    assert headers["Content-Type"] == "application/json"
    pending, settled = shop.bodies()
    for body, code in ((pending, "201"), (settled, "200")):
        assert body["status_code"] == code
        assert body["signature_key"] == VECTORS[code]
        assert body["status_message"] == "midtrans payment notification"
        assert body["merchant_id"] == "G1" and body["currency"] == "IDR"
        assert body["gross_amount"] == "150000.00"
        assert body["fraud_status"] == "accept" and body["custom_field1"] == "x"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", body["transaction_time"])
    assert "settlement_time" not in pending and "settlement_time" in settled
    assert pending["payment_amounts"] == []
    assert settled["payment_amounts"][0]["amount"] == "150000.00"


def test_codes_of_notifications(sim, shop):
    def codes(*acts, method="bca_va"):
        sim.control("POST", "/reset", {})
        shop.got.clear()
        sim.control("POST", "/notify", {"url": shop.url})
        sim.create()
        sim.act("choose", method=method)
        for act in acts:
            sim.act(act)
        sim.quiet()
        for body in shop.bodies():
            assert body["signature_key"] == sign(ORDER, body["status_code"], "150000.00")
        return shop.statuses()
    assert codes("refuse")[1:] == [("deny", "202")]
    assert codes("cancel")[1:] == [("cancel", "202")]
    assert codes("expire")[1:] == [("expire", "202")]
    assert codes("pay", "settle", method="card") == [("capture", "200"), ("settlement", "200")]
    assert codes("pay", "void", method="card") == [("capture", "200"), ("cancel", "202")]
    assert codes("challenge", "accept", method="card") == [("capture", "201"), ("capture", "200")]
    assert codes("challenge", "refuse", method="card") == [("capture", "201"), ("deny", "202")]
    assert codes("pay", "chargeback", method="qris")[1:] == [
        ("settlement", "200"), ("chargeback", "200")]
    assert codes("pay", "reverse", method="permata_va")[1:] == [
        ("settlement", "200"), ("deny", "202")]


def test_the_graph_is_kept(sim):
    sim.create()
    sim.act("choose", method="bca_va")
    for act in ("refund", "chargeback", "void", "accept", "reverse"):
        sim.act(act, want=409)
    assert sim.control("GET", "/transactions")[0]["charged_back"] == 0
    sim.act("pay")
    for act in ("expire", "cancel", "failure", "reverse", "settle", "void", "accept"):
        sim.act(act, want=409)
    sim.act("refuse", want=400)
    assert sim.act("reverse", force=True)["transaction_status"] == "deny"
    assert sim.act("set", status="a_new_idea")["transaction_status"] == "a_new_idea"


def test_fields_by_method(sim, shop):
    for method in ("permata_va", "echannel", "indomaret", "alfamart", "qris"):
        sim.create(method)
        sim.act("pay", method, method=method)
    sim.quiet()
    by = {b["order_id"]: b for b in shop.bodies() if b["transaction_status"] == "settlement"}
    assert by["permata_va"]["permata_va_number"] and "va_numbers" not in by["permata_va"]
    assert by["echannel"]["biller_code"] and by["echannel"]["bill_key"]
    assert by["indomaret"]["store"] == "indomaret" and by["indomaret"]["payment_code"]
    assert "fraud_status" not in by["indomaret"]
    assert by["alfamart"]["payment_type"] == "cstore"
    assert by["qris"]["acquirer"] and by["qris"]["issuer"]


def test_fee(sim, shop):
    sim.control("POST", "/fee", {"amount": 4440})
    sim.create()
    sim.act("pay", method="bca_va")
    sim.quiet()
    body = shop.bodies()[-1]
    assert body["gross_amount"] == "154440.00"
    assert body["signature_key"] == sign(ORDER, "200", "154440.00")
    assert body["metadata"]["extra_info"]["gross_amount_info"] == {
        "original_amount": "150000.00", "gross_amount": "154440.00",
        "customer_imposed_payment_fee": "4440.00"}
    assert sim.core("status")["metadata"] == body["metadata"]


def test_refund_is_announced_twice(sim, shop):
    sim.create()
    sim.act("pay", method="qris")
    sim.core("refund", body={"refund_key": "r1", "amount": 50000})
    sim.act("refund", amount=20000, reason="dashboard")
    time.sleep(0.1)
    sim.quiet()
    sent = [b for b in shop.bodies() if b["transaction_status"] == "partial_refund"]
    assert len(sent) == 4
    assert [b["refund_amount"] for b in sent] == ["50000.00"] * 2 + ["70000.00"] * 2
    assert "bank_confirmed_at" not in sent[0]["refunds"][0]
    assert all("bank_confirmed_at" in row for row in sent[-1]["refunds"])
    assert all(b["status_code"] == "200" for b in sent)


@pytest.mark.parametrize("answer,tries", [
    (200, 1), (204, 1), (500, 2), (503, 5), (400, 3), (404, 3), (403, 6), (502, 6), (302, 1)])
def test_retries_by_answer(sim, shop, answer, tries):
    shop.default, shop.location = answer, "/elsewhere"
    sim.create()
    sim.act("choose", method="bca_va")
    sim.quiet()
    assert len(shop.got) == tries
    assert len({body for _, _, body in shop.got}) == 1
    message, = sim.control("GET", "/messages?order_id=" + ORDER)
    assert message["state"] == ("delivered" if answer < 300 else "failed")
    assert [t["answer"] for t in message["tries"]] == [answer] * tries


def test_retries_end_with_success(sim, shop):
    shop.answers = [503, 503]
    sim.create()
    sim.act("choose", method="bca_va")
    sim.quiet()
    assert len(shop.got) == 3


def test_waits_between_retries(sim, shop):
    """2, 10 and 30 minutes, scaled, each shortened by up to a fifth: the least of three, since a busy machine makes one late."""
    sim.control("POST", "/notify", {"scale": 0.0005})
    waits = []
    for order in ("a", "b", "c"):
        shop.answers, shop.times = [503, 503, 503], []
        sim.create(order)
        sim.act("choose", order, method="bca_va")
        sim.quiet()
        waits.append([b - a for a, b in zip(shop.times, shop.times[1:])])
    for wait, minutes in zip(zip(*waits), (2, 10, 30)):
        assert 0.8 * minutes * 0.03 <= min(wait) <= minutes * 0.03 + 0.2, waits


def test_a_shop_that_is_down(sim, shop):
    shop.server.shutdown()
    shop.server.server_close()
    sim.create()
    sim.act("choose", method="bca_va")
    sim.quiet()
    message, = sim.control("GET", "/messages")
    assert [t["answer"] for t in message["tries"]] == ["refused"] * 6


def test_redirects_that_keep_the_method(sim, shop):
    shop.answers, shop.location = [307], "/there"
    sim.create()
    sim.act("choose", method="bca_va")
    sim.quiet()
    assert [path for path, _, _ in shop.got] == ["/hook", "/there"]
    assert shop.got[0][2] == shop.got[1][2]


def test_never_leaves_the_machine(sim, shop):
    assert "loopback" in sim.control("POST", "/notify", {"url": "http://192.0.2.1/"}, 400)["message"]
    shop.answers, shop.location = [308] * 6, "http://192.0.2.1/"
    sim.create()
    sim.act("choose", method="bca_va")
    sim.quiet()
    assert {t["answer"] for t in sim.control("GET", "/messages")[0]["tries"]} == {"loopback only"}


def test_duplicates_drop_and_deaf(sim, shop):
    sim.control("POST", "/notify", {"duplicates": 2})
    sim.create()
    sim.act("choose", method="bca_va")
    sim.quiet()
    assert len(shop.got) == 3
    sim.control("POST", "/notify", {"duplicates": 0, "drop": 1})
    sim.act("pay")
    sim.quiet()
    assert len(shop.got) == 3
    assert sim.control("GET", "/messages")[-1]["state"] == "dropped"
    sim.control("POST", "/notify", {"drop": 0, "deaf": 1})
    sim.create("b")
    sim.act("choose", "b", method="bca_va")
    sim.quiet()
    assert len(shop.got) == 3 + 6
    assert sim.control("GET", "/messages?order_id=b")[0]["tries"][0]["answer"] == "timeout"


def test_hold_and_release_in_another_order(sim, shop):
    sim.control("POST", "/notify", {"hold": True})
    sim.create()
    sim.act("pay", method="bca_va")
    time.sleep(0.1)
    assert shop.got == []
    assert sim.control("POST", "/messages/release", {"order": "lifo"}) == {"released": 2}
    sim.quiet()
    assert shop.statuses() == [("settlement", "200"), ("pending", "201")]


def test_shuffle(sim, shop):
    """In 40 orders of two messages each some settlement comes first."""
    sim.control("POST", "/notify", {"shuffle": 0.3, "seed": 1})
    for n in range(40):
        sim.create("o%d" % n)
        sim.act("pay", "o%d" % n, method="bca_va")
    sim.quiet()
    first = {}
    for body in shop.bodies():
        first.setdefault(body["order_id"], body["transaction_status"])
    assert len(shop.got) == 80
    assert set(first.values()) == {"pending", "settlement"}


def test_again_and_crafted(sim, shop):
    sim.create()
    sim.act("choose", method="bca_va")
    sim.quiet()
    sim.control("POST", "/messages/again", {"order_id": ORDER, "times": 2})
    sim.quiet()
    assert len({body for _, _, body in shop.got}) == 1 and len(shop.got) == 3
    sim.control("POST", "/messages/craft", {"order_id": ORDER, "change": {
        "gross_amount": "1.00", "status_code": "200", "transaction_status": "settlement",
        "fraud_status": None}})
    sim.quiet()
    body = shop.bodies()[-1]
    assert body["signature_key"] == sign(ORDER, "200", "1.00")
    assert "fraud_status" not in body
    body = sim.control("POST", "/messages/craft", {
        "order_id": ORDER, "sign": False, "send": False, "change": {"status_code": "200"}})
    assert body["signature_key"] == VECTORS["201"]
    sim.quiet()
    assert len(shop.got) == 4


def test_notification_headers_of_the_create_call(sim, shop):
    other = Shop()
    sim.create("append", headers={"X-Append-Notification": other.url})
    sim.create("override", headers={"X-Override-Notification": other.url})
    for name in ("append", "override"):
        sim.act("choose", name, method="bca_va")
    sim.quiet()
    assert [b["order_id"] for b in shop.bodies()] == ["append"]
    assert sorted(b["order_id"] for b in other.bodies()) == ["append", "override"]
    other.server.shutdown()
    other.server.server_close()


# ---- faults

def test_latency(sim):
    sim.create()
    sim.control("POST", "/fault", {"kind": "latency", "delay": 0.4, "path": "GET /v2/*", "times": 1})
    start = time.time()
    sim.core("status")
    assert time.time() - start >= 0.4
    took = []
    for _ in range(3):
        start = time.time()
        sim.core("status")
        took.append(time.time() - start)
    assert min(took) < 0.3, took


def test_status_and_html(sim):
    sim.control("POST", "/fault", {"kind": "status", "code": 503, "times": 1, "after": 1})
    assert sim.create("a")[0] == 201
    assert sim.create("b")[0] == 503
    assert sim.create("c")[0] == 201
    sim.control("GET", "/orders/b", want=404)
    sim.control("POST", "/fault", {"kind": "status", "execute": True, "times": 1})
    assert sim.create("d")[0] == 500
    assert sim.control("GET", "/orders/d")["state"] == "open"
    sim.control("POST", "/fault", {"kind": "html", "code": 502, "times": 1})
    status, headers, body = sim.http("GET", "/v2/x/status")
    assert status == 502 and headers["Content-Type"] == "text/html" and b"<h1>" in body


def test_lost_answer_is_executed(sim):
    sim.control("POST", "/fault", {"kind": "lost", "path": "POST /snap/*", "times": 1})
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        sim.create()
    first = sim.control("GET", "/orders/" + ORDER)["token"]
    assert sim.create()[1]["token"] != first


def test_reset_executes_nothing(sim):
    sim.control("POST", "/fault", {"kind": "reset", "times": 1})
    with pytest.raises(ConnectionError):
        sim.create()
    sim.control("GET", "/orders/" + ORDER, want=404)


def test_hang(sim):
    sim.control("POST", "/fault", {"kind": "hang", "times": 1, "execute": True})
    with pytest.raises(OSError):
        sim.call("POST", "/snap/v1/transactions", {"transaction_details": {
            "order_id": ORDER, "gross_amount": 1}}, timeout=0.3)
    end = time.time() + 20
    while ORDER not in str(sim.control("GET", "/orders")):  # the caller gave up early
        assert time.time() < end, "never executed"
        time.sleep(0.02)
    assert sim.control("GET", "/orders/" + ORDER)["gross_amount"] == 1


def test_truncate(sim):
    sim.control("POST", "/fault", {"kind": "truncate", "times": 1})
    with pytest.raises(http.client.IncompleteRead):
        sim.create()
    sim.control("GET", "/orders/" + ORDER)


def test_refuse_and_come_back(sim):
    sim.control("POST", "/fault", {"kind": "refuse"})
    with pytest.raises(ConnectionRefusedError):
        sim.create()
    sim.control("POST", "/fault", {"kind": "refuse", "off": True})
    assert sim.create()[0] == 201


def test_bad_faults(sim):
    sim.control("POST", "/fault", {"kind": "nonsense"}, 400)
    sim.control("POST", "/fault", {"kind": "hang", "nonsense": 1}, 400)


def test_log_of_calls(sim):
    sim.create(headers={"Idempotency-Key": "k"})
    sim.core("status")
    log = sim.control("GET", "/log")
    assert log["counts"] == {"POST /snap/v1/transactions": 1, "GET /v2/%s/status" % ORDER: 1}
    entry = log["entries"][0]
    assert entry["status"] == 201 and entry["idempotency_key"] == "k"
    assert entry["body"]["transaction_details"]["order_id"] == ORDER
    assert KEY not in json.dumps(log)
    sim.control("POST", "/log/reset", {})
    assert sim.control("GET", "/log")["entries"] == []


# ---- the hosted page

def press(sim, url, page, do):
    """Press the button with this id, as a browser would; (status, location)."""
    path = url[url.index("/snap"):]
    for action, fields, button in re.findall(
            r'<form method=post action="([^"]+)">(.*?)<button id="([^"]+)">', page):
        if button == do:
            assert action == path
            data = urlencode(re.findall(r'name=(\w+) value="([^"]*)"', fields))
            status, headers, _ = sim.http("POST", path, data.encode(), {
                "Content-Type": "application/x-www-form-urlencoded"})
            return status, headers.get("Location")
    raise AssertionError("no button %s in %s" % (do, page))


def look(sim, url):
    status, headers, body = sim.http("GET", url[url.index("/snap"):])
    assert status == 200 and headers["Content-Type"].startswith("text/html")
    return body.decode()


@pytest.mark.parametrize("do,code,status", [
    ("pay", "200", "settlement"), ("refuse", "202", "deny"), ("expire", "202", "expire")])
def test_page(sim, shop, do, code, status):
    finish = "http://127.0.0.1:1/pay/INV?x=1"
    url = sim.create(callbacks={"finish": finish}, item_details=[item(name="<Internet>")])[1][
        "redirect_url"]
    page = look(sim, url)
    assert "Rp150.000" in page and "&lt;Internet&gt;" in page
    assert press(sim, url, page, "bca_va") == (303, url[url.index("/snap"):])
    page = look(sim, url)
    va = sim.core("status")["va_numbers"][0]["va_number"]
    assert va in page
    assert press(sim, url, page, do) == (303, "%s&order_id=%s&status_code=%s&transaction_status=%s"
                                         % (finish, ORDER, code, status))
    sim.quiet()
    assert shop.statuses() == [("pending", "201"), (status, code)]
    page = look(sim, url)
    assert ("paid" in page) == (do == "pay")
    if do == "refuse":      # and another try on the same page
        press(sim, url, page, "qris")
        press(sim, url, look(sim, url), "pay")
        assert sim.control("GET", "/orders/" + ORDER)["paid"]


def test_page_of_a_card(sim):
    url = sim.create()[1]["redirect_url"]
    press(sim, url, look(sim, url), "credit_card")
    assert press(sim, url, look(sim, url), "challenge") == (303, url[url.index("/snap"):])
    assert sim.core("status")["fraud_status"] == "challenge"


def test_page_ends(sim):
    url = sim.create()[1]["redirect_url"]
    page = look(sim, url)
    sim.control("POST", "/clock", {"advance": 86401})
    assert press(sim, url, page, "qris")[0] == 409
    assert "ended" in look(sim, url)
    assert sim.http("GET", "/snap/v4/redirection/nothing")[0] == 404


@pytest.mark.parametrize("times,days", [
    ({"expiry": {"duration": 3, "unit": "days", "start_time": Stamp()}}, 1),
    ({"page_expiry": {"duration": 3, "unit": "days"}}, 3),
    ({"expiry": {"duration": 3, "unit": "days", "start_time": Stamp()},
      "page_expiry": {"duration": 3, "unit": "days"}}, 3),
    ({"expiry": {"duration": 2, "unit": "days", "start_time": Stamp()},
      "page_expiry": {"duration": 3, "unit": "days"}}, 2),
])
def test_page_lives_a_day_unless_asked_otherwise(sim, times, days):
    url = sim.create(**now_in(times))[1]["redirect_url"]
    sim.control("POST", "/clock", {"advance": days * 86400 - 600})
    assert "choose" in look(sim, url)
    sim.control("POST", "/clock", {"advance": 601})
    assert "ended" in look(sim, url)


def test_a_va_outlives_its_page(sim):
    sim.create(page_expiry={"duration": 5, "unit": "minutes"})
    sim.act("choose", method="bca_va")
    sim.control("POST", "/clock", {"advance": 3600})
    assert sim.act("pay")["transaction_status"] == "settlement"


# ---- orders to the control port

def test_control_refuses(sim):
    sim.control("POST", "/act", {"order_id": "none", "act": "pay"}, 404)
    sim.control("GET", "/nothing", want=404)
    sim.create()
    sim.act("pay", want=400)
    sim.act("pay", want=400, method="beads")
    sim.act("dance", want=409)
    sim.act("choose", method="qris")
    sim.act("dance", want=400)
    sim.control("POST", "/notify", {"nonsense": 1}, 400)


def test_state(sim):
    sim.create()
    state = sim.control("GET", "/")
    assert state["orders"] == 1 and state["client_key"] == "C"
    assert state["base"] == "http://127.0.0.1:%d" % sim.port
