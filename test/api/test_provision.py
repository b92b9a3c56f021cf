"""Contract 6 rule by rule: a private database, simulated routers and router-sync between them.

SQL writes here in place of the API; everything is looked at from outside, in the
tables of the simulated routers and in account_sync.
"""
import base64
import contextlib
import ctypes
import ctypes.util
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import psycopg2
import psycopg2.errors
import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import isp  # noqa: E402

KEY = bytes(range(32))
SODIUM = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
SOON = 2.0  # seconds from commit to the router


def seal(place, plain):
    """Seal a secret as lib/base/crypt.c does."""
    nonce, text = os.urandom(24), plain.encode()
    box = ctypes.create_string_buffer(len(text) + 16)
    SODIUM.crypto_aead_xchacha20poly1305_ietf_encrypt(
        box, None, text, ctypes.c_ulonglong(len(text)), place.encode(), ctypes.c_ulonglong(len(place)), None, nonce, KEY)
    name = ctypes.create_string_buffer(32)
    SODIUM.crypto_generichash(name, ctypes.c_size_t(32), KEY, ctypes.c_ulonglong(32), None, ctypes.c_size_t(0))
    return "s1.%s.%s" % (name.raw.hex()[:8], base64.urlsafe_b64encode(nonce + box.raw).decode().rstrip("="))


class Bench:
    """The database, and router-sync beside it."""

    def __init__(self):
        os.makedirs(isp.BUILD, exist_ok=True)
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
        with open(os.path.join(isp.BUILD, "log.test_provision"), "a", encoding="utf-8") as log:
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
def bench():
    made = Bench()
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
    sim._ask("POST", "/command", {"words": ["/ip/pool/add", "=name=pool1", "=ranges=10.9.0.2-10.9.255.254"]})
    return bench.router(sim, ppp_local_address="10.9.0.1", ppp_pool="pool1")


def command(sim, *words):
    replies = sim._ask("POST", "/command", {"words": list(words)})["replies"]
    assert all(r[0] != "!trap" for r in replies), replies
    return replies


def online(sim, name):
    row = sim.secret(name)
    return row["sessions"] if row else []


def dial(sim, name, password="dial-pw"):
    sim.cpe(name, service="pppoe", password=password, redial=0.1)
    isp.wait_until(lambda: online(sim, name), 3, name + " online")


def back(bench, sim, router):
    """It answers again, and is probed now instead of within ten seconds."""
    sim.well()
    bench.sql("UPDATE router_states SET next_probe_at = clock_timestamp() WHERE router_id = %s", router)
    bench.sql("SELECT router_notify(ARRAY[%s]::uuid[])", router)


@contextlib.contextmanager
def away(bench, router):
    """While it lasts nothing is done on this router."""
    bench.sql("UPDATE router_settings SET is_active = false WHERE id = %s", router)
    yield
    bench.sql("UPDATE router_settings SET is_active = true WHERE id = %s", router)


def paths(sim, *wanted):
    return [e["path"] for e in sim.log()["entries"] if e["path"] in wanted]


# ---- pppoe --------------------------------------------------------------------------------------

def test_created_enabled_with_profile_and_comment(bench, sim, router):
    package = bench.package(burst="150M/30M")
    began = time.monotonic()
    sub = bench.subscribe(router, package, comment="Jl. Merdeka 1", remote_address="10.1.2.3")
    sub.wait()
    assert time.monotonic() - began < SOON
    secret = sim.secret(sub.name)
    assert secret["disabled"] == "false" and secret["service"] == "pppoe"
    assert secret["profile"] == bench.profile(package)
    assert secret["comment"] == sub.mark + " Jl. Merdeka 1"
    assert secret["password"] == "dial-pw" and secret["remote-address"] == "10.1.2.3"
    profile = sim.table("/ppp/profile", name=bench.profile(package))[0]
    assert profile["rate-limit"] == "20M/100M 30M/150M 15M/75M 10/10"
    assert profile["local-address"] == "10.9.0.1" and profile["remote-address"] == "pool1"
    assert profile["comment"] == "isp:" + package
    assert bench.one("SELECT mikrotik_id FROM mikrotik_secrets WHERE id = %s", sub.account) == secret[".id"]
    assert bench.one("SELECT last_connected_at IS NOT NULL FROM router_settings WHERE id = %s", router)


def test_suspended_disabled_first_then_kicked(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    dial(sim, sub.name)
    sim.log_reset()
    sub.suspend()
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "true" and not online(sim, sub.name)
    assert paths(sim, "/ppp/secret/set", "/ppp/active/remove") == ["/ppp/secret/set", "/ppp/active/remove"]
    time.sleep(0.4)
    assert not online(sim, sub.name), "it came back"
    sub.activate()
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "false"
    isp.wait_until(lambda: online(sim, sub.name), 3, "online again")


def test_looked_up_by_name_never_the_whole_table(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    for entry in sim.log()["entries"]:
        if entry["path"].endswith("/print") and entry["path"].startswith("/ppp/"):
            assert entry["queries"] and ".proplist" in entry["attributes"], entry


def test_restored_without_a_kick(bench, sim, router):
    sub = bench.subscribe(router, bench.package(), status="suspended", suspend_reason="manual")
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "true"
    sim.log_reset()
    sub.activate()
    sub.wait()
    assert paths(sim, "/ppp/active/print", "/ppp/active/remove") == []


def test_rename_is_a_set_and_a_kick(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    dial(sim, sub.name)
    before, old = sim.secret(sub.name)[".id"], sub.name
    sub.set(mikrotik_username=old + "-new")
    sub.wait()
    assert sim.secret(old) is None and sim.secret(old + "-new")[".id"] == before
    assert not sim.table("/ppp/active", name=old)


@pytest.mark.parametrize("change", ["plan", "password", "address"])
def test_changed_set_then_kicked(bench, sim, router, change):
    sub = bench.subscribe(router, bench.package())
    other = bench.package()
    sub.wait()
    dial(sim, sub.name, None)
    session = online(sim, sub.name)
    if change == "plan":
        sub.set(package_id=other)
    elif change == "password":
        sub.password("another")
    else:
        sub.set(remote_address="10.1.2.77")
    sub.wait()
    secret = sim.secret(sub.name)
    assert session[0] not in secret["sessions"]
    assert change != "plan" or secret["profile"] == bench.profile(other)
    assert change != "password" or secret["password"] == "another"
    assert change != "address" or secret["remote-address"] == "10.1.2.77"
    if change == "address":
        sub.set(remote_address=None)
        sub.wait()
        assert "remote-address" not in sim.secret(sub.name)


def test_a_rolled_back_change_is_no_job(bench, sim, router):
    """The change and its job are one transaction."""
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sim.log_reset()
    with bench.sql_connection.cursor() as cursor:
        cursor.execute("BEGIN")
        sub.suspend()
        cursor.execute("ROLLBACK")
    time.sleep(0.5)
    assert sub.sync()[0] == "synced" and not sim.log()["entries"]


def test_the_newest_wanted_state_wins(bench, sim, router):
    """Suspended and paid while the router is slow: what the worker acts on is what holds then."""
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sim.fault("slow", path="/ppp/secret", delay=0.4)
    for _ in range(3):
        sub.suspend()
        time.sleep(0.3)
        sub.activate()
        time.sleep(0.1)
    sub.wait(seconds=8)
    assert sim.secret(sub.name)["disabled"] == "false"


def test_a_comment_is_set_and_kicks_nobody(bench, sim, router):
    sub = served(bench, sim, router)
    session = online(sim, sub.name)
    sub.set(comment="Jl. Sudirman 2")
    sub.wait()
    assert sim.secret(sub.name)["comment"] == sub.mark + " Jl. Sudirman 2" and online(sim, sub.name) == session
    assert bench.one("SELECT synced_at > now() - interval '5 s' FROM account_sync WHERE subscription_id = %s", sub.id)


@pytest.mark.parametrize("burst, rate, queue", [
    ("", "5M/10M 0/0 0/0 0/0 3", ("0/0", "0/0", "0s/0s")),
    ("20M/10M", "5M/10M 10M/20M 3750k/7500k 10/10 3", ("10000000/20000000", "3750000/7500000", "10s/10s")),
    ("20M/10M 8M/4M 16/8", "5M/10M 10M/20M 4M/8M 8/16 3", ("10000000/20000000", "4000000/8000000", "8s/16s"))])
def test_rates_are_swapped_for_the_router(bench, sim, router, burst, rate, queue):
    """Ours are download/upload, the router's upload/download; the priority stands behind a burst only."""
    columns = {"bandwidth": "10M/5M", "burst": burst or None, "priority": 3}
    sub = bench.subscribe(router, bench.package(**columns))
    fixed = bench.subscribe(router, bench.package(type="static", **columns), remote_address="10.4.3.1")
    sub.wait()
    fixed.wait()
    profile = sim.table("/ppp/profile", name=sim.secret(sub.name)["profile"])[0]
    assert profile["rate-limit"] == rate
    row = sim.table("/queue/simple", name=fixed.name)[0]
    assert (row["max-limit"], row["priority"]) == ("5000000/10000000", "3/3")
    assert (row["burst-limit"], row["burst-threshold"], row["burst-time"]) == queue
    bench.sql("UPDATE subscriptions SET status = 'cancelled' WHERE id = %s", fixed.id)


def test_nothing_for_the_router_no_job(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sub.set(end_date="2026-04-30", auto_renew=False)
    assert sub.sync()[0] == "synced"


def test_cancelled_removed_and_kicked_and_its_name_free(bench, sim, router):
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    dial(sim, sub.name)
    sub.cancel()
    sub.wait()
    assert sim.secret(sub.name) is None and not sim.table("/ppp/active", name=sub.name)
    again = bench.subscribe(router, package, mikrotik_username=sub.name)
    again.wait()
    assert sim.secret(sub.name)["comment"] == again.mark


def test_archived_customer_leaves_the_routers(bench, sim, router):
    customer = bench.insert("customers", {"name": "Moves away"})
    sub = served(bench, sim, router, customer_id=customer)
    hot = bench.subscribe(router, bench.package(type="hotspot"), customer_id=customer)
    hot.wait()
    bench.sql("SELECT customer_archive(%s, false, '2026-03-02')", customer)
    sub.wait()
    hot.wait()
    assert sim.secret(sub.name) is None and not sim.table("/ppp/active", name=sub.name)
    assert not sim.table("/ip/hotspot/user", name=hot.name)


def test_name_taken_again_while_the_router_was_down(bench, sim, router):
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    dial(sim, sub.name, None)
    session = online(sim, sub.name)
    sim.fault("refuse")
    sub.cancel()
    again = bench.subscribe(router, package, mikrotik_username=sub.name, password="other")
    again.wait("failed", 5)
    back(bench, sim, router)
    again.wait(seconds=5)
    sub.wait(seconds=5)
    secret = sim.secret(sub.name)
    assert secret["comment"] == again.mark and secret["password"] == "other" and session[0] not in secret["sessions"]


def test_foreign_secret_is_not_touched(bench, sim, router):
    name = isp.unique("foreign")
    command(sim, "/ppp/secret/add", "=name=" + name, "=password=x", "=comment=the boss himself")
    before = sim.secret(name)
    sub = bench.subscribe(router, bench.package(), mikrotik_username=name)
    sub.wait("failed")
    assert sub.sync()[1] == "%s exists on %s and is not ours" % (
        name, bench.one("SELECT name FROM router_settings WHERE id = %s", router))
    sub.cancel()
    sub.wait()
    assert sim.secret(name) == before
    command(sim, "/ppp/secret/remove", "=.id=" + before[".id"])


def test_foreign_profile_used_only_with_equal_rates(bench, sim, router):
    same, other = bench.package(), bench.package()
    command(sim, "/ppp/profile/add", "=name=" + bench.profile(same), "=rate-limit=20000k/100M")
    command(sim, "/ppp/profile/add", "=name=" + bench.profile(other), "=rate-limit=5M/5M")
    good, bad = bench.subscribe(router, same), bench.subscribe(router, other)
    good.wait()
    assert sim.secret(good.name)["profile"] == bench.profile(same)
    assert "exists on" in bad.wait("failed") + bad.sync()[1] and "is not ours" in bad.sync()[1]
    assert sim.table("/ppp/profile", name=bench.profile(other))[0]["rate-limit"] == "5M/5M"
    assert "comment" not in sim.table("/ppp/profile", name=bench.profile(same))[0]


def test_edited_bandwidth_sets_the_profile_and_kicks_nobody(bench, sim, router):
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    dial(sim, sub.name)
    session = online(sim, sub.name)
    bench.sql("UPDATE packages SET bandwidth = '50M/10M' WHERE id = %s", package)
    isp.wait_until(lambda: sim.table("/ppp/profile", name=bench.profile(package))[0]["rate-limit"] == "10M/50M", SOON)
    assert online(sim, sub.name) == session
    bench.sql("BEGIN; SET LOCAL isp.kick = 'on'; UPDATE packages SET bandwidth = '60M/10M' WHERE id = '%s'; COMMIT" % package)
    isp.wait_until(lambda: online(sim, sub.name) not in ([], session), 3, "dialled again")
    assert sim.table("/ppp/profile", name=bench.profile(package))[0]["rate-limit"] == "10M/60M"


def test_profile_copies_the_default_or_warns(bench, sims):
    sim = sims()
    router = bench.router(sim)
    bare = bench.subscribe(router, bench.package())
    bare.wait()
    assert "gives no addresses" in bare.sync()[1]
    fixed = bench.subscribe(router, bench.package(), remote_address="10.1.1.1")
    fixed.wait()
    assert fixed.sync()[1] is None
    command(sim, "/ip/pool/add", "=name=homes", "=ranges=10.8.0.2-10.8.0.250")
    command(sim, "/ppp/profile/set", "=.id=*0", "=local-address=10.8.0.1", "=remote-address=homes")
    package = bench.package()
    good = bench.subscribe(router, package)
    good.wait()
    profile = sim.table("/ppp/profile", name=bench.profile(package))[0]
    assert good.sync()[1] is None and (profile["local-address"], profile["remote-address"]) == ("10.8.0.1", "homes")


def test_another_pool_of_the_router_is_set_in_its_profiles(bench, sim, router):
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    dial(sim, sub.name)
    session = online(sim, sub.name)
    command(sim, "/ip/pool/add", "=name=pool2", "=ranges=10.10.0.2-10.10.0.254")
    bench.sql("UPDATE router_settings SET ppp_pool = 'pool2', ppp_local_address = '10.10.0.1' WHERE id = %s", router)

    def profile():
        row = sim.table("/ppp/profile", name=bench.profile(package))[0]
        return row["local-address"], row["remote-address"]
    isp.wait_until(lambda: profile() == ("10.10.0.1", "pool2"), SOON, profile())
    assert online(sim, sub.name) == session, "nobody is kicked for it"


def test_isolation_profile_instead_of_disabling(bench, sim, router):
    command(sim, "/ppp/profile/add", "=name=isolated")
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    dial(sim, sub.name)
    try:
        bench.sql("UPDATE settings SET suspend_mode = 'isolate'")
        sub.suspend()
        sub.wait()
        secret = sim.secret(sub.name)
        assert secret["profile"] == "isolated" and secret["disabled"] == "false"
        isp.wait_until(lambda: online(sim, sub.name), 3)
        walled = online(sim, sub.name)
        sub.activate()
        sub.wait()
        assert sim.secret(sub.name)["profile"] == bench.profile(package)
        assert online(sim, sub.name) != walled, "goes on inside the walls"
        sub.suspend()
        sub.wait()
    finally:
        bench.sql("UPDATE settings SET suspend_mode = 'disable'")
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "true"


def test_expired_as_suspended_or_removed(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sub.set(status="expired")
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "true"
    try:
        bench.sql("UPDATE settings SET remove_expired = true")
        sub.wait()
        assert sim.secret(sub.name) is None
    finally:
        bench.sql("UPDATE settings SET remove_expired = false")
    sub.activate()
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "false"


# ---- cut off, whatever else is wrong --------------------------------------------------------------

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


def test_suspended_though_the_profile_is_gone(bench, sim, router):
    """Somebody removed the profile that a subscription named by hand. One command both disabled the
    secret and set the profile; the router refused it, and the customer was online for ever."""
    command(sim, "/ppp/profile/add", "=name=vip")
    sub = served(bench, sim, router, profile="vip")
    profile = sim.table("/ppp/profile", name="vip")[0]
    command(sim, "/ppp/profile/remove", "=.id=" + profile[".id"])
    sub.suspend()
    assert_cut_off(sim, sub.name)
    sub.wait("failed")
    assert "profile vip does not exist on" in sub.sync()[1]
    sub.set(profile=None)
    sub.wait()


@pytest.mark.parametrize("end", ["suspended", "expired", "cancelled"])
def test_cut_off_though_the_new_name_is_not_ours(bench, sim, router, end):
    """Renamed onto a secret of somebody else: that failed, rightly. Then the customer did not pay, and
    that failed too: the customer's own secret went on under the old name."""
    sub = served(bench, sim, router)
    taken = isp.unique("boss")
    command(sim, "/ppp/secret/add", "=name=" + taken, "=password=x")
    dial(sim, taken, None)
    sub.set(mikrotik_username=taken)
    sub.wait("failed")
    assert online(sim, sub.name), "he has paid"
    before = online(sim, taken)
    sub.set(status=end, suspend_reason="debt" if end == "suspended" else None)
    if end == "cancelled":
        sub.wait()
        assert sim.secret(sub.name) is None and not sim.table("/ppp/active", name=sub.name)
    else:
        assert_cut_off(sim, sub.name)
        assert "exists on" in sub.sync()[1] and "is not ours" in sub.sync()[1]
    boss = sim.secret(taken)
    assert boss["disabled"] == "false" and boss["sessions"] == before, "somebody else was kicked"
    command(sim, "/ppp/secret/remove", "=.id=" + boss[".id"])
    sub.wait(seconds=6)


def test_suspended_though_no_key_opens_the_password(bench, sim, router):
    """After an APP_KEY was lost no customer could be suspended: the password could not be opened, and
    disabling needs none. A customer who has paid is let in again; a change that needs the password says so."""
    sub = served(bench, sim, router)
    sub.set(mikrotik_password="s1.00000000.AAAA")
    sub.suspend()
    assert_cut_off(sim, sub.name)
    sub.wait("failed")
    assert "cannot be opened" in sub.sync()[1]
    sub.activate()
    isp.wait_until(lambda: sim.secret(sub.name)["disabled"] == "false", SOON)
    isp.wait_until(lambda: online(sim, sub.name), 3, "let in again")
    sub.wait("failed")
    sub.password("another")
    sub.wait()
    assert sim.secret(sub.name)["password"] == "another"
    other = bench.subscribe(router, bench.package())
    other.wait()
    other.suspend()
    other.wait()
    other.set(mikrotik_password="s1.00000000.AAAA")
    other.cancel()
    other.wait()
    assert sim.secret(other.name) is None


def test_isolated_on_a_router_without_the_isolation_profile(bench, sim, router):
    """suspend_mode isolate, and nobody had made the profile on this router: no suspension went
    through there. A garden without walls lets everybody out, so they are disabled, and it is said."""
    sub = served(bench, sim, router)
    hot = bench.subscribe(router, bench.package(type="hotspot"))
    hot.wait()
    try:
        bench.sql("UPDATE settings SET suspend_mode = 'isolate', isolation_profile = 'walls'")
        sub.suspend()
        hot.suspend()
        assert_cut_off(sim, sub.name)
        name = bench.one("SELECT name FROM router_settings WHERE id = %s", router)
        sub.wait("failed")
        assert sub.sync()[1] == "profile walls does not exist on %s: disabled instead" % name
        hot.wait("failed")
        assert sim.table("/ip/hotspot/user", name=hot.name)[0]["disabled"] == "true"
        command(sim, "/ppp/profile/add", "=name=walls")
        sub.wait(seconds=20)
        secret = sim.secret(sub.name)
        assert (secret["profile"], secret["disabled"]) == ("walls", "false"), "not walled in when it could be"
        assert hot.sync()[0] == "failed", "another menu, another profile"
        command(sim, "/ip/hotspot/user/profile/add", "=name=walls")
        hot.wait(seconds=20)
        isp.wait_until(lambda: online(sim, sub.name), 3, "in the garden")
        sub.activate()
        sub.wait()
    finally:
        bench.sql("UPDATE settings SET suspend_mode = 'disable', isolation_profile = 'isolated'")
    hot.wait()


@pytest.mark.parametrize("kind", ["lost", "trap", "hang"])
def test_cut_off_though_all_else_fails(bench, sim, router, kind):
    """A router that fails whatever follows, each time: the customer is off all the same."""
    bench.sql("UPDATE router_settings SET read_timeout_ms = 1500 WHERE id = %s", router)
    sub = served(bench, sim, router)
    sim.log_reset()
    sim.fault(kind, path="/ppp/secret/set", after=1, message="failure: no")
    with bench.sql_connection.cursor() as cursor:
        cursor.execute("BEGIN")
        sub.set(comment="moved to Jl. Sudirman")
        sub.suspend()
        cursor.execute("COMMIT")
    isp.wait_until(lambda: sim.secret(sub.name)["disabled"] == "true" and not online(sim, sub.name), SOON)
    assert paths(sim, "/ppp/secret/set", "/ppp/active/remove")[:2] == ["/ppp/secret/set", "/ppp/active/remove"]
    sim.well()
    sub.wait(seconds=6)
    assert sim.secret(sub.name)["comment"] == sub.mark + " moved to Jl. Sudirman"


# ---- hotspot and static -------------------------------------------------------------------------

def test_hotspot_user_profile_sessions_and_cookies(bench, sim, router):
    package = bench.package(type="hotspot", bandwidth="5M/2M")
    sub = bench.subscribe(router, package)
    sub.wait()
    user = sim.table("/ip/hotspot/user", name=sub.name)[0]
    assert user["profile"] == "isp-" + bench.profile(package) and user["comment"] == sub.mark
    assert sim.table("/ip/hotspot/user/profile", name=user["profile"])[0]["rate-limit"] == "2M/5M"
    sim.cpe(sub.name, service="hotspot", password="dial-pw", redial=0.1)
    isp.wait_until(lambda: sim.table("/ip/hotspot/active", user=sub.name), 3, "online")
    sub.suspend()
    sub.wait()
    assert sim.table("/ip/hotspot/user", name=sub.name)[0]["disabled"] == "true"
    assert not sim.table("/ip/hotspot/active", user=sub.name) and not sim.table("/ip/hotspot/cookie", user=sub.name)
    time.sleep(0.3)
    assert not sim.table("/ip/hotspot/active", user=sub.name)
    sub.set(mikrotik_username=sub.name + "-x")
    sub.activate()
    sub.wait()
    assert sim.table("/ip/hotspot/user", name=sub.name + "-x")[0]["disabled"] == "false"
    assert not sim.table("/ip/hotspot/user", name=sub.name)


def test_hotspot_password_and_isolation(bench, sim, router):
    """A cookie outlives a password, and would let the device in again."""
    command(sim, "/ip/hotspot/user/profile/add", "=name=isolated")
    sub = bench.subscribe(router, bench.package(type="hotspot"))
    sub.wait()
    sim.cpe(sub.name, service="hotspot", password="dial-pw", redial=0.1)
    isp.wait_until(lambda: sim.table("/ip/hotspot/active", user=sub.name), 3, "online")
    sub.password("another")
    sub.wait()
    time.sleep(0.3)
    assert not sim.table("/ip/hotspot/active", user=sub.name) and not sim.table("/ip/hotspot/cookie", user=sub.name)
    try:
        bench.sql("UPDATE settings SET suspend_mode = 'isolate'")
        sub.suspend()
        sub.wait()
        user = sim.table("/ip/hotspot/user", name=sub.name)[0]
        assert (user["profile"], user["disabled"], user["password"]) == ("isolated", "false", "another")
    finally:
        bench.sql("UPDATE settings SET suspend_mode = 'disable'")
    sub.wait()


def blocked(sim, address):
    return [row for row in sim.table("/ip/firewall/address-list") if row["address"] == address]


def test_static_blocked_and_unblocked(bench, sim, router):
    package = bench.package(type="static", bandwidth="10M/5M", burst="20M/10M", priority=3)
    sub = bench.subscribe(router, package, remote_address="10.4.0.9")
    sub.wait()
    queue = sim.table("/queue/simple", name=sub.name)[0]
    assert queue["target"] == "10.4.0.9/32" and queue["max-limit"] == "5000000/10000000"
    assert queue["burst-limit"] == "10000000/20000000" and queue["burst-threshold"] == "3750000/7500000"
    assert queue["priority"] == "3/3" and queue["comment"] == sub.mark
    sub.suspend()
    sub.wait()
    assert [(row["list"], row["comment"]) for row in blocked(sim, "10.4.0.9")] == [("isp-blocked", sub.mark)]
    assert sim.table("/queue/simple", name=sub.name)[0]["disabled"] == "false"
    sub.activate()
    sub.wait()
    assert not blocked(sim, "10.4.0.9")
    bench.sql("UPDATE packages SET bandwidth = '30M/6M', burst = NULL WHERE id = %s", package)
    isp.wait_until(lambda: sim.table("/queue/simple", name=sub.name)[0]["max-limit"] == "6000000/30000000", SOON)
    assert sim.table("/queue/simple", name=sub.name)[0]["burst-limit"] == "0/0"


def test_static_queue_goes_after_the_block_until_the_address_is_taken(bench, sim, router):
    package = bench.package(type="static")
    sub = bench.subscribe(router, package, remote_address="10.4.0.20")
    sub.wait()
    sim.log_reset()
    sub.cancel()
    sub.wait()
    assert paths(sim, "/ip/firewall/address-list/add", "/queue/simple/remove") == [
        "/ip/firewall/address-list/add", "/queue/simple/remove"]
    assert blocked(sim, "10.4.0.20") and not sim.table("/queue/simple", name=sub.name)
    taker = bench.subscribe(router, package, remote_address="10.4.0.20")
    taker.wait()
    assert not blocked(sim, "10.4.0.20") and sim.table("/queue/simple", name=taker.name)


def test_a_queue_stays_while_its_block_is_refused(bench, sim, router):
    """Without queue and without block the line would be online, and as fast as the wire."""
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.0.22")
    sub.wait()
    sim.fault("trap", path="/ip/firewall/address-list/add", message="failure: no")
    sub.cancel()
    sub.wait("failed")
    assert sim.table("/queue/simple", name=sub.name) and not blocked(sim, "10.4.0.22")
    sim.well()
    sub.wait(seconds=10)
    assert not sim.table("/queue/simple", name=sub.name) and blocked(sim, "10.4.0.22")


def test_static_address_taken_while_the_router_was_down(bench, sim, router):
    package = bench.package(type="static")
    sub = bench.subscribe(router, package, remote_address="10.4.0.21")
    sub.wait()
    sim.fault("refuse")
    sub.cancel()
    taker = bench.subscribe(router, package, remote_address="10.4.0.21")
    taker.wait("failed", 5)
    back(bench, sim, router)
    taker.wait(seconds=5)
    sub.wait(seconds=5)
    assert not blocked(sim, "10.4.0.21") and not sim.table("/queue/simple", name=sub.name)


def test_service_changed_with_the_plan(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sub.set(package_id=bench.package(type="hotspot"))
    sub.wait()
    assert sim.secret(sub.name) is None and sim.table("/ip/hotspot/user", name=sub.name)


def entry(sim, address):
    rows = blocked(sim, address)
    return (rows[0]["comment"], rows[0]["disabled"]) if rows else None


def test_suspended_keeps_every_address_blocked(bench, sim, router):
    """The address of a suspended customer was changed, and the entry of the old one left with it: the
    device still had that one. It leaves when the customer is in service again."""
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.1")
    sub.wait()
    sub.suspend()
    sub.wait()
    for address in ("10.4.1.2", "10.4.1.3"):
        sub.set(remote_address=address)
        sub.wait()
    assert [bool(blocked(sim, "10.4.1.%d" % n)) for n in (1, 2, 3)] == [True, True, True]
    assert sim.table("/queue/simple", name=sub.name)[0]["target"] == "10.4.1.3/32"
    sub.activate()
    sub.wait()
    assert [bool(blocked(sim, "10.4.1.%d" % n)) for n in (1, 2, 3)] == [False, False, False]


def test_suspended_and_given_another_address_at_once(bench, sim, router):
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.10")
    sub.wait()
    with bench.sql_connection.cursor() as cursor:
        cursor.execute("BEGIN")
        sub.set(remote_address="10.4.1.11")
        sub.suspend()
        cursor.execute("COMMIT")
    sub.wait()
    assert blocked(sim, "10.4.1.10") and blocked(sim, "10.4.1.11")


@pytest.mark.parametrize("kind", ["static", "pppoe"])
def test_old_address_taken_by_another_active_account(bench, sim, router, kind):
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.20")
    sub.wait()
    sub.suspend()
    sub.wait()
    sub.set(remote_address="10.4.1.21")
    sub.wait()
    taker = bench.subscribe(router, bench.package(type=kind), remote_address="10.4.1.20")
    taker.wait()
    assert not blocked(sim, "10.4.1.20") and blocked(sim, "10.4.1.21")
    sub.set(comment="seen again")
    sub.wait()
    assert not blocked(sim, "10.4.1.20"), "another customer was cut off"
    if kind == "static":
        taker.suspend()
        taker.wait()
        sub.activate()
        sub.wait()
        assert blocked(sim, "10.4.1.20") and not blocked(sim, "10.4.1.21")


def test_static_cut_off_whatever_is_wrong(bench, sim, router):
    """A queue that could not be put right kept its customer online: the block came after that."""
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.30")
    sub.wait()
    taken = isp.unique("boss")
    command(sim, "/queue/simple/add", "=name=" + taken, "=target=10.4.1.99")
    sub.set(mikrotik_username=taken)
    sub.wait("failed")
    sub.suspend()
    isp.wait_until(lambda: blocked(sim, "10.4.1.30"), SOON, "blocked")
    assert "is not ours" in sub.wait("failed") or sub.sync()[1]
    sub.cancel()
    sub.wait()
    assert blocked(sim, "10.4.1.30") and not sim.table("/queue/simple", name=sub.name)
    assert sim.table("/queue/simple", name=taken)[0]["target"] == "10.4.1.99/32"


def test_disabled_by_hand_on_the_router(bench, sim, router):
    """An entry or a queue that somebody switched off is as good as none."""
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.40")
    sub.wait()
    queue = sim.table("/queue/simple", name=sub.name)[0]
    command(sim, "/queue/simple/disable", "=.id=" + queue[".id"])
    sub.set(comment="x")
    sub.wait()
    assert sim.table("/queue/simple", name=sub.name)[0]["disabled"] == "false"
    sub.suspend()
    sub.wait()
    command(sim, "/ip/firewall/address-list/disable", "=.id=" + blocked(sim, "10.4.1.40")[0][".id"])
    sub.set(comment="y")
    sub.wait()
    assert entry(sim, "10.4.1.40")[1] == "false"


def test_foreign_entries_stay(bench, sim, router):
    """A comment that only began like a mark of ours, "isp:uplink", was taken away."""
    command(sim, "/ip/firewall/address-list/add", "=list=isp-blocked", "=address=10.4.1.50", "=comment=isp:uplink")
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.50")
    sub.wait()
    assert "is in isp-blocked and the entry is not ours" in sub.sync()[1]
    assert entry(sim, "10.4.1.50") == ("isp:uplink", "false")


def test_unblocked_though_the_list_could_not_be_read(bench, sim, router):
    """The list of blocked addresses could not be read when a customer had paid: the account was taken for
    unblocked, was synced, and stayed offline for good."""
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.60")
    sub.wait()
    sub.suspend()
    sub.wait()
    sim.fault("busy", path="/ip/firewall/address-list/print", times=1)
    sub.activate()
    isp.wait_until(lambda: sub.sync()[0] == "synced" and not blocked(sim, "10.4.1.60"), 5, "unblocked")


def test_cancelled_though_the_queue_had_gone(bench, sim, router):
    """Somebody removed the queue by hand; with the account cancelled nothing at all stood in the way."""
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.70")
    sub.wait()
    queue = sim.table("/queue/simple", name=sub.name)[0]
    command(sim, "/queue/simple/remove", "=.id=" + queue[".id"])
    sub.cancel()
    sub.wait()
    assert blocked(sim, "10.4.1.70")


def test_from_static_to_pppoe_while_suspended(bench, sim, router):
    """With the plan the queue left, and the block with it."""
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.80")
    sub.wait()
    sub.suspend()
    sub.wait()
    sub.set(package_id=bench.package(), remote_address=None)
    sub.wait()
    assert blocked(sim, "10.4.1.80") and not sim.table("/queue/simple", name=sub.name)
    assert sim.secret(sub.name)["disabled"] == "true"
    sub.activate()
    sub.wait()
    assert not blocked(sim, "10.4.1.80") and sim.secret(sub.name)["disabled"] == "false"


def test_hotspot_session_ends_though_its_cookies_cannot_be_read(bench, sim, router):
    """Cookies come first, and a failure there was the end of it: the session went on."""
    sub = bench.subscribe(router, bench.package(type="hotspot"))
    sub.wait()
    sim.cpe(sub.name, service="hotspot", password="dial-pw", redial=0.1)
    isp.wait_until(lambda: sim.table("/ip/hotspot/active", user=sub.name), 3, "online")
    sim.fault("trap", path="/ip/hotspot/cookie", message="failure: no")
    sub.suspend()
    isp.wait_until(lambda: not sim.table("/ip/hotspot/active", user=sub.name), SOON, "offline")
    sub.wait("failed")
    sim.well()
    sub.wait(seconds=6)
    assert not sim.table("/ip/hotspot/cookie", user=sub.name)


def test_a_router_without_hotspot(bench, sims):
    """Meant for the hotspot by mistake, then for PPPoE: the look at the first place failed for ever."""
    sim = sims("--no-hotspot")
    router = bench.router(sim)
    sub = bench.subscribe(router, bench.package(type="hotspot"))
    sub.wait("failed")
    sub.set(package_id=bench.package())
    sub.wait(seconds=4)
    assert sim.secret(sub.name)
    sub.cancel()
    sub.wait()
    other = bench.subscribe(router, bench.package(type="hotspot"))
    other.wait("failed")
    other.cancel()
    other.wait()


def test_hotspot_user_of_another_server(bench, sim, router):
    """Names of hotspot users are unique for one server only: ours is not the other's."""
    sub = bench.subscribe(router, bench.package(type="hotspot"))
    sub.wait()
    command(sim, "/ip/hotspot/user/add", "=name=" + sub.name, "=server=hotspot1", "=comment=the boss")
    sub.suspend()
    sub.wait()
    rows = {row.get("comment"): row["disabled"] for row in sim.table("/ip/hotspot/user", name=sub.name)}
    assert rows == {sub.mark: "true", "the boss": "false"}
    sub.cancel()
    sub.wait()
    assert [row["comment"] for row in sim.table("/ip/hotspot/user", name=sub.name)] == ["the boss"]


# ---- routers that fail --------------------------------------------------------------------------

def test_down_pending_failed_right_by_itself(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sim.fault("refuse")
    sub.suspend()
    assert sub.sync()[0] in ("pending", "failed")
    sub.wait("failed", 5)
    # A connection that was waiting to be accepted is reset; the next one is refused.
    isp.wait_until(lambda: "refused the connection" in (sub.sync()[1] or ""), 15, "the cause of the failure")
    assert bench.one("SELECT name FROM router_settings WHERE id = %s", router) in sub.sync()[1]
    sim.well()
    sub.wait(seconds=13)
    assert sim.secret(sub.name)["disabled"] == "true" and sub.sync()[1] is None


def test_wrong_password_then_corrected(bench, sim):
    router = bench.router(sim)
    bench.sql("UPDATE router_settings SET password = %s WHERE id = %s",
              seal("router_settings:%s:password" % router, "wrong"), router)
    sub = bench.subscribe(router, bench.package())
    sub.wait("failed", 5)
    assert "refused the login" in sub.sync()[1]
    bench.sql("UPDATE router_settings SET password = %s WHERE id = %s",
              seal("router_settings:%s:password" % router, sim.PASSWORD), router)
    sub.wait()


@pytest.mark.parametrize("kind", ["lost", "drop"])
def test_lost_reply(bench, sim, router, kind):
    sim.fault(kind, path="/ppp/secret/add", times=1)
    sub = bench.subscribe(router, bench.package())
    sub.wait(seconds=6)
    assert len(sim.table("/ppp/secret", name=sub.name)) == 1
    sim.fault(kind, path="/ppp/secret/set", times=1)
    first, second = sub.name, sub.name + "-2"
    sub.set(mikrotik_username=second)
    isp.wait_until(lambda: sim.secret(second), 3)
    sub.set(mikrotik_username=second + "-3")
    sub.wait(seconds=6)
    left = [row["name"] for row in sim.table("/ppp/secret") if row.get("comment", "").startswith(sub.mark)]
    assert left == [second + "-3"] and sim.secret(first) is None
    dial(sim, second + "-3")
    sim.fault(kind, path="/ppp/secret/set", times=1)
    sub.suspend()
    sub.wait(seconds=6)
    assert not online(sim, second + "-3")


def test_move_while_the_old_router_is_down(bench, sims):
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    sub = bench.subscribe(first, bench.package(), remote_address="10.1.1.1")
    sub.wait()
    dial(old, sub.name)
    old.fault("refuse")
    sub.set(router_id=second)
    isp.wait_until(lambda: new.secret(sub.name), SOON, "added on the new router")
    sub.wait("failed", 5)
    assert old.secret(sub.name), "only the new one was to be had"
    back(bench, old, first)
    sub.wait(seconds=5)
    assert old.secret(sub.name) is None and not old.table("/ppp/active", name=sub.name)
    assert bench.one("SELECT count(*) FROM account_states WHERE account_id = %s", sub.account) == 1


def test_move_keeps_the_old_router_until_the_new_has_it(bench, sims):
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    sub = bench.subscribe(first, bench.package())
    sub.wait()
    new.fault("refuse")
    sub.set(router_id=second)
    sub.wait("failed", 5)
    assert old.secret(sub.name)["disabled"] == "false"
    back(bench, new, second)
    sub.wait(seconds=5)
    assert old.secret(sub.name) is None and new.secret(sub.name)


def test_moved_from_a_dead_router_then_suspended(bench, sims):
    """Moved to a router that was dead, so that the account stayed on the old one, rightly; then suspended there,
    and the old router's worker slept on for up to a quarter of a minute."""
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    sub = served(bench, old, first)
    new.fault("refuse")
    sub.set(router_id=second)
    sub.wait("failed", 5)
    time.sleep(1)
    assert online(old, sub.name), "still served where he is"
    sub.suspend()
    isp.wait_until(lambda: old.secret(sub.name) is None and not old.table("/ppp/active", name=sub.name), SOON,
                   "off the old router")
    sub.wait("failed", 5)
    back(bench, new, second)
    sub.wait(seconds=5)
    assert new.secret(sub.name)["disabled"] == "true"


@pytest.mark.parametrize("end", ["suspended", "cancelled", "renamed"])
def test_the_old_router_comes_back(bench, sims, end):
    """The customer's later state does not matter: the old router lets nobody in when it answers again."""
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    sub = served(bench, old, first)
    old.fault("refuse")
    sub.set(router_id=second)
    isp.wait_until(lambda: new.secret(sub.name), SOON, "added on the new router")
    name = sub.name
    if end == "renamed":
        name = sub.name + "-new"
        sub.set(mikrotik_username=name)
        isp.wait_until(lambda: new.secret(name), SOON)
    else:
        sub.set(status=end, suspend_reason="debt" if end == "suspended" else None)
    sub.wait("failed", 5)
    back(bench, old, first)
    sub.wait(seconds=5)
    assert old.secret(sub.name) is None and not old.table("/ppp/active")
    left = new.secret(name)
    assert left is None if end == "cancelled" else left["disabled"] == ("true" if end == "suspended" else "false")


def test_moved_where_the_name_is_not_ours_and_back(bench, sims):
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    sub = served(bench, old, first)
    command(new, "/ppp/secret/add", "=name=" + sub.name, "=comment=the boss")
    sub.set(router_id=second)
    sub.wait("failed")
    assert online(old, sub.name)
    sub.set(router_id=first)
    sub.wait(seconds=5)
    assert old.secret(sub.name)["disabled"] == "false" and new.secret(sub.name)["comment"] == "the boss"


def test_a_router_that_never_answered_is_forgotten(bench, sims):
    """Moved to a router that had been entered wrongly, and back: the account was shown as failed until
    that router, which nobody had, would answer; and it could not be deleted."""
    there, nowhere = sims(), sims()
    first, second = bench.router(there), bench.router(nowhere)
    nowhere.fault("refuse")
    sub = bench.subscribe(first, bench.package())
    sub.wait()
    sub.set(router_id=second)
    sub.wait("failed", 5)
    sub.set(router_id=first)
    sub.wait(seconds=5)
    lost = bench.subscribe(second, bench.package())
    lost.wait("failed", 5)
    lost.cancel()
    lost.wait(seconds=5)
    bench.sql("SELECT router_remove(%s)", second)


def test_renamed_with_a_new_password_in_one(bench, sim, router):
    sub = served(bench, sim, router)
    session, old = online(sim, sub.name), sub.name
    with bench.sql_connection.cursor() as cursor:
        cursor.execute("BEGIN")
        sub.name = old + "-2"
        sub.set(mikrotik_username=sub.name)
        sub.password("another")
        cursor.execute("COMMIT")
    sub.wait()
    assert sim.secret(old) is None and sim.secret(sub.name)["password"] == "another"
    assert not [row for row in sim.table("/ppp/active") if row[".id"] in session]


def test_two_swap_their_names_while_the_router_is_down(bench, sim, router):
    """Each then stood in the other's way, for ever."""
    package = bench.package()
    one = bench.subscribe(router, package, password="first")
    two = bench.subscribe(router, package, password="second")
    one.wait()
    two.wait()
    dial(sim, one.name, None)
    sessions = online(sim, one.name)
    names = one.name, two.name
    with away(bench, router):
        one.set(mikrotik_username=isp.unique("tmp"))
        two.set(mikrotik_username=names[0])
        one.set(mikrotik_username=names[1])
    one.wait(seconds=5)
    two.wait(seconds=5)
    for sub, name, password in ((one, names[1], "first"), (two, names[0], "second")):
        secret = sim.secret(name)
        assert (secret["comment"], secret["password"], secret["disabled"]) == (sub.mark, password, "false")
    assert not [row for row in sim.table("/ppp/active") if row[".id"] in sessions]


def test_a_row_of_renames_while_the_router_is_down(bench, sim, router):
    """Three in a ring, and one who wants the name of one of them."""
    package = bench.package()
    subs = [bench.subscribe(router, package, password="pw%d" % n) for n in range(4)]
    for sub in subs:
        sub.wait()
    names = [sub.name for sub in subs]
    with away(bench, router):
        for sub in subs:
            sub.set(mikrotik_username=isp.unique("tmp"))
        for n, to in enumerate((1, 2, 0)):
            subs[n].set(mikrotik_username=names[to])
        subs[3].set(mikrotik_username=names[3] + "-x")
        late = bench.subscribe(router, package, password="late", mikrotik_username=names[3])
    for sub in subs + [late]:
        sub.wait(seconds=5)
    found = {row["name"]: (row["comment"], row["password"]) for row in sim.table("/ppp/secret") if "comment" in row}
    assert found == {names[1]: (subs[0].mark, "pw0"), names[2]: (subs[1].mark, "pw1"), names[0]: (subs[2].mark, "pw2"),
                     names[3] + "-x": (subs[3].mark, "pw3"), names[3]: (late.mark, "late")}


def test_an_object_that_no_other_account_takes_is_not_forgotten(bench, sim, router):
    """When two swap their names, one cannot take the other's object: that still lets its owner in, who
    must not count as in order, or a suspension would leave it."""
    package = bench.package()
    one, two = bench.subscribe(router, package), bench.subscribe(router, package)
    one.wait()
    two.wait()
    names = one.name, two.name
    with away(bench, router):
        one.set(mikrotik_username=isp.unique("tmp"), profile="none-such")
        two.set(mikrotik_username=names[0])
        one.set(mikrotik_username=names[1])
    isp.wait_until(lambda: (sim.secret(names[0]) or {}).get("comment") == two.mark, 5)
    one.wait("failed")
    assert two.sync()[0] == "failed" and "is reserved for another account" in two.sync()[1]
    assert sim.secret(names[1])["comment"] == two.mark
    dial(sim, names[1], None)
    two.suspend()
    isp.wait_until(lambda: not sim.table("/ppp/active") and sim.secret(names[0])["disabled"] == "true", SOON)
    assert sim.secret(names[1]) is None or sim.secret(names[1])["comment"] == one.mark
    two.wait(seconds=5)
    one.set(profile=None)
    one.wait(seconds=5)
    assert sim.secret(names[1])["comment"] == one.mark


def test_renamed_by_hand_on_the_router(bench, sim, router):
    """A technician renamed a secret in Winbox. Ours was looked for by name, not found, and added anew;
    the renamed one, with our mark, went on for ever: suspended, cancelled, whatever."""
    sub = served(bench, sim, router)
    hand = sub.name + "-upstairs"
    command(sim, "/ppp/secret/set", "=.id=" + sim.secret(sub.name)[".id"], "=name=" + hand)
    dial(sim, hand, None)
    sub.suspend()
    sub.wait()
    assert not sim.table("/ppp/active", name=hand) and sim.secret(hand) is None
    assert sim.secret(sub.name)["disabled"] == "true"
    command(sim, "/ppp/secret/set", "=.id=" + sim.secret(sub.name)[".id"], "=name=" + hand, "=disabled=no")
    isp.wait_until(lambda: online(sim, hand), 3)
    sub.cancel()
    sub.wait()
    assert sim.secret(hand) is None and not sim.table("/ppp/active", name=hand)


def test_imported_renamed_onto_somebody_elses(bench, sim, router):
    """It took that secret over, and its own went on."""
    found, boss = isp.unique("found"), isp.unique("boss")
    for name in (found, boss):
        command(sim, "/ppp/secret/add", "=name=" + name, "=password=x", "=comment=by hand")
    account = bench.insert("mikrotik_secrets", {"router_id": router, "username": found, "service": "pppoe",
                                                "comment": "by hand", "imported": True})

    def state():
        return bench.one("SELECT sync_state FROM account_sync WHERE account_id = %s", account)
    before = sim.secret(boss)
    bench.sql("UPDATE mikrotik_secrets SET username = %s WHERE id = %s", boss, account)
    isp.wait_until(lambda: state() == "failed", SOON)
    assert sim.secret(boss) == before
    bench.sql("UPDATE mikrotik_secrets SET disabled = true WHERE id = %s", account)
    isp.wait_until(lambda: sim.secret(found)["disabled"] == "true", SOON)
    bench.sql("UPDATE mikrotik_secrets SET username = %s WHERE id = %s", found + "-2", account)
    isp.wait_until(lambda: state() == "synced", SOON)
    secret = sim.secret(found + "-2")
    assert (secret["comment"], secret["disabled"]) == ("isp:%s by hand" % account, "true") and not sim.secret(found)
    bench.sql("UPDATE mikrotik_secrets SET username = %s WHERE id = %s", boss, account)
    isp.wait_until(lambda: state() == "failed", SOON)
    assert sim.secret(boss) == before, "once adopted it has a mark to be known by"
    bench.sql("SELECT account_remove(%s)", account)
    isp.wait_until(lambda: not sim.secret(found + "-2"), SOON)


def test_imported_moves_onto_somebody_elses(bench, sims):
    """A reading of one router says nothing about a secret of that name on another."""
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    name = isp.unique("found")
    for sim in (old, new):
        command(sim, "/ppp/secret/add", "=name=" + name, "=password=x")
    account = bench.insert("mikrotik_secrets", {"router_id": first, "username": name, "service": "pppoe",
                                                "imported": True})
    bench.sql("UPDATE mikrotik_secrets SET router_id = %s WHERE id = %s", second, account)
    isp.wait_until(lambda: bench.one("SELECT sync_state FROM account_sync WHERE account_id = %s", account) == "failed", SOON)
    assert "comment" not in new.secret(name) and old.secret(name)
    bench.sql("UPDATE mikrotik_secrets SET disabled = true WHERE id = %s", account)
    isp.wait_until(lambda: old.secret(name) is None, SOON, "off the router where it was found")
    assert new.secret(name)["disabled"] == "false"
    bench.sql("SELECT account_remove(%s)", account)


def test_a_copied_mark_is_not_ours(bench, sim, router):
    """A person who copies a secret in Winbox, to make another one, copies the mark: the copy is left alone."""
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    copy = isp.unique("copy")
    command(sim, "/ppp/secret/add", "=name=" + copy, "=password=x", "=comment=" + sub.mark)
    before = sim.secret(copy)
    sub.suspend()
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "true" and sim.secret(copy) == before
    sub.cancel()
    sub.wait()
    assert sim.secret(sub.name) is None and sim.secret(copy) == before


def test_odd_names(bench, sim, router):
    """Names of routers' own making: they are looked for as they are, and never taken for an id."""
    names = ["a=b", "?x", "*7", "1,2", "4711", "two words", "kaf\u00e9", "<pppoe-x>", "[find]", "x=\\n"]
    package = bench.package()
    command(sim, "/ppp/secret/add", "=name=bystander", "=password=x")
    subs = [bench.subscribe(router, package, mikrotik_username=name) for name in names]
    for sub in subs:
        sub.wait()
    for name in names:
        sim.cpe(name, service="pppoe", password="dial-pw", redial=0.1)
    isp.wait_until(lambda: len(sim.table("/ppp/active")) == len(names), 3, "all online")
    for sub in subs:
        sub.suspend()
    for sub in subs:
        sub.wait()
    assert {row["name"]: row["disabled"] for row in sim.table("/ppp/secret")} == dict(
        {name: "true" for name in names}, bystander="false")
    assert not sim.table("/ppp/active")
    for sub in subs:
        sub.set(mikrotik_username=sub.name + "'")
    for sub in subs:
        sub.cancel()
    for sub in subs:
        sub.wait()
    assert [row["name"] for row in sim.table("/ppp/secret")] == ["bystander"]


@pytest.mark.parametrize("options", [("--version", "6.49.10"), ("--legacy", "--version", "6.42.1"), ("--version", "7.1")])
def test_other_versions(bench, sims, options):
    """The same story on routers of other ages: no !empty, another login, other words and dates."""
    sim = sims(*options)
    router = bench.router(sim)
    command(sim, "/ip/pool/add", "=name=homes", "=ranges=10.8.0.2-10.8.0.250")
    bench.sql("UPDATE router_settings SET ppp_local_address = '10.8.0.1', ppp_pool = 'homes' WHERE id = %s", router)
    sub = bench.subscribe(router, bench.package(burst="150M/30M"), remote_address="10.1.2.3")
    hot = bench.subscribe(router, bench.package(type="hotspot"))
    fixed = bench.subscribe(router, bench.package(type="static", burst="150M/30M"), remote_address="10.4.2.1")
    for each in (sub, hot, fixed):
        each.wait()
    dial(sim, sub.name)
    sub.set(remote_address=None)
    for each in (sub, hot, fixed):
        each.suspend()
    for each in (sub, hot, fixed):
        each.wait()
    assert sim.secret(sub.name)["disabled"] == "true" and "remote-address" not in sim.secret(sub.name)
    assert sim.table("/ip/hotspot/user", name=hot.name)[0]["disabled"] == "true" and blocked(sim, "10.4.2.1")
    assert not sim.table("/ppp/active")
    sub.set(profile="none-such")
    assert "profile none-such does not exist" in sub.wait("failed") or sub.sync()[1]
    sub.set(profile=None)
    for each in (sub, hot, fixed):
        each.activate()
    for each in (sub, hot, fixed):
        each.wait()
    isp.wait_until(lambda: online(sim, sub.name), 3)
    assert not blocked(sim, "10.4.2.1")
    for each in (sub, hot, fixed):
        each.cancel()
    for each in (sub, hot, fixed):
        each.wait()
    assert not sim.table("/ppp/secret") and not sim.table("/ppp/active") and blocked(sim, "10.4.2.1")


@pytest.mark.parametrize("kind", ["hotspot", "static"])
def test_lost_reply_after_add_elsewhere(bench, sim, router, kind):
    menu = "/ip/hotspot/user" if kind == "hotspot" else "/queue/simple"
    sim.fault("lost", path=menu + "/add", times=1)
    sub = bench.subscribe(router, bench.package(type=kind), remote_address="10.4.2.9")
    sub.wait(seconds=6)
    assert len(sim.table(menu, name=sub.name)) == 1
    sim.fault("lost", path=menu + "/set", times=1)
    old, sub.name = sub.name, sub.name + "-2"
    sub.set(mikrotik_username=sub.name)
    sub.wait(seconds=6)
    assert len(sim.table(menu, name=sub.name)) == 1 and not sim.table(menu, name=old)
    sim.fault("lost", path="/ip/firewall/address-list/add", times=1)
    sub.suspend()
    sub.wait(seconds=6)
    assert kind == "hotspot" or len(blocked(sim, "10.4.2.9")) == 1
    sim.fault("lost", path=menu + "/remove", times=1)
    sub.cancel()
    sub.wait(seconds=6)
    assert not sim.table(menu, name=sub.name)


def test_no_active_router_then_one(bench, sims):
    sub = bench.subscribe(None, bench.package())
    assert sub.sync() == ("pending", "no active router")
    sim = sims()
    bench.router(sim)
    sub.wait()
    assert sim.secret(sub.name)


def test_by_default_on_the_first_active_router(bench, sims):
    asleep, first, second = sims(), sims(), sims()
    bench.router(asleep, is_active=False)
    bench.router(first)
    bench.router(second)
    sub = bench.subscribe(None, bench.package())
    sub.wait()
    assert first.secret(sub.name) and not second.secret(sub.name) and not asleep.secret(sub.name)


def test_a_broken_router_is_probed_by_one_login(bench, sim, router):
    """However many wait for it: its log, and its sessions, are not for us to fill."""
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    sim.fault("full")
    sim._ask("POST", "/hangup", {})
    sim.log_reset()
    many(bench, router, package, 30, "waiting-")
    sub.suspend()
    sub.wait("failed", 5)
    assert "closed the connection" in sub.sync()[1]
    time.sleep(3)
    assert sim._ask("GET", "/")["opened"] <= 2
    assert bench.one("SELECT count(*) FROM account_states WHERE router_id = %s AND sync_state = 'failed'"
                     " AND sync_error LIKE '%%closed the connection%%'", router) == 31
    sim.well()
    sim.log_reset()
    back(bench, sim, router)
    isp.wait_until(lambda: unsynced(bench, router) == 0, 5, "all its jobs were due")
    assert sim._ask("GET", "/")["logins"] == 1


def test_a_job_that_fails_is_tried_again_later_and_later(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sim.log_reset()
    sim.fault("trap", path="/ppp/secret/set", message="failure: no")
    sub.suspend()
    time.sleep(3.6)
    assert len(paths(sim, "/ppp/secret/set")) == 3, "after 1 and 2 more seconds"
    sim.well()
    sub.wait(seconds=5)
    assert sim.secret(sub.name)["disabled"] == "true"


def test_two_services_work_on_a_router_in_turn(bench, sim, router):
    """One worker a router, whoever started it: two would undo and double each other's work."""
    second = subprocess.Popen(bench.program(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        sim.fault("slow", path="/ppp/secret", delay=0.05)
        package = bench.package()
        subs = []
        for _ in range(12):
            subs.append(bench.subscribe(router, package))
            time.sleep(0.05)
        for sub in subs:
            sub.wait(seconds=10)
        seen = [(e["connection"], e["time"], e["path"]) for e in sim.log()["entries"] if e["path"] == "/ppp/secret/add"]
        assert len(seen) == len(subs), "an account was made twice"
    finally:
        second.terminate()
        assert second.wait(20) == 0


def test_inactive_router_keeps_its_jobs(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    bench.sql("UPDATE router_settings SET is_active = false WHERE id = %s", router)
    sub.suspend()
    time.sleep(0.5)
    assert sub.sync()[0] == "pending" and "is not active" in sub.sync()[1]
    bench.sql("UPDATE router_settings SET is_active = true WHERE id = %s", router)
    sub.wait()
    assert sim.secret(sub.name)["disabled"] == "true"


def test_one_bad_account_stops_no_other(bench, sim, router):
    package = bench.package()
    with bench.sql_connection.cursor() as cursor:
        cursor.execute("BEGIN")
        bad = bench.subscribe(router, package, profile="there-is-none")
        good = [bench.subscribe(router, package) for _ in range(5)]
        cursor.execute("COMMIT")
    for sub in good:
        sub.wait()
    bad.wait("failed")
    assert "profile there-is-none does not exist on" in bad.sync()[1]


# ---- many ---------------------------------------------------------------------------------------

def many(bench, router, package, count, stem):
    """Subscriptions with one password, in one statement."""
    idents = [str(uuid.uuid4()) for _ in range(count)]
    bench.sql("INSERT INTO subscriptions (id, customer_id, package_id, router_id, mikrotik_username, mikrotik_password,"
              " start_date, end_date) SELECT id::uuid, %s, %s, %s, %s || i, password, '2026-03-01', '2026-03-30'"
              " FROM unnest(%s, %s) WITH ORDINALITY AS line(id, password, i)", bench.customer, package, router, stem, idents,
              [seal("subscriptions:%s:mikrotik_password" % ident, "pw") for ident in idents])


def unsynced(bench, router):
    return bench.one("SELECT count(*) FROM account_states WHERE router_id = %s AND sync_state <> 'synced'", router)


def test_500_suspensions_one_connection_one_print_each(bench, sim, router):
    package = bench.package()
    many(bench, router, package, 600, "crowd-")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 20, "600 accounts made")
    sim._ask("POST", "/cpe", {"dial": "all"})
    isp.wait_until(lambda: len(sim.table("/ppp/active")) == 600, 10, "all online")
    time.sleep(0.2)
    sim.log_reset()
    before = sim._ask("GET", "/")["opened"]
    began = time.monotonic()
    bench.sql("UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE mikrotik_username IN"
              " (SELECT 'crowd-' || i FROM generate_series(1, 500) i)")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 5, "500 suspended")
    seconds = time.monotonic() - began
    assert seconds < 5
    log = sim.log()
    assert sim._ask("GET", "/")["opened"] - before <= 1
    for menu in ("/ppp/secret", "/ppp/active"):
        prints = [e for e in log["entries"] if e["path"] == menu + "/print"]
        assert len(prints) <= 1 and all(".proplist" in e["attributes"] for e in prints), prints
    assert len({e["connection"] for e in log["entries"]}) == 1
    disabled = [row["name"] for row in sim.table("/ppp/secret", disabled="true")]
    assert len(disabled) == 500 and len(sim.table("/ppp/active")) == 100
    print("500 suspensions: %.2f s" % seconds)


@pytest.mark.parametrize("count", [50, 51])
def test_fifty_by_name_more_by_one_print(bench, sim, router, count):
    """One batch: all became due while the router was not to be spoken to."""
    package = bench.package()
    with away(bench, router):
        many(bench, router, package, count, "batch-%d-" % count)
        sim.log_reset()
    isp.wait_until(lambda: unsynced(bench, router) == 0, 10, "all made")
    asked = [len(e["queries"]) for e in sim.log()["entries"] if e["path"] == "/ppp/secret/print"]
    assert asked == ([1] * 50 if count == 50 else [0])


def test_a_big_batch_with_few_kicks_prints_the_sessions_once(bench, sim, router):
    """More than 50 accounts in one batch, 20 of which had sessions to end: those were asked for one by
    one, where one print of the table is the rule."""
    package = bench.package()
    many(bench, router, package, 60, "few-")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 20, "60 accounts made")
    sim._ask("POST", "/cpe", {"dial": "all"})
    isp.wait_until(lambda: len(sim.table("/ppp/active")) == 60, 10, "all online")
    sim.log_reset()
    bench.sql("UPDATE subscriptions SET comment = 'seen', status = CASE WHEN mikrotik_username ~ '-[12].$' THEN 'suspended'"
              " ELSE status END, suspend_reason = CASE WHEN mikrotik_username ~ '-[12].$' THEN 'debt' END"
              " WHERE mikrotik_username LIKE 'few-%%' AND package_id = %s", package)
    isp.wait_until(lambda: unsynced(bench, router) == 0, 5, "all done")
    assert sorted(paths(sim, "/ppp/active/print", "/ppp/secret/print")) == ["/ppp/active/print", "/ppp/secret/print"]
    assert len(sim.table("/ppp/active")) == 40


def test_one_dead_router_delays_nobody(bench, sims):
    package = bench.package()
    there = [sims() for _ in range(10)]
    routers = [bench.router(sim) for sim in there]
    for router in routers:
        many(bench, router, package, 1, "tenth-%s-" % router[-8:])
    isp.wait_until(lambda: all(unsynced(bench, r) == 0 for r in routers), 10)

    def turn(status, reason, of):
        """Seconds until the routers of `of` hold the new state, one statement for all."""
        began = time.monotonic()
        bench.sql("UPDATE subscriptions SET status = %s, suspend_reason = %s WHERE mikrotik_username LIKE 'tenth-%%'",
                  status, reason)
        isp.wait_until(lambda: all(unsynced(bench, r) == 0 for r in of), 10)
        return time.monotonic() - began
    healthy = min(turn("suspended", "debt", routers), turn("active", None, routers))
    there[0].fault("hang")
    with_a_dead_one = min(turn("suspended", "debt", routers[1:]), turn("active", None, routers[1:]))
    assert with_a_dead_one < healthy + 0.5, (healthy, with_a_dead_one)
    assert unsynced(bench, routers[0]) == 1


MENUS = {"pppoe": "/ppp/secret", "hotspot": "/ip/hotspot/user", "static": "/queue/simple"}


def wanted_of(bench, router):
    """The objects that a router should hold by the database, by menu and name; and the addresses in service, and to be blocked."""
    wanted, served_addresses, to_block = {}, set(), set()
    for name, service, want, disabled, profile, address, mark in bench.sql(
            "SELECT username, service, wanted, disabled, coalesce(m.profile, p.router_profile), remote_address,"
            " 'isp:' || m.id FROM mikrotik_secrets m JOIN packages p ON p.id = package_id"
            " WHERE m.router_id = %s AND removed_at IS NULL AND wanted <> 'absent'", router):
        off = want == "suspended" or disabled
        if service == "static":
            wanted[service, name] = (address + "/32", "false", mark)
            (to_block if off else served_addresses).add(address)
            continue
        if not off:
            served_addresses.add(address)
        profile = "isp-" + profile if service == "hotspot" else profile
        wanted[service, name] = (address, str(off).lower(), mark, profile)
    return wanted, served_addresses, to_block


def assert_held(bench, router, sim):
    """The router holds that, of ours nothing else, and nobody is online who should not be."""
    wanted, served_addresses, to_block = wanted_of(bench, router)
    found = {}
    for service, menu in MENUS.items():
        for row in sim.table(menu):
            if not row.get("comment", "").startswith("isp:"):
                continue
            if service == "static":
                found[service, row["name"]] = (row["target"], row["disabled"], row["comment"])
                continue
            address = row.get("remote-address") or row.get("address")
            found[service, row["name"]] = (address, row["disabled"], row["comment"], row["profile"])
            assert row["disabled"] == "false" or not row["sessions"], row
    assert found == wanted
    for service, menu, prop in (("pppoe", "/ppp/active", "name"), ("hotspot", "/ip/hotspot/active", "user")):
        for row in sim.table(menu):
            assert (service, row[prop]) in wanted, "a session of nobody: %r" % row
    entries = {row["address"] for row in sim.table("/ip/firewall/address-list")}
    assert not entries & served_addresses and to_block - served_addresses <= entries


def waiting(bench, routers):
    found = bench.sql("SELECT m.username, m.service, m.wanted, s.present, s.sync_state, s.sync_error, s.traces"
                      " FROM account_states s JOIN mikrotik_secrets m ON m.id = s.account_id"
                      " WHERE s.router_id = ANY (%s::uuid[]) AND s.generation > s.synced_generation", list(routers))
    if found:
        print(found)
    return found


def test_random_changes_end_in_agreement(bench, sims):
    seed = int(os.environ.get("SEED") or random.randrange(10 ** 9))
    print("SEED=%d" % seed)
    dice = random.Random(seed)
    there = {bench.router(sim): sim for sim in (sims(), sims(), sims())}
    for sim in there.values():
        sim._ask("POST", "/cpe", {"dial": "all"})
    packages = [bench.package(type=kind) for kind in ("pppoe", "pppoe", "pppoe", "hotspot", "static")]
    names = [isp.unique("any") for _ in range(30)]
    alive = []

    def plan(package):
        """With an address, which a static account cannot do without."""
        address = "10.77.0.%d" % dice.randrange(50)
        return {"package_id": package, "remote_address": address if package == packages[-1] else dice.choice([None, address])}

    def begin():
        free = [n for n in names if n not in [s.name for s in alive]]
        if free:
            columns = plan(dice.choice(packages))
            alive.append(bench.subscribe(dice.choice(list(there)), columns.pop("package_id"), password="",
                                         mikrotik_username=dice.choice(free), **columns))

    def end():
        alive.pop(dice.randrange(len(alive))).cancel()

    def rename():
        sub, free = dice.choice(alive), [n for n in names if n not in [s.name for s in alive]]
        if free:
            sub.name = dice.choice(free)
            sub.set(mikrotik_username=sub.name)

    def swap():
        one, two = dice.sample(alive, 2)
        one.set(mikrotik_username=isp.unique("tmp"))
        one.name, two.name = two.name, one.name
        two.set(mikrotik_username=two.name)
        one.set(mikrotik_username=one.name)

    def strike():
        kind = dice.choice(["lost", "drop", "refuse", "busy", "slow", "hangup"])
        sim = dice.choice(list(there.values()))
        if kind == "hangup":
            sim._ask("POST", "/hangup", {})
        else:
            sim.fault(kind, **({} if kind == "refuse" else {"times": dice.randrange(1, 4), "delay": 0.2}))

    acts = [begin, begin, begin, rename, rename, swap, end, strike,
            lambda: dice.choice(list(there.values())).well(),
            lambda: dice.choice(alive).suspend(), lambda: dice.choice(alive).activate(),
            lambda: dice.choice(alive).set(**plan(dice.choice(packages))),
            lambda: dice.choice(alive).set(router_id=dice.choice(list(there)))]
    until = time.monotonic() + (60 if isp.SOAK else 6)
    while time.monotonic() < until:
        try:
            (begin if len(alive) < 5 else dice.choice(acts))()
        except psycopg2.errors.UniqueViolation as refused:
            assert "remote_address" in str(refused), refused
        time.sleep(dice.random() * 0.05)
    for router, sim in there.items():
        back(bench, sim, router)
    isp.wait_until(lambda: not waiting(bench, there), 40, "all synced (SEED=%d)" % seed)
    time.sleep(0.3)
    for router, sim in there.items():
        assert_held(bench, router, sim)
    bench.check()


# ---- the program --------------------------------------------------------------------------------

def test_once_does_all_and_tells_what_failed(bench, sim, router):
    assert bench.stop() == 0
    try:
        sub = bench.subscribe(router, bench.package())
        assert bench.once().returncode == 0
        assert sub.sync()[0] == "synced" and sim.secret(sub.name)
        sub.set(profile="nowhere")
        assert bench.once().returncode == 1
        assert sub.sync()[0] == "failed"
        sub.set(profile=None)
        assert bench.once().returncode == 0
    finally:
        bench.start()


def test_a_killed_worker_is_replaced(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sim.fault("slow", path="/ppp/secret/set", delay=1, times=1)
    sub.suspend()
    time.sleep(0.3)
    children = subprocess.run(["pgrep", "-P", str(bench.process.pid)], capture_output=True, text=True, check=True)
    for pid in children.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    sub.wait(seconds=6)
    assert sim.secret(sub.name)["disabled"] == "true"


def test_it_outlives_the_database(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    bench.sql_connection.close()
    try:
        bench.db("down")
        time.sleep(1)
        assert bench.process.poll() is None
        with open("/proc/%d/stat" % bench.process.pid, encoding="ascii") as file:
            before = sum(int(n) for n in file.read().split()[13:15])
        time.sleep(1)
        with open("/proc/%d/stat" % bench.process.pid, encoding="ascii") as file:
            assert sum(int(n) for n in file.read().split()[13:15]) - before < 30, "it spins"
    finally:
        bench.db("up")
        bench.connect()
    sub.suspend()
    sub.wait(seconds=6)
    assert sim.secret(sub.name)["disabled"] == "true"
