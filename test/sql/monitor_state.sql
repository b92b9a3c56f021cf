-- The state of a thing that is watched, what may be the cause of its silence, and whose alerts begin and end (sql/functions/monitor.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en';
INSERT INTO router_settings (name, host, username) VALUES ('R', 'r', 'u'), ('Q', 'q', 'u');
CREATE FUNCTION way(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM router_settings WHERE name = n $$;
INSERT INTO ping_targets (name, host, interval_seconds) VALUES ('t', '192.0.2.1', 60), ('slow', '192.0.2.2', 600), ('spare', '192.0.2.3', 60);
INSERT INTO snmp_devices (name, host) VALUES ('d', '192.0.2.4'), ('e', '192.0.2.5');
CREATE FUNCTION thing(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM monitor_things WHERE name = n $$;

-- Results one after the other: two misses are down, an answer is up, what could not be measured is neither.
CREATE FUNCTION measured(second int, ok boolean, with_ jsonb DEFAULT '{}', name text DEFAULT 't') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM monitor_measured('ping', jsonb_build_array(jsonb_build_object('id', thing(name), 'at', timestamptz '2026-01-01 00:00Z' + make_interval(secs => second), 'ok', ok) || with_, '{"id": "00000000-0000-4000-8000-000000000000", "at": "2026-01-01", "ok": true}'::jsonb));
	RETURN (SELECT concat_ws(' ', status, 'since', extract(epoch FROM since - '2026-01-01 00:00Z')::int, misses, hits, 'missed', extract(epoch FROM missed_since - '2026-01-01 00:00Z')::int, 'at', extract(epoch FROM checked_at - '2026-01-01 00:00Z')::int, error, uptime_ms)
	          FROM monitor_states WHERE id = thing(name));
END $$;
SELECT is(measured(n, ok, with_), wanted, format('second %s: %s', n, wanted)) FROM (VALUES (1, true, '{"uptime_ms": 70}'::jsonb, 'up since 1 0 1 missed at 1 70'), (2, true, '{}', 'up since 1 0 2 missed at 2 70'), (3, false, '{"error": "no"}', 'up since 1 1 0 missed 3 at 3 no 70'),
	(3, true, '{}', 'up since 1 1 0 missed 3 at 3 no 70'), (2, true, '{}', 'up since 1 1 0 missed 3 at 3 no 70'), (4, true, '{}', 'up since 1 0 1 missed at 4 70'), (5, false, '{}', 'up since 1 1 0 missed 5 at 5 70'), (6, false, '{}', 'down since 6 2 0 missed 5 at 6 70'),
	(7, false, '{}', 'down since 6 3 0 missed 5 at 7 70'), (8, NULL, '{}', 'unknown since 8 0 0 missed at 8 70'), (9, NULL, '{}', 'unknown since 8 0 0 missed at 9 70'), (10, false, '{}', 'unknown since 8 1 0 missed 10 at 10 70'), (11, false, '{}', 'down since 11 2 0 missed 10 at 11 70'),
	(12, true, '{"uptime_ms": 5}', 'up since 12 0 1 missed at 12 5')) AS t (n, ok, with_, wanted);
SELECT is(measured(1, false, '{}', 'slow') || ', ' || measured(2, true, '{}', 'slow'), 'unknown since 1 1 0 missed 1 at 1, up since 2 0 1 missed at 2', 'one that misses at first is not known yet');
SELECT is(measured(1, NULL, '{}', 'spare'), 'unknown since 1 0 0 missed at 1', 'nor one that could not be measured');
SELECT is((SELECT count(*) FROM monitor_states), 3::bigint, 'a thing that is watched has a state, and nothing else');

-- Announced work: on a target, on a router, on everything, to its first and last moment.
CREATE FUNCTION quiet(t uuid, r uuid DEFAULT NULL) RETURNS boolean LANGUAGE sql AS $$ SELECT monitor_in_maintenance(t, r) $$;
INSERT INTO maintenance_windows (title, starts_at, ends_at, target_id) VALUES ('w', now(), now() + interval '1 hour', thing('t'));
SELECT is(quiet(thing('t')) || ' ' || quiet(thing('slow')) || ' ' || quiet(thing('t'), way('Q')), 'true false true', 'work on a target');
UPDATE maintenance_windows SET target_id = NULL, router_id = way('R');
SELECT is(quiet(thing('t'), way('R')) || ' ' || quiet(thing('t'), way('Q')) || ' ' || quiet(thing('t')), 'true false false', 'on a router');
UPDATE maintenance_windows SET router_id = NULL, starts_at = now() - interval '2 hours', ends_at = now() - interval '1 second';
SELECT is(quiet(thing('t')), false, 'work that is over');
DELETE FROM maintenance_windows;

-- A thing that stands before another may be the cause while it is measured and not sound.
UPDATE ping_targets SET parent_id = thing('slow') WHERE name = 't';
UPDATE ping_targets SET parent_id = thing('spare') WHERE name = 'slow';
DELETE FROM monitor_states;
CREATE FUNCTION blames(slow jsonb, spare jsonb, active boolean DEFAULT true) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM monitor_states;
	UPDATE ping_targets SET is_active = active WHERE name = 'slow';
	INSERT INTO monitor_states (id, kind, status, since, misses, hits, checked_at)
	SELECT thing(n), CASE n WHEN 'd' THEN 'snmp' ELSE 'ping' END, coalesce(j ->> 'status', 'up'), now(), coalesce((j ->> 'misses')::int, 0), coalesce((j ->> 'hits')::int, 2), now() - coalesce(j ->> 'age', '0')::interval
	  FROM (VALUES ('slow', slow), ('spare', spare), ('d', '{"status": "down", "misses": 9, "hits": 0}')) AS t (n, j) WHERE j IS NOT NULL;
	RETURN monitor_parent_fails(thing('t'), now() - interval '1 minute');
END $$;
SELECT is(blames(slow, spare), wanted, what) FROM (VALUES ('{}'::jsonb, '{}'::jsonb, false, 'all before it are sound'), (NULL, NULL, false, 'or not measured'), ('{"status": "down"}', '{}', true, 'one is down'), ('{}', '{"status": "down"}', true, 'one further up'), ('{"misses": 1}', '{}', true, 'one missed'),
	('{"hits": 1}', '{}', true, 'one is back once'), ('{"age": "61 seconds"}', '{}', true, 'one was not checked since'), ('{"age": "60 seconds"}', '{}', false, 'one was'), ('{"status": "down", "age": "1799 seconds"}', '{}', true, 'one that is measured every ten minutes, in three rounds'),
	('{"status": "down", "age": "1800 seconds"}', '{}', false, 'and not for longer'), ('{}', '{"status": "down", "age": "299 seconds"}', true, 'one that is measured each minute, in five minutes'), ('{}', '{"status": "down", "age": "300 seconds"}', false, 'and not for longer')) AS t (slow, spare, wanted, what);
SELECT is(blames('{"status": "down"}', '{}', false), false, 'one that is paused blames nothing');
SELECT is(blames('{"status": "down"}', '{}') AND NOT monitor_parent_fails(thing('slow'), NULL), true, 'nothing is its own cause');
SELECT throws_ok(format('UPDATE ping_targets SET parent_id = %L WHERE name = ''spare''', thing('t')), 'IS422', NULL, 'a circle of three');
SELECT throws_ok(format('UPDATE snmp_devices SET parent_id = %L WHERE name = ''d''', thing('d')), 'IS422', NULL, 'a device behind itself');
UPDATE ping_targets SET parent_id = NULL, is_active = true;

-- Durations.
SELECT is(monitor_duration(make_interval(secs => s)), wanted::jsonb, s || ' s') FROM (VALUES (0, '{"text": "lasted_minutes", "minutes": 1}'), (89, '{"text": "lasted_minutes", "minutes": 1}'), (3540, '{"text": "lasted_minutes", "minutes": 59}'), (3600, '{"text": "lasted_hours", "hours": 1, "minutes": 0}'),
	(12000, '{"text": "lasted_hours", "hours": 3, "minutes": 20}'), (86340, '{"text": "lasted_hours", "hours": 23, "minutes": 59}'), (86400, '{"text": "lasted_days", "days": 1, "hours": 0}'), (180000, '{"text": "lasted_days", "days": 2, "hours": 2}')) AS t (s, wanted);

-- Customers behind a router: each once, those in service, with what they pay a month.
SELECT person() AS c \gset
SELECT sub(:'c', jsonb_build_object('router_id', way('R'))), sub(:'c', jsonb_build_object('router_id', way('R'), 'package_id', pkg('Q'))), sub(person(), jsonb_build_object('router_id', way('R'))), sub(person(), jsonb_build_object('router_id', way('Q'))), sub(person(), jsonb_build_object('router_id', way('R'))) AS cut \gset
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'cut';
SELECT is(monitor_affected(way('R')), jsonb_build_object('text', 'affected', 'customers', 2, 'amount', rupiah(400000)), 'the customers behind a router');

-- Alerts of what is down: of its own kind, in use, not announced, not open already; resolved when it is up.
DELETE FROM alert_logs;
DELETE FROM monitor_states;
INSERT INTO monitor_states (id, kind, status, since, misses, hits, missed_since, checked_at, error)
	SELECT t.id, t.kind, CASE t.name WHEN 'slow' THEN 'up' ELSE 'down' END, now() - interval '5 minutes', 2, 0, timestamptz '2026-01-01 10:00Z', now(), 'no answer' FROM monitor_things t;
CREATE FUNCTION open_alerts() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(title, ', ' ORDER BY title) FROM alert_logs WHERE key IS NOT NULL AND resolved_at IS NULL $$;
UPDATE ping_targets SET is_active = false WHERE name = 'spare';
UPDATE ping_targets SET router_id = way('R') WHERE name = 't';
SELECT monitor_judge_down('ping') \g /dev/null
SELECT is(open_alerts(), 't is down', 'targets alone, of those in use');
SELECT is((SELECT message || ' / ' || meta::text FROM alert_logs), 't (192.0.2.1) has not answered since 01-01-2026 17:00. no answer. It serves 2 customers, Rp400.000 a month. / '
	|| jsonb_build_object('kind', 'ping', 'id', thing('t'), 'host', '192.0.2.1', 'router_id', way('R'))::text, 'with what is known of it');
SELECT monitor_judge('snmp') \g /dev/null
SELECT is(open_alerts(), 'd is down, e is down, t is down', 'then devices');
UPDATE monitor_states SET status = 'up', since = now() + interval '3 hours' WHERE id IN (thing('t'), thing('d'));
SELECT monitor_judge_down('ping') \g /dev/null
SELECT is(open_alerts(), 'd is down, e is down', 'a target that is up ends its own');
SELECT matches((SELECT message FROM alert_logs WHERE type = 'device_up'), '3 h 0 min', 'with how long it was');
SELECT monitor_judge('snmp') \g /dev/null
SELECT is(open_alerts(), 'e is down', 'so does a device');
SELECT is((SELECT count(*) FROM alert_logs WHERE type = 'device_up'), 2::bigint, 'each once');

-- Alerts of what is no longer watched end without a message, by their type.
UPDATE alert_logs SET resolved_at = now();
SELECT alert_raise(t, 'warning', t || ' ' || n, 'm', NULL, t || ':' || thing(n)) FROM unnest('{high_latency,packet_loss,device_down}'::text[]) t, unnest('{t,spare}'::text[]) n \g /dev/null
SELECT alert_raise('bandwidth', 'warning', 'bandwidth', 'm', NULL, 'bandwidth:' || gen_random_uuid()), alert_raise('system', 'info', 'system', 'm', NULL, 'high_latency:' || gen_random_uuid()),
	alert_raise('high_latency', 'info', 'other key', 'm', NULL, 'other:' || gen_random_uuid()) \g /dev/null
UPDATE monitor_states SET status = 'unknown';
SELECT count(*) AS before FROM alert_logs \gset
SELECT monitor_judge('ping') \g /dev/null
SELECT is(open_alerts(), 'bandwidth, device_down t, high_latency t, other key, packet_loss t, system', 'those of targets and what is down, after a round of targets');
UPDATE alert_logs SET resolved_at = NULL WHERE title LIKE '% spare';
SELECT monitor_judge('snmp') \g /dev/null
SELECT is(open_alerts(), 'device_down t, high_latency spare, high_latency t, other key, packet_loss spare, packet_loss t, system', 'those of interfaces and what is down, after a poll');
SELECT is((SELECT count(*) FROM alert_logs), :before::bigint, 'no recovery is written');
SELECT is((SELECT array_agg(a) FROM monitor_alerted('high_latency') a) @> ARRAY[thing('t'), thing('spare')] AND (SELECT count(*) FROM monitor_alerted('high_latency')) = 2, true, 'things of which an alert is open');
SELECT finish();
ROLLBACK;
