-- Revert snmp_by_device: a row for each interface again. The octets of past readings are gone: 0 stands for them.
BEGIN;

CREATE TABLE snmp_counters (
	interface_id  uuid PRIMARY KEY REFERENCES snmp_interfaces ON DELETE CASCADE,
	in_octets     numeric(20) NOT NULL,
	out_octets    numeric(20) NOT NULL,
	bits          int NOT NULL CHECK (bits IN (32, 64)),
	uptime_ms     bigint NOT NULL,
	discontinuity bigint NOT NULL,
	boot          text NOT NULL,
	clock_ms      bigint NOT NULL,
	is_doubtful   boolean NOT NULL DEFAULT false,
	in_rate       bigint,
	out_rate      bigint,
	read_at       timestamptz NOT NULL
) WITH (fillfactor = 60);

INSERT INTO snmp_counters
SELECT i.id, u.octets_in + CASE WHEN u.octets_in < 0 THEN 2::numeric ^ 64 ELSE 0 END,
       u.octets_out + CASE WHEN u.octets_out < 0 THEN 2::numeric ^ 64 ELSE 0 END, u.width, r.uptime_ms - u.age, u.gap, r.boot,
       r.clock_ms - u.age, u.drops > 0, CASE WHEN u.span > 0 THEN u.rate_in END, CASE WHEN u.span > 0 THEN u.rate_out END,
       r.read_at - u.age * interval '1 millisecond'
  FROM snmp_readings r
 CROSS JOIN unnest(r.interfaces, r.age_ms, r.in_octets, r.out_octets, r.bits, r.discontinuity, r.dropped, r.seconds, r.in_rate,
                   r.out_rate) AS u (number, age, octets_in, octets_out, width, gap, drops, span, rate_in, rate_out)
  JOIN snmp_interfaces i ON i.device_id = r.device_id AND i.number = u.number;

CREATE TEMP TABLE history_before AS
SELECT i.id AS interface_id, h.recorded_at, 0 AS in_octets, 0 AS out_octets, CASE WHEN u.span > 0 THEN u.rate_in END AS in_rate,
       CASE WHEN u.span > 0 THEN u.rate_out END AS out_rate, u.span AS seconds
  FROM bandwidth_history h CROSS JOIN unnest(h.interfaces, h.seconds, h.in_rate, h.out_rate) AS u (number, span, rate_in, rate_out)
  JOIN snmp_interfaces i ON i.device_id = h.device_id AND i.number = u.number;
CREATE TEMP TABLE sums_before AS
SELECT i.id AS interface_id, h.recorded_at, u.span AS seconds, u.bits_in, u.bits_out, u.max_in, u.max_out
  FROM bandwidth_5m h
 CROSS JOIN unnest(h.interfaces, h.seconds, h.in_bits, h.out_bits, h.in_max, h.out_max) AS u (number, span, bits_in, bits_out, max_in, max_out)
  JOIN snmp_interfaces i ON i.device_id = h.device_id AND i.number = u.number;
CREATE TEMP TABLE partitions_before AS
SELECT h.inhparent::regclass::text AS parent, c.relname AS name, pg_get_expr(c.relpartbound, c.oid) AS bounds
  FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
 WHERE h.inhparent IN ('bandwidth_history'::regclass, 'bandwidth_5m'::regclass);

DROP TABLE snmp_readings, bandwidth_history, bandwidth_5m CASCADE;

CREATE TABLE bandwidth_history (
	interface_id uuid NOT NULL,
	recorded_at  timestamptz NOT NULL,
	in_octets    numeric(20) NOT NULL,
	out_octets   numeric(20) NOT NULL,
	in_rate      bigint,
	out_rate     bigint,
	seconds      int NOT NULL DEFAULT 0,
	PRIMARY KEY (interface_id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX bandwidth_history_time ON bandwidth_history USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE bandwidth_5m (
	interface_id uuid NOT NULL,
	recorded_at  timestamptz NOT NULL,
	seconds      int NOT NULL,
	in_bits      numeric(20) NOT NULL,
	out_bits     numeric(20) NOT NULL,
	in_max       bigint NOT NULL,
	out_max      bigint NOT NULL,
	PRIMARY KEY (interface_id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX bandwidth_5m_time ON bandwidth_5m USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

DO $$
DECLARE
	p record;
BEGIN
	FOR p IN SELECT * FROM partitions_before LOOP
		EXECUTE format('CREATE TABLE %I PARTITION OF %I %s', p.name, p.parent, p.bounds);
	END LOOP;
END $$;
INSERT INTO bandwidth_history SELECT * FROM history_before ORDER BY recorded_at;
INSERT INTO bandwidth_5m SELECT * FROM sums_before ORDER BY recorded_at;
DROP TABLE history_before, sums_before, partitions_before;

ALTER TABLE snmp_interfaces DROP number CASCADE;

COMMIT;
