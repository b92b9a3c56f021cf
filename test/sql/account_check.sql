-- Each invariant of accounts, broken alone: it is found, on the account that breaks it, and nothing else is (sql/functions/account_check.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
SELECT router('R1') AS r1, router('R2') AS r2 \gset
CREATE FUNCTION a_line(name text, with_ jsonb DEFAULT '{}') RETURNS uuid LANGUAGE sql AS $$ SELECT bare(jsonb_build_object('mikrotik_username', name) || with_) $$;
CREATE FUNCTION all_done() RETURNS void LANGUAGE sql AS $$ SELECT done(id) FROM router_settings $$;
-- Lines of all kinds, all of them in order.
SELECT a_line('on') AS on, a_line('other') AS other, a_line('fixed', '{"package_id": null, "remote_address": "10.0.0.5"}' || jsonb_build_object('package_id', pkg('S'))) AS fixed,
	a_line('own', '{"profile": "gold", "local_address": "10.0.0.1", "remote_address": "10.0.0.6"}') AS own, a_line('placed', jsonb_build_object('router_id', :'r2')) AS placed,
	a_line('off') AS off, a_line('over') AS over, a_line('ended') AS ended, a_line('moved') AS moved \gset
UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt' WHERE id = :'off';
UPDATE subscriptions SET status = 'expired' WHERE id = :'over';
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'ended';
INSERT INTO mikrotik_secrets (router_id, username, service, imported) VALUES (:'r1', 'alone', 'pppoe', true);
SELECT all_done() \g /dev/null
UPDATE subscriptions SET router_id = :'r2' WHERE id = :'moved';
SELECT is_empty('SELECT * FROM check_accounts()', 'all is in order, also what waits and what has to leave');
-- The triggers would mend what is broken below.
ALTER TABLE mikrotik_secrets DISABLE TRIGGER USER;
ALTER TABLE subscriptions DISABLE TRIGGER USER;

CREATE FUNCTION broken(change text, rule text, subject text, detail text, what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	BEGIN
		EXECUTE change;
		found := (SELECT string_agg(c.rule || ' / ' || c.subject || CASE WHEN broken.detail IS NULL THEN '' ELSE ' / ' || c.detail END, E'\n' ORDER BY c.rule, c.subject) FROM check_accounts() c);
		RAISE EXCEPTION USING ERRCODE = 'TEST0';
	EXCEPTION WHEN SQLSTATE 'TEST0' THEN
	END;
	RETURN is(found, nullif(concat_ws(' / ', rule, subject, detail), ''), what);
END $$;
CREATE FUNCTION account(change text, name text) RETURNS text LANGUAGE sql AS $$ SELECT format('UPDATE mikrotik_secrets SET %s WHERE username = %L', change, name) $$;

SELECT broken($$UPDATE mikrotik_secrets SET subscription_id = NULL, customer_id = NULL WHERE username = 'on'$$, 'every subscription not cancelled has an account', 'on', NULL, 'a line without an account');
SELECT broken(account('removed_at = now(), router_id = router_id', 'on'), 'every subscription not cancelled has an account', 'on', NULL, 'a line whose account is removed');
SELECT broken(account('removed_at = NULL', 'ended'), 'the account of a cancelled subscription is removed', 'ended', NULL, 'an ended line with an account');
SELECT broken(account('wanted = ''suspended''', 'ended'), 'the account of a cancelled subscription is removed', 'ended', NULL, 'one that is still wanted');
SELECT broken(account(change, name), 'an account mirrors its subscription', subject, detail, 'an account with another ' || change) FROM (VALUES
	('username = ''another''', 'on', 'on', 'username another'), ('wanted = ''suspended''', 'on', 'on', 'wanted suspended while active'), ('wanted = ''enabled''', 'off', 'off', 'wanted enabled while suspended'),
	('wanted = ''absent''', 'over', 'over', 'wanted absent while expired'), ('profile = ''gold''', 'on', 'on', 'profile'), ('profile = ''silver''', 'own', 'own', 'profile'),
	('local_address = ''10.0.0.2''', 'on', 'on', 'local_address'), ('local_address = NULL', 'own', 'own', 'local_address'), ('remote_address = ''10.0.0.2''', 'on', 'on', 'remote_address'),
	('remote_address = NULL', 'own', 'own', 'remote_address'), ('service = ''hotspot''', 'on', 'on', 'service hotspot'), ('package_id = NULL', 'on', 'on', 'package')) AS t (change, name, subject, detail);
SELECT broken(format('INSERT INTO profile_states (package_id, router_id) VALUES (%L, %L); %s', pkg('Q'), :'r1', account(format('package_id = %L', pkg('Q')), 'on')), 'an account mirrors its subscription', 'on', 'package', 'an account with another package');
SELECT broken(format('UPDATE subscriptions SET router_id = %L WHERE id = %L', :'r2', :'on'), 'an account mirrors its subscription', 'on', 'router', 'an account on another router than its line');
SELECT broken(format('UPDATE subscriptions SET profile = '''', local_address = '''', remote_address = '''' WHERE id = %L', :'on'), '', NULL, NULL, 'nothing and an empty text are one');
SELECT broken(format('DELETE FROM account_states WHERE account_id = %L', acc(:'on')), 'an account has a state on its router', 'on', NULL, 'an account without a state');
SELECT broken(format('UPDATE account_states SET router_id = %L WHERE account_id = %L', :'r2', acc(:'on')), 'an account has a state on its router', 'on', NULL, 'one with a state on another router only');
SELECT broken(format('UPDATE account_states SET present = false, generation = generation + 1, sync_state = ''pending'' WHERE account_id = %L', acc(:'on')), 'an account has a state on its router', 'on', NULL, 'one that is to leave its own router');
SELECT broken(format('UPDATE account_states SET present = true WHERE account_id = %L', acc(:'moved')), 'an account is meant to be on one router', 'moved', NULL, 'one that is meant to be on two');
SELECT broken(account('router_id = NULL', 'alone'), 'with an active router every account has a router', 'alone', NULL, 'one without a router');
SELECT broken('UPDATE router_settings SET is_active = false; ' || account('router_id = NULL', 'alone'), '', NULL, NULL, 'where there is none, it waits');
SELECT broken(format('UPDATE account_states SET %s WHERE account_id = %L', change, acc(:'on')), 'what is not synced has a job, and the reverse', 'on', detail || ' on ' || :'r1', change) FROM (VALUES
	('sync_state = ''pending''', 'pending at generation 1 of 1'), ('generation = 2', 'synced at generation 1 of 2'), ('synced_generation = 2, sync_state = ''failed''', 'failed at generation 2 of 1')) AS t (change, detail);
SELECT broken(format('UPDATE account_states SET generation = 5, synced_generation = 5, sync_state = ''synced'' WHERE account_id = %L AND NOT present', acc(:'moved')), 'what a router no longer holds has no synced state', 'moved', NULL, 'one that has left and is kept');
SELECT broken(format('DELETE FROM profile_states WHERE package_id = %L AND router_id = %L', pkg('P'), :'r1'), 'every profile in use has a state on its router', 'p', :'r1', 'a profile without a state, once for all its accounts');
SELECT broken(format('INSERT INTO profile_states (package_id, router_id) VALUES (%L, %L); DELETE FROM profile_states WHERE package_id = %L AND router_id = %L', pkg('Q'), :'r1', pkg('P'), :'r1'),
	'every profile in use has a state on its router', 'p', :'r1', 'that of another package is none');
SELECT is_empty(format('SELECT FROM profile_states WHERE package_id = %L', pkg('S')), 'a static account needs no profile');
SELECT finish();
ROLLBACK;
