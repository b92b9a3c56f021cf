-- Acts on accounts: objects that are found are taken over, a switch by hand, values of a subscription
-- (sql/functions/account_action.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
SELECT router('K1') AS k1, router('K2') AS k2 \gset

CREATE FUNCTION line_on(name text, router uuid, with_ jsonb DEFAULT '{}') RETURNS uuid LANGUAGE sql AS $$
	SELECT bare(jsonb_build_object('mikrotik_username', name, 'router_id', router) || with_) $$;
-- An object as the router shows it.
CREATE FUNCTION object(name text, with_ jsonb DEFAULT '{}') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('id', uuidv7(), 'username', name, 'service', 'pppoe', 'disabled', false) || with_ $$;
CREATE FUNCTION import(r uuid, VARIADIC objects jsonb[]) RETURNS text LANGUAGE sql AS $$
	SELECT imported || ' ' || adopted FROM account_import(r, to_jsonb(objects)) $$;
CREATE FUNCTION holds(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', coalesce(profile, '-'), coalesce(remote_address, '-'), coalesce(comment, '-')) FROM subscriptions WHERE id = s $$;

-- A line that was never on its router takes over the object of its name, with what was found there.
SELECT line_on('a1', :'k1') AS a1, line_on('a2', :'k1', '{"comment": "ours", "profile": "own", "remote_address": "10.1.1.1"}') AS a2,
	line_on('a3', :'k1') AS a3, line_on('a4', :'k1') AS a4, line_on('a5', :'k1') AS a5, line_on('a6', :'k1') AS a6, line_on('b1', :'k2') AS b1 \gset
SELECT is(import(:'k1', object('a1', '{"profile": "gold", "remote_address": "10.9.9.9", "comment": "roof"}')), '0 1', 'one is taken over');
SELECT is(holds(:'a1'), 'gold 10.9.9.9 roof', 'with its profile, its address and its comment');
SELECT is(jobs(acc(:'a1')) ~ '^K1 (\d+)/\1 synced$', true, 'on here and there: nothing is to do');
SELECT is(imported, true, 'it has no mark yet') FROM mikrotik_secrets WHERE id = acc(:'a1');
SELECT is(import(:'k1', object('a2', '{"profile": "gold", "remote_address": "10.9.9.8", "comment": "roof"}')), '0 1', 'another');
SELECT is(holds(:'a2'), 'own 10.1.1.1 ours', 'its own values stay');
SELECT is(import(:'k1', object('a3', '{"profile": "p", "remote_address": "pool-7"}')), '0 1', 'a third');
SELECT is(holds(:'a3'), '- - -', 'the profile of its package is none of its own, a pool is no address');
SELECT is(import(:'k1', object('a4', '{"disabled": true}')), '0 1', 'off on the router');
SELECT is(jobs(acc(:'a4')) LIKE 'K1 % pending', true, 'and on here: a job');
SELECT is(import(:'k1', object('a5', jsonb_build_object('profile', upper(split_part(isolation_names(s), E'\n', 1))))), '0 1', 'isolated on the router') FROM settings s;
SELECT is(jobs(acc(:'a5')) LIKE 'K1 % pending' AND holds(:'a5') = '- - -', true, 'is off, too, and that profile is not kept');
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'a6';
SELECT is(import(:'k1', object('a6', '{"disabled": true}')), '0 1', 'off here and there');
SELECT is(jobs(acc(:'a6')) LIKE 'K1 % synced', true, 'is well');
-- An object that stands as it was found is found again; one that was written since is ours.
SELECT is(import(:'k1', object('a1')), '0 1', 'found again');
UPDATE subscriptions SET comment = 'gate' WHERE id = :'a1';
SELECT done(:'k1') \g /dev/null
UPDATE account_states SET created_at = created_at - interval '1 minute' WHERE account_id = acc(:'a1'); -- one transaction has one now()
SELECT is(import(:'k1', object('a1', '{"comment": "theirs"}')) || ' ' || holds(:'a1'), '0 0 gold 10.9.9.9 gate', 'written since: ours');
UPDATE subscriptions SET comment = 'roof' WHERE id = :'a1';

-- Nothing is taken over that is another's, or ours already.
SELECT is(import(:'k1', object('b1')), '0 0', 'a line of another router');
SELECT is(import(:'k2', object('b1', '{"service": "hotspot"}')), '0 0', 'an object of another menu');
SELECT done(:'k2') \g /dev/null
UPDATE account_states SET created_at = created_at - interval '1 minute' WHERE account_id = acc(:'b1'); -- one transaction has one now()
SELECT is(import(:'k2', object('b1')), '0 0', 'an object that was written here');
SELECT is(import(:'k2', object('x1', '{"disabled": true}'), object('x1', '{"service": "hotspot"}'), object('x2')), '2 0', 'unknown names are imported, each once');
SELECT is((SELECT string_agg(username || ' ' || service || ' ' || disabled || ' ' || imported, ', ' ORDER BY username) FROM mikrotik_secrets WHERE username ~ '^x'),
	'x1 pppoe true true, x2 pppoe false true', 'as they were found');
SELECT is(import(:'k2', object('x1'), object('x2')), '0 0', 'a second import finds nothing new');

-- The switch by hand.
SELECT is(account_switch('nobody', true), NULL, 'no such account');
SELECT is(account_switch('x2', true), (SELECT id FROM mikrotik_secrets WHERE username = 'x2'), 'off');
SELECT is((SELECT string_agg(username, ' ' ORDER BY username) FROM mikrotik_secrets WHERE username ~ '^[bx]' AND disabled), 'x1 x2', 'and no other');
SELECT account_switch('x2', false) \g /dev/null
SELECT is(disabled, false, 'on again') FROM mikrotik_secrets WHERE username = 'x2';
SELECT throws_ok($$SELECT account_switch('a6', false)$$, 'IS409', NULL, 'a suspended line is not switched on behind its subscription');
SELECT lives_ok($$SELECT account_switch('a6', true)$$, 'off it may be');
SELECT lives_ok($$SELECT account_switch('a1', true)$$, 'and an active one');

-- Values of a subscription are changed there; a form that sends all of them changes nothing.
SELECT lives_ok(format('SELECT account_require_own(%L, %L)', acc(:'a1'), '{"username": "a1", "profile": "gold", "comment": "roof", "disabled": true}'), 'the same values pass');
SELECT lives_ok(format('SELECT account_require_own(%L, %L)', acc(:'a1'), '{"local_address": null}'), 'so does null for what is not there');
SELECT throws_ok(format('SELECT account_require_own(%L, %L)', acc(:'a1'), '{"comment": null}'), 'IS409', NULL, 'not for what is there');
SELECT throws_ok(format('SELECT account_require_own(%L, %L)', acc(:'a1'), '{"profile": "silver"}'), 'IS409', NULL, 'nor another value');
SELECT lives_ok(format('SELECT account_require_own(id, %L)', '{"profile": "silver"}') || ' FROM mikrotik_secrets WHERE username = ''x1''', 'an account that stands alone may change');
SELECT is(account_of_subscription(:'a1'), acc(:'a1'), 'the account of a subscription');

-- Removing.
SELECT throws_ok('SELECT account_remove(uuidv7())', 'IS404', NULL, 'no such account to remove');
SELECT account_remove(id), account_remove(id) FROM mikrotik_secrets WHERE username = 'x1' \g /dev/null
SELECT is((SELECT string_agg(username || ' ' || wanted, ' ' ORDER BY username) FROM mikrotik_secrets WHERE removed_at IS NOT NULL), 'x1 absent', 'removed, twice as once, and no other');
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'a3';
SELECT lives_ok(format('SELECT account_remove(%L)', acc(:'a3')), 'that of a line which ended is gone already');
SELECT import(:'k2', object('w1')) \g /dev/null
SELECT account_remove(id) FROM mikrotik_secrets WHERE username = 'w1' \g /dev/null
SELECT is(import(:'k2', object('w1')), '1 0', 'a name that was removed here and is there again is imported again');
-- Only the object of the same menu, of an account that is there, is taken over; what stood here of it is settled.
CREATE TABLE woken (router uuid);
GRANT ALL ON woken TO PUBLIC;
CREATE OR REPLACE FUNCTION router_notify(routers uuid[]) RETURNS void LANGUAGE sql AS $$ INSERT INTO woken SELECT unnest(routers) $$;
INSERT INTO packages (name, bandwidth, price, type, router_profile) VALUES ('H', '1M/1M', 1000, 'hotspot', 'h');
SELECT line_on('h1', :'k1', jsonb_build_object('package_id', pkg('H'))) AS h1, line_on('s1', :'k1', jsonb_build_object('package_id', pkg('S'), 'remote_address', '10.1.1.9')) AS s1, line_on('e1', :'k1') AS e1,
	line_on('e2', :'k1') AS e2, line_on('m1', :'k1') AS m1 \gset
SELECT is(import(:'k1', object('h1')), '0 0', 'a secret is no hotspot user');
SELECT is(import(:'k1', object('h1', '{"service": "hotspot", "profile": "h"}')), '0 1', 'a hotspot user is');
SELECT is((SELECT traces FROM account_states WHERE account_id = acc(:'h1')), '{"hotspot - h1"}', 'it stands in its menu');
SELECT is(import(:'k1', object('s1')), '0 0', 'an account with an address of its own is no object');
UPDATE account_states SET present = false WHERE account_id = acc(:'e1');
SELECT is(import(:'k1', object('e1')), '0 0', 'nor is one that has to leave');
UPDATE account_states SET present = true WHERE account_id = acc(:'e1');
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'e2';
SELECT is(import(:'k1', object('e2')), '1 0', 'one of a line that has ended is somebody else''s');
UPDATE mikrotik_secrets SET disabled = true WHERE subscription_id = :'m1';
DELETE FROM woken;
SELECT is(import(:'k1', object('m1')), '0 1', 'switched off by hand here, and on there');
SELECT is((SELECT string_agg(DISTINCT r.name, ' ') FROM woken w JOIN router_settings r ON r.id = w.router), 'K1', 'its router is woken');
SELECT is(jobs(acc(:'m1')) LIKE 'K1 % pending', true, 'for a job');
SELECT is((SELECT traces FROM account_states WHERE account_id = acc(:'m1')), '{"ppp - m1"}', 'on what stands there');
SELECT is(holds(:'e1'), '- - -', 'none of those left anything behind');
-- The values of an object that are kept.
SELECT line_on('i' || n, :'k1') FROM generate_series(1, 3) n \g /dev/null
SELECT import(:'k1', object('i1', '{"remote_address": "1.2.3.4"}'), object('i2', '{"remote_address": "2001:db8::1"}'), object('i3', '{"profile": "P"}')) \g /dev/null
SELECT is((SELECT string_agg(concat_ws(' ', mikrotik_username, coalesce(remote_address, '-'), coalesce(profile, '-')), ', ' ORDER BY mikrotik_username) FROM subscriptions WHERE mikrotik_username ~ '^i[1-3]'),
	'i1 1.2.3.4 -, i2 - -, i3 - P', 'an IPv4 address, a profile that is not its package''s');
-- Acts lock the account also where they change nothing.
SELECT is(locks('SELECT account_switch(''x2'', false)', 'mikrotik_secrets WHERE username = ''x2'''), true, 'a switch that stands so already');
UPDATE mikrotik_secrets SET mikrotik_id = mikrotik_id WHERE username = 'x1'; -- no lock of before stands on the new row
SELECT is(locks('SELECT account_remove(id) FROM mikrotik_secrets WHERE username = ''x1''', 'mikrotik_secrets WHERE username = ''x1'''), true, 'a removal again');
UPDATE mikrotik_secrets SET removed_at = now() - interval '1 day' WHERE username = 'x1';
SELECT account_remove(id) FROM mikrotik_secrets WHERE username = 'x1' \g /dev/null
SELECT is(removed_at, now() - interval '1 day', 'it was removed when it was') FROM mikrotik_secrets WHERE username = 'x1';
SELECT lives_ok(format('SELECT account_require_own(%L, %L)', acc(:'e2'), '{"comment": "any"}'), 'the removed account of a line is no value of it');
SELECT is_empty('SELECT * FROM check_accounts()', 'every invariant holds');
SELECT finish();
ROLLBACK;
