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

SELECT results_eq($$SELECT router_rate_text(r, 'bps') FROM (VALUES (1, NULL::bigint), (2, 999), (3, 1050), (4, 999949), (5, 1250000), (6, 2500000000)) AS v (n, r) ORDER BY n$$,
	ARRAY['0 bps', '999 bps', '1.1 kbps', '999.9 kbps', '1.3 Mbps', '2.5 Gbps'], 'a rate as text');
-- Bug: declared IMMUTABLE around an operator that is only STABLE, it was called for each of 30,000 rates (170 ms, not 15).
CREATE FUNCTION plan_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN VERBOSE ' || query; END $$;
SELECT is_empty($$SELECT * FROM plan_of('SELECT router_rate_text(rx_rate, ''bps''), router_bytes_text(rx_bytes) FROM router_sessions') AS l (line)
	WHERE line ~ 'router_(rate|bytes)_text'$$, 'the texts of rates and bytes are inlined');

SELECT finish();
ROLLBACK;
