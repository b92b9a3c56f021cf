"""Programs of monitoring killed at any point: the next run goes on where the last one ended, and no
reading is stored twice.

The points are random; ISP_SEED=n repeats the choices (not the timing) of an earlier run."""
import time

import isp
from rogue import Box

KILLS = 30 if isp.SOAK else 3
DEVICES, TARGETS = 20, 100


def killed(stack, dice, longest, name, *words):
    process = stack.start(name, *words)
    time.sleep(dice.uniform(0, longest))
    process.kill()
    process.communicate()


def finished(stack, name, *words):
    """Run to its end; the lock of one that ended a moment ago goes with its session."""
    for _ in range(50):
        process = stack.start(name, *words)
        _, err = process.communicate(timeout=60)
        if process.returncode != 75:
            break
        time.sleep(0.1)
    assert process.returncode == 0, err


def test_a_poller_killed_at_any_point(api, stack):
    dice, boxes = isp.seeded(), [Box() for _ in range(DEVICES)]
    made = [api.make("/api/snmp-devices", {"name": isp.unique("box "), "host": b.address, "port": b.port, "community": "public1"})
            for b in boxes]
    ids = "('%s')" % "','".join(row["id"] for row in made)
    try:
        began = time.monotonic()
        finished(stack, "snmp-poller")
        longest = time.monotonic() - began
        stack.sql("UPDATE snmp_interfaces SET monitor_bandwidth = true WHERE device_id IN " + ids)
        for _ in range(KILLS):
            stack.sql("UPDATE monitor_states SET checked_at = checked_at - interval '10 minutes' WHERE id IN " + ids)
            stack.sql("DELETE FROM bandwidth_history")
            for _ in range(2):
                killed(stack, dice, longest, "snmp-poller")
            finished(stack, "snmp-poller")
            counts = stack.sql("SELECT string_agg(DISTINCT n::text, ' ') FROM (SELECT count(h) AS n FROM snmp_interfaces i LEFT JOIN"
                               " bandwidth_history h ON h.device_id = i.device_id AND i.number = ANY (h.interfaces)"
                               " WHERE i.device_id IN %s GROUP BY i.id) c" % ids)
            assert counts == "1", "each interface has one reading, and none is missing: " + counts
        assert stack.sql("SELECT count(*) FROM snmp_device_rows WHERE status = 'up' AND id IN " + ids) == str(DEVICES)
    finally:
        for row in made:
            api.delete("/api/snmp-devices/" + row["id"]).want(204)
        for box in boxes:
            box.down()


def test_a_pinger_killed_at_any_point(api, stack):
    dice = isp.seeded()
    stack.sql("INSERT INTO ping_targets (name, host, interval_seconds, packet_count)"
              " SELECT 'kill ' || n, '127.6.' || n / 250 || '.' || n %% 250 + 1, 60, 2 FROM generate_series(1, %d) n" % TARGETS)
    mine = "(SELECT id FROM ping_targets WHERE name LIKE 'kill %')"
    try:
        finished(stack, "pinger", "--once")
        for _ in range(KILLS):
            stack.sql("UPDATE monitor_states SET checked_at = checked_at - interval '10 minutes' WHERE id IN " + mine)
            stack.sql("DELETE FROM ping_history WHERE target_id IN " + mine)
            for _ in range(2):
                killed(stack, dice, 1.6, "pinger", "--once")
            finished(stack, "pinger", "--once")
            counts = stack.sql("SELECT string_agg(DISTINCT n::text, ' ') FROM (SELECT count(h) AS n FROM ping_targets t LEFT JOIN"
                               " ping_history h ON h.target_id = t.id WHERE t.id IN %s GROUP BY t.id) c" % mine)
            assert counts == "1", "each target has one round, and none is missing: " + counts
        assert stack.sql("SELECT count(*) FROM alert_logs WHERE type = 'device_down' AND title LIKE 'kill %'") == "0"
    finally:
        stack.sql("DELETE FROM ping_targets WHERE id IN " + mine)
