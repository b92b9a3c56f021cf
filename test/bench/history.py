"""history: what we promise of the charts (target 14 of test/bench/run).

charts(lab, note) makes $BENCH_INTERFACES (1,000) interfaces with a sample each 5 minutes for 7 days, those of a
device in one row, and a row each hour for a year, laid out as polls leave them: by time. Then the history address is
asked for a day and a year of many interfaces, each for the first time."""
import os
import time

INTERFACES = int(os.environ.get("BENCH_INTERFACES", "1000"))
ASKED = 200
MOST = {"24h": 20, "1y": 50}  # ms

DEVICES = """
INSERT INTO snmp_devices (name, host) SELECT 'chart ' || n, '10.1.0.' || n FROM generate_series(1, 50) n;
INSERT INTO snmp_interfaces (device_id, if_name, if_index, if_speed, monitor_bandwidth)
SELECT d.id, 'ether' || n, n, 1000000000, true FROM snmp_devices d, generate_series(1, %d / 50) n WHERE d.name LIKE 'chart %%'"""
# A partition, filled in the order of time before its index is made: what 44,000,000 single insertions would leave.
PARTITION = """
CREATE UNLOGGED TABLE %(name)s (LIKE %(parent)s INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
INSERT INTO %(name)s SELECT i.id, at, %(values)s
  FROM generate_series('%(first)s'::timestamptz, '%(last)s'::timestamptz - interval '1 second', interval '%(step)s') AS at,
       (SELECT %(id)s AS id, array_agg(i.number) AS numbers, count(*)::int AS n FROM snmp_interfaces i JOIN snmp_devices d ON d.id = i.device_id
         WHERE d.name LIKE 'chart %%' GROUP BY %(id)s ORDER BY 1) i
 WHERE at < now();
ALTER TABLE %(name)s ADD %(key)s;
ALTER TABLE %(parent)s ATTACH PARTITION %(name)s FOR VALUES FROM ('%(first)s') TO ('%(last)s')"""
ROWS = {
    "bandwidth_history": {"step": "5 minutes", "span": "1 day", "ago": "7 days", "id": "i.device_id",
                          "values": "i.numbers, array_fill(300, ARRAY[i.n]),"
                                    " array_fill((random() * 900000000)::bigint, ARRAY[i.n]), array_fill(300000000::bigint, ARRAY[i.n])"},
    "bandwidth_1h": {"step": "1 hour", "span": "1 month", "ago": "1 year", "id": "i.id",
                     "values": "3600, (random() * 3e12)::bigint, 1000000000000, 900000000, 300000000"},
}
RANGES = """SELECT to_char(at, 'YYYYMMDD'), at || '+00', at + interval '%(span)s' || '+00'
  FROM generate_series(date_trunc(split_part('%(span)s', ' ', 2), (now() - interval '%(ago)s') AT TIME ZONE 'UTC'),
                       now() AT TIME ZONE 'UTC', interval '%(span)s') AS at"""


def fill(lab, note):
    begun = time.monotonic()
    lab.sql("isp", DEVICES % INTERFACES)
    count = 0
    for parent, rows in ROWS.items():
        lab.sql("isp", "DO $$ DECLARE p text; BEGIN FOR p IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = "
                       "'%s'::regclass LOOP EXECUTE 'DROP TABLE ' || p; END LOOP; END $$" % parent)
        key = lab.sql("isp", "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '%s'::regclass AND contype = 'p'"
                      % parent)
        for line in lab.sql("isp", RANGES % rows).splitlines():
            day, first, last = line.split("|")
            lab.sql("isp", PARTITION % dict(rows, parent=parent, key=key, name="%s_p%s" % (parent, day), first=first,
                                                last=last))
        lab.sql("isp", "VACUUM ANALYZE " + parent)
        count += int(lab.sql("isp", "SELECT count(*) FROM " + parent))
    note("14", "%d rows of %d interfaces, made in" % (count, INTERFACES), time.monotonic() - begun, " s", None, "")


def charts(lab, note):
    if lab.port is None:
        lab.up()
    fill(lab, note)
    ids = lab.sql("isp", "SELECT i.id FROM snmp_interfaces i JOIN snmp_devices d ON d.id = i.device_id "
                         "WHERE d.name LIKE 'chart %%' ORDER BY md5(i.id::text) LIMIT %d" % (2 * ASKED)).split()
    for number, (period, most) in enumerate(MOST.items()):
        taken = []
        for interface in ids[number * ASKED:(number + 1) * ASKED]:
            begun = time.monotonic()
            lab.get("/api/snmp/bandwidth-history/%s?period=%s" % (interface, period))
            taken.append((time.monotonic() - begun) * 1000)
        taken.sort()
        note("14", "%s of %d interfaces, p95 (median %.1f, slowest %.1f)" % (period, ASKED, taken[ASKED // 2], taken[-1]),
             taken[ASKED * 95 // 100], " ms", taken[ASKED * 95 // 100] < most, "< %d ms" % most)
