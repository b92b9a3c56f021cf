-- Alerts: one open at a time for each key, and a recovery only of what was open.
BEGIN;
\ir town.psql
SELECT no_plan();

SELECT isnt(alert_raise('system', 'info', 'a', 'b'), NULL, 'an alert without a key is raised');
SELECT isnt(alert_raise('system', 'info', 'a', 'b'), NULL, 'as often as something raises it');
SELECT is(count(*), 2::bigint, 'each waits for the notifier') FROM alert_logs WHERE notify = 'pending';
SELECT isnt(alert_raise('device_down', 'critical', 'R1', 'b', NULL, 'x:down'), NULL, 'one with a key is raised');
SELECT is(alert_raise('device_down', 'critical', 'R1', 'b', NULL, 'x:down'), NULL, 'once');
SELECT is(count(*), 3::bigint, 'and sent once') FROM alert_logs WHERE notify = 'pending';
SELECT is(alert_resolve('y:down'), NULL, 'an alert that is not open is not resolved');
SELECT isnt(alert_resolve('x:down'), NULL, 'an open one is');
SELECT is(alert_resolve('x:down'), NULL, 'once');
SELECT isnt(alert_raise('device_down', 'critical', 'R1', 'b', NULL, 'x:down'), NULL, 'then it can be raised again');

-- Texts: in the language of the settings, with the same fields in both.
SELECT alert_raise_text('system', 'info', 'drift', '{"name": "R{name}", "difference": "2 accounts"}', NULL, 'd') \g /dev/null
SELECT is((SELECT title || ' / ' || message FROM alert_logs WHERE key = 'd'),
	'Router R{name} berbeda dari basis data / 2 accounts. Lihat ispctl router plan.', 'Indonesian; braces of a value are text');
SELECT alert_resolve_text('d', 'over', '{"title": "a", "message": "b"}') \g /dev/null
UPDATE settings SET message_language = 'en';
SELECT is((SELECT title || ' / ' || message FROM alert_render('device_down', '{"name": "R1", "host": "h", "since": "now", "error": null,
	"affected": {"text": "affected", "customers": 2, "amount": "Rp5"}}')),
	'R1 is down / R1 (h) has not answered since now UTC. It serves 2 customers, Rp5 a month.', 'English, with a part that is a text');
SELECT throws_ok($$SELECT alert_raise_text('system', 'info', 'nonsense', '{}')$$, 'P0002', NULL, 'no alert without its text');
CREATE FUNCTION fields_of(content text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(DISTINCT m[1], ' ' ORDER BY m[1]) FROM regexp_matches(content, '\{[a-z_]+\}', 'g') m $$;
SELECT is((SELECT string_agg(name, ' ') FROM alert_texts WHERE fields_of(title_id || message_id) IS DISTINCT FROM fields_of(title_en || message_en)),
	NULL, 'both languages name the same fields');
SELECT is((SELECT string_agg(DISTINCT m[1], ' ') FROM pg_proc, regexp_matches(prosrc,
	$re$(?:alert_raise_text\('\w+', '\w+', |alert_resolve_text\([^,]+, )'(\w+)'$re$, 'g') m
	WHERE NOT EXISTS (SELECT FROM alert_texts WHERE name = m[1])), NULL, 'each text that a function names is there');
SELECT is((SELECT string_agg(c.text_name, ' ') FROM alert_conditions('2026-03-02') c WHERE NOT EXISTS (SELECT FROM alert_texts WHERE name = c.text_name)),
	NULL, 'and each of a condition');

SELECT finish();
ROLLBACK;
