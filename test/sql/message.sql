-- The outbox: what is queued, once, and what becomes of it.
BEGIN;
\ir town.psql
SELECT no_plan();

-- numbers
SELECT is(message_phone(p), n, p) FROM (VALUES
	('0812-3456-7890', '6281234567890'), ('+62 812 3456 7890', '6281234567890'), ('62 0812 3456 7890', '6281234567890'),
	('0062 812 3456 7890', '6281234567890'), ('81234567890', '6281234567890'), ('(0812) 3456 789', '628123456789'),
	('+65 9123 4567', '6591234567'), ('021 555 1234', NULL), ('0812 345', NULL), ('', NULL), ('628123456789012345', NULL)) AS t (p, n);

-- rendering: a value is text, also where it looks like a field
SELECT is(message_render('Halo {name}: {amount} {x} {', '{"name": "{amount}", "amount": "Rp1"}'), 'Halo {amount}: Rp1 {x} {', 'each name once');
SELECT is(message_render('', '{}'), '', 'nothing stays nothing');
SELECT is(message_render('{name}', '{"name": null}'), '', 'a missing value is empty');

-- a customer with a number, a channel, everything switched on
INSERT INTO notification_settings (channel, audience, config) VALUES ('whatsapp', 'customers', '{"url": "http://gw/"}');
UPDATE settings SET quiet_from_hour = 0, quiet_until_hour = 0, message_day_first = 3;
SELECT sub(person()) AS s \gset
UPDATE customers SET phone = '0812 3456 7890';
SELECT inv(:'s') AS i \gset
SELECT is((SELECT count(*) FROM message_outbox), 0::bigint, 'all events are off');
UPDATE message_templates SET is_active = true, active_since = '2026-01-01' WHERE audience = 'customers';
SELECT due_date AS due FROM invoices WHERE id = :'i' \gset
UPDATE message_templates SET active_since = '2025-01-01' WHERE audience = 'customers';

SELECT is(message_remind(:'due'::date - 9), 0, 'too early');
SELECT is(message_remind(:'due'::date - 2), 1, 'due soon');
SELECT is(message_remind(:'due'::date - 1), 0, 'once');
SELECT is(message_remind(:'due'::date), 1, 'due today');
SELECT is(message_remind(:'due'::date + 1), 1, 'overdue');
SELECT is(message_remind(:'due'::date + 2), 0, 'once');
SELECT is(message_remind(:'due'::date + 30), 0, 'and not for ever');
SELECT is(string_agg(event, ' ' ORDER BY event), 'due_soon due_today overdue', 'three messages') FROM message_outbox;
DELETE FROM message_outbox;

-- switched on today: yesterday's reminders are not made up for
UPDATE message_templates SET active_since = :'due'::date + 3 WHERE event = 'overdue';
SELECT is(message_remind(:'due'::date + 3), 0, 'overdue since before it was switched on');
UPDATE message_templates SET active_since = '2025-01-01';

-- cut, restored, paid: by the change itself
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'s';
UPDATE subscriptions SET status = 'active', suspend_reason = NULL WHERE id = :'s';
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'manual' WHERE id = :'s';
UPDATE subscriptions SET status = 'active', suspend_reason = NULL WHERE id = :'s';
SELECT is(string_agg(event, ' ' ORDER BY event), 'cut restored', 'a line that is cut and comes back') FROM message_outbox;
SELECT pay(:'i', '2026-01-02') AS p \gset
SELECT is(count(*), 1::bigint, 'a bill that is paid') FROM message_outbox WHERE event = 'paid';
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-02') \g /dev/null
SELECT pay(:'i', '2026-01-03') \g /dev/null
SELECT is(count(*), 1::bigint, 'once, also when it is paid again') FROM message_outbox WHERE event = 'paid';

-- taking: one at a time, staff first, sending committed before the call
SELECT id::text AS sender FROM notification_settings WHERE audience = 'customers' \gset
SELECT id AS m, state FROM message_take(:'sender', 'https://isp.example') \gset
SELECT is(:'state'::text, 'sending', 'a message is taken');
SELECT is((SELECT count(*) FROM message_take(:'sender', 'https://isp.example')), 0::bigint, 'the next one waits for the pace');
SELECT matches(subject, '^(Layanan|Pembayaran)', 'rendered in the language of the settings') FROM message_outbox WHERE id = :'m';
SELECT message_recover(:'sender') \g /dev/null
SELECT is(state, 'unknown', 'killed: nobody knows') FROM message_outbox WHERE id = :'m';
SELECT message_resend(:'m') \g /dev/null
SELECT throws_ok(format('SELECT message_resend(%L)', :'m'), 'IS409', NULL, 'it waits already');
UPDATE message_senders SET next_at = now() - interval '1 hour';
UPDATE message_outbox SET due_at = now() - interval '1 day' WHERE id = :'m';
SELECT id AS m FROM message_take(:'sender', 'https://isp.example') \gset
SELECT message_done(:'m', 'down', 'device disconnected', 0) \g /dev/null
SELECT is(state || ' ' || attempts, 'pending 0', 'the sender is down: the message keeps its tries') FROM message_outbox WHERE id = :'m';
SELECT ok(failing_since IS NOT NULL AND next_at > now(), 'and the sender waits') FROM message_senders WHERE sender = :'sender';
UPDATE message_senders SET next_at = now() - interval '1 hour', sent_today = 0;
SELECT id AS m FROM message_take(:'sender', 'https://isp.example') \gset
SELECT message_done(:'m', 'sent', 'wamid', 0) \g /dev/null
SELECT is(state || ' ' || provider_id, 'sent wamid', 'sent') FROM message_outbox WHERE id = :'m';
SELECT ok(failing_since IS NULL, 'and the sender is well') FROM message_senders WHERE sender = :'sender';
SELECT message_done(:'m', 'refused', 'late', 0) \g /dev/null
SELECT is(state, 'sent', 'a late word changes nothing') FROM message_outbox WHERE id = :'m';

-- quiet hours turn midnight
UPDATE settings SET quiet_from_hour = 20, quiet_until_hour = 8;
SELECT is(message_is_quiet(t::timestamptz), q, t) FROM (VALUES ('2026-01-01 19:59+07', false), ('2026-01-01 20:00+07', true),
	('2026-01-01 03:00+07', true), ('2026-01-01 07:59+07', true), ('2026-01-01 08:00+07', false)) AS v (t, q);

-- planned work is announced where it is on, to those behind its router, once
CREATE FUNCTION announced() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM message_outbox WHERE event = 'planned_outage' $$;
UPDATE message_templates SET is_active = false WHERE event = 'planned_outage';
INSERT INTO maintenance_windows (title, starts_at, ends_at) VALUES ('Fibre', now() + interval '1 day', now() + interval '25 hours');
SELECT is(announced(), 0::bigint, 'switched off: nobody is written to');
UPDATE message_templates SET is_active = true WHERE event = 'planned_outage';
INSERT INTO maintenance_windows (title, starts_at, ends_at) VALUES ('Past', now() - interval '2 days', now() - interval '1 day');
SELECT is(announced(), 0::bigint, 'work that has begun is no news');
INSERT INTO maintenance_windows (title, starts_at, ends_at) VALUES ('Fibre', now() + interval '1 day', now() + interval '25 hours');
SELECT ok(announced() > 0, 'on: customers with a live line are');
SELECT is(announced(), (SELECT count(DISTINCT s.customer_id) FROM subscriptions s CROSS JOIN LATERAL message_address(s.customer_id)
	WHERE s.status = 'active'), 'each of them, once');
-- Lines without a router of their own stand on the default one: an outage there reached nobody.
INSERT INTO router_settings (name, host, username, is_active) VALUES ('Only', 'only', 'u', true) RETURNING id AS only \gset
UPDATE mikrotik_secrets SET router_id = :'only';
DELETE FROM message_outbox WHERE event = 'planned_outage';
INSERT INTO maintenance_windows (title, starts_at, ends_at, router_id) VALUES ('Core', now() + interval '1 day', now() + interval '25 hours', :'only');
SELECT ok(announced() > 0 AND NOT EXISTS (SELECT FROM subscriptions WHERE router_id IS NOT NULL), 'lines on the default router are behind it');
SELECT ok((monitor_affected(:'only') ->> 'customers')::int > 0, 'and counted as its customers');
SELECT is(monitor_affected(uuidv7()), NULL, 'the alert of a router without customers does not say that it serves 0 of them');
-- Bug: an alert of a dead router took the days of a package by the month, which it has not: 150000 a month read Rp150.000 of 30 days
-- whatever its months were. The list of packages and the alert have one formula.
SELECT bare(jsonb_build_object('package_id', pkg('M'))) \g /dev/null
UPDATE packages SET validity_months = 3 WHERE id = pkg('M');
UPDATE packages SET price = 99999, validity_days = 7 WHERE id = pkg('W');
SELECT bare(jsonb_build_object('package_id', pkg('W'))) \g /dev/null
UPDATE mikrotik_secrets SET router_id = :'only' WHERE removed_at IS NULL;
SELECT is(monitor_affected(:'only') ->> 'amount', rupiah(round(sum(p.price * CASE p.period_unit WHEN 'month' THEN 1.0 / p.validity_months
		ELSE 30.0 / p.validity_days END))::bigint), 'with what they pay a month')
  FROM subscriptions s JOIN packages p ON p.id = s.package_id WHERE s.status = 'active';
SELECT is(monthly_value, 50000::bigint, 'a package of 3 months is a third of its price a month') FROM package_rows WHERE id = pkg('M');
SELECT matches(fields ->> 'note', '.', 'with what is done') FROM message_outbox WHERE event = 'planned_outage' LIMIT 1;

-- fields: those of the bill and of the line that the message is about, of no other
SELECT sub(person()) AS other \gset
CREATE FUNCTION fields_of(about jsonb) RETURNS jsonb LANGUAGE sql AS $$
	SELECT message_fields(jsonb_populate_record(NULL::message_outbox, '{"fields": {}}' || about), 'https://isp.example') $$;
CREATE FUNCTION line_of(s uuid) RETURNS text LANGUAGE sql AS $$ SELECT mikrotik_username::text FROM subscriptions WHERE id = s $$;
SELECT is(fields_of(jsonb_build_object('invoice_id', :'i')) ->> 'username', line_of(:'s'), 'a message about a bill names its line');
SELECT is(fields_of(jsonb_build_object('invoice_id', :'i', 'subscription_id', :'other')) ->> 'username', line_of(:'other'),
	'one that names a line is about that');
SELECT is(fields_of(jsonb_build_object('invoice_id', :'i')) ->> 'invoice_number', (SELECT invoice_number::text FROM invoices WHERE id = :'i'),
	'the number is that of the bill');
SELECT is(fields_of('{}') - 'time', '{"company": "ISP Billing", "app_url": "https://isp.example"}', 'a message about nothing has no more');
SELECT is(fields_of('{"fields": {"company": "Own"}}') ->> 'company', 'Own', 'own fields of the message come on top');

SELECT hasnt_function('message_queue_outage', 'by the window alone: no program may queue an outage that is none');

SELECT sound();
SELECT finish();
ROLLBACK;
