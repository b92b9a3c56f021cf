"""Contract 6 with many accounts at once, and router-sync as a program."""
import os
import random
import signal
import subprocess
import time

import psycopg2.errors
import pytest

import isp
from provision import (  # noqa: F401 (fixtures)
    answers_again, bench, inactive, many, paths, router, sim, sims, unsynced, waiting)


def test_500_suspensions_one_connection_one_print_each(bench, sim, router):
    package = bench.package()
    many(bench, router, package, 600, "crowd-")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 20, "600 accounts made")
    sim.ask("POST", "/cpe", {"dial": "all"})
    isp.wait_until(lambda: len(sim.table("/ppp/active")) == 600, 10, "all online")
    time.sleep(0.2)
    sim.log_reset()
    before = sim.ask("GET", "/")["opened"]
    began = isp.spent()
    bench.sql("UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE mikrotik_username IN"
              " (SELECT 'crowd-' || i FROM generate_series(1, 500) i)")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 5, "500 suspended")
    seconds = isp.spent() - began
    assert seconds < 5
    log = sim.log()
    assert sim.ask("GET", "/")["opened"] - before <= 1
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
    with inactive(bench, router):
        many(bench, router, package, count, "batch-%d-" % count)
        sim.log_reset()
    isp.wait_until(lambda: unsynced(bench, router) == 0, 10, "all made")
    asked = [len(e["queries"]) for e in sim.log()["entries"] if e["path"] == "/ppp/secret/print"]
    assert asked == ([1] * 50 if count == 50 else [0])


def test_a_big_batch_with_few_kicks_prints_the_sessions_once(bench, sim, router):
    """Bug: of more than 50 accounts in one batch, 20 had sessions to end: these were queried one by one, where the
    rule is one print of the table."""
    package = bench.package()
    many(bench, router, package, 60, "few-")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 20, "60 accounts made")
    sim.ask("POST", "/cpe", {"dial": "all"})
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
        began = isp.spent()
        bench.sql("UPDATE subscriptions SET status = %s, suspend_reason = %s WHERE mikrotik_username LIKE 'tenth-%%'",
                  status, reason)
        isp.wait_until(lambda: all(unsynced(bench, r) == 0 for r in of), 10)
        return isp.spent() - began
    healthy, with_a_dead_one = min(turn("suspended", "debt", routers), turn("active", None, routers)), []
    there[0].fault("hang")
    for _ in range(4):  # a router that delays the others delays them each time, a busy machine does not
        with_a_dead_one += [turn("suspended", "debt", routers[1:]), turn("active", None, routers[1:])]
        if min(with_a_dead_one) < healthy + 0.5:
            break
    assert min(with_a_dead_one) < healthy + 0.5, (healthy, with_a_dead_one)
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


def test_random_changes_end_in_agreement(bench, sims):
    seed = int(os.environ.get("SEED") or random.randrange(10 ** 9))
    print("SEED=%d" % seed)
    dice = random.Random(seed)
    there = {bench.router(sim): sim for sim in (sims(), sims(), sims())}
    for sim in there.values():
        sim.ask("POST", "/cpe", {"dial": "all"})
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
            sim.ask("POST", "/hangup", {})
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
        answers_again(bench, sim, router)
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


def test_a_stop_waits_for_the_workers(bench, sim, router):
    # A worker left behind would hold its router against the next start, and write while a backup is restored.
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sim.fault("slow", path="/ppp/secret/set", delay=2, times=1)
    sub.suspend()
    time.sleep(0.5)
    workers = isp.children(bench.process.pid)
    try:
        assert workers and bench.stop() == 0
        assert not [pid for pid in workers if os.path.exists("/proc/%d" % pid)], "a worker outlives the program"
    finally:
        bench.start()
    sub.wait(seconds=6)


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
