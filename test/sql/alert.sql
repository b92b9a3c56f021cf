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
-- An alert that comes and goes is sent three times within an hour, then listed only.
SELECT alert_raise('device_down', 'critical', 'R' || n, 'b', NULL, 'z:down'), alert_resolve('z:down') FROM generate_series(1, 5) n \g /dev/null
SELECT is(string_agg(notify, ' ' ORDER BY title), 'skipped skipped skipped damped damped', 'the fourth is damped, not waiting until it is over') FROM alert_logs WHERE key = 'z:down';

-- Texts: in the language of the settings, with the same fields in both.
SELECT alert_raise_text('system', 'info', 'drift', '{"name": "R{name}", "difference": "2 accounts"}', NULL, 'd') \g /dev/null
SELECT is((SELECT title || ' / ' || message FROM alert_logs WHERE key = 'd'),
	'Router R{name} berbeda dari basis data / 2 accounts. Lihat Jaringan, Perbedaan, atau ispctl router plan.', 'Indonesian; braces of a value are text');
SELECT alert_resolve_text('d', 'over', '{"title": "a", "message": "b"}') \g /dev/null
UPDATE settings SET message_language = 'en';
SELECT is((SELECT title || ' / ' || message FROM alert_render('device_down', '{"name": "R1", "host": "h", "since": "2026-03-01T17:05:00+00:00",
	"because": null, "affected": {"text": "affected", "customers": 2, "amount": "Rp5"}}')),
	'R1 is down / R1 (h) has not answered since 02-03-2026 00:05. It serves 2 customers, Rp5 a month.', 'English, with a part that is a text');
-- Bug: an alert was its text alone, so a console in English showed it in the language of the messages.
SELECT is((SELECT code || ' ' || (texts #>> '{id,title}') || ' ' || (texts #>> '{en,title}') || ' ' || fields FROM alert_logs WHERE key = 'd'),
	'drift Router {name} berbeda dari basis data Router {name} differs from the database {"name": "R{name}", "difference": "2 accounts"}',
	'an alert keeps its sentences in both languages, and its values');
SELECT is((SELECT texts #>> '{en,title}' FROM alert_logs WHERE code = 'over'), 'Over: {title}', 'so does a recovery');
SELECT is(parts #>> '{texts,id,message}', '{name} ({host}) tidak menjawab sejak {since}. {error}. Melayani {customers} pelanggan, {amount} per bulan.',
	'a part stands in the sentence of its language')
  FROM alert_render('device_down', '{"name": "R1", "host": "h", "since": null, "because": {"text": "because", "error": "no route {host}"},
	"affected": {"text": "affected", "customers": 2, "amount": "Rp5"}}');
SELECT is((SELECT parts #> '{fields}' FROM alert_render('device_down', '{"name": "text", "because": {"text": "because", "error": "{host}"}}')),
	'{"name": "text", "error": "{host}"}', 'its values stand beside the others');
SELECT is((SELECT string_agg(title || ' / ' || message, '; ' ORDER BY language) FROM unnest('{en,id}'::text[]) language,
	LATERAL (SELECT message_render(s ->> 'title', v) AS title, message_render(s ->> 'message', v) AS message
	           FROM alert_sentences('money_closed', jsonb_build_object('status', alert_word('paid'), 'method', alert_word('cash')), language) s,
	                alert_values('{"amount": "Rp5", "invoice": "INV-1"}') v) t),
	'Money for a paid invoice / Rp5 by cash arrived for INV-1. What no invoice needs is kept as credit.; '
	'Uang untuk tagihan berstatus lunas / Rp5 lewat tunai masuk untuk INV-1. Sisa yang tidak terpakai menjadi saldo.', 'a word of the API is a word of the language');
SELECT is((SELECT string_agg(word, ' ') FROM (SELECT m[1] FROM pg_constraint c, regexp_matches(pg_get_constraintdef(c.oid), $re$'(\w+)'::text$re$, 'g') m
	WHERE c.conname IN ('payments_method_check', 'invoices_status_check')) w (word) WHERE NOT EXISTS (SELECT FROM alert_texts WHERE name = word)),
	NULL, 'each method and each status has words');
SELECT is(string_agg(message_render(t.message_en, d - 'text'), ', ' ORDER BY n), '1 min, 59 min, 1 h 0 min, 23 h 59 min, 1 d 0 h, 2 d 3 h', 'how long it was')
  FROM unnest('{10 s,59 min,60 min,1439 min,1440 min,51 h}'::interval[]) WITH ORDINALITY AS i (lasted, n),
       LATERAL monitor_duration(lasted) d JOIN alert_texts t ON t.name = d ->> 'text';
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
-- Bug: the text named only --force: a reader in the console, who has no shell, did not learn of the screen that does it.
SELECT is((SELECT string_agg(name, ' ') FROM alert_texts WHERE message_en ~ '--[a-z]|ispctl' AND (message_en !~ 'Settings|Network' OR message_id !~ 'Pengaturan|Jaringan')),
	'restore_unproved', 'an alert that names a command names the screen, where there is one');

-- The system about itself: a state that holds is one alert, and over when it holds no more.
DELETE FROM alert_logs;
CREATE FUNCTION holds() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(CASE WHEN c.key LIKE 'router:%' THEN 'router ' || (c.fields ->> 'name') WHEN c.key LIKE 'sender:%' THEN 'sender' ELSE c.key END, ', ' ORDER BY c.key)
	  FROM alert_conditions('2026-03-02') c $$;
SELECT is(holds(), NULL, 'an empty system is well');
INSERT INTO router_settings (name, host, username, is_active) VALUES ('A', 'a', 'u', true), ('B', 'b', 'u', true), ('C', 'c', 'u', false);
INSERT INTO router_states (router_id, broken_since) SELECT id, now() - CASE name WHEN 'B' THEN interval '10 minutes' ELSE interval '11 minutes' END FROM router_settings WHERE name IN ('A', 'B', 'C');
SELECT is(holds(), 'router A', 'a router that is away for more than ten minutes, if it is in use');
SELECT alert_sweep('2026-03-02'), alert_sweep('2026-03-02') \g /dev/null
CREATE FUNCTION alerts_of(what text) RETURNS text LANGUAGE sql AS $$
	SELECT count(*) FILTER (WHERE resolved_at IS NULL) || ' open, ' || coalesce(sum(repeats), 0) || ' repeats, ' || count(*) FILTER (WHERE resolved_at IS NOT NULL) || ' over'
	  FROM alert_logs WHERE key LIKE what || '%' $$;
SELECT is(alerts_of('router:'), '1 open, 0 repeats, 0 over', 'one alert, however often it is looked for');
UPDATE router_states SET broken_since = NULL;
SELECT alert_sweep('2026-03-02') \g /dev/null
SELECT is(alerts_of('router:'), '0 open, 0 repeats, 1 over', 'over');
SELECT is((SELECT title || ' / ' || (texts #>> '{id,title}') || ' / ' || (texts #>> '{id,message}') || ' / ' || (fields ->> 'name') FROM alert_logs WHERE code = 'over'),
	'Over: Router A cannot be reached or refuses us / Selesai: Router {name} tidak terjangkau atau menolak kami / Sejak {since}. {error} / A',
	'the recovery says in both languages what is over');
INSERT INTO alert_logs (type, severity, title, message, key) VALUES ('system', 'critical', 'Old {name}', 'of before', 'sender:old');
SELECT alert_sweep('2026-03-02') \g /dev/null
SELECT is((SELECT title || ' / ' || (texts #>> '{id,title}') || ' / ' || (fields ->> 'title') FROM alert_logs WHERE code = 'over' AND fields ->> 'message' = 'of before'),
	'Over: Old {name} / Selesai: {title} / Old {name}', 'an alert without sentences is over with its text');
UPDATE router_states SET broken_since = now() - interval '1 hour' WHERE router_id = (SELECT id FROM router_settings WHERE name = 'B');
SELECT alert_sweep('2026-03-02') \g /dev/null
SELECT is(alerts_of('router:'), '1 open, 0 repeats, 1 over', 'and the next one');
UPDATE router_states SET broken_since = NULL;
-- The night: due the day after; where none was ever finished, a day after the first line.
SELECT bare() AS s \gset
SELECT is(holds(), NULL, 'a line of today needs no night yet');
UPDATE subscriptions SET created_at = now() - interval '25 hours';
SELECT is(holds(), 'billing_run', 'one of yesterday did');
INSERT INTO billing_runs (business_date, finished_at) VALUES ('2026-03-01', now()), ('2026-03-02', NULL);
SELECT is(holds(), NULL, 'the last night was finished');
UPDATE billing_runs SET business_date = '2026-02-28' WHERE business_date = '2026-03-01';
SELECT is(holds(), 'billing_run', 'the one before it only');
UPDATE billing_runs SET business_date = '2026-03-01' WHERE business_date = '2026-02-28';
-- A sender.
INSERT INTO message_senders (sender, failing_since) VALUES ('email', now() - interval '10 minutes');
SELECT is(holds(), NULL, 'a sender that fails for ten minutes');
UPDATE message_senders SET failing_since = now() - interval '11 minutes';
SELECT is(holds(), 'sender', 'for longer');
DELETE FROM message_senders;
-- Payments of which no notification came.
CREATE FUNCTION paid_event(orders int, src text, status text DEFAULT 'settlement', age interval DEFAULT '1 hour') RETURNS void LANGUAGE sql AS $$
	INSERT INTO midtrans_events (source, order_id, body, body_hash, received_at) SELECT src, 'o' || n, jsonb_build_object('transaction_status', status),
		sha256((src || status || n || age)::bytea), now() - age FROM generate_series(1, orders) n $$;
SELECT paid_event(2, 'status'), paid_event(9, 'status', 'pending'), paid_event(9, 'status', 'settlement', '25 hours') \g /dev/null
SELECT is(holds(), NULL, 'two payments of the last day');
SELECT paid_event(3, 'status', 'capture') \g /dev/null
SELECT is(holds(), 'webhook_silence', 'three without a notification');
SELECT paid_event(1, 'notification') \g /dev/null
SELECT is(holds(), NULL, 'one came: the way is open');
-- The proof that a backup can be restored.
SELECT inv(sub(person())) AS i \gset
UPDATE invoices SET created_at = now() - make_interval(days => restore_proof_days + 1) FROM settings WHERE invoices.id = :'i';
SELECT is(holds(), 'restore_proof', 'bills that no proof covers');
INSERT INTO restore_proofs (backup) VALUES ('b');
SELECT is(holds(), NULL, 'proved');

-- Recoveries are written where the alert was sent, with its own message where they have none.
DELETE FROM alert_logs;
CREATE FUNCTION written(condition text DEFAULT 'true') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE 'SELECT string_agg(concat_ws('' '', type, severity, title, message, meta, notify, CASE WHEN resolves IS NOT NULL THEN ''recovery'' END, CASE WHEN resolved_at IS NULL THEN ''open'' END), '', '' ORDER BY type, title) FROM alert_logs WHERE ' || condition INTO found;
	RETURN found;
END $$;
SELECT alert_raise(t, 'critical', repeat('x', 256), t, '{"a": 1}', 'k ' || t) FROM unnest('{device_down,system,subscription,packet_loss}'::text[]) t \g /dev/null
SELECT is(bool_and(length(title) = 255), true, 'a title has its length') FROM alert_logs;
UPDATE alert_logs SET title = 't', notify = CASE type WHEN 'subscription' THEN 'damped' WHEN 'packet_loss' THEN 'pending' ELSE 'done' END;
SELECT alert_resolve('k device_down', 'up', 'again', '{"b": 2}'), alert_resolve('k system', 'over'), alert_resolve('k packet_loss', 'over') \g /dev/null
SELECT is(written('type <> ''subscription'''), 'device_down critical t device_down {"a": 1} done, device_up info up again {"b": 2} pending recovery, packet_loss info over packet_loss {"a": 1} skipped recovery, packet_loss critical t packet_loss {"a": 1} skipped, '
	'system info over system {"a": 1} pending recovery, system critical t system {"a": 1} done', 'recoveries');
SELECT alert_resolve('k subscription') \g /dev/null
SELECT is(written('type = ''subscription'''), 'subscription critical t subscription {"a": 1} damped', 'without a title none');
SELECT alert_raise('subscription', 'critical', 't2', 'm', NULL, 'k subscription') \g /dev/null
UPDATE alert_logs SET notify = 'damped' WHERE title = 't2';
SELECT alert_resolve('k subscription', 'over') \g /dev/null
SELECT is(written('type = ''subscription'' AND resolves IS NOT NULL'), 'subscription info over m damped recovery', 'the recovery of a damped alert is damped');
SELECT isnt(alert_raise('subscription', 'info', 'a', 'b', NULL, 'k2'), NULL, 'two alerts');
SELECT is((alert_raise('subscription', 'info', 'a', 'b', NULL, 'k2'), alert_raise('subscription', 'info', 'a', 'b', NULL, 'k2'))::text, '(,)', 'raised again twice');
SELECT is(repeats, 2, 'are counted') FROM alert_logs WHERE key = 'k2';
-- Only what came and went within the hour, under the same key, damps an alert.
DELETE FROM alert_logs;
INSERT INTO alert_logs (type, severity, title, message, key, created_at, resolved_at) SELECT 'system', 'info', 't', 'm', k, now() - a, now() FROM (VALUES ('k', interval '1 hour'), ('k', '59 minutes'), ('k', '1 minute'), ('other', '1 minute')) AS t (k, a);
SELECT is(alert_notify_state('k'), 'pending', 'twice within an hour');
UPDATE alert_logs SET created_at = now() - interval '59 minutes' WHERE created_at = now() - interval '1 hour';
SELECT is(alert_notify_state('k') || ' ' || alert_notify_state('other') || ' ' || alert_notify_state(NULL), 'damped pending pending', 'three times');
-- A sweep ends what the system said about itself, and no alert of another kind.
DELETE FROM alert_logs;
DELETE FROM restore_proofs;
SELECT alert_raise(t, 'info', k, 'm', NULL, k) FROM (VALUES ('system', 'drift 1'), ('system', 'sender:x'), ('system', 'restore_proof'), ('bandwidth', 'router:y')) AS t (t, k) \g /dev/null
SELECT alert_sweep('2026-03-02') \g /dev/null
SELECT is((SELECT string_agg(key, ', ' ORDER BY key) FROM alert_logs WHERE resolved_at IS NULL), 'drift 1, restore_proof, router:y', 'a state that still holds stays, too');
INSERT INTO restore_proofs (backup, proved_at) SELECT 'b', now() - make_interval(days => restore_proof_days) FROM settings;
SELECT is(holds(), NULL, 'proved so many days ago');
UPDATE restore_proofs SET proved_at = proved_at - interval '1 second';
SELECT is(holds(), 'restore_proof', 'longer ago');
INSERT INTO notification_settings (name, channel, audience, config) VALUES ('ops', 'telegram', 'staff', '{"chat_id": "-1"}'), ('hook', 'webhook', 'staff', '{"url": "http://x/"}');
INSERT INTO message_senders (sender, failing_since, last_error) SELECT id::text, now() - interval '11 minutes', 'why' FROM notification_settings WHERE name = 'ops';
SELECT is((SELECT fields ->> 'channel' FROM alert_conditions('2026-03-02') WHERE text_name = 'channel_failing'), 'ops (telegram)', 'a sender by the name of its channel');

SELECT finish();
ROLLBACK;
