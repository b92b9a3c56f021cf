-- A message that was tried: its own state, that of its sender, and of its alert (sql/functions/message_send.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
INSERT INTO notification_settings (name, channel, audience, config, events) VALUES
	('ops', 'telegram', 'staff', '{"chat_id": "-1"}', '["all"]'), ('hook', 'webhook', 'staff', '{"url": "http://x/"}', '["payment_received"]'),
	('wa', 'whatsapp', 'customers', '{"url": "http://gw/"}', '[]');
CREATE FUNCTION channel_of(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM notification_settings WHERE name = n $$;
INSERT INTO message_senders (sender) SELECT id::text FROM notification_settings UNION SELECT 'email';
SELECT is(channel_of_kind('webhook'), channel_of('hook'), 'a test names a channel by its kind');
SELECT throws_ok('SELECT channel_of_kind(''email'')', 'IS422', NULL, 'a kind of which there is none');
SELECT person() AS c \gset

-- A message under way, after so many tries.
CREATE FUNCTION message(chan text, kind text, of_customer uuid, tries int DEFAULT 1, age interval DEFAULT '0') RETURNS uuid LANGUAGE sql AS $$
	INSERT INTO message_outbox (event, channel, channel_id, customer_id, recipient, state, attempts, created_at, secret)
	VALUES ('alert', kind, channel_of(chan), of_customer, 'x', 'sending', tries, now() - age, 'sealed') RETURNING id $$;
-- Its state, tries and seconds until it is due, after an outcome.
CREATE FUNCTION ends(m uuid, outcome text, wait int DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM message_done(m, outcome, 'said', wait);
	RETURN (SELECT concat_ws(' ', state, attempts, extract(epoch FROM due_at - now())::int) FROM message_outbox WHERE id = m);
END $$;
SELECT is(ends(message('ops', 'telegram', NULL), 'sent'), 'sent 1 0', 'sent');
SELECT is((SELECT concat_ws(' ', provider_id, secret, coalesce(last_error, '-')) FROM message_outbox), 'said  -', 'its secret goes with it');
SELECT is(ends(message('ops', 'telegram', NULL), 'refused'), 'failed 1 0', 'refused for good');
SELECT is(ends(message('ops', 'telegram', NULL), 'retry'), 'pending 1 15', 'refused for now: later');
SELECT is(ends(message('ops', 'telegram', NULL), 'retry', 60), 'pending 1 60', 'as late as the peer says');
SELECT is(ends(message('ops', 'telegram', NULL, 3), 'retry', 60), 'pending 3 135', 'later each time');
SELECT is(ends(message('ops', 'telegram', NULL, 7), 'retry'), 'pending 7 3600', 'an hour at most');
SELECT is(ends(message('ops', 'telegram', NULL, 8), 'retry'), 'failed 8 3600', 'eight times');
SELECT is(ends(message('ops', 'telegram', NULL, 8), 'down'), 'pending 7 0', 'a sender that is down takes no try from it');
SELECT is(ends(message('ops', 'telegram', NULL, 1, '3 days'), 'down'), 'pending 0 0', 'for three days');
SELECT is(ends(message('ops', 'telegram', NULL, 1, '3 days 1 second'), 'down'), 'failed 0 0', 'and no longer');
SELECT is(ends(message('wa', 'whatsapp', :'c'), 'unknown'), 'unknown 1 0', 'a customer gets no second message by telephone');
SELECT is(ends(message('wa', 'telegram', :'c'), 'unknown'), 'unknown 1 0', 'by neither way');
SELECT is(ends(message(NULL, 'email', :'c'), 'unknown'), 'pending 1 15', 'mail merges by its id');
SELECT is(ends(message('ops', 'telegram', NULL), 'unknown'), 'pending 1 15', 'staff may get it twice');
SELECT is(ends(message('ops', 'telegram', NULL, 8), 'unknown'), 'unknown 8 0', 'eight times, too');
SELECT is(message_backoff(1)::text || ' ' || message_backoff(6)::text || ' ' || message_backoff(99)::text, '00:00:15 01:00:00 01:00:00', 'the pauses');

-- A sender waits longer each time that nothing gets out, as long as the peer says, and is well when one got through.
CREATE FUNCTION sender_after(outcome text, wait int DEFAULT 0) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE message_senders SET next_at = now() - interval '1 hour';
	PERFORM message_sender_done(channel_of('ops')::text, outcome, 'said', wait);
	RETURN (SELECT concat_ws(' ', failures, CASE WHEN failing_since IS NULL THEN 'well' ELSE 'failing' END, coalesce(last_error, '-'),
		round(extract(epoch FROM next_at - clock_timestamp()))) FROM message_senders WHERE sender = channel_of('ops')::text);
END $$;
UPDATE message_senders SET failures = 0, failing_since = NULL, last_error = NULL;
SELECT is(sender_after('down'), '1 failing said 1', 'down: a second');
SELECT is(sender_after('unknown'), '2 failing said 2', 'no answer: two');
SELECT is(sender_after('down'), '3 failing said 4', 'four');
SELECT is(sender_after('retry', 30), '3 failing said 30', 'asked to wait: so long');
SELECT is(sender_after('refused'), '3 failing said 0', 'a refusal is of the message: no pause');
UPDATE message_senders SET failures = 20 WHERE sender = channel_of('ops')::text;
SELECT is(sender_after('down'), '21 failing said 900', 'a quarter of an hour at most');
SELECT is(sender_after('sent'), '0 well - 0', 'one got through');
SELECT is(count(*), 0::bigint, 'no other sender was touched') FROM message_senders WHERE sender <> channel_of('ops')::text AND (failures > 0 OR last_error IS NOT NULL);

-- Alerts go to the channels that want them, once; an alert knows that one was delivered.
DELETE FROM message_outbox;
DELETE FROM alert_logs;
INSERT INTO alert_logs (type, severity, title, message, notify) VALUES ('payment', 'info', 'p', 'm', 'pending'), ('system', 'info', 's', 'm', 'pending'), ('system', 'info', 'old', 'm', 'done');
SELECT is(message_fan_out(), false, 'all at once');
CREATE FUNCTION given() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(n.name || ' ' || a.title || ' ' || o.recipient, ', ' ORDER BY n.name, a.title) FROM message_outbox o JOIN notification_settings n ON n.id = o.channel_id JOIN alert_logs a ON a.id = o.alert_id $$;
SELECT is(given(), 'hook p http://x/, ops p -1, ops s -1', 'each to those who want it');
SELECT message_fan_out() \g /dev/null
SELECT is(given(), 'hook p http://x/, ops p -1, ops s -1', 'and once');
UPDATE message_outbox SET state = 'sending' WHERE alert_id = (SELECT id FROM alert_logs WHERE title = 's');
SELECT message_done(id, 'sent', 'x', 0) FROM message_outbox WHERE state = 'sending' \g /dev/null
SELECT is((SELECT string_agg(title, ' ') FROM alert_logs WHERE notification_sent), 's', 'the alert that was sent, and no other');

-- The senders that have work, and when: the first of what they have, not before their own pause is over.
CREATE FUNCTION work() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(coalesce(n.name, s.sender) || ' ' || coalesce(ceil(s.wait_ms / 1000.0)::text, '-'), ', ' ORDER BY coalesce(n.name, s.sender)) FROM message_due_senders() s LEFT JOIN notification_settings n ON n.id::text = s.sender $$;
DELETE FROM message_outbox;
UPDATE message_senders SET next_at = now() - interval '1 hour';
SELECT is(work(), NULL, 'no sender has any');
INSERT INTO message_outbox (event, channel, channel_id, recipient, due_at) VALUES ('alert', 'telegram', channel_of('ops'), 'x', now() + interval '9 seconds'), ('alert', 'telegram', channel_of('ops'), 'x', now() + interval '5 seconds');
INSERT INTO message_outbox (event, channel, customer_id, recipient, due_at) VALUES ('alert', 'email', :'c', 'x', now() - interval '9 seconds');
SELECT is(work(), 'email 0, ops 5', 'the first of each');
UPDATE message_senders SET next_at = now() + interval '7 seconds' WHERE sender = channel_of('ops')::text;
SELECT is(work(), 'email 0, ops 7', 'after its pause');
UPDATE message_outbox SET state = 'sending' WHERE channel = 'email';
SELECT is(work() LIKE 'email %', true, 'one under way is looked after');
UPDATE message_outbox SET state = 'sent';
SELECT is(work(), NULL, 'all is sent');

-- The next message of a sender: due, of that sender, staff before customers, the oldest first; none during its pause.
DELETE FROM message_outbox;
INSERT INTO message_outbox (event, channel, channel_id, customer_id, recipient, state, due_at) VALUES
	('alert', 'telegram', channel_of('ops'), NULL, 'later', 'pending', now() + interval '1 second'), ('alert', 'telegram', channel_of('ops'), NULL, 'sent', 'sent', now() - interval '1 hour'),
	('alert', 'webhook', channel_of('hook'), NULL, 'hook', 'pending', now() - interval '1 hour'),
	('alert', 'email', NULL, NULL, 'staff 1', 'pending', now() - interval '2 minutes'), ('alert', 'email', NULL, NULL, 'staff 2', 'pending', now() - interval '1 minute'),
	('paid', 'email', NULL, :'c', 'customer', 'pending', now() - interval '3 minutes');
UPDATE message_templates SET is_active = true;
UPDATE settings SET quiet_from_hour = 0, quiet_until_hour = 0;
CREATE FUNCTION next_of(sender_name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	UPDATE message_senders SET next_at = now() - interval '1 hour' WHERE sender = sender_name;
	SELECT recipient || ' ' || state || ' ' || attempts INTO found FROM message_take(sender_name, 'https://isp.example');
	RETURN found;
END $$;
SELECT is(next_of(channel_of('ops')::text), NULL, 'nothing is due');
SELECT is(next_of('email'), 'staff 1 sending 1', 'staff first, the oldest of them');
SELECT is(next_of('email'), 'staff 2 sending 1', 'then the next');
SELECT is((SELECT string_agg(recipient, ' ' ORDER BY recipient) FROM message_outbox WHERE state = 'pending'), 'customer hook later', 'all others wait');
UPDATE message_senders SET next_at = clock_timestamp() + interval '1 minute' WHERE sender = 'email';
SELECT is((SELECT count(*) FROM message_take('email', 'https://isp.example')), 0::bigint, 'none during the pause of the sender');
-- A sender writes to so many customers a day: those of yesterday and messages to staff are none of them.
CREATE FUNCTION counted() RETURNS int LANGUAGE sql AS $$ SELECT sent_today FROM message_senders WHERE sender = 'email' $$;
SELECT is(counted(), 0, 'staff counts for nothing');
UPDATE message_senders SET sent_day = business_today() - 1, sent_today = 7 WHERE sender = 'email';
SELECT is(next_of('email'), 'customer sending 1', 'then the customer');
SELECT is(counted(), 1, 'the customer is the first of the day');
DELETE FROM message_outbox;

-- A message under way when a worker begins was left by one that was killed; a test, which the API sends, after a minute.
INSERT INTO message_outbox (event, channel, channel_id, recipient, state, updated_at) VALUES
	('test', 'telegram', channel_of('ops'), 'new', 'sending', now() - interval '1 minute'), ('test', 'telegram', channel_of('ops'), 'old', 'sending', now() - interval '61 seconds'),
	('alert', 'telegram', channel_of('ops'), 'left', 'sending', now()), ('alert', 'webhook', channel_of('hook'), 'other', 'sending', now());
SELECT is(message_recover(channel_of('ops')::text), 2, 'two of a sender were left');
SELECT is((SELECT string_agg(recipient, ' ' ORDER BY recipient) FROM message_outbox WHERE state = 'sending'), 'new other', 'a test of this minute is on its way, and what another sender sends');
DELETE FROM message_outbox;

-- A message about a line that changed meanwhile is not sent: "cut" to a customer who is back online.
SELECT bare() AS on, bare() AS off \gset
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'off';
CREATE FUNCTION obsolete(kind text, line uuid) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(message_obsolete(jsonb_populate_record(NULL::message_outbox, jsonb_build_object('event', kind, 'customer_id', owner(line), 'subscription_id', line))), 'true') $$;
SELECT results_eq(format('SELECT obsolete(''cut'', id), obsolete(''restored'', id), obsolete(''paid'', id) FROM unnest(ARRAY[%L, %L]::uuid[]) id', :'off', :'on'),
	$$ VALUES ('true', 'the line changed meanwhile', 'true'), ('the line changed meanwhile', 'true', 'true') $$, 'a line is cut, or it is back');
DELETE FROM message_outbox;

-- A bill that is paid is a message; another change is none.
UPDATE customers SET phone = '0812 3456 7890';
UPDATE message_templates SET is_active = false WHERE event = 'paid';
SELECT sub(:'c') AS s, sub(:'c') AS t \gset
SELECT pay(inv(:'s'), '2026-01-02') \g /dev/null
UPDATE message_templates SET is_active = true WHERE event = 'paid';
CREATE FUNCTION paid_messages() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM message_outbox WHERE event = 'paid' $$;
UPDATE invoices SET notes = 'x' WHERE id = inv(:'s');
UPDATE invoices SET status = 'overdue' WHERE id = inv(:'t');
SELECT is(paid_messages(), 0::bigint, 'a note on a paid bill, a bill that is overdue: no message');
SELECT pay(inv(:'t'), '2026-01-02') \g /dev/null
SELECT is(paid_messages(), 1::bigint, 'paid: a message');
SELECT throws_ok('UPDATE message_templates SET body_en = ''{nonsense}'' WHERE event = ''paid''', 'IS422', NULL, 'a template names fields that it has');
SELECT throws_ok('UPDATE message_templates SET is_active = false WHERE audience = ''user''', 'IS422', NULL, 'a letter that people need is not switched off');
SELECT finish();
ROLLBACK;
