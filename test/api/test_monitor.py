"""Devices and targets from the address to the row: real agents (snmpd), real ICMP on loopback addresses."""
import signal

import pytest

import isp
from snmpd import Snmpd
from test_monitor_kill import finished

USERS = {
    "noauth": ("noAuthNoPriv", {}),
    "md5des": ("authPriv", {"auth_protocol": "MD5", "priv_protocol": "DES"}),
    "shaaes": ("authPriv", {"auth_protocol": "SHA", "priv_protocol": "AES"}),
    "sha224": ("authNoPriv", {"auth_protocol": "SHA-224"}),
    "sha256": ("authPriv", {"auth_protocol": "SHA-256", "priv_protocol": "AES"}),
    "sha384": ("authPriv", {"auth_protocol": "SHA-384", "priv_protocol": "AES-192"}),
    "sha512": ("authPriv", {"auth_protocol": "SHA-512", "priv_protocol": "AES-256"}),
}
AUTH, PRIV = "an auth passphrase", "a privacy passphrase"
NOT_IN_TIME_WINDOWS = "1.3.6.1.6.3.15.1.1.2.0"
LEVELS = {"noAuthNoPriv": "noauth", "authNoPriv": "auth", "authPriv": "priv"}


def user_lines():
    for name, (level, protocols) in USERS.items():
        line = name
        if "auth_protocol" in protocols:
            line += ' %s "%s"' % (protocols["auth_protocol"], AUTH)
        if "priv_protocol" in protocols:
            line += ' %s "%s"' % (protocols["priv_protocol"], PRIV)
        yield name, LEVELS[level], line


@pytest.fixture(scope="module")
def agents():
    """One agent of version 2c, one for each user of version 3: an engine id is polled once a run."""
    running = {"2c": Snmpd().up()}
    for name in USERS:
        running[name] = Snmpd(users=[u for u in user_lines() if u[0] == name]).up()
    yield running
    for agent in running.values():
        agent.down()


def device(api, agent, **more):
    body = {"name": isp.unique("device"), "host": agent.address, "port": agent.port, "community": "public1"}
    return api.make("/api/snmp-devices", dict(body, **more))


def v3_device(api, agent, user, **more):
    level, protocols = USERS[user]
    body = dict(version="3", security_name=user, security_level=level, **protocols)
    if "auth_protocol" in protocols:
        body["auth_password"] = AUTH
    if "priv_protocol" in protocols:
        body["priv_password"] = PRIV
    return device(api, agent, **dict(body, **more))


def poll(stack, *more):
    finished(stack, "snmp-poller", *more)


def ping(stack):
    finished(stack, "pinger", "--once")


def interfaces(api, dev):
    return {row["if_name"]: row for row in api.rows("/api/snmp-devices/%s/interfaces" % dev["id"])}


def earlier(stack, seconds):
    """As if the last poll had been so long ago; the device runs on meanwhile."""
    stack.sql("UPDATE snmp_readings SET clock_ms = clock_ms - %d000, uptime_ms = uptime_ms - %d000,"
              " read_at = read_at - interval '%d seconds'" % (seconds, seconds, seconds))
    stack.sql("UPDATE monitor_states SET checked_at = checked_at - interval '%d seconds'" % seconds)
    stack.sql("SELECT history_make(now() - interval '1 day'); UPDATE bandwidth_history SET recorded_at = recorded_at - interval '%d seconds'" % seconds)


def gone(api, path, row):
    api.delete("%s/%s" % (path, row["id"])).want(204)


def test_fields_are_held(api, viewer):
    refused = api.post("/api/snmp-devices", {"name": "x", "host": "10.0.0.1", "version": "3", "port": 0}).want(422)
    assert set(refused.errors) >= {"security_name", "security_level", "port"}
    refused = api.post("/api/ping-targets", {"name": "x", "host": "not a host", "interval_seconds": 5}).want(422)
    assert set(refused.errors) == {"host", "interval_seconds"}
    viewer.post("/api/ping-targets", {"name": "x", "host": "127.0.0.1"}).want(403)
    target = api.make("/api/ping-targets", {"name": "x", "host": "127.0.0.1"})
    assert (target["status"], target["interval_seconds"], target["packet_count"]) == ("unknown", 60, 4)
    refused = api.patch("/api/ping-targets/" + target["id"], {"parent_id": target["id"]}).want(422)
    assert set(refused.errors) == {"parent_id"}
    gone(api, "/api/ping-targets", target)
    window = {"title": "w", "starts_at": "2026-03-02T01:00:00Z", "ends_at": "2026-03-02T00:00:00Z"}
    assert "ends_at" in api.post("/api/maintenance-windows", window).want(422).errors
    made = api.make("/api/maintenance-windows", dict(window, ends_at="2026-03-02T02:00:00Z"))
    assert made["is_now"] is False
    gone(api, "/api/maintenance-windows", made)


def test_every_protocol_of_version_3(api, stack, agents):
    made = {name: v3_device(api, agents[name], name) for name in USERS}
    wrong = v3_device(api, agents["2c"], "shaaes")
    poll(stack, "--all")
    for name, row in made.items():
        now = api.show("/api/snmp-devices/" + row["id"])
        assert (name, now["status"], now["last_error"]) == (name, "up", None)
        assert now["sys_name"] and "auth_password" not in now and now["has_community"]
        # Discovery brings the agent's clock: no first request is refused for it, and sent again.
        # We ask again: an agent that a busy machine holds up for half a second gives no answer.
        refused = isp.settled(lambda agent=agents[name]: agent.ask(NOT_IN_TIME_WINDOWS), "0", 5)
        assert (name, refused) == (name, "0")
    assert "user" in api.show("/api/snmp-devices/" + wrong["id"])["last_error"]
    bad = api.patch("/api/snmp-devices/" + made["sha256"]["id"], {"auth_password": "another passphrase"}).want(200)
    poll(stack, "--all")
    assert "authentication" in api.show("/api/snmp-devices/" + bad.json["id"])["last_error"]
    for row in list(made.values()) + [wrong]:
        gone(api, "/api/snmp-devices", row)


def test_bandwidth_of_an_interface(api, stack, agents):
    """Found by discovery, read twice, shown; a reboot, a smaller counter and a moved index leave gaps."""
    dev = device(api, agents["2c"])
    found = api.post("/api/snmp-devices/%s/discover" % dev["id"]).want(200).json
    assert (found["status"], found["last_error"]) == ("up", None) and found["discovered_at"]
    lo = interfaces(api, dev)["lo"]
    assert lo["if_oper_status"] == "up" and lo["monitor_bandwidth"] is False
    api.patch("/api/snmp-interfaces/" + lo["id"], {"monitor_bandwidth": True, "manual_speed": 10**11}).want(200)

    def chart():
        points = api.get("/api/snmp/bandwidth-history/" + lo["id"], period="1h").want(200).json
        assert len(points) <= 500
        return [p for p in points if p["in_rate"] is not None]

    def rates():
        text = stack.sql("SELECT CASE WHEN seconds[1] > 0 THEN in_rate[1]::text ELSE 'gap' END FROM bandwidth_history"
                         " WHERE device_id = '%s' ORDER BY recorded_at" % dev["id"])
        return text.split()

    poll(stack, "--all")
    assert rates() == ["gap"] and chart() == []
    for _ in range(2):
        earlier(stack, 300)
        poll(stack, "--all")
    assert len(rates()) == 3 and rates().count("gap") == 1 and int(rates()[-1]) >= 0
    assert len(chart()) >= 1 and interfaces(api, dev)["lo"]["in_rate"] is not None
    # The device has rebooted: its counters begin anew, and no wrap makes a spike of it.
    earlier(stack, 300)
    stack.sql("UPDATE snmp_readings SET uptime_ms = 10 * uptime_ms + 10000000000")
    poll(stack, "--all")
    assert rates()[-1] == "gap"
    # A counter that was higher before.
    earlier(stack, 300)
    stack.sql("UPDATE snmp_readings SET in_octets = '{-1}'")
    poll(stack, "--all")
    assert rates()[-1] == "gap"
    # An index that another interface has now: the name finds the right one.
    stack.sql("UPDATE snmp_interfaces SET if_index = 4194304000 WHERE id = '%s'" % lo["id"])
    earlier(stack, 300)
    poll(stack, "--all")
    assert interfaces(api, dev)["lo"]["if_index"] == lo["if_index"] and rates()[-1] != "gap"
    # A rate that the interface cannot carry is dropped once, then the reading is the new beginning.
    api.patch("/api/snmp-interfaces/" + lo["id"], {"manual_speed": 1}).want(200)
    stack.sql("UPDATE snmp_readings SET in_octets = '{0}'")
    for expected in ("{1}", "{0}"):
        earlier(stack, 300)
        poll(stack, "--all")
        assert rates()[-1] == "gap"
        assert stack.sql("SELECT dropped FROM snmp_readings WHERE device_id = '%s'" % dev["id"]) == expected
    gone(api, "/api/snmp-devices", dev)
    api.get("/api/snmp/bandwidth-history/" + lo["id"]).want(404)


def test_a_device_goes_down_and_comes_back(api, stack):
    agent = Snmpd().up()
    dev = device(api, agent)
    try:
        poll(stack, "--all")
        agent.kill()
        for expected in ("up", "down"):
            earlier(stack, 300)
            poll(stack, "--all")
            assert api.show("/api/snmp-devices/" + dev["id"])["status"] == expected
        alerts = [a for a in api.get("/api/monitoring/alerts", limit=20).want(200).json if dev["name"] in a["title"]]
        assert [a["type"] for a in alerts] == ["device_down"] and alerts[0]["is_open"]
        earlier(stack, 300)
        poll(stack, "--all")
        agent.up()
        earlier(stack, 300)
        poll(stack, "--all")
        alerts = [a for a in api.rows("/api/alerts") if dev["name"] in a["title"]]
        assert sorted(a["type"] for a in alerts) == ["device_down", "device_up"]
        assert not any(a["is_open"] for a in alerts)
        assert api.post("/api/alerts/%s/read" % alerts[0]["id"]).want(200).json["is_read"] is True
        assert api.post("/api/alerts/read-all").want(200).json["read"] >= 1
    finally:
        agent.down()
        gone(api, "/api/snmp-devices", dev)


def test_one_poller_at_a_time_and_none_twice(api, stack, agents):
    """A run that follows a killed one leaves out what that has polled."""
    dev = device(api, agents["2c"])
    poll(stack, "--all")
    count = "SELECT count(*) FROM monitor_states WHERE id = '%s' AND hits = 1" % dev["id"]
    poll(stack)
    assert stack.sql(count) == "1"
    with stack.connect() as conn, conn.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtextextended('monitor snmp-poller', 0))")
        assert stack.exec("snmp-poller", check=False).returncode == 75
    gone(api, "/api/snmp-devices", dev)


def test_targets(api, stack):
    up = api.make("/api/ping-targets", {"name": isp.unique("t"), "host": "127.3.0.1", "packet_count": 3})
    six = api.make("/api/ping-targets", {"name": isp.unique("t"), "host": "::1", "packet_count": 2})
    name = api.make("/api/ping-targets", {"name": isp.unique("t"), "host": "localhost", "packet_count": 1})
    none = api.make("/api/ping-targets", {"name": isp.unique("t"), "host": "no-such-name.invalid"})
    ping(stack)
    now = api.show("/api/ping-targets/" + up["id"])
    assert (now["status"], now["packet_loss_percent"]) == ("up", 0) and 0 <= now["last_latency_ms"] < 500
    assert api.show("/api/ping-targets/" + six["id"])["status"] == "up"
    named = api.show("/api/ping-targets/" + name["id"])
    assert named["status"] == "up" and named["address"] in ("127.0.0.1", "::1")
    lost = api.show("/api/ping-targets/" + none["id"])
    assert lost["status"] == "unknown" and lost["last_error"]
    points = api.get("/api/ping-targets/%s/history" % up["id"], period="1h").want(200).json
    assert len(points) <= 500 and [p["status"] for p in points].count("up") == 1
    api.get("/api/ping-targets/%s/history" % up["id"], period="2h").want(422)
    answer = api.post("/api/ping-targets/%s/ping-now" % up["id"]).want(200).json
    assert (answer["sent"], answer["received"], answer["status"]) == (3, 3, "up")
    assert api.post("/api/ping-targets/%s/ping-now" % none["id"]).want(502).json["message"]
    board = api.get("/api/monitoring/dashboard").want(200).json
    assert board["targets"]["up"] >= 3 and board["targets"]["unknown"] >= 1 and len(board["worst_targets"]) <= 5
    for row in (up, six, name, none):
        gone(api, "/api/ping-targets", row)


def test_a_killed_pinger_leaves_no_duplicate(api, stack):
    made = [api.make("/api/ping-targets", {"name": isp.unique("t"), "host": "127.3.1.%d" % (n + 1), "interval_seconds": 60,
                                           "packet_count": 1}) for n in range(20)]
    run = stack.start("pinger")
    isp.wait_until(lambda: int(stack.sql("SELECT count(*) FROM ping_history h JOIN ping_targets t ON t.id = h.target_id"
                                         " WHERE t.host LIKE '127.3.1.%'")) >= 20, 20)
    run.send_signal(signal.SIGKILL)
    run.wait()
    finished(stack, "pinger", "--once")
    assert stack.sql("SELECT max(n) FROM (SELECT count(*) AS n FROM ping_history h JOIN ping_targets t ON t.id = h.target_id"
                     " WHERE t.host LIKE '127.3.1.%' GROUP BY t.id) c") == "1"
    for row in made:
        gone(api, "/api/ping-targets", row)


def test_the_limits_of_alerts_and_the_life_of_history_are_settings(api):
    before = api.get("/api/settings").want(200).json
    assert (before["latency_raise_ms"], before["loss_clear_percent"], before["history_raw_days"]) == (200, 5, 7)
    refused = api.put("/api/settings", {"latency_raise_ms": 0, "loss_raise_percent": 101, "history_5m_days": "x"}).want(422)
    assert set(refused.errors) == {"latency_raise_ms", "loss_raise_percent", "history_5m_days"}
    refused = api.put("/api/settings", {"latency_clear_ms": 250, "history_5m_days": 6}).want(422)
    assert set(refused.errors) == {"latency_clear_ms", "history_5m_days"}
    refused = api.put("/api/settings", {"bandwidth_raise_percent": 70}).want(422)
    assert set(refused.errors) == {"bandwidth_raise_percent"}, "an alert that begins below its end never ends"
    assert api.get("/api/settings").json == before
    now = api.put("/api/settings", {"latency_raise_ms": 80, "latency_clear_ms": 60}).want(200).json
    assert (now["latency_raise_ms"], now["latency_clear_ms"]) == (80, 60)
    api.put("/api/settings", {"latency_raise_ms": 200, "latency_clear_ms": 150}).want(200)
