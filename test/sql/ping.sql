-- Targets: which are due, what a round leaves, latency and loss that are too high, charts (sql/functions/ping.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en', latency_raise_ms = 200, latency_clear_ms = 150, loss_raise_percent = 20, loss_clear_percent = 5;
SELECT history_make(now() - interval '2 days') \g /dev/null
INSERT INTO router_settings (name, host, username) VALUES ('R', 'r', 'u');
INSERT INTO ping_targets (name, host, interval_seconds, address, resolved_at) VALUES ('a', 'a.example', 60, '192.0.2.1', now()), ('b', 'b.example', 10, '192.0.2.2', now()), ('c', '192.0.2.3', 60, NULL, NULL);
INSERT INTO ping_targets (name, host, is_active) VALUES ('off', '192.0.2.4', false);
CREATE FUNCTION target(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM ping_targets WHERE name = n $$;

-- Due a little early: half a round, ten seconds at most; * where the name is looked up again.
CREATE FUNCTION due(seconds int) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(t.name || CASE WHEN d.is_lookup_due THEN '*' ELSE '' END || ' ' || due_ms, ', ' ORDER BY t.name) FROM ping_due(seconds) d JOIN ping_targets t USING (id) $$;
CREATE FUNCTION checked(n text, age interval, is_now text DEFAULT 'up') RETURNS void LANGUAGE sql AS $$
	INSERT INTO monitor_states (id, kind, status, checked_at, hits) VALUES (target(n), 'ping', is_now, now() - age, 2) ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at, status = excluded.status $$;
SELECT is(due(0), 'a* 0, b* 0, c* 0', 'never measured: due, but for what is not watched');
SELECT checked('a', '20 seconds'), checked('b', '2 seconds'), checked('c', '2 hours') \g /dev/null
SELECT is(due(29), 'b 3000, c* 0', 'ten seconds before its round, or half of it');
SELECT is(due(30), 'a 30000, b 3000, c* 0', 'in the coming seconds');
SELECT checked('a', '60 seconds', 'down'), checked('b', '10 seconds') \g /dev/null
UPDATE ping_targets SET resolved_at = now() - interval '1 hour 1 second' WHERE name = 'b';
SELECT is(due(60), 'a* 0, b* 0, c* 0', 'the name of what is down is looked up, and each once an hour');
UPDATE ping_targets SET resolved_at = now() - interval '1 hour' WHERE name = 'b';
SELECT checked('a', '60 seconds') \g /dev/null
SELECT is(due(60), 'a 0, b 0, c* 0', 'not more often');
SELECT ping_resolved(jsonb_build_array(jsonb_build_object('id', target('c'), 'address', '192.0.2.33'))) \g /dev/null
SELECT is((SELECT string_agg(name || ' ' || coalesce(address, '-'), ', ' ORDER BY name) FROM ping_targets), 'a 192.0.2.1, b 192.0.2.2, c 192.0.2.33, off -', 'an address is that of its own target');

-- A round.
CREATE FUNCTION stored(n text, sent int, received int, latency float8 DEFAULT NULL, age interval DEFAULT '0', error text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
	SELECT ping_store(jsonb_build_array(jsonb_build_object('id', target(n), 'at', now() - age, 'sent', sent, 'received', received, 'latency_ms', latency, 'min_ms', latency - 1, 'max_ms', latency + 1, 'jitter_ms', 2, 'error', error))) $$;
DELETE FROM monitor_states;
SELECT stored('a', 4, 3, 10, '5 seconds'), stored('b', 4, 0, NULL, '5 seconds', 'no answer'), stored('c', 0, 0, NULL, '5 seconds', 'no such name') \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', t.name, sent, received, latency_ms, min_ms, max_ms, packet_loss_percent, status), ', ' ORDER BY t.name) FROM ping_history JOIN ping_targets t ON t.id = target_id), 'a 4 3 10 9 11 25 up, b 4 0 100 down', 'a measurement is kept');
SELECT is((SELECT string_agg(concat_ws(' ', t.name, s.kind, s.status, s.misses, s.hits, s.latency_ms, s.jitter_ms, s.loss_percent, s.error), ', ' ORDER BY t.name) FROM monitor_states s JOIN ping_targets t USING (id)),
	'a ping up 0 1 10 2 25, b ping unknown 1 0 2 100 no answer, c ping unknown 0 0 2 no such name', 'and the state of each');

-- Latency and loss, over three rounds since it is up.
DELETE FROM ping_history;
DELETE FROM monitor_states;
CREATE FUNCTION open_alerts() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(split_part(key, ':', 1) || ' ' || t.name, ', ' ORDER BY key) FROM alert_logs a JOIN ping_targets t ON t.id::text = split_part(a.key, ':', 2) WHERE a.resolved_at IS NULL $$;
-- Three rounds, the newest last, then judged.
CREATE FUNCTION rounds(latencies float8[], lost int DEFAULT 0, oldest interval DEFAULT '3 minutes', is_now text DEFAULT 'up', since interval DEFAULT '1 hour', n text DEFAULT 'a') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM ping_history;
	DELETE FROM monitor_states;
	INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, packet_loss_percent, status)
	SELECT target(n), now() - oldest + (o - 1) * oldest / cardinality(latencies), 100, 100 - lost, l, lost, 'up' FROM unnest(latencies) WITH ORDINALITY u (l, o);
	INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, packet_loss_percent, status) SELECT target('b'), now() - make_interval(mins => m), 4, 0, 999, 100, 'down' FROM generate_series(1, 3) m;
	INSERT INTO monitor_states (id, kind, status, since, misses, hits, checked_at, latency_ms, loss_percent) VALUES (target(n), 'ping', is_now, now() - since, 0, 2, now(), latencies[cardinality(latencies)], lost);
	PERFORM ping_judge();
	RETURN open_alerts();
END $$;
SELECT is(rounds('{200,10,199.9}'), NULL, 'the median is below the limit');
SELECT is(rounds('{300,300}'), NULL, 'two rounds say nothing');
SELECT is(rounds('{300,300,300}', 0, '3 minutes', 'down'), NULL, 'nor do those of what is down');
SELECT is(rounds('{300,300,300}', 0, '3 minutes', 'up', '2 minutes'), NULL, 'nor those of before an outage');
SELECT is(rounds('{300,300,300}', 0, '6 minutes'), NULL, 'nor old ones');
UPDATE ping_targets SET interval_seconds = 100 WHERE name = 'a';
SELECT is(rounds('{300,300,300}', 0, '400 seconds'), NULL, 'four rounds ago is old');
SELECT is(rounds('{300,300,300}', 0, '399 seconds'), 'high_latency a', 'but not less, where a round is long');
UPDATE alert_logs SET resolved_at = now();
UPDATE ping_targets SET is_active = false, interval_seconds = 60 WHERE name = 'a';
SELECT is(rounds('{300,300,300}'), NULL, 'nor those of what is not watched');
UPDATE ping_targets SET is_active = true, router_id = (SELECT id FROM router_settings) WHERE name = 'a';
INSERT INTO maintenance_windows (title, starts_at, ends_at, router_id) SELECT 'w', now(), now() + interval '1 hour', id FROM router_settings;
SELECT is(rounds('{300,300,300}', 50), NULL, 'work was announced');
DELETE FROM maintenance_windows;
UPDATE ping_targets SET parent_id = target('c') WHERE name = 'a';
CREATE FUNCTION behind(latencies float8[], lost int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM rounds(latencies, 0, '6 minutes');
	INSERT INTO monitor_states (id, kind, status, misses, hits, checked_at) VALUES (target('c'), 'ping', 'down', 2, 0, now());
	UPDATE ping_history SET recorded_at = recorded_at + interval '181 seconds', packet_loss_percent = lost WHERE target_id = target('a');
	PERFORM ping_judge();
	RETURN open_alerts();
END $$;
SELECT is(behind('{300,300,300}', 50), NULL, 'nor while something before it fails');
UPDATE ping_targets SET parent_id = NULL WHERE name = 'a';
SELECT is(rounds('{200,10,200}'), 'high_latency a', 'the median is at the limit');
SELECT is(rounds('{900,900,900}'), 'high_latency a', 'once');
SELECT is((SELECT sum(repeats) FROM alert_logs), 0::bigint, 'not again each round');
SELECT is(rounds('{150,10,150}'), 'high_latency a', 'at the lower limit it stays');
SELECT is(rounds('{900,900,900,149,149,149}'), NULL, 'below it ends; the last three rounds count');
SELECT matches((SELECT message FROM alert_logs WHERE type = 'high_latency' AND resolves IS NULL ORDER BY created_at DESC, id DESC LIMIT 1), '200', 'the alert names the limit');
SELECT is(rounds('{10,10,10}', 19), NULL, 'loss below its limit');
SELECT is(rounds('{10,10,10}', 20), 'packet_loss a', 'at it');
SELECT is(rounds('{10,10,10}', 100), 'packet_loss a', 'once');
SELECT is((SELECT sum(repeats) FROM alert_logs), 0::bigint, 'not again each round');
SELECT is(rounds('{10,10,10}', 6), 'packet_loss a', 'above the lower limit it stays');
SELECT is(rounds('{300,300,300}', 6), 'high_latency a, packet_loss a', 'both at a time');
SELECT is(rounds('{10,10,10}', 5), NULL, 'at it, it ends, and the other, too');
SELECT is(rounds('{300,300,300}', 0, n => 'c'), 'high_latency c', 'each target for itself');

-- Charts: all buckets of the period, of one target, from the table that the period reads.
DELETE FROM ping_history;
SELECT date_bin('1 hour', now(), 'epoch') AS hour \gset
INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, min_ms, max_ms, packet_loss_percent, status)
	SELECT target(n), date_bin('5 minutes', now(), 'epoch') - i, s, r, l, l - 1, l + 1, 0, 'up' FROM (VALUES ('a', interval '20 minutes', 4, 4, 10), ('a', '19 minutes 30 seconds', 4, 1, 60), ('a', '10 minutes', 4, 0, NULL), ('b', '20 minutes', 4, 4, 500), ('a', '3 hours', 4, 2, 30)) AS t (n, i, s, r, l);
INSERT INTO ping_5m (target_id, recorded_at, sent, received, sum_ms, min_ms, max_ms) VALUES (target('a'), :'hour'::timestamptz - interval '1 hour', 4, 4, 200, 5, 6), (target('b'), :'hour'::timestamptz - interval '1 hour', 4, 4, 4000, 5, 6);
INSERT INTO ping_1h (target_id, recorded_at, sent, received, sum_ms, min_ms, max_ms) VALUES (target('a'), :'hour'::timestamptz - interval '1 hour', 4, 4, 280, 7, 8);
CREATE FUNCTION chart(n text, period text) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', latency_ms, min_ms, max_ms, packet_loss_percent, status), ', ' ORDER BY recorded_at) FROM ping_chart(target(n), period) WHERE status <> 'unknown' $$;
SELECT is(chart('a', '24h'), '30 29 31 50 up, 20 9 61 37.5 up, 100 down', 'a day, by five minutes: the mean of all answers');
SELECT is(chart('a', '7d') || ' / ' || chart('a', '1y') || ' / ' || chart('b', '24h'), '50 5 6 0 up / 70 7 8 0 up / 500 499 501 0 up', 'a week and a year read their own table, each target its own rows');
SELECT is(count(*) FILTER (WHERE status = 'unknown') > 280, true, 'what was not measured is unknown') FROM ping_chart(target('a'), '24h');
UPDATE ping_targets SET interval_seconds = 3600 WHERE name = 'a';
SELECT is((SELECT count(*) FROM ping_chart(target('a'), '24h')) IN (24, 25), true, 'a target measured once an hour has no points between');
INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, packet_loss_percent, status) SELECT target('b'), first_at, 4, 4, 44, 0, 'up' FROM history_buckets('1h', '10 seconds');
SELECT is((SELECT latency_ms FROM ping_chart(target('b'), '1h') ORDER BY recorded_at LIMIT 1), 44::float8, 'a round at its first moment is on a chart');
SELECT finish();
ROLLBACK;
