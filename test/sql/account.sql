-- Accounts and jobs: from a change to a job, claims, results, breakers.
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();

-- without a router
SELECT router('R0', false) AS r0 \gset
SELECT bare() AS s \gset
SELECT is(wanted(:'s'), 'pppoe enabled on none', 'created all the same');
SELECT is(shown(:'s'), 'pending: no active router', 'and says why it waits');
SELECT is(jobs(acc(:'s')), NULL, 'no job yet');
SELECT router('R1') AS r1 \gset
SELECT is(wanted(:'s'), 'pppoe enabled on R1', 'the first active one takes it');
SELECT is(jobs(acc(:'s')), 'R1 1/0 pending', 'with a job');
SELECT is(count(*), 1::bigint, 'and asks for the profile') FROM profile_claim(:'r1', NULL);
SELECT router('R2') AS r2 \gset

-- a job is a generation
SELECT is(traces, 'ppp - ' || username, 'where it may come to stand is written down first') FROM account_claim(:'r1', 10, NULL);
SELECT is(known, false, 'it was not there yet') FROM account_claim(:'r1', 10, NULL);
SELECT is(done(:'r1'), 1::bigint, 'claimed');
SELECT is(jobs(acc(:'s')), 'R1 1/1 synced', 'done');
SELECT is(done(:'r1'), 0::bigint, 'once');
UPDATE subscriptions SET end_date = end_date + 30 WHERE id = :'s';
SELECT is(jobs(acc(:'s')), 'R1 1/1 synced', 'nothing a router would notice: no job');
UPDATE subscriptions SET comment = 'x' WHERE id = :'s';
SELECT is(jobs(acc(:'s')), 'R1 2/1 pending', 'the comment is on the router, and nobody is kicked for it');
UPDATE subscriptions SET mikrotik_password = 'y' WHERE id = :'s';
SELECT is(jobs(acc(:'s')), 'R1 3/1 pending kick', 'the password: kick');
SELECT account_results(:'r1', jsonb_build_array(jsonb_build_object('id', acc(:'s'), 'generation', 2, 'ok', true))) \g /dev/null
SELECT is(jobs(acc(:'s')), 'R1 3/2 pending kick', 'a stale job cannot win: the newer change stays due');
SELECT done(:'r1', false, 'no such thing') \g /dev/null
SELECT is(shown(:'s'), 'failed: no such thing', 'a failure says why');
SELECT is(done(:'r1'), 0::bigint, 'and waits');
SELECT ok(due_at BETWEEN clock_timestamp() AND clock_timestamp() + interval '1 second', 'a second at first')
  FROM account_states WHERE account_id = acc(:'s');
SELECT is(array_agg(backoff(n, '1 second', '15 minutes')::text ORDER BY n), '{00:00:01,00:00:02,00:00:04,00:08:32,00:15:00,00:15:00}',
	'1, 2, 4 … 15 minutes') FROM unnest('{0,1,2,9,10,99}'::int[]) n;
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'s';
SELECT is(jobs(acc(:'s')), 'R1 4/2 pending kick', 'a change is due at once, whatever failed before');
SELECT is(wanted_states(:'r1'), 'u1 suspended', 'the wanted state is read when the worker acts');
SELECT done(:'r1') \g /dev/null
SELECT is(jobs(acc(:'s')), 'R1 4/4 synced', 'all kicks done with it');
UPDATE subscriptions SET suspend_reason = 'manual' WHERE id = :'s';
SELECT is(jobs(acc(:'s')), 'R1 4/4 synced', 'another reason is not another state');

-- a switch thrown by hand holds until the subscription's next turn
UPDATE subscriptions SET status = 'active', suspend_reason = NULL WHERE id = :'s';
UPDATE mikrotik_secrets SET disabled = true WHERE subscription_id = :'s';
SELECT is(wanted_states(:'r1'), 'u1 suspended', 'switched off by hand');
UPDATE subscriptions SET comment = 'y' WHERE id = :'s';
SELECT is(wanted(:'s'), 'pppoe enabled disabled on R1', 'and stays so');
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'s';
UPDATE subscriptions SET status = 'active', suspend_reason = NULL WHERE id = :'s';
SELECT is(wanted_states(:'r1'), 'u1 enabled', 'until it is activated');
SELECT done(:'r1') \g /dev/null

-- moves
UPDATE subscriptions SET router_id = :'r2' WHERE id = :'s';
SELECT is(jobs(acc(:'s')), '(R1 10/9 pending), R2 1/0 pending', 'on the new one, off the old one');
SELECT is(done(:'r1'), 0::bigint, 'but not before the new one has it');
SELECT done(:'r2') \g /dev/null
SELECT is(wanted_states(:'r1'), 'u1 absent', 'then');
UPDATE subscriptions SET router_id = :'r1' WHERE id = :'s';
SELECT is(jobs(acc(:'s')), 'R1 11/9 pending, (R2 2/1 pending)', 'and back');
SELECT done(:'r1'), done(:'r2') \g /dev/null
SELECT is(jobs(acc(:'s')), 'R1 11/11 synced', 'a trace that was left is forgotten');
UPDATE subscriptions SET router_id = :'r2', status = 'suspended', suspend_reason = 'manual' WHERE id = :'s';
SELECT is(wanted_states(:'r1'), 'u1 absent', 'no customer is served meanwhile: at once');
SELECT done(:'r1'), done(:'r2') \g /dev/null
SELECT is(shown(:'s'), 'synced', 'moved');

-- Moved to a router that never answered, and back: it was shown as failed there until that would answer.
SELECT router('Nowhere') AS r3 \gset
UPDATE subscriptions SET router_id = :'r3' WHERE id = :'s';
UPDATE subscriptions SET router_id = :'r2' WHERE id = :'s';
SELECT is(jobs(acc(:'s')) LIKE 'R2 %', true, 'an account without a command has nothing to leave');
SELECT sub(person(), jsonb_build_object('mikrotik_username', 'lost', 'router_id', :'r3')) AS lost \gset
SELECT is(router_is_due(:'r3'), true, 'it has work');
SELECT router_broken(:'r3', 'refused', 10) \g /dev/null
UPDATE subscriptions SET status = 'cancelled', suspend_reason = NULL WHERE id = :'lost';
SELECT is(shown(:'lost'), 'synced', 'nor to remove');
SELECT done(:'r3') \g /dev/null
SELECT is(router_is_due(:'r3'), false, 'and no work left');
SELECT lives_ok(format('SELECT router_remove(%L)', :'r3'), 'so it can be deleted');
SELECT done(:'r2') \g /dev/null

-- cancelled, and the name again
UPDATE subscriptions SET status = 'cancelled', suspend_reason = NULL WHERE id = :'s';
SELECT is(wanted(:'s'), 'pppoe absent disabled on R2 removed', 'its account is gone');
SELECT sub(person(), jsonb_build_object('mikrotik_username', 'u1', 'router_id', :'r2')) AS t \gset
SELECT is(wanted_states(:'r2'), 'u1 absent, u1 enabled', 'the name is free at once, both jobs stand');
SELECT is((SELECT string_agg(format('%s %s', n, is_in_service), ', ' ORDER BY n)
             FROM account_stale(:'r2', jsonb_build_array(jsonb_build_object('n', 0, 'id', acc(:'s'), 'name', 'u1'),
                                                         jsonb_build_object('n', 1, 'id', acc(:'t'), 'name', 'u1'),
                                                         jsonb_build_object('n', 2, 'id', acc(:'t'), 'name', 'u0'),
                                                         jsonb_build_object('n', 3, 'id', 'nonsense', 'name', 'u1')))),
	'0 f, 2 t', 'the trace that the first left may be taken over, and the one that the second should leave');
SELECT done(:'r2') \g /dev/null
SELECT throws_ok($$SELECT sub(person(), '{"mikrotik_username": "u1"}')$$, 'IS422', NULL, 'once');
SELECT bare() AS y \gset
SELECT throws_ok(format($$UPDATE subscriptions SET mikrotik_username = 'u1' WHERE id = %L$$, :'y'), '23505', NULL, 'the owner''s connection is refused, too');

-- accounts that stand alone
INSERT INTO mikrotik_secrets (router_id, username, service, imported) VALUES (:'r1', 'found', 'pppoe', true) RETURNING id AS found \gset
SELECT is(jobs(:'found'), 'R1 1/1 synced', 'imported: nothing to do');
SELECT is(format('%s %s', known, imported), 't t', 'it is there, without a mark') FROM account_claim(:'r1', 1, :'found');
INSERT INTO mikrotik_secrets (router_id, username, service, password) VALUES (:'r1', 'made', 'pppoe', 'x') RETURNING id AS made \gset
SELECT is(jobs(:'made'), 'R1 1/0 pending', 'made here: a job');
SELECT sub(person(), '{"mikrotik_username": "found"}') AS s \gset
SELECT is(acc(:'s'), :'found', 'a subscription of that name takes the account');
UPDATE account_states SET created_at = created_at - interval '1 minute' WHERE account_id = :'found'; -- one transaction has one now()
SELECT done(:'r1') \g /dev/null
SELECT is(format('%s %s', known, imported), 't f', 'from then on it has one') FROM account_claim(:'r1', 1, :'found');
SELECT throws_ok(format('UPDATE subscriptions SET mikrotik_username = %L WHERE id = %L', 'made', :'s'), 'IS422', NULL,
	'a name that is taken');
SELECT account_remove(:'made') \g /dev/null
SELECT is((SELECT wanted FROM account_claim(:'r1', 1, :'made')), 'absent', 'removed by hand');
SELECT throws_ok(format('SELECT account_remove(%L)', :'found'), 'IS409', NULL, 'not one of a subscription');

-- A key that is rotated is no new password: every subscriber was thrown out by it.
SELECT done(:'r1'), done(:'r2') \g /dev/null
SELECT jobs(acc(:'s')) AS before \gset
SELECT is(seal_replace('subscriptions:' || id || ':mikrotik_password', mikrotik_password, 'sealed anew'), true, 'sealed anew') FROM subscriptions WHERE id = :'s';
SELECT is(jobs(acc(:'s')), :'before', 'a change that no router need know makes no job');
INSERT INTO router_states (router_id, failures) VALUES (:'r1', 3) ON CONFLICT (router_id) DO UPDATE SET failures = 3;
SELECT seal_replace('router_settings:' || id || ':password', password, 'sealed anew') FROM router_settings WHERE id = :'r1' \g /dev/null
SELECT is(failures, 3, 'nor is a router right again by it') FROM router_states WHERE router_id = :'r1';
UPDATE subscriptions SET mikrotik_password = 'another' WHERE id = :'s';
SELECT is(jobs(acc(:'s')) LIKE '% pending kick', true, 'a later change is');

-- packages
SELECT done(:'r1'), done(:'r2') \g /dev/null
UPDATE packages SET price = 1 WHERE name = 'P';
SELECT is(count(*), 0::bigint, 'a price is no business of a router') FROM profile_claim(:'r1', NULL);
UPDATE packages SET bandwidth = '11M/11M' WHERE name = 'P';
SELECT is(count(*), 1::bigint, 'a rate is') FROM profile_claim(:'r1', NULL);
SELECT is(wanted_states(:'r1'), NULL, 'and kicks nobody');
SET LOCAL isp.kick = 'on';
UPDATE packages SET bandwidth = '12M/12M' WHERE name = 'P';
SET LOCAL isp.kick = 'off';
SELECT is(jobs(acc(:'s')), 'R1 4/3 pending kick', 'unless asked to');
SELECT done(:'r1') \g /dev/null
UPDATE packages SET updated_at = now() WHERE name = 'P';
SELECT is(jobs(acc(:'s')), 'R1 4/4 synced', 'saved as it is: nothing');
SET LOCAL isp.kick = 'on';
UPDATE packages SET updated_at = now() WHERE name = 'P';
SET LOCAL isp.kick = 'off';
SELECT is(jobs(acc(:'s')), 'R1 5/4 pending kick', 'a kick asked for after the change comes');
SELECT sub(person(), jsonb_build_object('package_id', pkg('S'), 'remote_address', '10.0.0.5', 'router_id', :'r1')) AS x \gset
SELECT done(:'r1') \g /dev/null
UPDATE packages SET burst = '9M/9M' WHERE name = 'S';
SELECT is(jobs(acc(:'x')), 'R1 2/1 pending', 'queues carry the rates themselves');
SELECT throws_ok(format($$SELECT sub(person(), '{"package_id": "%s", "remote_address": "10.0.0.5", "router_id": "%s"}')$$, pkg('S'), :'r1'),
	'23505', NULL, 'one static account an address');
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'x';
SELECT sub(person(), jsonb_build_object('package_id', pkg('S'), 'remote_address', '10.0.0.5', 'router_id', :'r1')) AS y \gset
SELECT is((SELECT taken FROM account_claim(:'r1', 9, acc(:'x'))), '10.0.0.5', 'the account that leaves knows that its address is taken');
SELECT is((SELECT taken FROM account_claim(:'r1', 9, acc(:'y'))), NULL, 'the one that took it does not');
SELECT done(:'r1') \g /dev/null
-- An account that moved to another address leaves the block of its old one, which is another's now: that one is off.
UPDATE subscriptions SET remote_address = '10.0.0.6' WHERE id = :'y';
SELECT done(:'r1') \g /dev/null
SELECT sub(person(), jsonb_build_object('package_id', pkg('S'), 'remote_address', '10.0.0.5', 'router_id', :'r1')) AS z \gset
SELECT is((SELECT shared FROM account_claim(:'r1', 9, acc(:'y'))), NULL, 'an address in service is blocked for nobody');
UPDATE mikrotik_secrets SET disabled = true WHERE subscription_id = :'z';
SELECT is((SELECT shared FROM account_claim(:'r1', 9, acc(:'y'))), '10.0.0.5', 'switched off by hand, it stays blocked');
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'z';
SELECT is((SELECT shared FROM account_claim(:'r1', 9, acc(:'y'))), '10.0.0.5', 'as it does for debt');
SELECT done(:'r1') \g /dev/null

-- policies
UPDATE subscriptions SET status = 'expired' WHERE id = :'s';
SELECT is(wanted(:'s'), 'pppoe suspended disabled on R1', 'expired is as suspended');
UPDATE settings SET remove_expired = true;
SELECT is(wanted(:'s'), 'pppoe absent disabled on R1', 'or removed');
UPDATE settings SET remove_expired = false;
SELECT done(:'r1') \g /dev/null
UPDATE settings SET suspend_mode = 'isolate';
SELECT is(jobs(acc(:'s')) LIKE '% pending kick', true, 'another way of suspending: done again');
SELECT is((SELECT isolation FROM account_claim(:'r1', 9, acc(:'s'))), 'isolated', 'with that profile');
UPDATE settings SET suspend_mode = 'disable';

-- breakers
SELECT router_broken(:'r1', 'router R1 refused the connection: x', 10) \g /dev/null
SELECT is(shown(:'s'), 'failed: router R1 refused the connection: x', 'all that waits says why');
SELECT is(wait_ms > 8000, true, 'the next probe') FROM router_work() WHERE router_id = :'r1';
UPDATE subscriptions SET comment = 'z' WHERE id = :'s';
SELECT is(shown(:'s'), 'pending', 'a new change');
SELECT router_fail_waiting() \g /dev/null
SELECT is(shown(:'s'), 'failed: router R1 refused the connection: x', 'does not wait for the probe to say so');
SELECT router_healthy(:'r1', '7.20') \g /dev/null
SELECT is(wait_ms, 0::bigint, 'back: all is due') FROM router_work() WHERE router_id = :'r1';
UPDATE router_settings SET is_active = false WHERE id = :'r1';
SELECT is(count(*), 0::bigint, 'inactive: no work') FROM router_work() WHERE router_id = :'r1';
UPDATE subscriptions SET comment = 'w' WHERE id = :'s';
SELECT is(shown(:'s'), 'pending: R1 is not active', 'its jobs wait and say so');
UPDATE router_settings SET is_active = true WHERE id = :'r1';
SELECT done(:'r1') \g /dev/null
UPDATE router_settings SET host = 'elsewhere' WHERE id = :'r1';
SELECT is(jobs(acc(:'s')) LIKE 'R1 % pending', true, 'at a new address all is looked at again, without a kick');
SELECT done(:'r1') \g /dev/null
SELECT router('R8') AS r8 \gset
UPDATE subscriptions SET router_id = :'r8' WHERE id = :'s';
SELECT router_broken(:'r1', 'R1 is away; why?', 10), router_broken(:'r8', 'R8 too', 10) \g /dev/null
SELECT is(shown(:'s'), E'failed: R8 too\nR1 is away; why?', 'the reason of each router is a line');
SELECT router_healthy(:'r1', '7.20'), router_healthy(:'r8', '7.20') \g /dev/null

-- the nightly check: what is compared, and what it found becomes jobs, each once
SET isp.timezone = 'Asia/Jakarta';
SELECT is(router_night('2026-03-02 02:59:59+07'), '2026-03-01'::date, 'the night begins at three');
SELECT is(router_night('2026-03-02 03:00+07'), '2026-03-02'::date, 'the night of the town, in any time zone of the database');
RESET isp.timezone;
SELECT router('C1') AS c1, router('C2') AS c2 \gset
CREATE FUNCTION compared(r uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(username || ' ' || wanted, ', ' ORDER BY username) FROM account_compared(r) $$;
CREATE FUNCTION finds(r uuid, accounts uuid[], packages uuid[] DEFAULT '{}', strays jsonb DEFAULT '[]') RETURNS text LANGUAGE sql AS $$
	SELECT format('%s %s %s', different, profiles, misplaced)
	  FROM account_found(r, to_jsonb(accounts), to_jsonb(packages), strays) $$;
CREATE FUNCTION stray(a uuid, name text, service text DEFAULT 'pppoe') RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_array(jsonb_build_object('id', a, 'service', service, 'name', name)) $$;
SELECT is(compared(:'c1'), NULL, 'an empty router has nothing to compare');
SELECT is(finds(:'c1', '{}'), '0 0 0', 'nothing found, nothing made');
SELECT sub(person(), jsonb_build_object('mikrotik_username', 'n1', 'router_id', :'c1')) AS n1 \gset
SELECT sub(person(), jsonb_build_object('mikrotik_username', 'n2', 'router_id', :'c1')) AS n2 \gset
SELECT is(compared(:'c1'), 'n1 enabled, n2 enabled', 'accounts with a job are compared, too');
SELECT done(:'c1') \g /dev/null
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'n2';
SELECT done(:'c1') \g /dev/null
INSERT INTO mikrotik_secrets (router_id, username, imported) VALUES (:'c1', 'a-found', true);
UPDATE account_states SET created_at = created_at - interval '1 day', synced_at = created_at - interval '1 day'
 WHERE account_id = (SELECT id FROM mikrotik_secrets WHERE username = 'a-found');
SELECT is(compared(:'c1'), 'n1 enabled, n2 suspended', 'all accounts of the router; an import is left as it was found');
UPDATE mikrotik_secrets SET comment = 'ours now' WHERE username = 'a-found';
SELECT done(:'c1') \g /dev/null
SELECT is(compared(:'c1'), 'a-found enabled, n1 enabled, n2 suspended', 'until it is changed here');
SELECT finds(:'c1', ARRAY[acc(:'n1')]) AS found, jobs(acc(:'n1')) AS jobs, jobs(acc(:'n2')) AS other \gset
SELECT is(:'found'::text, '1 0 0', 'different');
SELECT is(:'jobs'::text, 'C1 2/1 pending', 'is a job, and nobody is kicked for it');
SELECT is(:'other'::text, 'C1 2/2 synced', 'the others stay');
SELECT is(finds(:'c1', ARRAY[acc(:'n1')]), '0 0 0', 'one is enough');
SELECT is(finds(:'c2', ARRAY[acc(:'n1')]), '0 0 0', 'and on another router it is not looked for');
SELECT done(:'c1') \g /dev/null
SELECT is(finds(:'c1', '{}', ARRAY[pkg('P')]), '0 1 0', 'a profile');
SELECT is(finds(:'c1', '{}', ARRAY[pkg('P')]), '0 0 0', 'once');
SELECT is(count(*), 1::bigint, 'is a job as well') FROM profile_claim(:'c1', NULL);
SELECT is(finds(:'c2', '{}', ARRAY[pkg('P')]), '0 1 0', 'also where it never was');
SELECT done(:'c1'), done(:'c2') \g /dev/null

-- our marks where they have no business
SELECT is(finds(:'c1', '{}', '{}', stray(acc(:'n1'), 'n1')), '0 0 0', 'an account of that router is not misplaced');
SELECT is(finds(:'c1', '{}', '{}', stray(gen_random_uuid(), 'n1')), '0 0 0', 'nor is an unknown one');
SELECT is(finds(:'c1', '{}', '{}', '[{"id": "x", "service": "pppoe", "name": "n1"}]'), '0 0 0', 'nor a mark that is no id');
SELECT is(finds(:'c2', '{}', '{}', stray(acc(:'n1'), 'a copy')), '0 0 0', 'an object with a mark and another name may be a copy');
SELECT is(finds(:'c2', '{}', '{}', stray(acc(:'n1'), 'n1')), '0 0 1', 'an account of another router is');
SELECT is(jobs(acc(:'n1')), 'C1 2/2 synced, (C2 1/0 pending)', 'and has to leave');
SELECT is(finds(:'c2', '{}', '{}', stray(acc(:'n1'), 'n1')), '0 0 0', 'once');
SELECT is(wanted_states(:'c2'), 'n1 absent', 'it leaves');
SELECT is(traces, 'ppp - n1', 'under that name') FROM account_claim(:'c2', 9, NULL);
SELECT done(:'c2') \g /dev/null
SELECT is(jobs(acc(:'n1')), 'C1 2/2 synced', 'and is forgotten there');
UPDATE subscriptions SET status = 'cancelled', suspend_reason = NULL WHERE id = :'n2';
SELECT done(:'c1') \g /dev/null
SELECT is(finds(:'c1', '{}', '{}', stray(acc(:'n2'), 'n2')), '0 0 1', 'a cancelled account is misplaced everywhere');
SELECT is(wanted_states(:'c1'), 'n2 absent', 'it leaves');
SELECT is(finds(:'c1', '{}', '{}', stray(acc(:'n2'), 'n2', 'hotspot')), '0 0 1', 'and from another menu');
SELECT is(traces LIKE E'ppp - n2\n%hotspot - n2', true, 'in one') FROM account_claim(:'c1', 9, NULL);
SELECT done(:'c1') \g /dev/null
SELECT sub(person(), jsonb_build_object('mikrotik_username', 'n3', 'package_id', pkg('S'), 'issue_invoice', false,
	'remote_address', '10.0.0.77', 'router_id', :'c1')) AS n3 \gset
SELECT done(:'c1') \g /dev/null
SELECT finds(:'c2', '{}', '{}', stray(acc(:'n3'), 'n3', 'static')) \g /dev/null
SELECT is(traces, 'static 10.0.0.77 n3', 'a queue leaves with its address, to be blocked first') FROM account_claim(:'c2', 9, NULL);
SELECT done(:'c2') \g /dev/null
SET ROLE isp_router;
SELECT is(compared(:'c1'), 'a-found enabled, n1 enabled, n3 enabled', 'router-sync may compare');
SELECT is(finds(:'c1', ARRAY[acc(:'n1')], ARRAY[pkg('P')], stray(acc(:'n2'), 'n2')), '1 1 1', 'and make the jobs');
RESET ROLE;
SELECT done(:'c1') \g /dev/null

-- One IPv6 address in two spellings was given to two customers.
SELECT sub(person(), jsonb_build_object('package_id', pkg('S'), 'issue_invoice', false, 'remote_address', '2001:DB8:0::1')) AS v6 \gset
SELECT is(remote_address, '2001:db8::1', 'an address has one spelling') FROM subscriptions WHERE id = :'v6';
SELECT throws_ok($$SELECT sub(person(), jsonb_build_object('package_id', pkg('S'), 'issue_invoice', false, 'remote_address', '2001:db8::0:1'))$$,
	'23505', NULL, 'and one customer');

-- deleting a router
SELECT throws_ok(format('SELECT router_remove(%L)', :'r1'), 'IS409', NULL, 'not with accounts');
SELECT throws_ok('SELECT router_remove(gen_random_uuid())', 'IS404', NULL, 'not what is not');
UPDATE subscriptions SET status = 'cancelled', suspend_reason = NULL WHERE status <> 'cancelled';
SELECT throws_ok(format('SELECT router_remove(%L)', :'r1'), 'IS409', NULL, 'not before they left');
SELECT done(:'r1') \g /dev/null
SELECT lives_ok(format('SELECT router_remove(%L)', :'r1'), 'then');

SELECT is_empty('SELECT * FROM check_accounts()', 'every invariant holds');
SELECT * FROM finish();
ROLLBACK;
