"""provision: a private database, simulated routers and router-sync between them, for test_provision*.

SQL writes here in place of the API; everything is looked at from outside, in the tables of the
simulated routers and in account_sync.  A module that imports `bench`, `sims`, `sim` and `router` has a bench of its own.
"""
import base64
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid

import psycopg2
import pytest

import isp
import seal as sealing

KEY = bytes(range(32))
SOON = 4.0  # seconds from commit to the router beside other tests; two are promised (test_a_change_is_on_the_router_in_two_seconds)


def seal(place, plain):
    """A secret sealed under the key of the bench."""
    return sealing.seal(KEY, place, plain)


class Bench:
    """The database, and router-sync beside it."""

    def __init__(self, name):
        os.makedirs(isp.BUILD, exist_ok=True)
        self.log = os.path.join(isp.BUILD, "log." + name)
        open(self.log, "w", encoding="utf-8").close()
        self.dir = tempfile.mkdtemp(prefix="prov.", dir=isp.BUILD if len(isp.BUILD) < 50 else None)
        self.process = None
        self.db("up")
        self.db("deploy")
        self.uri = "postgresql:///isp?host=" + os.path.join(self.dir, "run")
        self.connect()
        self.env = os.path.join(self.dir, "isp.env")
        with open(self.env, "w", encoding="utf-8") as file:
            file.write("APP_ENV=local\nAPP_KEY=base64:%s\nDATABASE_URL=%s\n" % (
                base64.b64encode(KEY).decode(), self.uri))
        self.customer = self.one("INSERT INTO customers (name) VALUES ('Town') RETURNING id")
        self.sql("UPDATE settings SET line_sample_minutes = 0")  # a sample reads all sessions, which the log would show

    def connect(self):
        self.sql_connection = psycopg2.connect(self.uri + "&user=postgres")
        self.sql_connection.autocommit = True

    def db(self, command):
        subprocess.run([os.path.join(isp.TOP, "scripts", "db"), command, "--dir", self.dir], check=True,
                       stdin=subprocess.DEVNULL, env=dict(os.environ, ISP_STACK_FAST="1"))

    def down(self):
        self.stop()
        self.sql_connection.close()
        self.db("down")
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- router-sync

    def program(self, *more):
        return [os.path.join(isp.BUILD, "bin", "router-sync"), "--env", self.env] + list(more)

    def start(self):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.program(), stdin=subprocess.DEVNULL, stderr=log)

    def stop(self):
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.process = None
        return code

    def once(self):
        return subprocess.run(self.program("--once"), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
                              check=False)

    # ---- rows

    def sql(self, text, *args):
        with self.sql_connection.cursor() as cursor:
            cursor.execute(text, args or None)
            return cursor.fetchall() if cursor.description else None

    def one(self, text, *args):
        return self.sql(text, *args)[0][0]

    def router(self, sim, **columns):
        columns = dict({"name": isp.unique("R"), "host": "127.0.0.1", "port": sim.port, "username": sim.USER}, **columns)
        # The port of a simulator that has ended may be given to the next: its router is another one.
        self.sql("UPDATE router_settings SET host = 'gone-' || id, is_active = false WHERE host = %s AND port = %s",
                 columns["host"], columns["port"])
        ident = self.insert("router_settings", dict(columns, is_active=False))
        self.sql("UPDATE router_settings SET password = %s, is_active = %s WHERE id = %s",
                 seal("router_settings:%s:password" % ident, sim.PASSWORD), columns.get("is_active", True), ident)
        return ident

    def insert(self, table, columns):
        return self.one("INSERT INTO %s (%s) VALUES (%s) RETURNING id" % (
            table, ", ".join(columns), ", ".join(["%s"] * len(columns))), *columns.values())

    def package(self, **columns):
        name = isp.unique("home-")
        return self.insert("packages", dict({"name": name, "router_profile": name, "bandwidth": "100M/20M",
                                             "price": 150000}, **columns))

    def profile(self, package):
        return self.one("SELECT router_profile FROM packages WHERE id = %s", package)

    def subscribe(self, router, package, password="dial-pw", **columns):
        ident = self.one("SELECT gen_random_uuid()")
        columns = dict({"mikrotik_username": isp.unique("user"), "customer_id": self.customer, "package_id": package,
                        "router_id": router, "start_date": "2026-03-01", "end_date": "2026-03-30"}, **columns)
        columns["mikrotik_password"] = seal("subscriptions:%s:mikrotik_password" % ident, password)
        self.insert("subscriptions", dict(columns, id=ident))
        return Subscription(self, ident, columns["mikrotik_username"])

    def check(self):
        assert self.sql("SELECT * FROM check_accounts()") == []


class Subscription:
    def __init__(self, bench, ident, name):
        self.bench, self.id, self.name = bench, ident, name
        self.account = bench.one("SELECT id FROM mikrotik_secrets WHERE subscription_id = %s", ident)
        self.mark = "isp:" + self.account

    def set(self, **columns):
        self.bench.sql("UPDATE subscriptions SET %s WHERE id = %%s" % ", ".join("%s = %%s" % c for c in columns),
                       *columns.values(), self.id)

    def password(self, plain):
        self.set(mikrotik_password=seal("subscriptions:%s:mikrotik_password" % self.id, plain))

    def suspend(self):
        self.set(status="suspended", suspend_reason="debt")

    def activate(self):
        self.set(status="active", suspend_reason=None)

    def cancel(self):
        self.set(status="cancelled", suspend_reason=None)

    def sync(self):
        return self.bench.sql("SELECT sync_state, sync_error FROM account_sync WHERE subscription_id = %s", self.id)[0]

    def wait(self, state="synced", seconds=SOON):
        isp.wait_until(lambda: self.sync()[0] == state, seconds, "%s %s, is %r" % (self.name, state, self.sync()))
        return self.sync()[1]


@pytest.fixture(scope="module")
def bench(request):
    made = Bench(request.module.__name__)
    try:
        made.start()
        yield made
        assert made.stop() == 0
        made.check()
    finally:
        made.down()


@pytest.fixture
def sims(bench):
    """Makes routers; afterwards all of ours are inactive."""
    made = []

    def make(*args):
        made.append(isp.Sim(*args).up())
        return made[-1]
    yield make
    bench.sql("UPDATE router_settings SET is_active = false WHERE is_active")
    for sim in made:
        sim.down()


@pytest.fixture
def sim(sims):
    return sims()


@pytest.fixture
def router(bench, sim):
    sim.run("/ip/pool/add", "=name=pool1", "=ranges=10.9.0.2-10.9.255.254")
    return bench.router(sim, ppp_local_address="10.9.0.1", ppp_pool="pool1")


def command(sim, *words):
    replies = sim.run(*words)
    assert all(r[0] != "!trap" for r in replies), replies
    return replies


def online(sim, name):
    row = sim.secret(name)
    return row["sessions"] if row else []


def dial(sim, name, password="dial-pw"):
    sim.cpe(name, service="pppoe", password=password, redial=0.1)
    isp.wait_until(lambda: online(sim, name), 3, name + " online")


def answers_again(bench, sim, router):
    """End the faults of the router, and have it probed now instead of within ten seconds."""
    sim.well()
    bench.sql("UPDATE router_states SET next_probe_at = clock_timestamp() WHERE router_id = %s", router)
    bench.sql("SELECT router_notify(ARRAY[%s]::uuid[])", router)


@contextlib.contextmanager
def inactive(bench, router):
    """Keep the router inactive for a while, so that changes wait and are then done together."""
    bench.sql("UPDATE router_settings SET is_active = false WHERE id = %s", router)
    yield
    bench.sql("UPDATE router_settings SET is_active = true WHERE id = %s", router)


def paths(sim, *wanted):
    return [e["path"] for e in sim.log()["entries"] if e["path"] in wanted]


def assert_cut_off(sim, name):
    """Disabled, and nobody comes back."""
    isp.wait_until(lambda: sim.secret(name)["disabled"] == "true" and not online(sim, name), SOON, name + " cut off")
    time.sleep(0.4)
    assert not online(sim, name)


def served(bench, sim, router, **columns):
    """A subscription whose device is online."""
    sub = bench.subscribe(router, bench.package(), **columns)
    sub.wait()
    dial(sim, sub.name, None)
    return sub


def blocked(sim, address):
    return [row for row in sim.table("/ip/firewall/address-list") if row["address"] == address]


def many(bench, router, package, count, stem):
    """Subscriptions with one password, in one statement."""
    idents = [str(uuid.uuid4()) for _ in range(count)]
    bench.sql("INSERT INTO subscriptions (id, customer_id, package_id, router_id, mikrotik_username, mikrotik_password,"
              " start_date, end_date) SELECT id::uuid, %s, %s, %s, %s || i, password, '2026-03-01', '2026-03-30'"
              " FROM unnest(%s, %s) WITH ORDINALITY AS line(id, password, i)", bench.customer, package, router, stem, idents,
              [seal("subscriptions:%s:mikrotik_password" % ident, "pw") for ident in idents])


def unsynced(bench, router):
    return bench.one("SELECT count(*) FROM account_states WHERE router_id = %s AND sync_state <> 'synced'", router)


def waiting(bench, routers):
    found = bench.sql("SELECT m.username, m.service, m.wanted, s.present, s.sync_state, s.sync_error, s.traces"
                      " FROM account_states s JOIN mikrotik_secrets m ON m.id = s.account_id"
                      " WHERE s.router_id = ANY (%s::uuid[]) AND s.generation > s.synced_generation", list(routers))
    if found:
        print(found)
    return found
