-- Messages to customers: to whom, about what and on which day, and when a sender may write (sql/functions/message.sql, message_send.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET quiet_from_hour = 0, quiet_until_hour = 0;
CREATE FUNCTION customer(n text, phone text, mail text, with_ text DEFAULT '') RETURNS uuid LANGUAGE sql AS $$
	INSERT INTO customers (name, phone, email, message_opt_out, archived_at) VALUES (n, phone, mail, with_ = 'out', CASE WHEN with_ = 'archived' THEN now() END) RETURNING id $$;
-- The address of a customer: WhatsApp before mail, over a channel for customers that is in use.
SELECT customer('both', '081234567890', 'b@x.id') AS b, customer('mail', '021', 'm@x.id') AS m, customer('none', '', '') AS n, customer('out', '081234567891', 'o@x.id', 'out') AS o, customer('gone', '081234567892', 'g@x.id', 'archived') AS g \gset
CREATE FUNCTION address(c uuid) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(n.name || ' ' || a.channel || ' ' || a.recipient, ', ') FROM message_address(c) a JOIN notification_settings n ON n.id = a.channel_id $$;
CREATE FUNCTION addresses() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(name || ': ' || coalesce(address(id), '-'), ', ' ORDER BY name) FROM customers $$;
SELECT is(addresses(), 'both: -, gone: -, mail: -, none: -, out: -', 'without a channel for customers none');
INSERT INTO notification_settings (name, channel, audience, config, is_active) VALUES ('hook', 'webhook', 'staff', '{"url": "http://x/"}', true), ('m1', 'email', 'customers', '{}', true), ('m2', 'email', 'customers', '{}', true), ('off', 'whatsapp', 'customers', '{"url": "http://gw/"}', false),
	('ops', 'whatsapp', 'staff', '{"url": "http://gw/", "phone": "081234567890"}', true);
SELECT is(addresses(), 'both: m1 email b@x.id, gone: -, mail: m1 email m@x.id, none: -, out: -', 'by the first channel that is in use');
INSERT INTO notification_settings (name, channel, audience, config) VALUES ('wa', 'whatsapp', 'customers', '{"url": "http://gw/"}');
SELECT is(addresses(), 'both: wa whatsapp 6281234567890, gone: -, mail: m1 email m@x.id, none: -, out: -', 'WhatsApp before mail');
CREATE FUNCTION channel_of(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM notification_settings WHERE name = n $$;

-- Queueing: what is switched on, each key once, of those with an address.
CREATE FUNCTION queued() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(concat_ws(' ', event, recipient, dedupe_key, fields), ', ' ORDER BY recipient, event) FROM message_outbox $$;
SELECT is(message_queue_many('paid', ARRAY[:'b', :'m']::uuid[], ARRAY[NULL, NULL]::uuid[], ARRAY[NULL, NULL]::uuid[], '{k1,k2}'), 0, 'an event that is off');
UPDATE message_templates SET is_active = true WHERE event = 'paid';
SELECT is(message_queue_many('paid', ARRAY[:'b', :'m', :'n', :'o']::uuid[], ARRAY[NULL, NULL, NULL, NULL]::uuid[], ARRAY[NULL, NULL, NULL, NULL]::uuid[], '{k1,k2,k3,k4}', '{"note": "x"}'), 2, 'on: those with an address');
SELECT is(message_queue('paid', :'b', NULL, NULL, 'k1') || ' ' || message_queue('paid', :'b', NULL, NULL, 'k9'), 'false true', 'each key once');
SELECT is(queued(), 'paid 6281234567890 paid:k1 {"note": "x"}, paid 6281234567890 paid:k9 {}, paid m@x.id paid:k2 {"note": "x"}', 'as they were given');
DELETE FROM message_outbox;

-- Reminders by their day, of bills that owe something.
SELECT sub(:'b', '{"mikrotik_username": "s1"}') AS s1, sub(:'b', '{"mikrotik_username": "s2"}') AS s2, sub(:'n', '{"mikrotik_username": "s3"}') AS s3 \gset
UPDATE invoices SET due_date = '2026-02-10' WHERE subscription_id IN (:'s1', :'s3');
UPDATE invoices SET due_date = '2026-02-20' WHERE subscription_id = :'s2';
CREATE FUNCTION reminds(what text, d date, since date DEFAULT '2025-01-01', ahead int DEFAULT 3) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(s.mikrotik_username, ' ' ORDER BY 1) FROM message_templates t, LATERAL message_remind_candidates(d, jsonb_populate_record(t, jsonb_build_object('active_since', since, 'days', ahead))) r JOIN subscriptions s ON s.id = r.subscription_id
	 WHERE t.event = what AND r.customer_id = s.customer_id AND r.invoice_id = inv(s.id) $$;
SELECT is(reminds(what, d::date, since::date), wanted, concat_ws(' ', what, d, since)) FROM (VALUES ('due_soon', '2026-02-06', '2025-01-01', NULL), ('due_soon', '2026-02-07', '2025-01-01', 's1 s3'), ('due_soon', '2026-02-09', '2025-01-01', 's1 s3'), ('due_soon', '2026-02-10', '2025-01-01', NULL),
	('due_soon', '2026-02-09', '2026-02-07', 's1 s3'), ('due_soon', '2026-02-09', '2026-02-08', NULL), ('due_soon', '2026-02-07', NULL, 's1 s3'), ('due_soon', '2026-02-08', NULL, NULL),
	('due_today', '2026-02-09', '2025-01-01', NULL), ('due_today', '2026-02-10', '2025-01-01', 's1 s3'), ('due_today', '2026-02-11', '2025-01-01', NULL),
	('overdue', '2026-02-10', '2025-01-01', NULL), ('overdue', '2026-02-11', '2025-01-01', 's1 s3'), ('overdue', '2026-02-18', '2025-01-01', 's1 s3'), ('overdue', '2026-02-19', '2025-01-01', NULL), ('overdue', '2026-02-12', '2026-02-11', 's1 s3'), ('overdue', '2026-02-13', '2026-02-12', NULL),
	('overdue', '2026-02-11', NULL, 's1 s3'), ('overdue', '2026-02-12', NULL, NULL), ('paid', '2026-02-10', '2025-01-01', NULL)) AS t (what, d, since, wanted);
UPDATE message_templates SET active_since = '2025-01-01', days = 3 WHERE event IN ('due_soon', 'due_today', 'overdue');
SELECT is((SELECT string_agg(event || ' ' || message_would_send(id, '2026-02-10'), ', ' ORDER BY event) FROM message_templates WHERE event IN ('due_soon', 'due_today', 'overdue', 'paid')), 'due_soon 0, due_today 1, overdue 0, paid 0', 'messages that an event would send today, to those with an address');
SELECT is(message_remind('2026-02-10'), 0, 'all are off');
UPDATE message_templates SET is_active = true WHERE event = 'due_today';
SELECT is(message_remind('2026-02-10') || ' ' || message_remind('2026-02-10'), '1 0', 'on: once');
SELECT is((SELECT event || ' ' || recipient || ' ' || (invoice_id = inv(:'s1')) || ' ' || (subscription_id = :'s1') || ' ' || (dedupe_key = 'due_today:' || inv(:'s1')) FROM message_outbox), 'due_today 6281234567890 true true true', 'about the bill');
SELECT is(reminds('due_today', '2026-02-10'), 's3', 'not again');
UPDATE invoices SET paid_amount = amount WHERE subscription_id = :'s3';
SELECT is(reminds('due_today', '2026-02-10'), NULL, 'nothing is owed');
DELETE FROM message_outbox;

-- A bill that is issued, paid, or of nothing.
UPDATE message_templates SET is_active = true WHERE event IN ('bill_issued', 'paid', 'cut', 'restored', 'planned_outage');
SELECT sub(:'b', jsonb_build_object('package_id', pkg('F'))) AS free, sub(:'b') AS bill \gset
SELECT is((SELECT string_agg(event || ' ' || (subscription_id = :'bill' AND invoice_id = inv(:'bill')), ', ') FROM message_outbox), 'bill_issued true', 'a bill that owes something is a message');
UPDATE message_templates SET is_active = false WHERE event = 'bill_issued';
DELETE FROM message_outbox;
SELECT sub(:'b') \g /dev/null
SELECT is_empty('SELECT FROM message_outbox', 'switched off: none');
UPDATE invoices SET status = 'paid' WHERE id = inv(:'free');
SELECT is_empty('SELECT FROM message_outbox', 'a bill of nothing that is paid is none');

-- A line that is cut for debt, or comes back from that; by either event that is on.
CREATE FUNCTION turns(was text, was_why text, becomes text, why text, VARIADIC on_ text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	line uuid := (SELECT id FROM subscriptions WHERE mikrotik_username = 's1');
BEGIN
	UPDATE message_templates SET is_active = false WHERE event IN ('cut', 'restored');
	UPDATE subscriptions SET status = was, suspend_reason = was_why WHERE id = line;
	UPDATE message_templates SET is_active = true WHERE event = ANY (on_);
	DELETE FROM message_outbox;
	UPDATE subscriptions SET status = becomes, suspend_reason = why WHERE id = line;
	RETURN (SELECT string_agg(event || CASE WHEN dedupe_key = event || ':' || line || ':' || business_today() AND subscription_id = line THEN '' ELSE ' of another' END, ' ') FROM message_outbox);
END $$;
SELECT is(turns('active', NULL, 'suspended', 'debt', 'cut'), 'cut', 'cut');
SELECT is(turns('active', NULL, 'suspended', 'manual', 'cut'), NULL, 'not by hand');
SELECT is(turns('suspended', 'manual', 'suspended', 'debt', 'cut'), NULL, 'nor one that was off already');
SELECT is(turns('suspended', 'debt', 'active', NULL, 'restored'), 'restored', 'back');
SELECT is(turns('suspended', 'manual', 'active', NULL, 'restored'), NULL, 'not one that was off by hand');
SELECT is(turns('suspended', 'debt', 'active', NULL, 'cut'), NULL, 'that event is off');
SELECT is(turns('suspended', 'debt', 'active', NULL, VARIADIC '{}'), NULL, 'both are off');
SELECT is(turns('expired', NULL, 'active', NULL, 'cut', 'restored'), NULL, 'nor one that had expired');

-- Announced work: ahead, not on one device or target, once a customer, of those behind its router.
INSERT INTO router_settings (name, host, username) VALUES ('R', 'r', 'u'), ('Q', 'q', 'u');
INSERT INTO ping_targets (name, host) VALUES ('t', 'h');
INSERT INTO snmp_devices (name, host) VALUES ('d', 'h');
UPDATE subscriptions SET status = 'active', suspend_reason = NULL, router_id = (SELECT id FROM router_settings WHERE name = 'R') WHERE mikrotik_username IN ('s1', 's2');
SELECT sub(:'m', jsonb_build_object('router_id', (SELECT id FROM router_settings WHERE name = 'Q'))) AS q \gset
CREATE FUNCTION announced(with_ text DEFAULT '', starts interval DEFAULT '1 hour') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM message_outbox;
	DELETE FROM maintenance_windows;
	INSERT INTO maintenance_windows (title, note, starts_at, ends_at, router_id, device_id, target_id) VALUES ('title', nullif(with_, 'R'), now() + starts, now() + starts + interval '1 hour', (SELECT id FROM router_settings WHERE name = with_),
		(SELECT id FROM snmp_devices WHERE name = with_), (SELECT id FROM ping_targets WHERE name = with_));
	RETURN (SELECT string_agg(recipient || ' ' || (fields ->> 'note'), ', ' ORDER BY recipient) FROM message_outbox WHERE event = 'planned_outage');
END $$;
SELECT is(announced('all'), '6281234567890 all, m@x.id all', 'work on everything');
SELECT is(announced('R'), '6281234567890 title', 'on a router; what it is without a note is its title');
SELECT is(announced('d') || announced('t'), NULL, 'work on a device or a target is announced to nobody');
SELECT is(announced('all', '0'), NULL, 'work that begins now is no news');
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'q';
SELECT is(announced('all'), '6281234567890 all', 'a customer who is off gets none');

-- Money is an alert where a channel for staff asks for it by name.
DELETE FROM alert_logs;
CREATE FUNCTION paid_alert(change text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'UPDATE notification_settings SET ' || change;
	DELETE FROM alert_logs;
	PERFORM pay(inv(sub((SELECT id FROM customers WHERE name = 'none'))), '2026-01-02');
	RETURN (SELECT count(*) FROM alert_logs WHERE type = 'payment');
END $$;
SELECT is(paid_alert('events = ''["all"]'''), 0::bigint, 'not for all events');
SELECT is(paid_alert('events = ''["payment"]'' WHERE name = ''hook'''), 1::bigint, 'by its name');
SELECT is((SELECT meta ->> 'customer_id' FROM alert_logs WHERE type = 'payment'), :'n', 'with whose it is');
SELECT is(paid_alert('is_active = false WHERE name = ''hook'''), 0::bigint, 'a channel that is off');
SELECT is(paid_alert('is_active = true, events = CASE name WHEN ''m1'' THEN ''["payment"]''::jsonb ELSE ''["all"]'' END'), 0::bigint, 'or one for customers');
UPDATE notification_settings SET is_active = name <> 'off';

-- Quiet hours within a day, over midnight, and none.
CREATE FUNCTION quiet(from_ int, until int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE settings SET quiet_from_hour = from_, quiet_until_hour = until;
	RETURN (SELECT string_agg(h::text, ' ' ORDER BY h) FROM generate_series(0, 23) h WHERE message_is_quiet(timestamptz '2026-01-01 00:30+07' + make_interval(hours => h)));
END $$;
SELECT is(quiet(1, 4) || ', ' || quiet(22, 2), '1 2 3, 0 1 22 23', 'quiet hours');
SELECT is(quiet(5, 5), NULL, 'none');
-- The messages that a number may send in a day grow by a quarter.
UPDATE settings SET message_day_first = 20, message_day_most = 100;
SELECT is((SELECT string_agg(message_day_cap(jsonb_populate_record(NULL::message_senders, jsonb_build_object('first_day', f)), '2026-02-01')::text, ' ' ORDER BY f DESC NULLS FIRST) FROM unnest('{NULL,2026-02-05,2026-02-01,2026-01-31,2026-01-30,2026-01-20,2020-01-01}'::date[]) f), '20 20 20 25 31 100 100', 'more each day, and no more than the most');
-- Staff gets its messages at night, customers do not, nor beyond what the day allows.
SELECT quiet(0, 0) \g /dev/null
DELETE FROM message_outbox;
CREATE FUNCTION next_of(n text, staff_only boolean, today int DEFAULT 0, day date DEFAULT business_today()) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	sender_name text := coalesce((SELECT id::text FROM notification_settings WHERE name = n AND channel <> 'email'), 'email');
	found text;
BEGIN
	DELETE FROM message_outbox;
	INSERT INTO message_senders (sender, sent_today, sent_day) VALUES (sender_name, today, day) ON CONFLICT (sender) DO UPDATE SET sent_today = today, sent_day = day, next_at = now() - interval '1 hour', first_day = NULL;
	INSERT INTO message_outbox (event, channel, channel_id, customer_id, recipient, due_at) SELECT 'paid', CASE sender_name WHEN 'email' THEN 'email' ELSE 'whatsapp' END, channel_of(n), (SELECT id FROM customers WHERE name = 'both'), 'customer', now() - interval '1 hour' WHERE NOT staff_only;
	INSERT INTO message_outbox (event, channel, channel_id, recipient, due_at) SELECT 'alert', CASE sender_name WHEN 'email' THEN 'email' ELSE 'whatsapp' END, channel_of(n), 'staff', now() WHERE staff_only;
	SELECT recipient || ' ' || state INTO found FROM message_take(sender_name, 'https://isp.example');
	RETURN concat_ws(' ', found, (SELECT sent_today FROM message_senders WHERE sender = sender_name), (SELECT first_day = business_today() FROM message_senders WHERE sender = sender_name), (SELECT sent_day = business_today() FROM message_senders WHERE sender = sender_name));
END $$;
SELECT is(next_of('wa', false, 19), 'customer sending 20 t t', 'the last of the day');
SELECT is(next_of('wa', false, 20), '20 t', 'no more today');
SELECT is(next_of('wa', false, 20, business_today() - 1), 'customer sending 1 t t', 'a new day begins anew');
SELECT is(next_of('wa', true, 20), 'staff sending 20 t', 'staff gets its own');
SELECT is(next_of('m1', false, 99), 'customer sending 100 t t', 'mail has no such limit');
SELECT extract(hour FROM now() AT TIME ZONE 'Asia/Jakarta')::int AS hour \gset
UPDATE settings SET quiet_from_hour = :hour, quiet_until_hour = (:hour + 2) % 24;
SELECT is(next_of('wa', false), '0 t', 'not at night');
SELECT is(next_of('wa', true), 'staff sending 0 t', 'staff gets its own');
UPDATE settings SET quiet_from_hour = 0, quiet_until_hour = 0;
-- A message that is no longer true when its turn comes is not sent, and the next is taken.
DELETE FROM message_outbox;
UPDATE message_senders SET next_at = now() - interval '1 hour', sent_today = 0;
INSERT INTO message_outbox (event, channel, channel_id, customer_id, recipient, due_at) VALUES ('paid', 'whatsapp', channel_of('wa'), :'o', 'opted out', now() - interval '3 minutes'), ('bill_issued', 'whatsapp', channel_of('wa'), :'b', 'off', now() - interval '2 minutes'),
	('paid', 'whatsapp', channel_of('wa'), :'b', 'good', now() - interval '1 minute'), ('alert', 'whatsapp', channel_of('ops'), NULL, 'another sender', now() - interval '1 hour');
SELECT is((SELECT recipient FROM message_take(channel_of('wa')::text, '')), 'good', 'the next that is true');
SELECT is((SELECT string_agg(recipient || ' ' || state || coalesce(' ' || last_error, ''), ', ' ORDER BY recipient) FROM message_outbox), 'another sender pending, good sending, off cancelled this event is switched off, opted out cancelled the customer wants no messages', 'the others are cancelled, with the reason');
CREATE FUNCTION obsolete(kind text, bill uuid) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(message_obsolete(jsonb_populate_record(NULL::message_outbox, jsonb_build_object('event', kind, 'customer_id', (SELECT id FROM customers WHERE name = 'both'), 'invoice_id', bill))), 'true') $$;
UPDATE message_templates SET is_active = true;
SELECT is(obsolete('due_today', inv(:'s1')) || ', ' || obsolete('paid', inv(:'s1')), 'true, true', 'a bill that is owed');
UPDATE invoices SET paid_amount = amount WHERE id = inv(:'s1');
SELECT is(obsolete('due_today', inv(:'s1')) || ', ' || obsolete('overdue', uuidv7()) || ', ' || obsolete('paid', inv(:'s1')), 'nothing is owed any more, nothing is owed any more, true', 'one that is not');
UPDATE invoices SET paid_amount = 0, status = 'cancelled' WHERE id = inv(:'s1');
SELECT is(obsolete('due_soon', inv(:'s1')), 'nothing is owed any more', 'one that was cancelled');

-- Five hundred alerts at a time, the oldest first; a recovery is one.
DELETE FROM message_outbox;
DELETE FROM alert_logs;
UPDATE notification_settings SET events = '["all"]';
INSERT INTO alert_logs (type, severity, title, message, notify, created_at) SELECT 'system', 'info', n::text, 'm', 'pending', now() - make_interval(secs => n) FROM generate_series(1, 501) n;
UPDATE alert_logs SET resolves = (SELECT id FROM alert_logs WHERE title = '2') WHERE title = '3';
SELECT is(message_fan_out(), true, 'there are more');
SELECT is((SELECT title FROM alert_logs WHERE notify = 'pending'), '1', 'the newest waits');
SELECT is(message_fan_out(), false, 'then there are none');
SELECT is((SELECT string_agg(n.name || ' ' || o.event || ' ' || o.recipient || ' ' || c, ', ' ORDER BY n.name, o.event) FROM (SELECT channel_id, event, recipient, count(*) AS c FROM message_outbox GROUP BY 1, 2, 3) o JOIN notification_settings n ON n.id = o.channel_id),
	'hook alert http://x/ 500, hook recovery http://x/ 1, ops alert 6281234567890 500, ops recovery 6281234567890 1', 'to the channels of the staff that are in use');

-- A test, the pace of a sender, a group that moved, a message that is sent again.
SELECT is((SELECT event || ' ' || state || ' ' || recipient || ' ' || attempts FROM message_test(channel_of('hook'), '')), 'test sending http://x/ 1', 'a test is begun at once');
SELECT throws_ok('SELECT message_test(uuidv7(), '''')', 'IS404', NULL, 'a test needs a channel that is there');
UPDATE notification_settings SET gap_ms = CASE name WHEN 'hook' THEN 7000 WHEN 'wa' THEN 4000 END;
CREATE FUNCTION gap(kind text, n text, of_customer uuid, to_ text DEFAULT 'x') RETURNS text LANGUAGE sql AS $$
	SELECT round(min(s)) || '-' || round(max(s)) FROM (SELECT extract(epoch FROM message_gap(jsonb_populate_record(NULL::message_outbox, jsonb_build_object('channel', kind, 'channel_id', channel_of(n), 'customer_id', of_customer, 'recipient', to_)))) AS s FROM generate_series(1, 400)) t $$;
SELECT is(gap('webhook', 'hook', NULL) || ' ' || gap('whatsapp', 'wa', NULL) || ' ' || gap('email', 'm1', NULL), '7-7 4-8 0-0', 'the pace that a channel names, WhatsApp up to twice that');
SELECT is(gap('whatsapp', 'ops', NULL) || ' ' || gap('telegram', 'none', NULL, '-1') || ' ' || gap('telegram', 'none', NULL, '1'), '3-3 3-3 1-1', 'else its own');
SELECT ok(split_part(g, '-', 1)::int BETWEEN 10 AND 20 AND split_part(g, '-', 2)::int BETWEEN 50 AND 60, 'a customer gets WhatsApp at the pace of a person: ' || g) FROM gap('whatsapp', 'ops', :'b') g;
SELECT is(gap('email', 'none', :'b'), '0-0', 'and mail at once');
UPDATE notification_settings SET config = config || '{"chat_id": "1"}' WHERE name = 'hook';
SELECT message_chat_moved(channel_of('hook'), '-100') \g /dev/null
SELECT is((SELECT string_agg(name, ' ') FROM notification_settings WHERE config ->> 'chat_id' = '-100'), 'hook', 'a group that moved');
UPDATE message_outbox SET state = CASE event WHEN 'test' THEN 'failed' ELSE 'sent' END, due_at = now() - interval '1 hour', attempts = 8;
SELECT message_resend(id) FROM message_outbox WHERE event = 'test' \g /dev/null
SELECT is((SELECT string_agg(event || ' ' || attempts || ' ' || (due_at = now()), ', ') FROM message_outbox WHERE state = 'pending'), 'test 0 true', 'sent again, it alone');
SELECT throws_ok('SELECT message_resend(uuidv7())', 'IS404', NULL, 'a message that is not there');
UPDATE message_outbox SET updated_at = now() WHERE event = 'test';
SELECT throws_ok(format('SELECT message_resend(%L)', id), 'IS409', NULL, 'nor one that waits') FROM message_outbox WHERE event = 'test';
-- A webhook receives the alert that it is about, among others.
SELECT alert_raise('system', 'warning', 'This one', 'It is this one.', '{"a": 1}') AS this, alert_raise('system', 'info', 'Another', 'It is not.') AS other \gset
SELECT is(message_alert(:'this') - '{id,created_at}'::text[], '{"type": "system", "severity": "warning", "title": "This one", "message": "It is this one.",
	"meta": {"a": 1}, "is_read": false, "resolves": null}', 'the alert as a webhook receives it');
SELECT is(message_alert(:'other') ->> 'title', 'Another', 'and another');
SELECT finish();
ROLLBACK;
