"""isp: the system from outside, for tests.

    Stack    a whole private system by scripts/stack: up, exec, down
    Client   one person at the API: a kept connection, a token, an address of their own
    Peer     a simulated peer of test/sim with its control port
    Sim      the Peer that is a router
    Town     makes customers, packages, subscriptions with names nobody else has
    wait_until(predicate, seconds)   what it says; the last value is in the failure
    spent()                          seconds that the machine gave us (pulse.py), for all bounds of time
    seeded()                         random choices that ISP_SEED=n repeats

Every answer of the API is held against what holds for all of them (Answer.sound): JSON under
/api, a request id, no-store, no 500.
"""
import atexit
import contextlib
import datetime
import http.client
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from urllib.parse import urlencode, urlsplit

import psycopg2
import psycopg2.extensions

from pulse import spent

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("ISP_BUILD") or os.path.join(TOP, "build"))
SOAK = os.environ.get("ISP_SOAK") == "1"
ADMIN = {"email": "admin@ispbilling.com", "password": "admin123"}
NOBODY = "00000000-0000-4000-8000-000000000000"
IDLE_SECONDS = 30  # nginx closes a kept connection after 75

_serial = itertools.count(1)


def unique(stem):
    return "%s%d" % (stem, next(_serial))


def wait_until(predicate, seconds, what=None):
    """Ask until the answer is true; returns it."""
    limit = spent() + seconds
    while True:
        value = predicate()
        if value:
            return value
        if spent() > limit:
            raise AssertionError("not within %g s: %s; last seen: %r" % (
                seconds, what or getattr(predicate, "__name__", "?"), value))
        time.sleep(0.05)


def settled(ask, wanted, seconds):
    """The answer as soon as it is what is wanted, or the last one when the time is over."""
    limit = spent() + seconds
    while (value := ask()) != wanted and spent() < limit:
        time.sleep(0.05)
    return value


def seed():
    """A number for random choices: that of ISP_SEED, or a new one; the output of a failed test names it."""
    value = os.environ.get("ISP_SEED") or str(random.SystemRandom().randrange(10 ** 6))
    print("ISP_SEED=" + value)
    return value


def seeded():
    return random.Random(seed())


def day(text, plus=0):
    return (datetime.date.fromisoformat(text) + datetime.timedelta(days=plus)).isoformat()


# ---- answers ------------------------------------------------------------------------------------

# Values as the server writes them, of every type that psycopg2 would read.
AS_TEXT = psycopg2.extensions.new_type(tuple(psycopg2.extensions.string_types), "AS_TEXT", lambda value, _: value)


class Answer:
    """Status, headers, body and how long it took: seconds, of those that the machine gave us, for a bound above; elapsed,
    by the clock, for one below, since timers run on while the machine stands still."""

    def __init__(self, method, path, status, headers, body, seconds, elapsed):
        self.method, self.path, self.status = method, path, status
        self.headers, self.body, self.seconds, self.elapsed = headers, body, seconds, elapsed

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def errors(self):
        """The fields named in a 422."""
        return self.json.get("errors", {})

    def header(self, name):
        return self.headers.get(name.lower())

    def __repr__(self):
        return "%s %s -> %d %s" % (self.method, self.path, self.status, self.body[:600].decode("utf-8", "replace"))

    def want(self, *statuses):
        assert self.status in statuses, "wanted %s: %r" % (statuses, self)
        return self

    def sound(self):
        """Check the rules for every answer under /api."""
        assert self.status not in (500, 501, 505), repr(self)
        assert self.header("x-request-id"), "no request id: %r" % self
        assert "no-store" in (self.header("cache-control") or ""), "may be stored: %r" % self
        if self.status == 204:
            assert self.body == b"", repr(self)
        elif self.method not in ("OPTIONS", "HEAD"):
            kind = self.header("content-type") or ""
            if self.status == 200 and kind.startswith(("application/pdf", "image/png", "text/csv")):
                return self
            assert "application/json" in kind, repr(self)
            parsed = json.loads(self.body.decode("utf-8"))
            if self.status >= 400:
                assert isinstance(parsed, dict) and parsed.get("message"), repr(self)
                assert ("errors" in parsed) == (self.status == 422), repr(self)
                leak(parsed)
        return self


LEAK = re.compile(r"SELECT |INSERT |UPDATE [a-z_]+ SET|SQLSTATE|PG_|/tmp/|/home/|\.c:\d+|violates|relation \"|lib/")


def leak(parsed):
    assert not LEAK.search(json.dumps(parsed)), "an answer tells too much: %r" % parsed


# ---- one person ---------------------------------------------------------------------------------

STACKS = {}  # the systems that run, by address


class Client:
    """One connection, used by one thread at a time.  source: a loopback address of one's own, for
    whatever is counted by address."""

    def __init__(self, url, token=None, source=None, timeout=20):
        self.url, self.token, self.source, self.timeout = url, token, source, timeout
        self.connection, self.used = None, 0.0
        self.user = None

    def another(self, token=None, timeout=None):
        """The same person on a connection of its own."""
        return Client(self.url, token or self.token, self.source, timeout or self.timeout)

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def _connected(self):
        if time.monotonic() - self.used > IDLE_SECONDS:
            self.close()
        if self.connection is None:
            parts = urlsplit(self.url)
            self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=self.timeout,
                                                         source_address=(self.source, 0) if self.source else None)
        return self.connection

    def raw(self, method, path, body=None, headers=None):
        """Send any request; OSError or HTTPException when there is no answer."""
        began, clock = spent(), time.monotonic()
        connection = self._connected()
        try:
            connection.request(method, path, body=body, headers=headers or {})
            response = connection.getresponse()
            data = response.read()
        except Exception:
            self.close()
            raise
        if response.will_close:
            self.close()
        self.used = time.monotonic()
        found = {}
        for name, value in response.getheaders():
            name = name.lower()
            found[name] = found[name] + ", " + value if name in found else value
        return Answer(method, path, response.status, found, data, spent() - began, self.used - clock)

    def headers(self, **more):
        reported = {"Accept": "application/json"}
        if self.token:
            reported["Authorization"] = "Bearer " + self.token
        reported.update(more)
        return reported

    def call(self, method, path, body=None, headers=None, query=None):
        """JSON there and back; the answer is sound."""
        reported = self.headers()
        if body is not None:
            reported["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        reported.update(headers or {})
        if query:
            path += "?" + urlencode(query)
        return self.raw(method, path, body, reported).sound()

    def get(self, path, **query):
        return self.call("GET", path, query=query)

    def post(self, path, body=None, **headers):
        return self.call("POST", path, body, {k.replace("_", "-"): v for k, v in headers.items()})

    def put(self, path, body):
        return self.call("PUT", path, body)

    def patch(self, path, body):
        return self.call("PATCH", path, body)

    def delete(self, path, body=None):
        return self.call("DELETE", path, body)

    def show(self, path):
        return self.get(path).want(200).json

    def make(self, path, body):
        return self.post(path, body).want(201).json

    def rows(self, path, **query):
        """All rows of a list, page by page."""
        found, page = [], 1
        while True:
            answer = self.get(path, **dict({"per_page": 100, "sort": "created_at"}, **query, page=page)).want(200).json
            found += answer["data"]
            if page >= answer["last_page"]:
                return found
            page += 1

    def login(self, email, password):
        answer = self.post("/api/login", {"email": email, "password": password}).want(200).json
        self.token, self.user = answer["token"], answer["user"]
        return self


# ---- a system -----------------------------------------------------------------------------------

class Stack:
    """scripts/stack in a directory of its own, below build."""

    def __init__(self, name="stack", env=None, without="timers"):
        os.makedirs(BUILD, exist_ok=True)
        # A socket's path is short: where build lies deep, the directory goes to /tmp.
        self.dir = tempfile.mkdtemp(prefix=name + ".", dir=BUILD if len(BUILD) < 50 else None)
        self.name, self.without = name, without
        self.env = dict({"APP_TODAY": "2026-03-02"}, **(env or {}))
        self.url = None
        self._environment = None, {}

    def _stack(self, *args, timeout=120, check=True):
        done = subprocess.run([os.path.join(TOP, "scripts", "stack")] + list(args), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=timeout, check=False,
                              env=dict(os.environ, ISP_BUILD=BUILD, ISP_STACK_FAST="1"))
        if check and done.returncode != 0:
            raise AssertionError("stack %s: status %d\n%s%s" % (" ".join(args), done.returncode, done.stdout, done.stderr))
        return done

    def up(self):
        path = os.path.join(self.dir, "more.env")
        with open(path, "w", encoding="utf-8") as file:
            file.write("".join("%s=%s\n" % pair for pair in self.env.items()))
        words = ["up", "--dir", self.dir, "--port", "0", "--env", path]
        atexit.register(self.down)
        said = self._stack(*words, *(["--without", self.without] if self.without else [])).stdout
        self.url = re.search(r"url=(\S+)", said).group(1)
        STACKS[self.url] = self
        return self

    def down(self):
        """Ends it; its logs stay in build/log.NAME for whoever asks why."""
        atexit.unregister(self.down)
        STACKS.pop(self.url, None)
        if not os.path.isdir(self.dir):
            return
        self._stack("down", "--dir", self.dir, check=False)
        kept = os.path.join(BUILD, "log." + self.name)
        shutil.rmtree(kept, ignore_errors=True)
        if os.path.isdir(os.path.join(self.dir, "log")):
            shutil.move(os.path.join(self.dir, "log"), kept)
        shutil.rmtree(self.dir, ignore_errors=True)

    def restart(self, name):
        self._stack("restart", "--dir", self.dir, name)

    def environment(self):
        """That of scripts/stack exec, asked for again when isp.env has changed: it takes half a second."""
        stamp = os.stat(os.path.join(self.dir, "isp.env")).st_mtime_ns
        if self._environment[0] != stamp:
            said = self._stack("exec", "--dir", self.dir, "--", "env", "-0").stdout
            self._environment = stamp, dict(line.split("=", 1) for line in said.split("\0") if line)
        return self._environment[1]

    def exec(self, *argv, check=True, timeout=120):
        done = subprocess.run(argv, env=self.environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=timeout, check=False)
        assert not check or done.returncode == 0, "%s: status %d\n%s%s" % (
            " ".join(argv), done.returncode, done.stdout, done.stderr)
        return done

    def start(self, *argv):
        """A command that runs beside the test."""
        return subprocess.Popen(argv, env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def cron(self, date, *more):
        """The nightly run of a day, which may be far ahead of APP_TODAY; its report."""
        return json.loads(self.exec("billing-cron", "--date", date, "--ahead", "--json", *more).stdout)

    def check(self):
        """Every invariant of billing and of accounts; and no log holds a password of these tests, or a hash."""
        done = self.exec("ispctl", "check", check=False)
        assert done.returncode == 0, "ispctl check:\n%s%s" % (done.stdout, done.stderr)
        secrets = self.sql("SELECT left(t, 300) FROM (SELECT b::text FROM billing_logs b UNION ALL SELECT a::text FROM audit_logs a"
                        " UNION ALL SELECT l::text FROM alert_logs l) x (t)"
                        r" WHERE t ~ '\$argon2|\$2[aby]\$|pw-x[0-9]|admin123|a long password' LIMIT 3")
        assert secrets == "", secrets

    def sql(self, text):
        """The answer of the last of the statements, as psql -At shows it; as the superuser.

        A connection costs a fifteenth of the CPU of scripts/stack psql (20 ms, not 310)."""
        connection = self.connect()
        try:
            connection.autocommit = True
            cursor = connection.cursor()
            psycopg2.extensions.register_type(AS_TEXT, connection)
            cursor.execute(text)
            rows = cursor.fetchall() if cursor.description else []
        except psycopg2.Error as error:
            raise AssertionError("%s\n%s" % (text, error)) from error
        finally:
            connection.close()
        return "\n".join("|".join("" if value is None else value for value in row) for row in rows).strip()

    def connect(self, **more):
        """A connection of the superuser's."""
        return psycopg2.connect(host=os.path.join(self.dir, "run"), dbname="isp", user="postgres", **more)

    @contextlib.contextmanager
    def locked(self, query):
        """The rows of a SELECT, locked by somebody else until the block ends."""
        other = self.connect()
        try:
            other.cursor().execute(query + " FOR UPDATE")
            yield
        finally:
            other.close()

    def pending(self):
        """How many jobs router-sync still has."""
        return int(self.sql("SELECT count(*) FROM account_states WHERE generation > synced_generation"))

    def drained(self, seconds=20):
        try:
            wait_until(lambda: self.pending() == 0, seconds, "router-sync's queue empty")
        except AssertionError as failure:
            raise AssertionError("%s\n%s" % (failure, self.sql(
                "SELECT m.username, s.sync_state, s.sync_error, r.name, r.is_active FROM account_states s JOIN mikrotik_secrets m"
                " ON m.id = s.account_id LEFT JOIN router_settings r ON r.id = s.router_id"
                " WHERE s.generation > s.synced_generation LIMIT 5"))) from failure

    def today(self, date):
        """Another business day for the API, as a sysadmin would set it."""
        path = os.path.join(self.dir, "isp.env")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.env["APP_TODAY"] = date
        text = re.sub(r"(?m)^APP_TODAY=.*$", "APP_TODAY=" + date, text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.restart("isp-api")
        wait_until(self.healthy, 10, "health after a new day")

    def healthy(self):
        try:
            return Client(self.url, timeout=5).raw("GET", "/api/health").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def leader(self, name):
        with open(os.path.join(self.dir, "run", name + ".pid"), encoding="ascii") as file:
            return int(file.read())

    def workers(self, name="isp-api"):
        """The children of a program."""
        return children(self.leader(name))

    def client(self, email=ADMIN["email"], password=ADMIN["password"], source=None):
        return Client(self.url, source=source).login(email, password)


def stat_of(pid):
    """(state, parent) of a process; ('X', 0) when it is gone."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return "X", 0
    return fields[0], int(fields[1])


def children(parent):
    """The processes whose parent this one is, by /proc."""
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if stat_of(pid)[1] == parent]


# ---- peers --------------------------------------------------------------------------------------

class Peer:
    """A simulated peer: PROGRAM of test/sim, whose manual is there, with a port and a control port."""

    PROGRAM, WORDS = None, ()
    had = set()  # ports of all peers of this process

    def __init__(self, *args):
        self.args = list(args)
        self.process = None

    def up(self):
        path = os.path.join(TOP, "test", "sim", self.PROGRAM)
        self.process = subprocess.Popen([sys.executable, path, *self.WORDS, *self.args], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, text=True, env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        atexit.register(self.down)
        ports = dict(re.findall(r"(\w+)=(\d+)", self.process.stdout.readline()))
        self.port, self.control = int(ports["api"]), int(ports["control"])
        if self.port in Peer.had and "--port" not in self.args:
            # The kernel gives a port again. A system would take this peer for the one before: it knows both by the address.
            self.down()
            return self.up()
        Peer.had.add(self.port)
        return self

    def down(self):
        atexit.unregister(self.down)
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process:
            self.process.stdout.close()

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.down()

    def ask(self, method, address, body=None, **query):
        """A request to the control port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.control, timeout=20)
        try:
            connection.request(method, address + ("?" + urlencode(query) if query else ""),
                               body=None if body is None else json.dumps(body))
            response = connection.getresponse()
            data = json.loads(response.read())
            assert response.status == 200, "%s %s: %r" % (method, address, data)
            return data
        finally:
            connection.close()


class Sim(Peer):
    """A simulated router."""

    USER, PASSWORD = "isp", "router-pw-7"
    PROGRAM, WORDS = "routeros.py", ("--user", USER, "--password", PASSWORD, "--redial", "0.2")

    def run(self, *words):
        """The replies to a command, as the router's own console would run it."""
        return self.ask("POST", "/command", {"words": list(words)})["replies"]

    def table(self, menu, **query):
        return self.ask("GET", "/tables" + menu, **query)

    def secret(self, name):
        """Its row with `sessions`, None when there is none."""
        rows = self.table("/ppp/secret", name=name)
        return rows[0] if rows else None

    def fault(self, kind, **options):
        return self.ask("POST", "/fault", dict(options, kind=kind))

    def well(self):
        return self.fault("none")

    def cpe(self, name, **options):
        return self.ask("POST", "/cpe", dict(options, name=name))

    def log(self, **query):
        return self.ask("GET", "/log", **query)

    def counts(self):
        return self.ask("GET", "/log/counts")["counts"]

    def log_reset(self):
        return self.ask("POST", "/log/reset", {})

    def as_router(self, name=None):
        """The body that makes it one of our routers, with addresses for the profiles we make."""
        self.run("/ip/pool/add", "=name=subscribers", "=ranges=10.64.0.2-10.64.255.254")
        return {"name": name or unique("Router "), "host": "127.0.0.1", "port": self.port, "username": self.USER,
                "password": self.PASSWORD, "is_active": True, "ppp_local_address": "10.64.0.1",
                "ppp_pool": "subscribers"}


# ---- people -------------------------------------------------------------------------------------

class Town:
    """Makes things through the API, with names nobody else has."""

    def __init__(self, api, today="2026-03-02"):
        self.api, self.today = api, today
        self.lock = threading.Lock()
        self._package = None

    def package(self, **more):
        name = unique("Plan ")
        return self.api.make("/api/packages", dict({"name": name, "bandwidth": "10M/10M", "price": 150000}, **more))

    def customer(self, **more):
        return self.api.make("/api/customers", dict({"name": unique("Customer ")}, **more))

    def common_package(self):
        with self.lock:
            if self._package is None:
                self._package = self.package()
            return self._package

    def subscription(self, customer=None, package=None, **more):
        body = {"customer_id": (customer or self.customer())["id"],
                "package_id": (package or self.common_package())["id"],
                "mikrotik_username": unique("user"), "mikrotik_password": "pw-" + unique("x")}
        return self.api.make("/api/subscriptions", dict(body, **more))

    def billed(self, due=None, **more):
        """A subscription and its first invoice, due then or first_due_days from now."""
        sub = self.subscription(issue_invoice=True, **more)
        invoice = self.invoices(sub)[0]
        if due and due < self.today:  # no bill can be made so: time does it
            STACKS[self.api.url].sql("UPDATE invoices SET due_date = '%s' WHERE id = '%s'" % (due, invoice["id"]))
            invoice = self.api.show("/api/invoices/" + invoice["id"])
        elif due:
            invoice = self.api.put("/api/invoices/" + invoice["id"], {"due_date": due}).want(200).json
        return sub, invoice

    def invoices(self, sub):
        return self.api.rows("/api/invoices", subscription_id=sub["id"])


def throng(jobs):
    """Run the functions at once, each in a thread; their results in order, the first failure raised."""
    gate = threading.Barrier(len(jobs))
    results = [None] * len(jobs)

    def body(index, job):
        try:
            gate.wait(30)
            results[index] = (job(), None)
        except BaseException as failure:  # passed to the test, which is another thread
            results[index] = (None, failure)
    threads = [threading.Thread(target=body, args=pair, daemon=True) for pair in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), "a request hangs"
    for _, failure in results:
        if failure is not None:
            raise failure
    return [value for value, _ in results]
