"""Contract 6 rule by rule: hotspot users, and static addresses with their queues and blocks."""
import time

import pytest

import isp
from provision import (  # noqa: F401 (fixtures)
    answers_again, bench, blocked, command, paths, router, sim, sims, SOON)


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
    answers_again(bench, sim, router)
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
    """Bug: when the address of a suspended customer was changed, the block of the old one was removed, though the
    device still used it. It is removed when the customer is in service again."""
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
    """Bug: a queue that could not be corrected kept its customer online, because the block came after it."""
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
    """Bug: an entry whose comment only began like a mark of ours, "isp:uplink", was removed."""
    command(sim, "/ip/firewall/address-list/add", "=list=isp-blocked", "=address=10.4.1.50", "=comment=isp:uplink")
    sub = bench.subscribe(router, bench.package(type="static"), remote_address="10.4.1.50")
    sub.wait()
    assert "is in isp-blocked and the entry is not ours" in sub.sync()[1]
    assert entry(sim, "10.4.1.50") == ("isp:uplink", "false")


def test_unblocked_though_the_list_could_not_be_read(bench, sim, router):
    """Bug: when the list of blocked addresses could not be read after a payment, the account counted as unblocked,
    was shown as synced, and stayed offline for good."""
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
    """Bug: with the change of package the queue was removed, and the block with it."""
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
    """Bug: cookies come first, and a failure to read them left the session open."""
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
    """Bug: an account was created for the hotspot by mistake, then changed to PPPoE: reading the hotspot's menu
    failed for ever."""
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
