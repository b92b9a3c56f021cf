-- Devices and targets that are watched: two misses mean down, one alert for each thing, and silence where another is to blame.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en'; -- of alerts
SELECT history_make() \g /dev/null

INSERT INTO ping_targets (name, host) VALUES ('tower', '192.0.2.1');
INSERT INTO ping_targets (name, host, parent_id) SELECT 'home ' || n, '192.0.2.9', id FROM ping_targets, generate_series(1, 3) n;
CREATE FUNCTION target(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM ping_targets WHERE name = n $$;
-- A round some minutes ago in which those named did not answer.
CREATE FUNCTION round_at(minutes int, dead text, latency float8 DEFAULT 5, lost int DEFAULT 0) RETURNS void LANGUAGE sql AS $$
	SELECT ping_store((SELECT jsonb_agg(jsonb_build_object('id', id, 'at', now() - make_interval(mins => minutes), 'sent', 4,
		'received', CASE WHEN name ~ dead THEN 0 ELSE 4 - lost END, 'latency_ms', CASE WHEN name !~ dead THEN latency END))
		FROM ping_targets));
	SELECT monitor_judge('ping') $$;
CREATE FUNCTION state_of(n text) RETURNS text LANGUAGE sql AS $$ SELECT status FROM monitor_states WHERE id = target(n) $$;
CREATE FUNCTION open_alerts() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(title, ', ' ORDER BY title) FROM alert_logs WHERE key IS NOT NULL AND resolved_at IS NULL $$;

-- rounds of before midnight, too
SELECT history_make(now() - interval '1 day') \g /dev/null
SELECT round_at(50, 'nobody') \g /dev/null
SELECT round_at(49, 'nobody') \g /dev/null
SELECT is(state_of('tower'), 'up', 'a device that answers is up');
SELECT round_at(4, 'home 1') \g /dev/null
SELECT is(state_of('home 1'), 'up', 'one miss changes nothing');
SELECT is(open_alerts(), NULL, 'and alerts nobody');
SELECT round_at(3, 'home 1') \g /dev/null
SELECT is(state_of('home 1'), 'down', 'two are down');
SELECT is(open_alerts(), 'home 1 is down', 'and an alert');
SELECT round_at(3, 'nobody') \g /dev/null
SELECT is(state_of('home 1'), 'down', 'a result stored twice counts once');
SELECT is((SELECT count(*) FROM ping_history WHERE target_id = target('home 1')), 4::bigint, 'and has one row');
SELECT round_at(2, 'nobody') \g /dev/null
SELECT is(open_alerts(), NULL, 'it is resolved when it answers');
SELECT is((SELECT count(*) FROM alert_logs WHERE type = 'device_up'), 1::bigint, 'by one recovery');

-- The tower dies and takes all behind it along, whoever is measured first.
UPDATE monitor_states SET checked_at = checked_at - interval '2 minutes';
SELECT round_at(3, 'home') \g /dev/null
SELECT round_at(2, 'home|tower') \g /dev/null
SELECT is(open_alerts(), NULL, 'a child is not blamed while its parent misses');
SELECT round_at(1, 'home|tower') \g /dev/null
SELECT is(open_alerts(), 'tower is down', 'the tower alone has an alert');
SELECT round_at(0, 'home') \g /dev/null
SELECT is(open_alerts(), NULL, 'a tower that is back once clears nobody behind it');
UPDATE monitor_states SET checked_at = checked_at - interval '1 minutes', missed_since = missed_since - interval '1 minute';
SELECT round_at(0, 'home') \g /dev/null
SELECT is(open_alerts(), 'home 1 is down, home 2 is down, home 3 is down', 'back twice, the homes speak for themselves');

-- Announced work.
UPDATE monitor_states SET checked_at = checked_at - interval '1 minutes';
SELECT round_at(0, 'nobody') \g /dev/null
INSERT INTO maintenance_windows (title, starts_at, ends_at, target_id)
	VALUES ('w', now() - interval '1 hour', now() + interval '1 hour', target('tower'));
UPDATE monitor_states SET checked_at = checked_at - interval '2 minutes';
SELECT round_at(1, 'tower') \g /dev/null
SELECT round_at(0, 'tower') \g /dev/null
SELECT is(state_of('tower'), 'down', 'in a window it is down');
SELECT is(open_alerts(), NULL, 'without an alert');
DELETE FROM maintenance_windows;
SELECT monitor_judge('ping') \g /dev/null
SELECT is(open_alerts(), 'tower is down', 'after it, with one');
UPDATE ping_targets SET is_active = false WHERE name = 'tower';
SELECT monitor_judge('ping') \g /dev/null
SELECT is(open_alerts(), NULL, 'a device no longer watched has no open alert');
SELECT is((SELECT status FROM ping_target_rows WHERE name = 'tower'), 'unknown', 'and an unknown status');
UPDATE ping_targets SET is_active = true;

-- Latency and loss: three rounds, raised at one limit, cleared at another.
DELETE FROM ping_history;
UPDATE monitor_states SET checked_at = now() - interval '10 minutes', since = now() - interval '10 minutes';
SELECT round_at(4, 'nobody', 250) \g /dev/null
SELECT round_at(3, 'nobody', 20) \g /dev/null
SELECT round_at(2, 'nobody', 250) \g /dev/null
SELECT is((SELECT count(*) FROM alert_logs WHERE type = 'high_latency'), 4::bigint, 'slow in two rounds of three');
UPDATE monitor_states SET checked_at = now() - interval '10 minutes';
SELECT round_at(1, 'nobody', 170) \g /dev/null
SELECT is((SELECT count(*) FROM alert_logs WHERE type = 'high_latency' AND resolved_at IS NULL), 4::bigint, 'between the limits it stays open');
DELETE FROM ping_history;
UPDATE monitor_states SET checked_at = now() - interval '10 minutes';
SELECT round_at(0, 'nobody', 20, 2) \g /dev/null
SELECT is(open_alerts(), NULL, 'quick again, it is resolved');

-- Roll-ups and charts.
DELETE FROM ping_history;
INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, min_ms, max_ms, packet_loss_percent, status)
	SELECT target('tower'), date_bin('1 hour', now(), 'epoch') - make_interval(mins => 60 + m), 4, 3, m, m - 1, m + 1, 25, 'up' FROM generate_series(1, 59) m
	 WHERE date_bin('1 hour', now(), 'epoch') - make_interval(mins => 60 + m) >= date_trunc('day', now(), 'UTC');
SELECT CASE WHEN count(*) = 59 THEN ping_roll(now()) END FROM ping_history \g /dev/null
SELECT is(count(*) IN (0, 12), true, 'an hour of minutes is twelve buckets') FROM ping_5m;
SELECT is((SELECT sum(sent) FROM ping_1h), (SELECT sum(sent) FROM ping_5m), 'and one of an hour, with every packet');
SELECT ping_roll(now()) \g /dev/null
SELECT is((SELECT sum(sent) FROM ping_1h), (SELECT sum(sent) FROM ping_5m), 'rolled twice, nothing counts twice');
DELETE FROM history_rolls;
SELECT ping_roll(now()) \g /dev/null
SELECT is((SELECT sum(sent) FROM ping_1h), (SELECT sum(sent) FROM ping_5m), 'nor when it is forgotten up to when it was rolled');
SELECT is(bool_and(n <= 500), true, 'no chart has more than 500 points') FROM (
	SELECT (SELECT count(*) FROM ping_chart(target('tower'), p)) AS n FROM unnest('{1h,6h,24h,7d,30d,1y}'::text[]) p) t;
SELECT is((SELECT count(*) FROM ping_chart(target('tower'), '24h') WHERE latency_ms IS NULL) > 0, true, 'gaps are null');
INSERT INTO ping_history (target_id, recorded_at, sent, received, latency_ms, packet_loss_percent, status)
	SELECT target('home 1'), now(), 4, 4, 77, 0, 'up';
SELECT is((SELECT string_agg(n || ' ' || latency_ms, ', ' ORDER BY n) FROM unnest('{home 1,home 2}'::text[]) n, ping_chart(target(n), '1h') WHERE latency_ms > 70), 'home 1 77',
	'a chart has the rounds of its own target');

-- Bug: the hours of a year lay on 8,760 pages, between those of 4,999 other interfaces: a chart took 200 ms.
SELECT is(bool_and(i.indnatts = 7), true, 'the values of an hour stand in the index of their partition')
  FROM pg_inherits h JOIN pg_index i ON i.indrelid = h.inhrelid AND i.indisprimary
 WHERE h.inhparent IN ('bandwidth_1h'::regclass, 'ping_1h'::regclass);
SELECT is(count(*), count(*) FILTER (WHERE EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                                                    WHERE i.indrelid = h.inhrelid AND a.amname = 'brin')),
          'the rows of a roll-up are found by time') FROM pg_inherits h
 WHERE h.inhparent = ANY ('{bandwidth_history,bandwidth_5m,ping_history,ping_5m}'::regclass[]);

-- Partitions.
SELECT throws_ok($$INSERT INTO ping_history (target_id, recorded_at, sent, received, packet_loss_percent, status)
	VALUES (uuidv7(), now() - interval '30 days', 1, 1, 0, 'up')$$, '23514', NULL, 'no partition takes what strays');
SELECT history_make(now() - interval '9 days', now()) \g /dev/null
SELECT is((SELECT count(*) FROM history_partitions() WHERE parent = 'ping_history' AND ends > now()), 8::bigint, 'a week ahead');
SELECT isnt(history_drop(), NULL, 'a partition older than its days is dropped');
SELECT history_drop() FROM generate_series(1, 20) \g /dev/null
SELECT is(history_drop(), NULL, 'until nothing is');
SELECT is((SELECT count(*) FROM history_partitions() WHERE parent = 'ping_history' AND ends < now() - interval '7 days'), 0::bigint, 'all of it');

-- A dead router with 200 children: one alert, one recovery. They were 201 of each, and the people who
-- get them stopped reading.
DELETE FROM ping_targets;
UPDATE alert_logs SET resolved_at = now() WHERE resolved_at IS NULL;
INSERT INTO ping_targets (name, host) VALUES ('tower', '192.0.2.1');
INSERT INTO ping_targets (name, host, parent_id) SELECT 'home ' || n, '192.0.2.9', id FROM ping_targets, generate_series(1, 200) n;
SELECT count(*) AS before FROM alert_logs \gset
SELECT round_at(50, 'nobody'), round_at(49, 'nobody') \g /dev/null
SELECT round_at(4, '.'), round_at(3, '.'), round_at(2, '.') \g /dev/null
SELECT is((SELECT count(*) FROM monitor_states WHERE status = 'down'), 201::bigint, 'all are down');
SELECT is((SELECT count(*) FROM alert_logs) - :before, 1::bigint, 'one alert for a router and 200 children');
UPDATE alert_logs SET notify = 'done' WHERE notify = 'pending';
SELECT round_at(1, 'nobody'), round_at(0, 'nobody') \g /dev/null
SELECT is((SELECT string_agg(type || ' ' || title, ', ' ORDER BY seq) FROM (SELECT type, title, row_number() OVER (ORDER BY created_at, id) AS seq
	FROM alert_logs OFFSET :before) a), 'device_down tower is down, device_up tower is up again', 'and one recovery');

-- A tree has no circle.
SELECT throws_ok($$UPDATE ping_targets SET parent_id = target('home 1') WHERE name = 'tower'$$, 'IS422', NULL, 'nothing stands behind itself');
-- Bug: a pinger that was held up brought two rounds of one target at once, and its run ended (a row changed twice).
INSERT INTO ping_targets (name, host) VALUES ('late', '192.0.2.7');
SELECT ping_store(jsonb_agg(jsonb_build_object('id', target('late'), 'at', now() - make_interval(secs => n), 'sent', 4, 'received', 0)))
	FROM generate_series(1, 2) n \g /dev/null
SELECT is(state_of('late'), 'down', 'two misses that come together are two');
SELECT is((SELECT checked_at FROM monitor_states WHERE id = target('late')), now() - interval '1 second', 'the newer one is the last');
-- The open alert of one thing keeps no other from having its own, and is not raised again each round.
SELECT monitor_judge('ping') \g /dev/null
INSERT INTO ping_targets (name, host) VALUES ('lost', '192.0.2.8');
SELECT ping_store(jsonb_agg(jsonb_build_object('id', target('lost'), 'at', now() - make_interval(secs => n), 'sent', 4, 'received', 0)))
	FROM generate_series(1, 2) n \g /dev/null
SELECT monitor_judge('ping') \g /dev/null
SELECT is(open_alerts(), 'late is down, lost is down', 'two things, two alerts');
SELECT is((SELECT sum(repeats) FROM alert_logs WHERE resolved_at IS NULL), 0::bigint, 'each raised once');
SELECT finish();
ROLLBACK;
