-- The account of a subscription mirrors it from its first moment to its last (sql/functions/account_subscription.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
CREATE FUNCTION a_line(name text, with_ jsonb DEFAULT '{}') RETURNS uuid LANGUAGE sql AS $$ SELECT bare(jsonb_build_object('mikrotik_username', name) || with_) $$;
CREATE FUNCTION mirror(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', m.username, m.service, coalesce(p.name, '-'), coalesce(r.name, '-'), coalesce(m.profile, '-'), coalesce(local_address, '-'), coalesce(remote_address, '-'), coalesce(comment, '-'), wanted,
	       CASE WHEN disabled THEN 'off' END, CASE WHEN removed_at IS NOT NULL THEN 'removed' END, CASE WHEN m.customer_id <> owner(s) THEN 'of another' END)
	  FROM mikrotik_secrets m LEFT JOIN packages p ON p.id = m.package_id LEFT JOIN router_settings r ON r.id = m.router_id WHERE subscription_id = s $$;

-- The first router waits for those who create a line without one: either sees the other.
CREATE FUNCTION waits_for_first() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock' AND pid = pg_backend_pid() $$;
SELECT a_line('early') AS early \gset
SELECT is(waits_for_first(), 1::bigint, 'without a router a line holds the first one off until it is there');
SELECT is(mirror(:'early'), 'early pppoe P - - - - - enabled', 'and has none');
SELECT router('R1') AS r1, router('R2') AS r2 \gset

-- Addresses that a customer may have.
SELECT is(account_address_error(service, address) IS NULL, allowed, service || ' ' || address) FROM (VALUES ('pppoe', '', true), ('pppoe', '10.0.0.1', true), ('pppoe', '2001:db8::1', false), ('static', '2001:db8::1', true),
	('static', '127.0.0.1', false), ('hotspot', '0.1.2.3', false), ('pppoe', '169.254.1.1', false), ('pppoe', '224.0.0.1', false), ('pppoe', '255.255.255.255', false), ('pppoe', '223.255.255.255', true),
	('static', '::1', false), ('static', 'fe80::1', false), ('static', 'ff02::1', false), ('static', '::ffff:10.0.0.1', false), ('static', '::', false)) AS t (service, address, allowed);
SELECT is(account_address_error('pppoe', NULL), NULL, 'none is one');
SELECT a_line('v4', '{"remote_address": "10.0.0.9", "local_address": "10.0.0.1"}') AS v4 \gset
SELECT throws_ok(format('UPDATE subscriptions SET %s = ''127.0.0.1'' WHERE id = %L', f, :'v4'), 'IS422', NULL, f || ' that nobody can have') FROM unnest('{local_address,remote_address}'::text[]) f;
SELECT throws_ok($$ SELECT a_line('bad', '{"remote_address": "127.0.0.1"}') $$, 'IS422', NULL, 'nor in a new line');
-- A value that stands already, an imported one, passes as long as the package stays.
ALTER TABLE subscriptions DISABLE TRIGGER subscription_addresses;
UPDATE subscriptions SET remote_address = '127.0.0.1', local_address = '127.0.0.2' WHERE id = :'v4';
ALTER TABLE subscriptions ENABLE TRIGGER subscription_addresses;
SELECT lives_ok(format('UPDATE subscriptions SET remote_address = remote_address, local_address = local_address, package_id = package_id WHERE id = %L', :'v4'), 'saved as it is');
SELECT throws_ok(format('UPDATE subscriptions SET remote_address = ''127.0.0.3'' WHERE id = %L', :'v4'), 'IS422', NULL, 'another such value');
SELECT throws_ok(format('UPDATE subscriptions SET package_id = %L WHERE id = %L', pkg('Q'), :'v4'), 'IS422', NULL, 'another package');
UPDATE subscriptions SET remote_address = '', local_address = '10.0.0.1' WHERE id = :'v4';
SELECT is(mirror(:'v4'), 'v4 pppoe P R1 - 10.0.0.1 - - enabled', 'one of the two may be empty');

-- A new line takes over the account of its name that stands alone; one that was removed, or belongs to a line, it does not.
INSERT INTO mikrotik_secrets (router_id, username, service, profile, password, comment, imported, disabled) VALUES (:'r2', 'n1', 'hotspot', 'old', 'x', 'old', true, true), (NULL, 'n2', 'pppoe', 'old', 'x', 'old', true, false), (:'r2', 'n3', 'pppoe', 'old', 'x', 'old', true, false),
	(:'r2', 'n4', 'pppoe', 'old', 'x', 'old', true, false);
UPDATE mikrotik_secrets SET removed_at = now(), wanted = 'absent' WHERE username = 'n3';
SELECT a_line('n1', '{"comment": "new", "local_address": "10.1.0.1", "remote_address": "10.1.0.2"}') AS n1, a_line('n2') AS n2, a_line('n3') AS n3, a_line('n5', '{"profile": "gold"}') AS n5 \gset
SELECT is(mirror(s), wanted, wanted) FROM (VALUES (:'n1'::uuid, 'n1 pppoe P R2 - 10.1.0.1 10.1.0.2 new enabled'), (:'n2', 'n2 pppoe P R1 - - - - enabled'), (:'n3', 'n3 pppoe P R1 - - - - enabled'), (:'n5', 'n5 pppoe P R1 gold - - - enabled')) AS t (s, wanted);
SELECT is((SELECT string_agg(username || ' ' || coalesce(password, '-') || ' ' || (subscription_id IS NULL), ', ' ORDER BY username, removed_at NULLS FIRST) FROM mikrotik_secrets WHERE username ~ '^n[134]'), 'n1 - false, n3 - false, n3 x true, n4 x true', 'its password is that of the line now; the others stay');
INSERT INTO subscriptions (customer_id, package_id, mikrotik_username, mikrotik_password, status, start_date, end_date) SELECT owner(:'n1'), pkg('P'), 'n4', 'x', 'cancelled', '2026-01-01', '2026-01-30' RETURNING id AS n4 \gset
SELECT is(mirror(:'n4'), 'n4 pppoe P R1 - - - - absent off removed', 'a line that has ended takes none');
SELECT is((SELECT count(*) FROM mikrotik_secrets WHERE username = 'n4' AND removed_at IS NULL AND subscription_id IS NULL), 1::bigint, 'it stands alone still');
INSERT INTO mikrotik_secrets (router_id, username, service, imported) VALUES (:'r2', 'n6', 'pppoe', true);
INSERT INTO subscriptions (customer_id, package_id, mikrotik_username, mikrotik_password, status, suspend_reason, start_date, end_date) SELECT owner(:'n1'), pkg('S'), n, 'x', 'suspended', 'manual', '2026-01-01', '2026-01-30' FROM unnest('{n6,n7}'::text[]) n;
SELECT is((SELECT string_agg(mirror(id), ', ' ORDER BY id) FROM subscriptions WHERE mikrotik_username IN ('n6', 'n7')), 'n6 static S R2 - - - - suspended off, n7 static S R1 - - - - suspended off', 'one that begins suspended is off');

-- Changes are mirrored, and only in the account of their own line.
SELECT a_line('m1') AS m1, a_line('m2') AS m2, person() AS heir \gset
CREATE FUNCTION set_to(change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE subscriptions SET %s WHERE mikrotik_username ~ ''^m1''', change);
	RETURN (SELECT mirror(id) FROM subscriptions WHERE mikrotik_username ~ '^m1');
END $$;
SELECT is(set_to(change), wanted, change) FROM (VALUES (1, 'comment = ''c''', 'm1 pppoe P R1 - - - c enabled'), (2, 'profile = ''gold''', 'm1 pppoe P R1 gold - - c enabled'), (3, 'local_address = ''10.2.0.1''', 'm1 pppoe P R1 gold 10.2.0.1 - c enabled'),
	(4, 'remote_address = ''10.2.0.2''', 'm1 pppoe P R1 gold 10.2.0.1 10.2.0.2 c enabled'), (5, 'profile = '''', comment = '''', local_address = '''', remote_address = ''''', 'm1 pppoe P R1 - - - - enabled'),
	(6, format('package_id = %L', pkg('S')), 'm1 static S R1 - - - - enabled'), (7, format('package_id = %L', pkg('P')), 'm1 pppoe P R1 - - - - enabled'), (8, format('router_id = %L', :'r2'), 'm1 pppoe P R2 - - - - enabled'), (9, 'comment = ''d''', 'm1 pppoe P R2 - - - d enabled'),
	(10, 'router_id = NULL', 'm1 pppoe P R1 - - - d enabled'), (11, 'mikrotik_username = ''m1b''', 'm1b pppoe P R1 - - - d enabled'), (12, format('customer_id = %L', :'heir'), 'm1b pppoe P R1 - - - d enabled'),
	(13, 'status = ''suspended'', suspend_reason = ''manual''', 'm1b pppoe P R1 - - - d suspended off'), (14, 'status = ''active'', suspend_reason = NULL', 'm1b pppoe P R1 - - - d enabled'),
	(15, 'status = ''cancelled''', 'm1b pppoe P R1 - - - d absent off removed')) AS t (n, change, wanted) ORDER BY n;
SELECT is(mirror(:'m2'), 'm2 pppoe P R1 - - - - enabled', 'no other is touched');
UPDATE mikrotik_secrets SET removed_at = now() - interval '1 day' WHERE subscription_id = :'m1';
SELECT set_to('comment = ''e''') \g /dev/null
SELECT is(removed_at, now() - interval '1 day', 'it stays removed since it was') FROM mikrotik_secrets WHERE subscription_id = :'m1';
UPDATE mikrotik_secrets SET disabled = true WHERE subscription_id = :'m2';
UPDATE subscriptions SET comment = 'x', suspend_reason = NULL WHERE id = :'m2';
SELECT is(mirror(:'m2'), 'm2 pppoe P R1 - - - x enabled off', 'one that is switched off by hand stays so while the status stays');
UPDATE mikrotik_secrets SET comment = 'by hand' WHERE subscription_id = :'m2';
UPDATE subscriptions SET end_date = end_date + 1 WHERE id = :'m2';
SELECT is(mirror(:'m2'), 'm2 pppoe P R1 - - - by hand enabled off', 'a change that the account does not show leaves it alone');
UPDATE subscriptions SET comment = 'y' WHERE id = :'n5';
SELECT is(mirror(:'m2'), 'm2 pppoe P R1 - - - by hand enabled off', 'so does one of another line');

-- A name of an account that stands alone is taken; the name of a line that has ended may be changed to it.
SELECT throws_ok(format('UPDATE subscriptions SET mikrotik_username = ''n4'' WHERE id = %L', :'m2'), 'IS422', NULL, 'a name that is taken');
SELECT lives_ok(format('UPDATE subscriptions SET mikrotik_username = ''n4'' WHERE id = %L', :'m1'), 'a line that has ended takes no name');
UPDATE mikrotik_secrets SET removed_at = now(), wanted = 'absent' WHERE username = 'n4' AND subscription_id IS NULL;
SELECT lives_ok(format('UPDATE subscriptions SET mikrotik_username = ''n4'' WHERE id = %L', :'m2'), 'a name that is free again');

-- Another password is a job with a kick, of the account of its own line.
SELECT done(id) FROM router_settings \g /dev/null
UPDATE subscriptions SET mikrotik_password = 'new' WHERE id IN (:'n1', :'n4');
SELECT is((SELECT string_agg(s.mikrotik_username || ' ' || a.kick, ', ' ORDER BY s.id) FROM account_states a JOIN mikrotik_secrets m ON m.id = a.account_id JOIN subscriptions s ON s.id = m.subscription_id WHERE a.generation > a.synced_generation), 'n1 true', 'a new password of a live line');
SELECT finish();
ROLLBACK;
