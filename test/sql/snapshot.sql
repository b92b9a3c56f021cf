-- Live readings: the rows that browsers poll are rendered once a reading.
BEGIN;
SELECT no_plan();
INSERT INTO router_settings (name, host, username, is_active) VALUES ('North', '192.0.2.1', 'isp', true);
CREATE FUNCTION reading(ppp jsonb, bytes int) RETURNS void LANGUAGE sql AS $$
	SELECT router_live_store((SELECT id FROM router_settings WHERE name = 'North'), '{}', ppp, '[]', (
		SELECT jsonb_agg(jsonb_build_object('name', '<pppoe-' || (p ->> 'name') || '>', 'rx_byte', bytes, 'tx_byte', 5 * bytes))
		  FROM jsonb_array_elements(ppp) AS p)) $$;
CREATE FUNCTION rendered() RETURNS jsonb LANGUAGE sql AS $$
	SELECT ('[' || data || ']')::jsonb FROM router_snapshots WHERE kind = 'online' $$;

SELECT reading('[]', 0) \g /dev/null
SELECT is(rendered(), '[]', 'a router without sessions has no rows');
SELECT reading('[{"id": "*2", "name": "b \"quoted\""}, {"id": "*1", "name": "a", "address": "10.0.0.1", "uptime": "1h"}]', 1000) \g /dev/null
SELECT is((rendered() -> 0) - 'id' - 'router_id', '{"username": "a", "type": "pppoe", "address": "10.0.0.1", "uptime": "1h",
	"downloadSpeed": "0 bps", "uploadSpeed": "0 bps"}', 'a row is what the screen reads, by name; no rate before a second reading');
SELECT is(rendered() -> 1 ->> 'username', 'b "quoted"', 'any name is a text of JSON');
UPDATE router_sessions SET taken_at = taken_at - interval '8 seconds';
SELECT reading('[{"id": "*1", "name": "a"}]', 1001000) \g /dev/null
SELECT is(jsonb_array_length(rendered()), 1, 'a session that ended is gone');
SELECT matches(rendered() -> 0 ->> 'downloadSpeed', '^(5.0|4.[0-9]) Mbps$', 'the rate follows from the reading before');

-- An account is online by the newest of its router's readings and its own samples, and by no other router's.
INSERT INTO router_settings (name, host, username, is_active) VALUES ('South', '192.0.2.2', 'isp', true);
INSERT INTO mikrotik_secrets (router_id, username, service, password) SELECT r.id, a.name, 'pppoe', 'x' FROM router_settings r
	JOIN (VALUES ('North', 'a'), ('North', 'gone'), ('South', 'far')) AS a (router, name) ON a.router = r.name;
CREATE FUNCTION online() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(username || ' ' || coalesce(account_online(m)::text, '-'), ', ' ORDER BY username) FROM mikrotik_secrets m $$;
SELECT is(online(), 'a true, far -, gone false', 'a reading says who is online; a router that was not read says nothing');
INSERT INTO router_snapshots (router_id, kind, data, taken_at, tried_at) SELECT id, 'live', '{}', now(), now() FROM router_settings WHERE name = 'South';
UPDATE mikrotik_secrets SET username = 'a2' WHERE username = 'a';
UPDATE mikrotik_secrets SET username = 'a' WHERE username = 'far';
SELECT is(online(), 'a false, a2 false, gone false', 'a session of this name on another router is none of it');
INSERT INTO line_samples (account_id, taken_at, online) SELECT id, now() + interval '1 second', true FROM mikrotik_secrets WHERE username = 'gone';
UPDATE router_snapshots SET taken_at = now() WHERE kind = 'live';
SELECT is(online(), 'a false, a2 false, gone true', 'a sample that is newer counts');
UPDATE router_snapshots SET taken_at = now() - interval '10 minutes' WHERE kind = 'live';
SELECT is(online(), 'a -, a2 -, gone true', 'an old reading says nothing');

SELECT results_eq($$SELECT router_rate_text(r, 'bps') FROM (VALUES (1, NULL::bigint), (2, 999), (3, 1050), (4, 999949), (5, 1250000), (6, 2500000000)) AS v (n, r) ORDER BY n$$,
	ARRAY['0 bps', '999 bps', '1.1 kbps', '999.9 kbps', '1.3 Mbps', '2.5 Gbps'], 'a rate as text');
-- Bug: declared IMMUTABLE around an operator that is only STABLE, it was called for each of 30,000 rates (170 ms, not 15).
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN VERBOSE ' || query; END $$;
SELECT is_empty($$SELECT * FROM plan_of('SELECT router_rate_text(rx_rate, ''bps''), router_bytes_text(rx_bytes) FROM router_sessions') AS l (line)
	WHERE line ~ 'router_(rate|bytes)_text'$$, 'the texts of rates and bytes are inlined');

-- Rates and bytes at their bounds: a counter that went back, or readings too far apart, have no rate.
SELECT is(router_rate(b, a, s), wanted, format('%s to %s in %s s', b, a, s)) FROM (VALUES (100, 100, 1, 0::bigint), (100, 99, 1, NULL), (100, 1100, 1, 8000), (0, 1000, 0.5, 16000), (0, 1000, 0.4, NULL),
	(0, 1500, 120, 100), (0, 1500, 120.1, NULL), (NULL, 1, 1, NULL), (0, 1e18, 1, 1000000000000000)) AS t (b, a, s, wanted);
SELECT is(router_rate_text(r, 'bps'), wanted, wanted) FROM (VALUES (1000::bigint, '1.0 kbps'), (1000000, '1.0 Mbps'), (1000000000, '1.0 Gbps')) AS t (r, wanted);
SELECT is(router_bytes_text(b), wanted, wanted) FROM (VALUES (NULL::numeric, '0 B'), (999, '999 B'), (1000, '1.0 kB'), (1000000, '1.0 MB'), (1000000000, '1.0 GB'), (2560000000, '2.6 GB')) AS t (b, wanted);

-- Sessions are known by their router, their menu and their id; a user who has taken over an id has no rate yet.
DELETE FROM router_sessions;
DELETE FROM router_traffic;
CREATE FUNCTION router(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM router_settings WHERE name = n $$;
CREATE FUNCTION sessions() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', r.name, service, session_id, s.username, coalesce(address, '-'), coalesce(mac_address, '-'), rx_bytes, tx_bytes, rx_packets, tx_packets, round(rx_rate / 1e3) || '/' || round(tx_rate / 1e3)), ', ' ORDER BY r.name, service, session_id)
	  FROM router_sessions s JOIN router_settings r ON r.id = s.router_id $$;
SELECT router_live_store(router('South'), '{"cpu": 1}', '[{"id": "*1", "name": "a", "address": "10.0.1.1"}]', '[]', '[{"name": "<pppoe-a>", "rx_byte": 7, "tx_byte": 7}, {"name": "<pppoe-z>", "rx_byte": 9}]') \g /dev/null
SELECT router_live_store(router('North'), '{"cpu": 2}', '[{"id": "*1", "name": "a", "service": "l2tp", "address": "10.0.0.1", "caller_id": "AA"}, {"id": "*2", "name": "b"}, {"id": "*3", "name": "d"}, {"name": "x"}, {"id": "*9"}]',
	'[{"id": "*1", "user": "h", "address": "10.0.0.3", "mac_address": "BB", "bytes_in": 100, "bytes_out": 200, "packets_in": 3, "packets_out": 4}, {"user": "y"}, {"id": "*8"}]',
	'[{"name": "<l2tp-a>", "rx_byte": 1000, "tx_byte": 2000, "rx_packet": 1, "tx_packet": 2}, {"name": "<pppoe-a>", "rx_byte": 5, "tx_byte": 5}, {"name": "<pppoe-b>", "rx_byte": 0, "tx_byte": 0}]') \g /dev/null
SELECT is(sessions(), 'North hotspot *1 h 10.0.0.3 BB 100 200 3 4, North pppoe *1 a 10.0.0.1 AA 1000 2000 1 2, North pppoe *2 b - - 0 0, North pppoe *3 d - -, South pppoe *1 a 10.0.1.1 - 7 7', 'the sessions of a reading, without those that have no id or no name');
SELECT is_empty('SELECT FROM router_traffic', 'no rate, no point of traffic');
SELECT is((SELECT string_agg(r.name || ' ' || data, ', ' ORDER BY r.name) FROM router_snapshots s JOIN router_settings r ON r.id = s.router_id WHERE kind = 'live'), 'North {"cpu": 2}, South {"cpu": 1}', 'the system of each router');
UPDATE router_sessions SET taken_at = taken_at - interval '8 seconds';
INSERT INTO router_traffic (router_id, taken_at, rx_rate, tx_rate) SELECT router(n), clock_timestamp() - a, 1, 1 FROM (VALUES ('North', interval '601 seconds'), ('North', '590 seconds'), ('South', '1 hour')) AS t (n, a);
SELECT router_live_store(router('North'), '{}', '[{"id": "*1", "name": "a", "service": "l2tp"}, {"id": "*2", "name": "c"}]', '[{"id": "*1", "user": "h", "bytes_in": 1100, "bytes_out": 2200}]',
	'[{"name": "<l2tp-a>", "rx_byte": 9000, "tx_byte": 18000}, {"name": "<pppoe-c>", "rx_byte": 50000, "tx_byte": 50000}]') \g /dev/null
SELECT is(sessions(), 'North hotspot *1 h - - 1100 2200 1/2, North pppoe *1 a - - 9000 18000 8/16, North pppoe *2 c - - 50000 50000, South pppoe *1 a 10.0.1.1 - 7 7', 'rates follow from the same user''s reading before; those of another router stay');
SELECT is((SELECT string_agg(r.name || ' ' || round(rx_rate / 1e3) || '/' || round(tx_rate / 1e3), ', ' ORDER BY r.name, t.taken_at) FROM router_traffic t JOIN router_settings r ON r.id = t.router_id), 'North 0/0, North 9/18, South 0/0',
	'a point is the sum of what has a rate; those of ten minutes are kept');
SELECT router_live_store(router('North'), '{}', '[]', '[]', '[]') \g /dev/null
SELECT is(sessions(), 'South pppoe *1 a 10.0.1.1 - 7 7', 'all have left one router');
SELECT is((SELECT rx_rate || '/' || tx_rate FROM router_traffic WHERE router_id = router('North') ORDER BY taken_at DESC LIMIT 1), '0/0', 'a point of nothing is written');

-- A reading replaces the one before and the failure to reach the router; readings of single interfaces go when unused for an hour.
DELETE FROM router_snapshots;
INSERT INTO router_snapshots (router_id, kind, error, tried_at) SELECT router(n), k, 'why', now() - a FROM (VALUES ('North', 'link', interval '0'), ('North', 'traffic:old', '1 hour 1 second'), ('North', 'traffic:new', '1 hour'),
	('North', 'traffic:me', '2 hours'), ('North', 'dhcp_leases', '2 hours'), ('South', 'link', '0'), ('South', 'traffic:old', '2 hours')) AS t (n, k, a);
CREATE FUNCTION kinds() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', r.name, kind, data, error, CASE WHEN tried_at > now() THEN 'now' WHEN tried_at = '-infinity' THEN 'expired' END), ', ' ORDER BY r.name, kind) FROM router_snapshots s JOIN router_settings r ON r.id = s.router_id $$;
SELECT router_snapshot_store(router('North'), 'traffic:me', '[1]') \g /dev/null
SELECT is(kinds(), 'North dhcp_leases why, North traffic:me [1] now, North traffic:new why, South link why, South traffic:old why', 'a reading that succeeded');
SELECT router_snapshot_fail(router('North'), 'traffic:me', 'gone'), router_snapshot_fail(router('North'), 'link', 'away') \g /dev/null
SELECT is(kinds(), 'North dhcp_leases why, North link away now, North traffic:me [1] gone now, North traffic:new why, South link why, South traffic:old why', 'one that failed leaves what was read');
SELECT router_snapshot_expire(router('North')) \g /dev/null
SELECT is(kinds(), 'North dhcp_leases why expired, North link away now, North traffic:me [1] gone expired, North traffic:new why expired, South link why, South traffic:old why', 'an action on a router spares the failure to reach it');

SELECT finish();
ROLLBACK;
