-- Readings of routers as they say how lines are: samples of accounts, who is online, and the line that the isolation page shows (sql/functions/snapshot.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
SELECT router('North') AS north, router('South') AS south, router('East') AS east, router('West', false) AS west \gset
CREATE FUNCTION account(router uuid, name text, kind text DEFAULT 'pppoe') RETURNS uuid LANGUAGE sql AS $$
	INSERT INTO mikrotik_secrets (router_id, username, service, password) VALUES (router, name, kind, 'x') RETURNING id $$;
CREATE FUNCTION session(router uuid, id text, name text, bytes numeric DEFAULT NULL, kind text DEFAULT 'pppoe', address text DEFAULT NULL, age interval DEFAULT '0') RETURNS void LANGUAGE sql AS $$
	INSERT INTO router_sessions (router_id, session_id, username, rx_bytes, tx_bytes, service, address, taken_at) VALUES (router, id, name, bytes, 2 * bytes, kind, address, now() - age) $$;
CREATE FUNCTION live(router uuid, age interval, kind text DEFAULT 'live') RETURNS void LANGUAGE sql AS $$
	INSERT INTO router_snapshots (router_id, kind, data, taken_at, tried_at) VALUES (router, kind, '{}', clock_timestamp() - age, now())
	ON CONFLICT (router_id, kind) DO UPDATE SET taken_at = excluded.taken_at $$;

-- A sample: a row an account that should be on the router, with the counters of its busiest session. No reading, no sample.
SELECT account(:'north', 'a') AS a, account(:'north', 'h', 'hotspot') AS h, account(:'north', 'off') AS off, account(:'north', 's', 'static') AS s, account(:'north', 'gone') AS gone, account(:'south', 'far') AS far \gset
UPDATE mikrotik_secrets SET removed_at = now(), wanted = 'absent' WHERE id = :'gone';
SELECT session(:'north', '*1', 'a', 5, address => '10.0.0.1'), session(:'north', '*2', 'a', 9, address => '10.0.0.2'), session(:'north', '*3', 'a'), session(:'north', '*1', 'h', 3, 'hotspot'), session(:'north', '*4', 'h', 77),
	session(:'north', '*2', 'off', 1, 'hotspot'), session(:'south', '*1', 'off', 1), session(:'south', '*2', 'far', 4), session(:'north', '*5', 'gone', 1) \g /dev/null
CREATE FUNCTION samples() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', m.username, l.online, l.address, l.rx_bytes, l.tx_bytes), ', ' ORDER BY m.username, l.taken_at) FROM line_samples l JOIN mikrotik_secrets m ON m.id = l.account_id $$;
INSERT INTO router_states (router_id) VALUES (:'north'), (:'south') ON CONFLICT DO NOTHING;
SELECT live(:'south', '0'), live(:'north', '0', 'online'), live(:'north', '31 seconds') \g /dev/null
SELECT line_sample(:'north') \g /dev/null
SELECT is(samples(), NULL, 'an old reading is no sample, nor is that of another router');
SELECT live(:'north', '29 seconds') \g /dev/null
INSERT INTO line_samples (account_id, taken_at, online) VALUES (:'far', clock_timestamp() - interval '24 hours 1 second', false), (:'far', clock_timestamp() - interval '23 hours 59 minutes', false);
SELECT line_sample(:'north') \g /dev/null
SELECT is(samples(), 'a t 10.0.0.2 9 18, far f, h t 3 6, off f', 'a row an account, those of a day are kept');
SELECT is((SELECT string_agg(r.name, ' ') FROM router_states s JOIN router_settings r ON r.id = s.router_id WHERE s.sampled_at IS NOT NULL), 'North', 'the router knows when');

-- Routers to sample: in use, answering, not sampled for so many minutes.
CREATE FUNCTION due() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(r.name, ' ' ORDER BY r.name) FROM router_samples_due d JOIN router_settings r USING (id) $$;
UPDATE settings SET line_sample_minutes = 5;
SELECT is(due(), 'East North South', 'all in use, also one without a state');
UPDATE router_states SET broken_since = now() WHERE router_id = :'south';
SELECT is(due(), 'East North', 'not one that is broken');
UPDATE settings SET line_sample_minutes = 0;
SELECT is(due(), NULL, 'none where no samples are taken');
UPDATE settings SET line_sample_minutes = 5;
SELECT is((SELECT count(*) FROM line_sample_due()), 2::bigint, 'each is noted as tried');
SELECT is((SELECT count(*) FROM line_sample_due()), 0::bigint, 'once');
UPDATE router_states SET sample_tried_at = clock_timestamp() - interval '301 seconds' WHERE router_id = :'north';
UPDATE router_states SET sample_tried_at = clock_timestamp() - interval '290 seconds' WHERE router_id = :'east';
SELECT is(due(), 'North', 'five minutes later again');
SELECT is((SELECT count(*) FROM line_sample_due()), 1::bigint, 'noted again');
SELECT is(due(), NULL, 'until then not');

-- Accounts are online by the newer of the reading and the sample, of the same menu.
DELETE FROM line_samples;
DELETE FROM router_snapshots;
CREATE FUNCTION online(a uuid) RETURNS text LANGUAGE sql AS $$ SELECT coalesce(account_online(m)::text, '-') FROM mikrotik_secrets m WHERE id = a $$;
CREATE FUNCTION sampled(a uuid, age interval, is_online boolean) RETURNS void LANGUAGE sql AS $$ INSERT INTO line_samples (account_id, taken_at, online) VALUES (a, now() - age, is_online) $$;
SELECT sampled(:'off', '9 minutes', false), sampled(:'off', '8 minutes', true), sampled(:'a', '1 minute', false), sampled(:'h', '10 minutes', false), sampled(:'s', '1 minute', true) \g /dev/null
SELECT is(online(:'off') || ' ' || online(:'a') || ' ' || online(:'h') || ' ' || online(:'s') || ' ' || online(:'far'), 'true false - - -', 'without a reading the newest sample of its own, of the last ten minutes');
INSERT INTO router_snapshots (router_id, kind, data, taken_at, tried_at) VALUES (:'north', 'online', '{}', now(), now()), (:'north', 'live', '{}', now() - interval '1 minute', now());
SELECT is(online(:'off') || ' ' || online(:'a') || ' ' || online(:'h') || ' ' || online(:'s'), 'false true true -', 'a reading as new as the sample counts; a session of the other menu does not');
DELETE FROM router_sessions WHERE session_id = '*1' AND service = 'hotspot';
SELECT is(online(:'h'), 'false', 'nor for a hotspot user');

-- The isolation page: the line of the one session that has the address, or of a username with the last digits of its phone.
SELECT sub(person(), jsonb_build_object('mikrotik_username', 'sari', 'router_id', :'north')) AS sari, sub(person(), jsonb_build_object('mikrotik_username', 'tono', 'router_id', :'north')) AS tono,
	bare('{"mikrotik_username": "paid"}') AS paid, bare('{"mikrotik_username": "left"}') AS left \gset
UPDATE customers SET name = 'Sari', phone = '0812-3456-7890' WHERE id = owner(:'sari');
UPDATE customers SET name = 'Tono', phone = '0812 3456 7891' WHERE id = owner(:'tono');
UPDATE customers SET name = 'Paid', phone = '890' WHERE id = owner(:'paid');
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'left';
SELECT invoice_create(jsonb_build_object('subscription_id', s, 'kind', 'other', 'amount', a, 'due_date', d), '2026-01-01'::date) FROM (VALUES (:'sari'::uuid, 7000, '2026-01-01'), (:'sari', 9000, '2026-03-01'), (:'tono', 500, '2026-01-05')) AS t (s, a, d) \g /dev/null
SELECT id AS oldest FROM invoices WHERE subscription_id = :'sari' AND amount = 7000 \gset
SELECT pay(inv(:'tono'), '2026-01-02') \g /dev/null
UPDATE invoices SET status = 'overdue' WHERE id = :'oldest';
UPDATE invoices SET due_date = '2025-12-01' WHERE id = :'oldest';
UPDATE invoices SET paid_amount = 0;
UPDATE invoices SET paid_amount = 1500 WHERE id = :'oldest';
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'sari';
UPDATE settings SET company_name = 'Net', company_phone = '021';
SELECT session(:'north', '*6', 'sari', address => '10.0.0.6'), session(:'north', '*7', 'tono', address => '10.0.0.7'), session(:'south', '*7', 'paid', address => '10.0.0.7'),
	session(:'north', '*8', 'tono', address => '10.0.0.8', age => '10 minutes'), session(:'south', '*8', 'left', address => '10.0.0.9') \g /dev/null
CREATE FUNCTION page(address text, name text DEFAULT NULL, digits text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', customer, status, suspend_reason, total_due, company ->> 'name'), ', ') FROM isolir_line(address, name, digits) $$;
SELECT is(page('10.0.0.6'), 'Sari suspended debt 114500 Net', 'the line of a session, with all that it still owes');
SELECT is((SELECT invoice_id FROM isolir_line('10.0.0.6', NULL, NULL)), :'oldest', 'its oldest open bill');
SELECT is(page('10.0.0.7'), NULL, 'an address that two sessions have is nobody''s');
SELECT is(page('10.0.0.8'), NULL, 'nor is that of a session of ten minutes ago');
SELECT is(page('10.0.0.9'), NULL, 'a line that has ended is none');
SELECT is(page('10.0.0.99'), NULL, 'an address that no session has');
SELECT is(page(NULL, 'tono', '7891'), 'Tono active 500 Net', 'by the username and the last digits of the phone; what is paid is not due');
SELECT is(page('10.0.0.6', 'tono', '7891'), 'Tono active 500 Net', 'whatever the address');
SELECT is(page(NULL, 'tono', '7890') || page(NULL, 'sari', '7891'), NULL, 'each by its own phone');
SELECT is(page(NULL, 'paid', '890'), NULL, 'four digits, no less');
UPDATE customers SET phone = '4567890' WHERE id = owner(:'paid');
SELECT is(page(NULL, 'paid', '67890'), NULL, 'and no more');
SELECT is(page(NULL, 'paid', '7890'), 'Paid active 0 Net', 'nothing is due');
SELECT is(page(NULL, 'left', '7890'), NULL, 'by its name neither');

-- A person who guesses has five misses a minute for each username; the right digits give their try back, an address takes none.
CREATE FUNCTION asks(name text, digits text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN coalesce((SELECT customer FROM isolir_ask('10.0.0.6', name, digits)), 'none');
EXCEPTION WHEN SQLSTATE 'IS429' THEN
	RETURN 'wait';
END $$;
SELECT is((SELECT string_agg(asks('tono', '7891'), ' ') FROM generate_series(1, 7)), 'Tono Tono Tono Tono Tono Tono Tono', 'the right digits, as often as one likes');
SELECT is((SELECT string_agg(asks('tono', '0000'), ' ') FROM generate_series(1, 6)), 'none none none none none wait', 'five misses');
SELECT is(asks('tono', '7891'), 'wait', 'then the right ones wait, too');
SELECT is(asks('paid', '7890'), 'Paid', 'another username does not');
SELECT is((SELECT string_agg(asks(NULL, NULL), ' ') FROM generate_series(1, 7)), 'Sari Sari Sari Sari Sari Sari Sari', 'nor does an address');
SELECT finish();
ROLLBACK;
