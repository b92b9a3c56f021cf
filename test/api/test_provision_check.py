"""router-sync --check: a change that no job of ours made is found, put right or reported; nothing foreign is touched."""
import re
import subprocess
import time

import pytest

import isp
from ports import port as free_port
from provision import (  # noqa: F401 (fixtures)
    bench, blocked, command, dial, inactive, many, online, router, sim, sims, SOON, unsynced)

MENUS = ["/ppp/secret", "/ip/hotspot/user", "/queue/simple", "/ip/firewall/address-list",
         "/ipv6/firewall/address-list"]


def run(bench, *more):
    """(exit status, what it said) of a comparison."""
    done = subprocess.run(bench.program("--check", *more), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60,
                          check=False, text=True)
    return done.returncode, done.stderr


def check(bench, router, wait=True):
    """{accounts, different, profiles, misplaced} of a router, and its jobs done."""
    status, said = run(bench, "--router", router)
    assert status == 0, said
    if wait:
        isp.wait_until(lambda: unsynced(bench, router) == 0, SOON, "what was found is put right")
    line = [line for line in said.splitlines() if "different=" in line]
    assert len(line) == 1 and "router=" + router in line[0], said
    return {key: int(value) for key, value in re.findall(r"(accounts|different|profiles|misplaced)=(\d+)", line[0])}


def found(accounts, different=0, profiles=0, misplaced=0):
    return {"accounts": accounts, "different": different, "profiles": profiles, "misplaced": misplaced}


def edit(sim, menu, which, **values):
    """By hand, on the router."""
    ident = sim.table(menu, name=which)[0][".id"]
    command(sim, menu + "/set", "=.id=" + ident, *["=%s=%s" % (k.replace("_", "-"), v) for k, v in values.items()])


def remove(sim, menu, name):
    command(sim, menu + "/remove", "=.id=" + sim.table(menu, name=name)[0][".id"])


def writes(sim):
    return [e["path"] for e in sim.log()["entries"] if e["path"].rsplit("/", 1)[1] in ("add", "set", "unset", "remove")]


def test_an_empty_router_and_an_empty_database(bench, sim, router):
    assert check(bench, router) == found(0)
    command(sim, "/ppp/secret/add", "=name=by-hand", "=password=x", "=comment=isp:not a mark")
    command(sim, "/ppp/secret/add", "=name=of-another", "=password=x",
            "=comment=isp:00000000-0000-4000-8000-000000000000")
    sim.log_reset()
    assert check(bench, router) == found(0) and not writes(sim)


def test_a_right_account_is_left_alone(bench, sim, router):
    """Every kind of account in each of its states, with all that can be said about it."""
    pppoe = bench.package(burst="150M/30M", priority=3)
    hotspot = bench.package(type="hotspot", bandwidth="5M/1.5M")
    static = bench.package(type="static", bandwidth="10M/2.5M", burst="20M/10M 8M/2M 90/10", priority=3)
    plain = bench.package(type="static", bandwidth="10M/5M")
    subs = []
    for status, reason in (("active", None), ("suspended", "debt")):
        subs += [bench.subscribe(router, package, status=status, suspend_reason=reason, **more) for package, more in (
            (pppoe, {"comment": "Jl. Merdeka 1", "remote_address": "10.1.2.%d" % (len(subs) + 1)}),
            (pppoe, {}), (hotspot, {}), (static, {"remote_address": "10.4.7.%d" % (len(subs) + 1)}),
            (plain, {"remote_address": "2001:db8:7::%d" % (len(subs) + 1)}))]
    for sub in subs:
        sub.wait()
    isp.wait_until(lambda: unsynced(bench, router) == 0, SOON)
    dial(sim, subs[0].name)
    sim.log_reset()
    assert check(bench, router) == found(len(subs))
    assert not writes(sim) and online(sim, subs[0].name)


def test_enabled_by_hand_is_disabled_again_and_kicked(bench, sim, router):
    package = bench.package()
    sub, other = bench.subscribe(router, package), bench.subscribe(router, package)
    sub.wait()
    sub.suspend()
    sub.wait()
    other.wait()
    edit(sim, "/ppp/secret", sub.name, disabled="no")
    dial(sim, sub.name)
    assert check(bench, router) == found(2, different=1)
    assert sim.secret(sub.name)["disabled"] == "true" and not online(sim, sub.name)
    time.sleep(0.3)
    assert not online(sim, sub.name), "it came back"
    assert check(bench, router) == found(2)


def test_a_dial_in_that_slipped_in(bench, sim, router):
    """Disabled as it should be, and online all the same."""
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    dial(sim, sub.name)
    with inactive(bench, router):
        sub.suspend()
    sub.wait()
    edit(sim, "/ppp/secret", sub.name, disabled="no")
    isp.wait_until(lambda: online(sim, sub.name), 3)
    edit(sim, "/ppp/secret", sub.name, disabled="yes")
    assert check(bench, router) == found(1, different=1)
    assert not online(sim, sub.name) and check(bench, router) == found(1)


def test_disabled_by_hand_is_enabled_again(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    edit(sim, "/ppp/secret", sub.name, disabled="yes")
    assert check(bench, router) == found(1, different=1)
    assert sim.secret(sub.name)["disabled"] == "false"


def test_deleted_by_hand_is_made_again(bench, sim, router):
    sub = bench.subscribe(router, bench.package(), password="the same as ever")
    user = bench.subscribe(router, bench.package(type="hotspot"))
    queue = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.7.50")
    there = [(sub, "/ppp/secret"), (user, "/ip/hotspot/user"), (queue, "/queue/simple")]
    for one, menu in there:
        one.wait()
        remove(sim, menu, one.name)
    assert check(bench, router) == found(3, different=3)
    for one, menu in there:
        assert sim.table(menu, name=one.name)[0]["comment"] == one.mark
    assert sim.secret(sub.name)["password"] == "the same as ever"
    assert check(bench, router) == found(3)


@pytest.mark.parametrize("change", [
    {"profile": "default"}, {"service": "l2tp"}, {"remote_address": "10.1.2.200"}, {"local_address": "10.1.2.201"}])
def test_changed_by_hand_is_put_back_and_kicked(bench, sim, router, change):
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    before = {k: v for k, v in sim.secret(sub.name).items() if k != "sessions"}
    dial(sim, sub.name)
    session = online(sim, sub.name)
    edit(sim, "/ppp/secret", sub.name, **change)
    assert check(bench, router) == found(1, different=1)
    after = sim.secret(sub.name)
    assert {k: after.get(k) for k in ("profile", "service", "remote-address", "local-address", "comment")} == \
           {k: before.get(k) for k in ("profile", "service", "remote-address", "local-address", "comment")}
    assert change == {"service": "l2tp"} or session[0] not in after["sessions"]
    assert check(bench, router) == found(1)


def test_renamed_by_hand_is_named_again(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    ident = sim.secret(sub.name)[".id"]
    edit(sim, "/ppp/secret", sub.name, name=sub.name + "-x")
    assert check(bench, router) == found(1, different=1)
    assert sim.secret(sub.name)[".id"] == ident and not sim.secret(sub.name + "-x")


def test_rates_changed_by_hand_are_put_back(bench, sim, router):
    """The rates of a queue and of a profile are compared as numbers: "5M" is "5000000"."""
    sub = bench.subscribe(router, bench.package(type="static", bandwidth="10M/5M"), remote_address="10.4.7.60")
    package = bench.package(bandwidth="20M/10M")
    user = bench.package(type="hotspot", bandwidth="4M/2M")
    for one in (sub, bench.subscribe(router, package), bench.subscribe(router, user)):
        one.wait()
    names = (sub.name, bench.profile(package), "isp-" + bench.profile(user))
    edit(sim, "/queue/simple", names[0], max_limit="5000k/10000k")
    edit(sim, "/ppp/profile", names[1], rate_limit="10000000/20000k")
    assert check(bench, router) == found(3)
    edit(sim, "/queue/simple", names[0], max_limit="50M/50M")
    edit(sim, "/ppp/profile", names[1], rate_limit="50M/50M")
    edit(sim, "/ip/hotspot/user/profile", names[2], rate_limit="50M/50M")
    assert check(bench, router) == found(3, different=1, profiles=2)
    assert sim.table("/queue/simple", name=names[0])[0]["max-limit"] == "5000000/10000000"
    assert sim.table("/ppp/profile", name=names[1])[0]["rate-limit"] == "10M/20M"
    assert sim.table("/ip/hotspot/user/profile", name=names[2])[0]["rate-limit"] == "2M/4M"
    assert check(bench, router) == found(3)


def test_unblocked_by_hand_is_blocked_again(bench, sim, router):
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.7.70", status="suspended",
                          suspend_reason="debt")
    sub.wait()
    ident = blocked(sim, "10.4.7.70")[0][".id"]
    command(sim, "/ip/firewall/address-list/remove", "=.id=" + ident)
    assert check(bench, router) == found(1, different=1)
    assert blocked(sim, "10.4.7.70")[0]["comment"] == sub.mark
    sub.activate()
    sub.wait()
    command(sim, "/ip/firewall/address-list/add", "=list=isp-blocked", "=address=10.4.7.70", "=comment=" + sub.mark)
    assert check(bench, router) == found(1, different=1)
    assert not blocked(sim, "10.4.7.70")


def test_the_foreign_is_left_alone(bench, sim, router):
    """Beside ours, under our names, with copied marks, in the list of the blocked; and our name under another's hand
    is reported, not taken."""
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    foreign = [("/ppp/secret", "=name=by-hand", "=password=x", "=comment=of the neighbour"),
               ("/ppp/secret", "=name=copied", "=password=x", "=comment=" + sub.mark),
               ("/ppp/profile", "=name=special", "=rate-limit=1M/1M"),
               ("/ip/hotspot/user", "=name=guest", "=password=x"),
               ("/queue/simple", "=name=office", "=target=10.77.0.1", "=max-limit=1M/1M"),
               ("/ip/firewall/address-list", "=list=isp-blocked", "=address=10.77.0.2"),
               ("/ip/firewall/address-list", "=list=vip", "=address=10.77.0.3", "=comment=" + sub.mark)]
    for menu, *words in foreign:
        command(sim, menu + "/add", *words)
    before = {menu: sim.table(menu) for menu, *_ in foreign}
    sim.log_reset()
    assert check(bench, router) == found(1) and not writes(sim)
    edit(sim, "/ppp/secret", sub.name, comment="mine now")
    theirs = sim.secret(sub.name)
    assert check(bench, router, wait=False) == found(1, different=1)
    assert sub.wait("failed") == "%s exists on %s and is not ours" % (
        sub.name, bench.one("SELECT name FROM router_settings WHERE id = %s", router))
    assert sim.secret(sub.name) == theirs
    edit(sim, "/ppp/secret", sub.name, comment=sub.mark)
    bench.sql("SELECT account_mark_dirty(ARRAY[%s]::uuid[], false)", sub.account)
    sub.wait()
    assert {menu: len(sim.table(menu)) for menu in before} == {menu: len(rows) for menu, rows in before.items()}
    # The account is gone, and so is its secret; the copy of its mark is not ours still.
    sub.cancel()
    sub.wait()
    assert check(bench, router) == found(0)
    assert sim.secret("copied") and not sim.secret(sub.name)


def test_an_imported_account_is_left_as_it_was_found(bench, sim, router):
    name = isp.unique("found")
    command(sim, "/ppp/secret/add", "=name=" + name, "=password=x", "=comment=by hand")
    account = bench.insert("mikrotik_secrets", {"router_id": router, "username": name, "service": "pppoe",
                                                "comment": "by hand", "imported": True})
    edit(sim, "/ppp/secret", name, profile="default-encryption", disabled="yes")
    before = sim.secret(name)
    assert check(bench, router) == found(0) and sim.secret(name) == before
    remove(sim, "/ppp/secret", name)
    assert check(bench, router) == found(0) and not sim.secret(name)
    bench.sql("SELECT account_remove(%s)", account)


def test_a_moved_account_leaves_the_old_router(bench, sims):
    """Bug: after the old router was restored from a backup, customers who had moved could dial in there, too."""
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    sub = bench.subscribe(first, bench.package())
    queue = bench.subscribe(first, bench.package(type="static"), remote_address="10.4.7.80")
    for one in (sub, queue):
        one.wait()
        one.set(router_id=second)
        one.wait()
    isp.wait_until(lambda: not old.secret(sub.name), SOON)
    command(old, "/ppp/secret/add", "=name=" + sub.name, "=password=dial-pw", "=comment=" + sub.mark)
    command(old, "/queue/simple/add", "=name=" + queue.name, "=target=10.4.7.80", "=comment=" + queue.mark)
    dial(old, sub.name)
    assert check(bench, first) == found(0, misplaced=2)
    assert not old.secret(sub.name) and not old.table("/ppp/active", name=sub.name)
    assert not old.table("/queue/simple", name=queue.name) and blocked(old, "10.4.7.80"), "blocked before it left"
    assert new.secret(sub.name)["disabled"] == "false" and sub.sync()[0] == "synced"
    assert check(bench, first) == found(0) and check(bench, second) == found(2)


def test_a_cancelled_account_does_not_come_back(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sub.cancel()
    isp.wait_until(lambda: not sim.secret(sub.name), SOON)
    command(sim, "/ppp/secret/add", "=name=" + sub.name, "=password=dial-pw", "=comment=" + sub.mark + " back again")
    dial(sim, sub.name)
    assert check(bench, router) == found(0, misplaced=1)
    assert not sim.secret(sub.name) and not sim.table("/ppp/active", name=sub.name)
    assert check(bench, router) == found(0)


def test_another_router_behind_the_same_address(bench, sims):
    """The night leaves a router alone that holds none of its accounts; once a person says that it is the
    right one, all of it is made again, profiles first."""
    old = sims("--port", str(free_port()))
    router = bench.router(old, ppp_local_address="10.9.0.1", ppp_pool="pool1")
    command(old, "/ip/pool/add", "=name=pool1", "=ranges=10.9.0.2-10.9.255.254")
    package = bench.package()
    subs = [bench.subscribe(router, package) for _ in range(5)]
    for sub in subs:
        sub.wait()
    subs[0].suspend()
    subs[0].wait()
    port = old.port
    old.down()
    new = isp.Sim("--port", str(port)).up()
    try:
        command(new, "/ip/pool/add", "=name=pool1", "=ranges=10.9.0.2-10.9.255.254")
        status, said = run(bench, "--router", router)
        assert status == 0 and "is it the right router?" in said and new.table("/ppp/secret") == []
        name = bench.one("SELECT name FROM router_settings WHERE id = %s", router)
        subprocess.run([isp.BUILD + "/bin/ispctl", "--env", bench.env, "router", "apply", "--router", name, "--force"],
                       check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=60)
        isp.wait_until(lambda: unsynced(bench, router) == 0, SOON, "all of it is made again")
        assert {row["name"]: row["disabled"] for row in new.table("/ppp/secret")} == {
            sub.name: "true" if sub is subs[0] else "false" for sub in subs}
        assert all(row["profile"] == bench.profile(package) for row in new.table("/ppp/secret"))
        assert check(bench, router) == found(5)
    finally:
        bench.sql("UPDATE router_settings SET is_active = false WHERE id = %s", router)
        new.down()


@pytest.mark.parametrize("fault", [
    {"kind": "refuse"}, {"kind": "trap", "path": "/ppp/secret/print", "message": "action timed out"},
    {"kind": "trap", "path": "/ppp/active/print", "message": "action timed out"},
    {"kind": "trap", "path": "/ppp/profile/print", "message": "not enough permissions (9)"},
    {"kind": "lost", "path": "/queue/simple/print"}], ids=["refuse", "secrets", "sessions", "profiles", "lost"])
def test_an_unreadable_router_changes_nothing(bench, sim, router, fault):
    """Bug: a table that was not answered counted as empty."""
    package = bench.package()
    sub, off = bench.subscribe(router, package), bench.subscribe(router, package)
    for one in (sub, off):
        one.wait()
    off.suspend()
    off.wait()
    edit(sim, "/ppp/secret", sub.name, disabled="yes")
    before = bench.sql("SELECT * FROM account_states WHERE router_id = %s ORDER BY 1", router)
    sim.log_reset()
    sim.fault(**fault)
    status, said = run(bench, "--router", router)
    assert status == 1 and "check" in said, said
    sim.well()
    assert not writes(sim)
    assert bench.sql("SELECT * FROM account_states WHERE router_id = %s ORDER BY 1", router) == before
    bench.sql("UPDATE router_states SET broken_since = NULL, next_probe_at = NULL WHERE router_id = %s", router)
    assert check(bench, router) == found(2, different=1)
    assert sim.secret(sub.name)["disabled"] == "false"


def test_one_that_is_down_keeps_no_other_from_being_compared(bench, sims):
    down, up = sims(), sims()
    routers = [bench.router(sim) for sim in (down, up)]
    sub = bench.subscribe(routers[1], bench.package())
    sub.wait()
    edit(up, "/ppp/secret", sub.name, disabled="yes")
    down.fault("refuse")
    status, said = run(bench)
    assert status == 1 and "refused" in said and "router=" + routers[1] in said, said
    isp.wait_until(lambda: up.secret(sub.name)["disabled"] == "false", SOON)


def test_an_inactive_router_is_not_spoken_to(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    edit(sim, "/ppp/secret", sub.name, disabled="yes")
    with inactive(bench, router):
        sim.log_reset()
        assert run(bench) == (0, "")
        status, said = run(bench, "--router", router)
        assert status == 1 and "is not active" in said
        assert not sim.log()["entries"] and sim.secret(sub.name)["disabled"] == "true"


def test_500_accounts_one_print_a_table(bench, sim, router):
    package = bench.package()
    many(bench, router, package, 500, "sheep-")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 20, "500 accounts made")
    bench.sql("UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt'"
              " WHERE mikrotik_username IN ('sheep-7', 'sheep-8')")
    isp.wait_until(lambda: unsynced(bench, router) == 0, 5)
    edit(sim, "/ppp/secret", "sheep-7", disabled="no")
    edit(sim, "/ppp/secret", "sheep-9", disabled="yes")
    remove(sim, "/ppp/secret", "sheep-10")
    bench.sql("UPDATE router_settings SET is_active = false WHERE id = %s", router)
    time.sleep(0.3)
    bench.sql("UPDATE router_settings SET is_active = true WHERE id = %s", router)
    sim.log_reset()
    before = sim.ask("GET", "/")["opened"]
    began = isp.spent()
    assert check(bench, router, wait=False) == found(500, different=3)
    assert isp.spent() - began < 3
    isp.wait_until(lambda: unsynced(bench, router) == 0, SOON)
    assert sim.secret("sheep-7")["disabled"] == "true" and sim.secret("sheep-9")["disabled"] == "false"
    assert sim.secret("sheep-10")["disabled"] == "false"
    log = sim.log()["entries"]
    its = [e["connection"] for e in log if e["path"] == "/ip/hotspot/user/print"]
    assert len(its) == 1, "asked by the check alone"
    prints = [e for e in log if e["connection"] == its[0] and e["path"].endswith("/print")]
    assert all(".proplist" in e["attributes"] for e in prints)
    asked = sorted(e["path"] for e in prints if e["path"] != "/system/resource/print" and "profile" not in e["path"])
    assert asked == sorted([menu + "/print" for menu in MENUS] + ["/ppp/active/print"])
    assert len([e for e in prints if "profile" in e["path"]]) == 2, "of the package, and the default"
    assert sim.ask("GET", "/")["opened"] - before <= 2
    sim.log_reset()
    assert check(bench, router) == found(500) and not writes(sim)


def test_a_new_night_is_a_new_check(bench, sim, router):
    """The service compares by itself when a night begins, once; a night that it was started in is not its own."""
    package = bench.package()
    sub, off = bench.subscribe(router, package), bench.subscribe(router, package)
    for one in (sub, off):
        one.wait()
    night = bench.one("SELECT pg_get_functiondef('router_night(timestamptz)'::regprocedure)")

    def begins(day):
        bench.sql("CREATE OR REPLACE FUNCTION router_night(moment timestamptz) RETURNS date LANGUAGE sql STABLE AS"
                  " $$ SELECT '%s'::date $$" % day)
        bench.sql("SELECT router_notify(ARRAY[%s]::uuid[])", router)
    try:
        edit(sim, "/ppp/secret", sub.name, disabled="yes")
        begins("2099-01-01")
        isp.wait_until(lambda: sim.secret(sub.name)["disabled"] == "false", 5, "found in the night")
        edit(sim, "/ppp/secret", off.name, disabled="yes")
        begins("2099-01-01")
        bench.stop()
        bench.start()
        sub.set(comment="awake")  # a job that is done: the service has seen the night that it was started in
        sub.wait(seconds=10)
        begins("2099-01-01")
        time.sleep(1)
        assert sim.secret(off.name)["disabled"] == "true", "a restart is no night"
        begins("2099-01-02")
        isp.wait_until(lambda: sim.secret(off.name)["disabled"] == "false", 5, "the next one is")
    finally:
        bench.sql(night)


def test_isolated_is_right_until_the_profile_is_gone(bench, sim, router):
    """A walled garden that is not there lets the customer out: the account is disabled, and the job fails."""
    command(sim, "/ppp/profile/add", "=name=isolated", "=rate-limit=64k/64k")
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    try:
        bench.sql("UPDATE settings SET suspend_mode = 'isolate'")
        sub.suspend()
        sub.wait()
        dial(sim, sub.name)
        assert check(bench, router) == found(1) and online(sim, sub.name)
        edit(sim, "/ppp/secret", sub.name, profile="default")
        assert check(bench, router) == found(1, different=1)
        assert sim.secret(sub.name)["profile"] == "isolated"
        remove(sim, "/ppp/profile", "isolated")
        assert check(bench, router, wait=False) == found(1, different=1)
        assert "profile isolated does not exist" in sub.wait("failed")
        assert sim.secret(sub.name)["disabled"] == "true" and not online(sim, sub.name)
    finally:
        bench.sql("UPDATE settings SET suspend_mode = 'disable'")
    sub.wait()


def test_a_profile_that_somebody_else_made_is_reported(bench, sim, router):
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    profile = bench.profile(package)
    edit(sim, "/ppp/profile", profile, comment="mine", rate_limit="1M/1M")
    assert check(bench, router, wait=False) == found(1, different=1)
    assert "profile %s exists on" % profile in sub.wait("failed")
    assert sim.table("/ppp/profile", name=profile)[0]["rate-limit"] == "1M/1M"
    edit(sim, "/ppp/profile", profile, comment="isp:" + package)
    assert run(bench, "--router", router)[0] == 0
    bench.sql("SELECT profile_mark_dirty(ARRAY[%s]::uuid[], NULL)", package)
    bench.sql("SELECT account_mark_dirty(ARRAY[%s]::uuid[], false)", sub.account)
    sub.wait()
    assert check(bench, router) == found(1)
