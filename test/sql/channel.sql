-- The config of a channel, fault by fault, and the templates of messages (sql/functions/channel.sql, template.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
CREATE FUNCTION faults(kind text, audience text, config jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(x.e[n][1], ' ' ORDER BY x.e[n][1]) FROM (SELECT channel_errors(jsonb_populate_record(NULL::notification_settings, jsonb_build_object('channel', kind, 'audience', audience, 'config', config))) AS e) x,
	       generate_subscripts(x.e, 1) n $$;
SELECT is(faults(kind, audience, config::jsonb), wanted, concat_ws(' ', kind, audience, config)) FROM (VALUES
	('telegram', 'staff', '[]', 'config'), ('telegram', 'staff', '{"chat_id": "-100"}', NULL), ('telegram', 'staff', '{"chat_id": "x"}', 'config.chat_id'), ('telegram', 'staff', '{"chat_id": "@channel"}', NULL),
	('telegram', 'staff', '{"chat_id": "1", "message_thread_id": "7"}', NULL), ('telegram', 'staff', '{"chat_id": "1", "message_thread_id": "x"}', 'config.message_thread_id'),
	('telegram', 'customers', '{"chat_id": "1"}', 'audience'), ('webhook', 'customers', '{"url": "http://x/"}', 'audience'),
	('email', 'staff', '{}', 'config.email'), ('email', 'staff', '{"email": "a@b.id"}', NULL), ('email', 'staff', '{"email": "a b"}', 'config.email'), ('email', 'customers', '{}', NULL), ('email', 'customers', '{"chat_id": "x", "url": "x", "message_thread_id": "x", "preset": "x", "body": "x"}', NULL),
	('webhook', 'staff', '{}', 'config.url'), ('webhook', 'staff', '{"url": "http://x/"}', NULL), ('webhook', 'staff', '{"url": "ftp://x/"}', 'config.url'), ('webhook', 'staff', '{"url": "http://u:p@x/"}', 'config.url'),
	('webhook', 'staff', '{"url": "http://x/", "chat_id": "x", "message_thread_id": "x", "email": "x", "preset": "x", "phone": "x", "body": "x"}', NULL), ('telegram', 'staff', '{"chat_id": "1", "url": "x", "email": "x"}', NULL),
	('whatsapp', 'customers', '{}', 'config.url'), ('whatsapp', 'customers', '{"url": "http://gw/"}', NULL), ('whatsapp', 'customers', '{"url": "x"}', 'config.url'), ('whatsapp', 'customers', '{"url": "http://u@gw/"}', 'config.url'),
	('whatsapp', 'customers', '{"preset": "wablas"}', 'config.url'), ('whatsapp', 'customers', '{"preset": "fonnte"}', NULL), ('whatsapp', 'customers', '{"preset": "meta"}', 'config.number_id'), ('whatsapp', 'customers', '{"preset": "meta", "number_id": "12345"}', NULL),
	('whatsapp', 'customers', '{"preset": "meta", "number_id": "12"}', 'config.number_id'), ('whatsapp', 'customers', '{"preset": "fonnte", "number_id": "x"}', NULL), ('whatsapp', 'customers', '{"preset": "other", "url": "http://gw/"}', 'config.preset'),
	('whatsapp', 'staff', '{"preset": "fonnte"}', 'config.phone'), ('whatsapp', 'staff', '{"preset": "fonnte", "phone": "0812 3456 7890"}', NULL), ('whatsapp', 'customers', '{"preset": "fonnte", "phone": "x"}', NULL),
	('whatsapp', 'customers', '{"preset": "fonnte", "body": "{\"a\": 1}"}', NULL), ('whatsapp', 'customers', '{"preset": "fonnte", "body": "[1]"}', 'config.body'), ('whatsapp', 'customers', '{"preset": "fonnte", "body": "{"}', 'config.body')) AS t (kind, audience, config, wanted);
SELECT throws_ok($$ INSERT INTO notification_settings (channel, audience, config) VALUES ('email', 'staff', '{}') $$, 'IS422', NULL, 'a channel with a fault is not kept');
INSERT INTO notification_settings (channel, audience, config, name) VALUES ('email', 'staff', '{"email": "a@b.id"}', ''), ('email', 'staff', '{"email": "a@b.id"}', 'ops');
SELECT is((SELECT string_agg(name, ' ' ORDER BY name) FROM notification_settings), 'email ops', 'one without a name has that of its kind');
SELECT throws_ok($$ UPDATE notification_settings SET config = '{}' WHERE name = 'ops' $$, 'IS422', NULL, 'nor is a change with one');
-- A test by kind: the newest of those in use.
UPDATE notification_settings SET created_at = now() - interval '1 day', is_active = true;
INSERT INTO notification_settings (channel, audience, config, name, is_active, created_at) VALUES ('email', 'staff', '{"email": "a@b.id"}', 'new', true, now() - interval '1 hour'), ('email', 'staff', '{"email": "a@b.id"}', 'off', false, now()), ('webhook', 'staff', '{"url": "http://x/"}', 'hook', true, now());
SELECT is((SELECT name FROM notification_settings WHERE id = channel_of_kind('email')), 'new', 'the newest of its kind, of those in use');

-- Templates.
CREATE FUNCTION template_fault(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	EXECUTE 'UPDATE message_templates SET ' || change;
	RETURN 'saved';
EXCEPTION WHEN SQLSTATE 'IS422' THEN
	GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	RETURN (SELECT string_agg(split_part(l, E'\t', 1), ' ' ORDER BY l) FROM regexp_split_to_table(said, E'\n') l);
END $$;
SELECT is(template_fault(format('%s = %L WHERE event = ''paid''', f, 'a {nonsense} and {name}')), f, f || ' may not name what the event has not') FROM unnest('{subject_id,body_id,subject_en,body_en}'::text[]) f;
SELECT is(template_fault('body_en = ''{nonsense} {other}'', body_id = ''{name}'', wa_fields = ''{nonsense}'' WHERE event = ''paid'''), 'body_en wa_fields', 'each fault is named');
SELECT is(template_fault('wa_fields = ''{name}'' WHERE event = ''paid'''), 'saved', 'known fields are kept');
SELECT is(template_fault('is_active = false WHERE audience = ''staff'''), 'is_active', 'an event for staff is not switched off');
SELECT is(template_fault('is_active = false WHERE audience = ''customers'''), 'saved', 'one for customers may be');
UPDATE message_templates SET active_since = '2026-01-01' WHERE event IN ('paid', 'cut');
SELECT is(template_fault('is_active = true WHERE event = ''paid'''), 'saved', 'switched on');
UPDATE message_templates SET body_en = body_en WHERE event IN ('cut', 'paid');
SELECT is((SELECT string_agg(event || ' ' || (active_since = business_today()), ', ' ORDER BY event) FROM message_templates WHERE event IN ('cut', 'paid')), 'cut false, paid true', 'an event begins on the day on which it is switched on');
UPDATE message_templates SET active_since = '2026-01-01' WHERE event = 'paid';
UPDATE message_templates SET is_active = true WHERE event = 'paid';
SELECT is(active_since, '2026-01-01', 'once') FROM message_templates WHERE event = 'paid';
SELECT is(template_unknown_fields('{a} {b} {a} {c} {', '{b}'), '{a,c}', 'unknown fields, each once');

-- A preview: with the fields of a bill, else made up; the text that is given, else the template's.
SELECT inv(sub(person())) AS i, id AS t FROM message_templates WHERE event = 'bill_issued' \gset
CREATE FUNCTION preview(language text, subject text DEFAULT NULL, body text DEFAULT NULL, invoice uuid DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT event || ' / ' || subject_text || ' / ' || body_text FROM message_preview((SELECT id FROM message_templates WHERE event = 'bill_issued'), language, subject, body, invoice, 'https://isp.example') $$;
SELECT is(preview('en', 'For {name}', '{outstanding} of {amount} for {package}, {username}', NULL), 'bill_issued / For Budi Santoso / Rp150.000 of Rp150.000 for 10 Mbps, budi', 'made up');
SELECT is(preview('en', 'For {name}', '{amount} {invoice_number}', :'i'), 'bill_issued / For Budi / ' || rupiah(100000) || ' ' || (SELECT invoice_number FROM invoices WHERE id = :'i'), 'a bill');
SELECT is(split_part(preview('en'), ' / ', 2), message_render(subject_en, '{"company": "ISP Billing", "invoice_number": "INV-20260301-0001", "amount": "Rp150.000"}'), 'in English') FROM message_templates WHERE id = :'t';
SELECT is(split_part(preview('id'), ' / ', 2), message_render(subject_id, '{"company": "ISP Billing", "invoice_number": "INV-20260301-0001", "amount": "Rp150.000"}'), 'in Indonesian') FROM message_templates WHERE id = :'t';
SELECT isnt(split_part(preview('id'), ' / ', 3), split_part(preview('en'), ' / ', 3), 'so is the body');
SELECT throws_ok($$ SELECT preview('en', '{nonsense}') $$, 'IS422', NULL, 'a subject that could not be saved');
SELECT throws_ok($$ SELECT preview('en', NULL, '{nonsense}') $$, 'IS422', NULL, 'nor a body');
SELECT throws_ok($$ SELECT preview('en', NULL, NULL, uuidv7()) $$, 'IS422', NULL, 'an unknown bill');
SELECT throws_ok($$ SELECT * FROM message_preview(uuidv7(), 'en', NULL, NULL, NULL, '') $$, 'IS404', NULL, 'an unknown template');
SELECT is((SELECT array_agg(k ORDER BY k) FROM message_preview(:'t', 'en', NULL, NULL, NULL, '') p, jsonb_object_keys(p.fields) k), (SELECT array_agg(f ORDER BY f) FROM message_templates, unnest(fields) f WHERE id = :'t'), 'the fields that it has');
SELECT finish();
ROLLBACK;
