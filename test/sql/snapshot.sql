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

SELECT finish();
ROLLBACK;
