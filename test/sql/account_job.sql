-- Jobs of accounts: which are due, what they say, and what their results leave (sql/functions/account.sql, account_job.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
-- The routers that are woken, in the order of their names.
CREATE TABLE woken (router uuid);
GRANT ALL ON woken TO PUBLIC;
CREATE OR REPLACE FUNCTION router_notify(routers uuid[]) RETURNS void LANGUAGE sql AS $$ INSERT INTO woken SELECT r FROM unnest(routers) r WHERE r IS NOT NULL $$;
CREATE FUNCTION woken() RETURNS text LANGUAGE sql AS $$
	WITH gone AS (DELETE FROM woken RETURNING router) SELECT string_agg(DISTINCT r.name, ' ' ORDER BY r.name) FROM gone JOIN router_settings r ON r.id = gone.router $$;
CREATE FUNCTION a_line(name text, with_ jsonb DEFAULT '{}') RETURNS uuid LANGUAGE sql AS $$ SELECT bare(jsonb_build_object('mikrotik_username', name) || with_) $$;
CREATE FUNCTION states() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(username || ' ' || jobs(id), '; ' ORDER BY username) FROM mikrotik_secrets WHERE jobs(id) IS NOT NULL $$;
CREATE FUNCTION result(r uuid, VARIADIC results jsonb[]) RETURNS void LANGUAGE sql AS $$ SELECT account_results(r, to_jsonb(results)) $$;
CREATE FUNCTION of(a uuid, generation int, with_ jsonb DEFAULT '{"ok": true}') RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('id', a, 'generation', generation) || with_ $$;

-- Changes that make a job, and the sessions that end with it.
SELECT router('R1') AS r1, router('R2') AS r2, router('R3') AS r3 \gset
SELECT woken() \g /dev/null
SELECT a_line('a') AS a, a_line('b') AS b, a_line('own', '{"profile": "gold"}') AS own, a_line('fixed', jsonb_build_object('package_id', pkg('S'), 'remote_address', '10.0.0.5')) AS fixed, a_line('q', jsonb_build_object('package_id', pkg('Q'), 'router_id', :'r2')) AS q \gset
SELECT is(woken(), 'R1 R2', 'new accounts wake their routers');
SELECT results_eq($$ SELECT p.name::text, r.name FROM profile_states s JOIN packages p ON p.id = s.package_id JOIN router_settings r ON r.id = s.router_id ORDER BY 1 $$, $$ VALUES ('P', 'R1'), ('Q', 'R2') $$, 'a profile is asked for where an account needs it');
SELECT done(:'r1'), done(:'r2') \g /dev/null
SELECT is(states(), 'a R1 1/1 synced; b R1 1/1 synced; fixed R1 1/1 synced; own R1 1/1 synced; q R2 1/1 synced', 'all done');
SELECT woken() \g /dev/null
UPDATE mikrotik_secrets SET updated_at = now(), mikrotik_id = '*1';
SELECT is(states(), 'a R1 1/1 synced; b R1 1/1 synced; fixed R1 1/1 synced; own R1 1/1 synced; q R2 1/1 synced', 'a change that no router shows is no job');
UPDATE mikrotik_secrets SET comment = CASE username WHEN 'a' THEN 'x' END, profile = CASE username WHEN 'b' THEN 'silver' END WHERE username IN ('a', 'b');
SELECT is(states(), 'a R1 2/1 pending; b R1 2/1 pending kick; fixed R1 1/1 synced; own R1 1/1 synced; q R2 1/1 synced', 'one of two in a statement is kicked');
SELECT is(woken(), 'R1', 'their router is woken');
UPDATE mikrotik_secrets SET comment = NULL, profile = NULL WHERE username IN ('a', 'b');
SELECT done(:'r1') \g /dev/null
UPDATE settings SET suspend_mode = 'disable';
UPDATE mikrotik_secrets SET disabled = true WHERE username = 'a';
SELECT is(jobs(acc(:'a')), 'R1 4/3 pending', 'an account that is disabled is thrown out by that');
UPDATE mikrotik_secrets SET disabled = false WHERE username = 'a';
SELECT done(:'r1') \g /dev/null
UPDATE settings SET suspend_mode = 'isolate', isolation_profile = 'isolated';
SELECT is(states(), 'a R1 5/5 synced; b R1 3/3 synced; fixed R1 1/1 synced; own R1 1/1 synced; q R2 1/1 synced', 'another way of suspending concerns nobody in service');
UPDATE mikrotik_secrets SET disabled = true WHERE username = 'a';
SELECT is(jobs(acc(:'a')), 'R1 6/5 pending kick', 'one that is isolated must come again');
SELECT done(:'r1') \g /dev/null
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'b';
SELECT is(jobs(acc(:'b')), 'R1 4/3 pending kick', 'by its line, too');
SELECT done(:'r1') \g /dev/null
UPDATE settings SET remove_expired = true;
UPDATE subscriptions SET status = 'expired' WHERE id = :'own';
INSERT INTO mikrotik_secrets (router_id, username, service, password, disabled) VALUES (:'r1', 'left', 'pppoe', 'x', true);
UPDATE mikrotik_secrets SET removed_at = now() WHERE username = 'left';
SELECT done(:'r1') \g /dev/null
SELECT is(states(), 'a R1 6/6 synced; b R1 4/4 synced; fixed R1 1/1 synced; left R1 2/2 synced; own R1 2/2 synced; q R2 1/1 synced', 'one that is removed has a job');
UPDATE settings SET isolation_profile = 'other';
SELECT is(states(), 'a R1 7/6 pending kick; b R1 5/4 pending kick; fixed R1 1/1 synced; left R1 2/2 synced; own R1 2/2 synced; q R2 1/1 synced', 'another profile is for those that are off and still there');
UPDATE settings SET lead_days = lead_days + 1;
SELECT is(jobs(acc(:'a')), 'R1 7/6 pending kick', 'another setting is for none');
SELECT done(:'r1') \g /dev/null
UPDATE settings SET remove_expired = false;
SELECT is(wanted(:'own') || ', ' || wanted(:'a') || ', ' || wanted(:'b') || ', ' || wanted(:'q'), 'pppoe suspended disabled on R1, pppoe enabled disabled on R1, pppoe suspended disabled on R1, pppoe enabled on R2', 'a policy for expired lines changes those alone');
SELECT done(:'r1') \g /dev/null
UPDATE settings SET suspend_mode = 'disable';
SELECT done(:'r1') \g /dev/null
SELECT is_empty('SELECT FROM account_states WHERE generation > synced_generation', 'all done');
SELECT account_mark_dirty('{}'::uuid[], true) \g /dev/null
SELECT is_empty('SELECT FROM account_states WHERE generation > synced_generation', 'none is none');

-- An account has nothing to leave on a router on which it never was, and leaves the others once.
SELECT woken() \g /dev/null
UPDATE subscriptions SET router_id = :'r3' WHERE id IN (:'q', :'fixed');
SELECT is(jobs(acc(:'q')) || '; ' || jobs(acc(:'fixed')), '(R2 2/1 pending), R3 1/0 pending; (R1 2/1 pending), R3 1/0 pending', 'two accounts move');
SELECT is(woken(), 'R1 R2 R3', 'all three routers are woken');
UPDATE subscriptions SET router_id = :'r1' WHERE id = :'q';
SELECT is(jobs(acc(:'q')) || '; ' || jobs(acc(:'fixed')), 'R1 1/0 pending, (R2 2/1 pending); (R1 2/1 pending), R3 1/0 pending', 'one moves on: what it has to leave stays as it was');
SELECT is((SELECT count(*) FROM account_claim(:'r1', 9, NULL)), 1::bigint, 'it comes to its new router; the other does not leave before it is on its own');
SELECT woken() \g /dev/null
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'fixed';
SELECT is(jobs(acc(:'fixed')), '(R1 2/1 pending), R3 2/2 synced', 'cancelled where it never was: nothing to do there');
SELECT is(jobs(acc(:'q')), 'R1 1/0 pending, (R2 2/1 pending)', 'and no other account is called done');
SELECT is(woken(), 'R1 R3', 'the router that it has to leave is woken');
SELECT is(wanted_states(:'r1'), 'fixed absent, q enabled', 'it leaves at once');
SELECT done(:'r1'), done(:'r2') \g /dev/null
SELECT is(jobs(acc(:'q')) || '; ' || jobs(acc(:'fixed')), 'R1 1/1 synced; R3 2/2 synced', 'both are where they should be');

-- Claims: the first that are due, each with its place written down once.
SELECT a_line('d' || n, jsonb_build_object('router_id', :'r2')) FROM generate_series(1, 4) n \g /dev/null
SELECT a_line('elsewhere', jsonb_build_object('router_id', :'r3')) AS elsewhere \gset
UPDATE account_states s SET due_at = now() + CASE m.username WHEN 'd1' THEN interval '1 hour' WHEN 'd2' THEN interval '-1 minute' WHEN 'd3' THEN interval '-3 minutes' ELSE interval '-2 minutes' END
  FROM mikrotik_secrets m WHERE m.id = s.account_id AND m.username LIKE 'd_';
CREATE FUNCTION claimed(r uuid, most int, only_one uuid DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', username, wanted, CASE WHEN known THEN 'known' END, CASE WHEN pending THEN 'pending' END, '[' || traces || ']'), ', ' ORDER BY username) FROM account_claim(r, most, only_one) $$;
SELECT is(claimed(:'r2', 2), 'd3 enabled pending [ppp - d3], d4 enabled pending [ppp - d4]', 'the two that are due for longest');
SELECT is(claimed(:'r2', 9), 'd2 enabled pending [ppp - d2], d3 enabled pending [ppp - d3], d4 enabled pending [ppp - d4]', 'all that are due, a place once');
SELECT is(claimed(:'r2', 9, acc(line_id)), 'd1 enabled pending [ppp - d1]', 'one that is not due, by its id') FROM (SELECT id AS line_id FROM subscriptions WHERE mikrotik_username = 'd1') l;
SELECT is(claimed(:'r2', 9, acc(:'elsewhere')), NULL, 'one of another router is none of it');
SELECT is((SELECT traces FROM account_states WHERE account_id = acc(:'elsewhere')), '{}', 'and no place is written down for it');
SELECT is(claimed(:'r1', 9, acc(:'own')), 'own suspended known [ppp - own]', 'one that is done is known');
UPDATE subscriptions SET mikrotik_username = 'd9' WHERE mikrotik_username = 'd2';
SELECT is(claimed(:'r2', 9), E'd3 enabled pending [ppp - d3], d4 enabled pending [ppp - d4], d9 enabled pending [ppp - d2\nppp - d9]', 'another name is another place');
UPDATE subscriptions SET mikrotik_username = 'd8', status = 'cancelled' WHERE mikrotik_username = 'd9';
SELECT is(claimed(:'r2', 9), E'd3 enabled pending [ppp - d3], d4 enabled pending [ppp - d4], d8 absent pending [ppp - d2\nppp - d9]', 'one that leaves comes to no new place');
UPDATE subscriptions SET router_id = :'r3', mikrotik_username = 'd7' WHERE mikrotik_username = 'd3';
SELECT is(claimed(:'r2', 9, (SELECT id FROM mikrotik_secrets WHERE username = 'd7')), 'd7 absent pending [ppp - d3]', 'nor one that moves, on its old router');
SELECT is((SELECT password_place FROM account_claim(:'r1', 1, acc(:'a'))), 'subscriptions:' || :'a' || ':mikrotik_password', 'the password is that of the line');
UPDATE mikrotik_secrets SET password = 'y' WHERE subscription_id = :'a';
SELECT is((SELECT password || ' ' || password_place FROM account_claim(:'r1', 1, acc(:'a'))), 'y mikrotik_secrets:' || acc(:'a') || ':password', 'or its own');
UPDATE mikrotik_secrets SET password = NULL WHERE subscription_id = :'a';

-- Results: of each account by itself, on this router.
SELECT done(r) FROM unnest(ARRAY[:'r1', :'r2', :'r3']::uuid[]) r \g /dev/null
UPDATE account_states SET due_at = now() WHERE generation > synced_generation;
SELECT done(r) FROM unnest(ARRAY[:'r1', :'r2', :'r3', :'r2']::uuid[]) r \g /dev/null
DELETE FROM router_acts;
SELECT a_line('e1', jsonb_build_object('router_id', :'r2')) AS e1, a_line('e2', jsonb_build_object('router_id', :'r2')) AS e2, a_line('e3', jsonb_build_object('router_id', :'r2')) AS e3 \gset
CREATE FUNCTION outcome(VARIADIC lines uuid[]) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', m.username, s.generation || '/' || s.synced_generation, s.sync_state, s.sync_error, CASE WHEN s.kick THEN 'kick' END, 'tries', s.attempts, s.traces, CASE WHEN s.due_at > now() THEN 'later' END, CASE WHEN s.synced_at IS NULL THEN 'never' END), ', ' ORDER BY m.username)
	  FROM mikrotik_secrets m JOIN account_states s ON s.account_id = m.id WHERE m.subscription_id = ANY (lines) $$;
UPDATE account_states SET kick = true WHERE account_id IN (acc(:'e1'), acc(:'e2'), acc(:'e3'));
SELECT result(:'r2', of(acc(:'e1'), 1, '{"ok": true, "traces": ["ppp - e1"], "error": "odd"}'), of(acc(:'e2'), 1, '{"ok": false, "error": "no"}')) \g /dev/null
SELECT is(outcome(:'e1', :'e2', :'e3'), 'e1 1/1 synced odd tries 0 {"ppp - e1"}, e2 1/0 failed no kick tries 1 {} later never, e3 1/0 pending kick tries 0 {} never', 'one succeeds with a warning, one fails, one is not named');
UPDATE mikrotik_secrets SET comment = 'x' WHERE subscription_id IN (:'e1', :'e2');
UPDATE account_states SET kick = true WHERE account_id = acc(:'e1');
SELECT result(:'r2', of(acc(:'e1'), 1), of(acc(:'e2'), 1, '{"ok": false, "error": "old"}')) \g /dev/null
SELECT is(outcome(:'e1', :'e2'), 'e1 2/1 pending kick tries 0 {"ppp - e1"}, e2 2/0 pending kick tries 0 {} never', 'results of before a change leave it due, with its kick');
SELECT result(:'r2', of(acc(:'e1'), 2), of(acc(:'e2'), 2, '{"ok": false, "error": "no"}')), result(:'r2', of(acc(:'e2'), 2, '{"ok": false, "error": "still no"}')) \g /dev/null
SELECT result(:'r2', of(acc(:'e1'), 1, '{"ok": false, "error": "late"}')), result(:'r1', of(acc(:'e3'), 1), of(acc(:'e2'), 2)) \g /dev/null
SELECT is(outcome(:'e1', :'e2', :'e3'), 'e1 2/2 synced tries 0 {"ppp - e1"}, e2 2/0 failed still no kick tries 2 {} later never, e3 1/0 pending kick tries 0 {} never', 'one that comes late counts for nothing, nor that of another router');
-- Acts of the router are in the history of the line: a success once for each change, a failure once until the next success.
SELECT results_eq($$ SELECT s.mikrotik_username, r.name, a.act, a.detail, l.action FROM router_acts a JOIN subscriptions s ON s.id = a.subscription_id JOIN router_settings r ON r.id = a.router_id LEFT JOIN billing_logs l ON l.id = a.log_id ORDER BY a.id $$,
	$$ VALUES ('e1', 'R2', 'enabled', 'odd', 'created'), ('e2', 'R2', 'failed', 'no', 'created'), ('e1', 'R2', 'enabled', NULL, 'created'), ('e2', 'R2', 'failed', 'no', 'created') $$, 'acts of a router');
DELETE FROM router_acts;
UPDATE mikrotik_secrets SET disabled = true WHERE subscription_id = :'e1';
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'e3';
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'e2';
INSERT INTO billing_logs (subscription_id, action, message, created_at) VALUES (:'e1', 'suspended', 'old', now() - interval '1 day'), (:'e1', 'paid', 'no change of service', now() + interval '1 minute'),
	(:'e1', 'activated', 'newest', now() + interval '1 second'), (:'e3', 'suspended', 'another line', now() + interval '1 hour');
INSERT INTO mikrotik_secrets (router_id, username, service, password) VALUES (:'r2', 'alone', 'pppoe', 'x');
SELECT done(:'r2') \g /dev/null
SELECT results_eq($$ SELECT s.mikrotik_username, a.act, l.message FROM router_acts a JOIN subscriptions s ON s.id = a.subscription_id LEFT JOIN billing_logs l ON l.id = a.log_id AND l.message IN ('newest', 'another line') ORDER BY 1 $$,
	$$ VALUES ('e1', 'disabled', 'newest'), ('e3', 'disabled', 'another line') $$, 'with the newest change of its own line');
SELECT result(:'r2', of(acc(:'e1'), 3)) \g /dev/null
SELECT is(count(*), 2::bigint, 'the same result again is no act') FROM router_acts;
UPDATE subscriptions SET router_id = :'r3' WHERE id = :'e1';
DELETE FROM router_acts;
SELECT done(:'r3') \g /dev/null
SELECT woken() \g /dev/null
UPDATE mikrotik_secrets SET comment = 'z' WHERE subscription_id = :'e1';
SELECT done(:'r3') \g /dev/null
SELECT is(woken(), 'R2 R3', 'an old router is woken when the new one has the account');
SELECT done(:'r2') \g /dev/null
SELECT is((SELECT string_agg(act || ' ' || r.name, ', ' ORDER BY a.id) FROM router_acts a JOIN router_settings r ON r.id = a.router_id), 'disabled R3, disabled R3, removed R2', 'it leaves the old one');
SELECT result(:'r3', of(acc(:'e1'), 2)) \g /dev/null
SELECT is(woken(), NULL, 'then nobody is');
-- Two at a time do not wait for each other in a circle: results lock the rows of their router first, in order.
SELECT is(locks(format('SELECT result(%L, of(%L, 0))', :'r3', acc(:'e1')), format('account_states WHERE account_id = %L', acc(s))), wanted, what) FROM (VALUES (:'e1'::uuid, true, 'also those whose result comes late'), (:'e3', false, 'and no other')) AS t (s, wanted, what);

-- Hints, of their own accounts.
SELECT account_hints(jsonb_build_array(jsonb_build_object('id', acc(:'e1'), 'hint', '*7'), jsonb_build_object('id', acc(:'e3'), 'hint', NULL))) \g /dev/null
SELECT is((SELECT string_agg(username || ' ' || coalesce(mikrotik_id, '-'), ', ' ORDER BY username) FROM mikrotik_secrets WHERE username IN ('e1', 'e3', 'a')), 'a *1, e1 *7, e3 -', 'where an object was last seen');

-- Objects that another account may take over.
CREATE FUNCTION stale(r uuid, line uuid, name text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', n, is_in_service, has_other_name) FROM account_stale(r, jsonb_build_array(jsonb_build_object('n', 7, 'id', acc(line), 'name', name))) $$;
SELECT a_line('f1', jsonb_build_object('router_id', :'r2')) AS f1, a_line('f2', jsonb_build_object('router_id', :'r2')) AS f2 \gset
SELECT is(stale(:'r2', :'f1', 'f1'), NULL, 'not that of an account in its place');
SELECT is(stale(:'r2', :'f1', 'x'), '7 t t', 'one with another name, in service');
SELECT is(stale(:'r3', :'f1', 'f1') || ', ' || stale(:'r3', :'f1', 'x'), '7 f f, 7 f t', 'one on a router where it does not belong');
UPDATE mikrotik_secrets SET disabled = true WHERE subscription_id = :'f1';
SELECT is(stale(:'r2', :'f1', 'x'), NULL, 'not one that is switched off: nobody waits for its new object');
UPDATE mikrotik_secrets SET disabled = false WHERE subscription_id = :'f1';
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'f1';
SELECT is(stale(:'r2', :'f1', 'x'), NULL, 'nor one that is suspended');
INSERT INTO mikrotik_secrets (router_id, username, service, imported) VALUES (:'r2', 'f3', 'pppoe', true);
SELECT is((SELECT count(*) FROM account_stale(:'r2', jsonb_build_array(jsonb_build_object('n', 1, 'id', id, 'name', 'x')))), 0::bigint, 'nor one whose password nobody knows') FROM mikrotik_secrets WHERE username = 'f3';
UPDATE mikrotik_secrets SET password = 'x' WHERE username = 'f3';
SELECT is((SELECT count(*) FROM account_stale(:'r2', jsonb_build_array(jsonb_build_object('n', 1, 'id', id, 'name', 'x')))), 1::bigint, 'known, it may') FROM mikrotik_secrets WHERE username = 'f3';

-- Findings of a nightly check: each difference, profile and stray is a job once, and wakes the router.
SELECT done(r) FROM unnest(ARRAY[:'r1', :'r2', :'r3']::uuid[]) r \g /dev/null
SELECT woken() \g /dev/null
CREATE FUNCTION finds(r uuid, accounts uuid[] DEFAULT '{}', packages uuid[] DEFAULT '{}', strays jsonb DEFAULT '[]') RETURNS text LANGUAGE sql AS $$
	SELECT format('%s %s %s', different, profiles, misplaced) FROM account_found(r, to_jsonb(accounts), to_jsonb(packages), strays) $$;
CREATE FUNCTION stray(line uuid, name text, kind text DEFAULT 'pppoe') RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_array(jsonb_build_object('id', acc(line), 'service', kind, 'name', name)) $$;
UPDATE account_states SET sync_error = 'warned', attempts = 3 WHERE account_id IN (acc(:'f2'), acc(:'a'));
SELECT is(finds(:'r2', ARRAY[acc(:'f2')]) || ' ' || woken(), '1 0 0 R2', 'a difference');
SELECT is(outcome(:'f2') || ', ' || outcome(:'a') LIKE 'f2 2/1 pending tries 0%a %synced warned tries 3%', true, 'is a job of its own account');
SELECT is(finds(:'r2', '{}', ARRAY[pkg('P')]) || ' ' || woken(), '0 1 0 R2', 'a profile');
SELECT is((SELECT string_agg(concat_ws(' ', r.name, generation, synced_generation, sync_state), ', ' ORDER BY r.name) FROM profile_states s JOIN router_settings r ON r.id = s.router_id WHERE package_id = pkg('P')), 'R1 1 1 synced, R2 2 1 pending, R3 1 1 synced', 'one router''s state alone');
SELECT is(finds(:'r2', '{}', '{}', stray(:'a', 'a')) || ' ' || woken(), '0 0 1 R2', 'a stray');
SELECT is(jobs(acc(:'a')), 'R1 10/10 synced, (R2 1/0 pending)', 'has to leave');
SELECT is(finds(:'r2', '{}', '{}', stray(:'a', 'a')), '0 0 0', 'once');
SELECT is(finds(:'r2', '{}', '{}', stray(:'a', 'a', 'hotspot')), '0 0 1', 'from each menu');
SELECT is(jobs(acc(:'a')), 'R1 10/10 synced, (R2 2/0 pending)', 'a second place is a change');
SELECT is(woken(), 'R2', 'that wakes its router');
SELECT is(finds(:'r2') || coalesce(woken(), ''), '0 0 0', 'nothing wakes nobody');
SELECT is(finds(:'r3', '{}', '{}', stray(:'e2', 'e2')), '0 0 1', 'an account that was removed is a stray');
SELECT is((SELECT present FROM account_states WHERE account_id = acc(:'e2') AND router_id = :'r3'), false, 'not present where it never lived');
SELECT is(locks(format('SELECT finds(%L, ARRAY[%L]::uuid[], ''{}'', stray(%L, ''f1''))', :'r2', acc(:'f2'), :'f1'), format('account_states WHERE account_id = %L', acc(s))), wanted, what) FROM (VALUES (:'f1'::uuid, true, 'a stray is locked first'), (:'f2', true, 'so is a difference'), (:'e3', false, 'and no other')) AS t (s, wanted, what);

-- Accounts that a comparison covers.
CREATE FUNCTION compared(r uuid) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(username || ' ' || wanted, ', ' ORDER BY username) FROM account_compared(r) $$;
SELECT router('R9') AS r9 \gset
SELECT a_line('g1', jsonb_build_object('router_id', :'r9')) AS g1, a_line('g2', jsonb_build_object('router_id', :'r9')) AS g2, a_line('g3', jsonb_build_object('router_id', :'r9')) AS g3, a_line('g4', jsonb_build_object('router_id', :'r9')) AS g4 \gset
SELECT done(:'r9') \g /dev/null
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'g2';
UPDATE subscriptions SET router_id = :'r1' WHERE id = :'g3';
SELECT is(compared(:'r9'), 'g1 enabled, g2 absent, g3 absent, g4 enabled', 'those that should be there, and those that have still to leave');
UPDATE account_states SET synced_generation = generation, sync_state = 'synced' WHERE account_id IN (acc(:'g2'), acc(:'g3'));
UPDATE mikrotik_secrets SET imported = true WHERE subscription_id IN (:'g1', :'g4');
UPDATE account_states SET synced_at = created_at, synced_generation = generation, sync_state = 'synced' WHERE account_id IN (acc(:'g1'), acc(:'g4'));
UPDATE mikrotik_secrets SET disabled = true WHERE subscription_id = :'g4';
SELECT is(compared(:'r9'), 'g4 suspended', 'not what has left, nor what stands as it was found and is on');
SELECT finish();
ROLLBACK;
