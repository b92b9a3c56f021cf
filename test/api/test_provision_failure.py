"""Contract 6 rule by rule: routers that fail, moves between routers, names that change meanwhile."""
import subprocess
import time

import pytest

import isp
from provision import (  # noqa: F401 (fixtures)
    answers_again, bench, blocked, command, dial, inactive, many, online, router, seal, served,
    sim, sims, SOON, unsynced)


def test_an_account_on_a_router_that_is_down_fails_and_recovers_by_itself(bench, sim, router):
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
    sub.wait(seconds=20)
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
def test_lost_reply_for_a_secret(bench, sim, router, kind):
    """The router executes a command, and closes without an answer (lost), or within it (drop)."""
    sim.fault(kind, path="/ppp/secret/add", times=1)
    sub = bench.subscribe(router, bench.package())
    sub.wait(seconds=6)
    assert len(sim.table("/ppp/secret", name=sub.name)) == 1
    sim.fault(kind, path="/ppp/secret/set", times=1)
    first, second = sub.name, sub.name + "-2"
    sub.set(mikrotik_username=second)
    isp.wait_until(lambda: sim.secret(second), 6)
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
    assert old.secret(sub.name), "removed from a router that is down"
    answers_again(bench, old, first)
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
    answers_again(bench, new, second)
    sub.wait(seconds=5)
    assert old.secret(sub.name) is None and new.secret(sub.name)


def test_moved_to_a_dead_router_then_suspended(bench, sims):
    """Bug: an account was moved to a dead router, and so rightly stayed on the old one. Then it was suspended
    there, and the old router's worker slept on for up to a quarter of a minute."""
    old, new = sims(), sims()
    first, second = bench.router(old), bench.router(new)
    sub = served(bench, old, first)
    new.fault("refuse")
    sub.set(router_id=second)
    sub.wait("failed", 5)
    time.sleep(1)
    assert online(old, sub.name), "cut off on the old router before the new one has the account"
    sub.suspend()
    isp.wait_until(lambda: old.secret(sub.name) is None and not old.table("/ppp/active", name=sub.name), SOON,
                   "off the old router")
    sub.wait("failed", 5)
    answers_again(bench, new, second)
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
    answers_again(bench, old, first)
    sub.wait(seconds=5)
    assert old.secret(sub.name) is None and not old.table("/ppp/active")
    left = new.secret(name)
    assert left is None if end == "cancelled" else left["disabled"] == ("true" if end == "suspended" else "false")


def test_moved_to_a_router_where_the_name_is_taken_by_hand_and_back(bench, sims):
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
    """Bug: an account was moved to a router with a wrong address, and back. The account was shown as failed until
    that router, which does not exist, would answer; and the router could not be deleted."""
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
    """Bug: each waited for ever until the other's secret no longer had the name."""
    package = bench.package()
    one = bench.subscribe(router, package, password="first")
    two = bench.subscribe(router, package, password="second")
    one.wait()
    two.wait()
    dial(sim, one.name, None)
    sessions = online(sim, one.name)
    names = one.name, two.name
    with inactive(bench, router):
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
    with inactive(bench, router):
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
    """Two swap their names, and `one` cannot take over the object that `two` leaves. `two` can still log in with it,
    so its account must be shown as failed; if it counted as synced, a suspension would leave the object enabled."""
    package = bench.package()
    one, two = bench.subscribe(router, package), bench.subscribe(router, package)
    one.wait()
    two.wait()
    names = one.name, two.name
    with inactive(bench, router):
        one.set(mikrotik_username=isp.unique("tmp"), profile="none-such")
        two.set(mikrotik_username=names[0])
        one.set(mikrotik_username=names[1])
    isp.wait_until(lambda: (sim.secret(names[0]) or {}).get("comment") == two.mark, 5)
    one.wait("failed")
    assert "is reserved for another account" in two.wait("failed")
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
    """Bug: a technician renamed a secret in Winbox. The account's secret was looked up by name, not found, and
    added anew; the renamed one, with our mark, stayed enabled for ever, also after a suspension or
    cancellation."""
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
    """Bug: the account took over the foreign secret, and its own stayed enabled."""
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
    assert sim.secret(boss) == before, "it has its own marked secret, and took over the boss's"
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
    """Names with characters that mean something to a router: each is looked up as it is, and never taken for an id."""
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
    """The same story on routers of other versions: without !empty, with another login, other words and dates."""
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
    assert "profile none-such does not exist" in sub.wait("failed")
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
def test_lost_reply_for_a_hotspot_user_and_a_queue(bench, sim, router, kind):
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
    """However many accounts wait for it: each login is a line of the router's log and one of its few sessions."""
    package = bench.package()
    sub = bench.subscribe(router, package)
    sub.wait()
    sim.fault("full")
    sim.ask("POST", "/hangup", {})
    sim.log_reset()
    many(bench, router, package, 30, "waiting-")
    sub.suspend()
    sub.wait("failed", 5)
    assert "closed the connection" in sub.sync()[1]
    began = time.monotonic()
    time.sleep(3)
    isp.wait_until(lambda: bench.one("SELECT count(*) FROM account_states WHERE router_id = %s AND sync_state = 'failed'"
                                     " AND sync_error LIKE '%%closed the connection%%'", router) == 31, SOON, "all have failed")
    opened = sim.ask("GET", "/")["opened"]
    assert opened <= 2 + (time.monotonic() - began) // 10, "probed each ten seconds"
    sim.log_reset()  # while it lets nobody in: a login that is not counted would be the probe
    answers_again(bench, sim, router)
    isp.wait_until(lambda: unsynced(bench, router) == 0, 5, "all its jobs were due")
    assert sim.ask("GET", "/")["logins"] == 1


def test_a_job_that_fails_is_tried_again_later_and_later(bench, sim, router):
    sub = bench.subscribe(router, bench.package())
    sub.wait()
    sim.log_reset()
    sim.fault("trap", path="/ppp/secret/set", message="failure: no")
    sub.suspend()

    def tries():
        return [e["time"] for e in sim.log()["entries"] if e["path"] == "/ppp/secret/set"]
    isp.wait_until(lambda: len(tries()) >= 3, 10, "three tries")
    first, second, third = tries()[:3]
    assert second - first > 0.9 and third - second > 1.9, "after 1 and 2 more seconds"
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
