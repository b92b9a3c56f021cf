-- Taking the rows of an import: each once, whole or not at all, and no row of another batch (sql/functions/import_apply.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
CREATE FUNCTION staged(b uuid, VARIADIC rows jsonb[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO import_rows (batch, line, key, data) SELECT b, n, r ->> 0, r -> 1 FROM unnest(rows) WITH ORDINALITY r (r, n) $$;
CREATE FUNCTION row_of(data jsonb) RETURNS import_rows LANGUAGE sql AS $$ SELECT ROW(uuidv7(), 1, 'k', data, NULL, NULL, NULL)::import_rows $$;
CREATE FUNCTION outcomes(b uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', line, coalesce(outcome, '-'), field, fault), ', ' ORDER BY line) FROM import_rows WHERE batch = b $$;
CREATE FUNCTION line_of(username text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM subscriptions WHERE mikrotik_username = username $$;

-- Customers: rows of one id in the old system are one, made from the first of them; the next rows and another batch wait.
SELECT uuidv7() AS b, uuidv7() AS o \gset
SELECT staged(:'o', '["joko1", {"id": "41", "name": "Other", "credit": "1", "debt": "1"}]', '["joko2", {"id": "41", "name": "Other", "username": "other", "package": "P", "end_date": "2026-02-01"}]',
	'["mimi", {"name": "Other"}]') \g /dev/null
SELECT staged(:'b', '["lala", {"name": "Lala"}]',
	'["joko1", {"id": "41", "name": "Joko", "phone": "+62 812-345-678", "email": "J@X.id", "address": "Jl. A", "area": "RT 1", "notes": "odp 3"}]',
	'["joko2", {"id": "41", "name": "Joko Dua", "phone": "-", "username": "joko", "package": "P", "end_date": "2026-02-01", "credit": "5000"}]',
	'["kiki", {"name": "Kiki", "username": "kiki", "package": "P", "end_date": "2026-02-01", "credit": "1000", "debt": "1000"}]') \g /dev/null
UPDATE import_rows SET field = 'old', fault = 'old' WHERE batch = :'b' AND line = 1;
SELECT is(import_apply(:'b', 'csv', 3, '2026-01-20'), 3, 'the next three rows');
SELECT is(outcomes(:'b'), '1 created, 2 created, 3 created, 4 -', 'are taken, no other');
SELECT is(outcomes(:'o'), '1 -, 2 -, 3 -', 'and none of another batch');
SELECT results_eq($$ SELECT name::text, phone::text, email::text, address::text, notes, credit FROM customers ORDER BY id $$,
	$$ VALUES ('Lala', NULL, NULL, NULL, '', 0::bigint), ('Joko', '0812345678', 'j@x.id', 'Jl. A', 'RT 1, odp 3', 5000) $$, 'one customer for the rows of an id, in the order of the rows');
SELECT results_eq($$ SELECT kind, source_id FROM import_keys WHERE source = 'csv' ORDER BY 1, 2 $$, $$ VALUES ('credit', '41'), ('customer', 'id:41'), ('customer', 'id:lala'), ('customer', 'joko1'),
	('customer', 'joko2'), ('customer', 'lala'), ('subscription', 'joko2') $$, 'all that the rows made is known by their keys');
SELECT is((SELECT string_agg(DISTINCT c.name, ' ') FROM import_keys k JOIN customers c ON c.id = k.id WHERE k.kind = 'customer' AND k.source_id ~ 'joko|41'), 'Joko', 'keys of rows name their customer');
SELECT results_eq($$ SELECT s.mikrotik_username, c.name::text, p.name::text, s.start_date, s.end_date FROM subscriptions s JOIN customers c ON c.id = s.customer_id JOIN packages p ON p.id = s.package_id $$,
	$$ VALUES ('joko', 'Joko', 'P', '2026-01-20'::date, '2026-02-01'::date) $$, 'a row with a username is a line of its customer');
SELECT is(import_apply(:'o', 'splynx', 1, '2026-01-20'), 1, 'a row of another source');
SELECT is((SELECT string_agg(name || ' ' || credit, ', ' ORDER BY id) FROM customers), 'Lala 0, Joko 5000, Other 1', 'with the same id and key is somebody else, and has no line to owe by');
SELECT is_empty('SELECT FROM invoices', 'nothing is owed');
SELECT is(import_apply(:'b', 'csv', 9, '2026-01-20'), 1, 'the rest');
SELECT results_eq($$ SELECT kind, amount, due_date, notes, (SELECT name FROM customers c WHERE c.id = i.customer_id) FROM invoices i $$,
	$$ VALUES ('other', 1000::bigint, '2026-01-20'::date, 'Sisa tagihan dari csv', 'Kiki'::text) $$, 'a debt is a bill, due today while its days are not over');
SELECT results_eq($$ SELECT k.kind, k.source_id, k.id = coalesce(i.id, k.id) FROM import_keys k LEFT JOIN invoices i ON true WHERE k.kind IN ('credit', 'debt') AND k.source = 'csv' ORDER BY 1, 2 $$,
	$$ VALUES ('credit', '41', false), ('credit', 'kiki', false), ('debt', 'kiki', true) $$, 'known, too');

-- A refusal of one row: the others are taken.
SELECT uuidv7() AS b, uuidv7() AS o \gset
SELECT staged(:'o', '["k", {}]', '["k", {}]', '["k", {}]') \g /dev/null
SELECT staged(:'b', '["r1", {"name": "R1"}]', '["r2", {"name": "R2", "username": "joko", "package": "P", "end_date": "2026-02-01"}]', '["r3", {"name": "R3"}]') \g /dev/null
SELECT is(import_apply(:'b', 'csv', 9, '2026-01-20'), 3, 'three rows, one of them refused');
SELECT matches(outcomes(:'b'), '^1 created, 2 refused row [^,]*taken[^,]*, 3 created$', 'the others are taken, the reason is kept');
SELECT is(outcomes(:'o'), '1 -, 2 -, 3 -', 'no row of another batch is marked');
SELECT is((SELECT string_agg(name, ' ' ORDER BY id) FROM customers WHERE name LIKE 'R_'), 'R1 R3', 'nothing of the refused row stays');

-- Packages: one of the file's name, with the file's price.
SELECT import_package(row_of(d::jsonb)) FROM (VALUES ('{"package": "Home 20 Mbps", "price": "200rb", "bandwidth": "20M/10M", "months": "3"}'), ('{"package": "Cepat 15m", "price": "1"}'),
	('{"package": "gold", "price": "2", "router": "R1", "type": "hotspot", "days": "7"}'), ('{"package": "gold & more", "price": "3", "router": "R1"}'), ('{"package": "silver", "price": "4", "bandwidth": "fast"}'),
	('{"package": "p", "price": "5"}')) AS t (d) \g /dev/null
SELECT results_eq($$ SELECT name::text, type, bandwidth::text, price, router_profile::text, period_unit, validity_days, validity_months FROM packages WHERE created_at = now() AND id > pkg('D') ORDER BY id $$, $$ VALUES
	('Home 20 Mbps', 'pppoe', '20M/10M', 200000::bigint, 'home-20-mbps-' || left(md5('Home 20 Mbps'), 4), 'month', 30, 3), ('Cepat 15m', 'pppoe', '15M/15M', 1, 'cepat-15m-' || left(md5('Cepat 15m'), 4), 'day', 30, 1),
	('gold', 'hotspot', '10M/10M', 2, 'gold', 'day', 7, 1), ('gold & more', 'pppoe', '10M/10M', 3, 'gold-more-' || left(md5('gold & more'), 4), 'day', 30, 1),
	('silver', 'pppoe', '10M/10M', 4, 'silver-' || left(md5('silver'), 4), 'day', 30, 1) $$, 'a new package for each name that there is none of');

-- Routers by name or id; a name that two have is none.
SELECT router('R1') AS r1, router('R2') AS r2 \gset
INSERT INTO router_settings (name, host, username) VALUES ('R2', 'other', 'u');
SELECT is(import_router('R1'), :'r1', 'a router by its name');
SELECT is(import_router(:'r2'), :'r2', 'by its id');
SELECT is(import_router('R2'), NULL, 'not by a name that two have');
SELECT is(import_router('R9'), NULL, 'nor by one that none has');

-- The state and the days of a line.
SELECT is(import_line_state(row_of(d::jsonb), '2026-01-20'), wanted, 'the state of ' || d) FROM (VALUES ('{"end_date": "2026-01-20"}', 'on'), ('{"end_date": "2026-01-19"}', 'debt'), ('{"state": "aktif", "end_date": "2026-01-19"}', 'debt'),
	('{"state": "isolir", "end_date": "2026-02-01"}', 'debt'), ('{"state": "debt", "end_date": "2026-02-01"}', 'debt'), ('{"state": "cuti", "end_date": "2026-01-01"}', 'pause'), ('{"state": "pause"}', 'pause'),
	('{"state": "berhenti", "end_date": "2026-01-01"}', 'ended'), ('{"state": "ended"}', 'ended'), ('{"state": "on", "end_date": "2026-02-01"}', 'on')) AS t (d, wanted);
CREATE FUNCTION input(d jsonb) RETURNS jsonb LANGUAGE sql AS $$ SELECT import_line_input(row_of('{"username": "u", "package": "P", "end_date": "2026-02-01"}' || d), NULL, '2026-01-20') $$;
SELECT is(input(d::jsonb) ->> 'start_date', wanted, 'the first day of ' || d) FROM (VALUES ('{}', '2026-01-20'), ('{"end_date": "2026-01-05"}', '2026-01-05'), ('{"start_date": "2025-05-01"}', '2025-05-01'),
	('{"start_date": "2026-01-25"}', '2026-01-20'), ('{"start_date": "2026-01-10", "end_date": "2026-01-05"}', '2026-01-05')) AS t (d, wanted);
UPDATE settings SET isolation_profile = 'isolir';
SELECT is(input(d::jsonb) -> 'profile', wanted::jsonb, 'the profile of ' || d) FROM (VALUES ('{"object": {"profile": "gold"}}', '"gold"'), ('{"object": {"profile": "Isolir"}}', NULL), ('{"object": {}}', NULL), ('{}', NULL)) AS t (d, wanted);
SELECT is(input(d::jsonb) -> 'router_id', wanted, 'the router of ' || d) FROM (VALUES ('{"router": "R1"}', to_jsonb(:'r1'::text)), ('{"router": "R9"}', NULL), ('{}', NULL)) AS t (d, wanted);
SELECT is(input(d::jsonb) ->> 'off', wanted, 'whether it is off with ' || d) FROM (VALUES ('{}', NULL), ('{"state": "isolir"}', 'debt'), ('{"state": "cuti"}', NULL)) AS t (d, wanted);
SELECT is(input('{"remote_address": "-"}') ? 'remote_address', false, 'a dash is no address');

-- Lines that are off in the old system, each in its own way; the objects of routers are adopted as they stand.
SELECT uuidv7() AS b, uuidv7() AS o \gset
SELECT staged(:'b', '["s1", {"name": "S", "username": "s-ended", "package": "P", "state": "berhenti", "end_date": "2026-02-01"}]', '["s2", {"name": "S", "username": "s-pause", "package": "P", "state": "cuti", "end_date": "2026-02-01"}]',
	'["s3", {"name": "S", "username": "s-debt", "package": "P", "state": "isolir", "end_date": "2026-02-01"}]', '["s4", {"name": "S", "username": "s-over", "package": "P", "end_date": "2026-01-10", "debt": "7000"}]',
	'["s5", {"name": "S", "username": "s-on", "package": "P", "end_date": "2026-01-20", "debt": "0"}]',
	'["s6", {"name": "S", "username": "s-object", "package": "P", "end_date": "2026-02-01", "router": "R1", "object": {"username": "s-object", "service": "pppoe", "comment": "roof", "profile": "gold", "disabled": false}}]',
	'["s7", {"name": "S", "username": "s-later", "package": "P", "end_date": "2026-02-01", "router": "R1", "object": {"username": "s-later", "service": "pppoe", "disabled": false}}]') \g /dev/null
SELECT is(import_apply(:'b', 'csv', 6, '2026-01-20'), 6, 'lines of all states');
SELECT is((SELECT string_agg(mikrotik_username || ' ' || is_now(id), ', ' ORDER BY id) FROM subscriptions WHERE mikrotik_username LIKE 's-%'),
	's-ended cancelled 2026-02-01, s-pause suspended(manual) 2026-02-01, s-debt suspended(debt) 2026-02-01, s-over suspended(debt) 2026-01-10, s-on active 2026-01-20, s-object active 2026-02-01', 'as the old system has them');
SELECT results_eq($$ SELECT s.mikrotik_username, o.cause, o.from_day FROM service_offs o JOIN subscriptions s ON s.id = o.subscription_id WHERE s.mikrotik_username LIKE 's-%' ORDER BY s.id $$,
	$$ VALUES ('s-pause', 'manual', '2026-01-20'::date), ('s-debt', 'debt', '2026-01-20'), ('s-over', 'debt', '2026-01-11') $$, 'off from the day after their last, and from today at the latest');
SELECT is((SELECT due_date FROM invoices WHERE subscription_id = line_of('s-over')), '2026-01-10', 'a debt was due when the paid days ended');
SELECT is_empty(format('SELECT FROM invoices WHERE subscription_id = %L', line_of('s-on')), 'a debt of 0 is no bill');
SELECT results_eq($$ SELECT m.username::text, r.name, m.imported, s.sync_state FROM mikrotik_secrets m JOIN router_settings r ON r.id = m.router_id JOIN account_states s ON s.account_id = m.id WHERE m.username LIKE 's-%' ORDER BY m.subscription_id $$,
	$$ VALUES ('s-ended', 'R1', false, 'synced'), ('s-pause', 'R1', true, 'synced'), ('s-debt', 'R1', true, 'synced'), ('s-over', 'R1', true, 'synced'), ('s-on', 'R1', false, 'pending'), ('s-object', 'R1', true, 'synced') $$,
	'a line that is off is left as it stands, an object is adopted, a line that is on gets its account');
SELECT is((SELECT profile || ' ' || comment FROM subscriptions WHERE mikrotik_username = 's-object'), 'gold roof', 'with the profile and the comment of its object');
-- The next rows, when the lines of those before have been changed here.
SELECT staged(:'o', '["o1", {"name": "O", "username": "o-object", "package": "P", "end_date": "2026-02-01", "router": "R1", "object": {"username": "o-object", "service": "pppoe", "comment": "wall", "disabled": false}}]') \g /dev/null
SELECT import_apply(:'o', 'csv', 9, '2026-01-20') \g /dev/null
SELECT is((SELECT string_agg(comment, ' ' ORDER BY comment) FROM subscriptions WHERE mikrotik_username IN ('s-object', 'o-object')), 'roof wall', 'an object has its comment');
UPDATE subscriptions SET comment = '' WHERE mikrotik_username IN ('s-object', 'o-object');
SELECT is(import_apply(:'b', 'csv', 9, '2026-01-20'), 1, 'one row is left');
SELECT is((SELECT m.imported AND s.sync_state = 'synced' FROM mikrotik_secrets m JOIN account_states s ON s.account_id = m.id WHERE m.username = 's-later'), true, 'its object is adopted');
SELECT is((SELECT string_agg(comment, '') FROM subscriptions WHERE mikrotik_username IN ('s-object', 'o-object')), '', 'those of rows before and of another batch are not adopted again');
SELECT sound();
SELECT is(count(*), 0::bigint, 'the accounts are sound') FROM check_accounts();
-- A line that is off and has no router is not one that the old system left on a router.
UPDATE router_settings SET is_active = false;
SELECT uuidv7() AS b \gset
SELECT staged(:'b', '["n1", {"name": "N", "username": "n-off", "package": "P", "state": "isolir", "end_date": "2026-02-01"}]') \g /dev/null
SELECT import_apply(:'b', 'csv', 9, '2026-01-20') \g /dev/null
SELECT is((SELECT imported FROM mikrotik_secrets WHERE username = 'n-off' AND router_id IS NULL), false, 'it waits for a router');

-- Small tables are analyzed, large ones are not.
UPDATE pg_class SET reltuples = CASE relname WHEN 'customers' THEN 5000 ELSE 4999 END WHERE oid IN ('customers'::regclass, 'subscriptions'::regclass, 'packages'::regclass);
SET ROLE isp_api;
SELECT import_analyze() \g /dev/null
RESET ROLE;
SELECT results_eq($$ SELECT (relname::text COLLATE "default"), CASE WHEN reltuples BETWEEN 1 AND 100 THEN 'counted' ELSE reltuples::text END FROM pg_class WHERE oid IN ('customers'::regclass, 'subscriptions'::regclass, 'packages'::regclass) ORDER BY 1 $$,
	$$ VALUES ('customers', '5000'), ('packages', '4999'), ('subscriptions', 'counted') $$, 'the small tables that an import fills are analyzed, and no other');
SELECT * FROM finish();
ROLLBACK;
