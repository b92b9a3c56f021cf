-- The work of routers, and when it is due; breakers; acts for lines (sql/functions/router.sql, account_job.sql).
BEGIN;
\ir town.psql
\ir account.psql
SELECT no_plan();
SELECT router('K1') AS k1, router('K2') AS k2 \gset
CREATE FUNCTION line_on(name text, router uuid) RETURNS uuid LANGUAGE sql AS $$
	SELECT bare(jsonb_build_object('mikrotik_username', name, 'router_id', router)) $$;
-- The routers with work, * where it is due now.
CREATE FUNCTION work() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(r.name || CASE WHEN wait_ms = 0 THEN '*' ELSE '' END, ' ' ORDER BY r.name) FROM router_work() w JOIN router_settings r ON r.id = w.router_id $$;
CREATE FUNCTION due() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(name, ' ' ORDER BY name) FROM router_settings WHERE router_is_due(id) $$;
-- The states of accounts and profiles on both.
CREATE FUNCTION states(table_ text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('SELECT string_agg(r.name || '' '' || s.sync_state, '', '' ORDER BY r.name, s.sync_state)
		FROM %I s JOIN router_settings r ON r.id = s.router_id', table_) INTO found;
	RETURN found;
END $$;

SELECT is(work(), NULL, 'no work');
SELECT line_on('a', :'k1') AS a, line_on('b', :'k2') AS b \gset
SELECT is(work() || ', ' || due(), 'K1* K2*, K1 K2', 'a new line is work for its router, now');
SELECT done(:'k1'), done(:'k2') \g /dev/null
SELECT is(work(), NULL, 'done');
-- A profile alone is work, of that router and no other.
INSERT INTO profile_states (package_id, router_id) VALUES (pkg('W'), :'k1');
SELECT is(work() || ', ' || due(), 'K1*, K1', 'a profile is work for its router');
SELECT done(:'k1', false, 'no') \g /dev/null
SELECT is(work(), 'K1', 'a failed one waits');
SELECT is(due(), NULL, 'and is not due');

-- A router that becomes active has its jobs done at once; the others wait on.
INSERT INTO profile_states (package_id, router_id) VALUES (pkg('W'), :'k2');
UPDATE subscriptions SET comment = 'x' WHERE id IN (:'a', :'b');
SELECT done(:'k1', false, 'no'), done(:'k2', false, 'no') \g /dev/null
SELECT is(work(), 'K1 K2', 'both wait');
UPDATE router_settings SET is_active = false WHERE id = :'k1';
UPDATE router_settings SET is_active = true WHERE id = :'k1';
SELECT is(work() || ', ' || due(), 'K1* K2, K1', 'switched off and on: due, and the other is not');
SELECT is((SELECT string_agg(r.name, ' ') FROM account_states s JOIN router_settings r ON r.id = s.router_id WHERE s.attempts = 0 AND s.generation > s.synced_generation), 'K1', 'its accounts');
SELECT is((SELECT string_agg(r.name, ' ') FROM profile_states s JOIN router_settings r ON r.id = s.router_id WHERE s.attempts = 0 AND s.generation > s.synced_generation), 'K1', 'and its profiles');
SELECT done(:'k1') \g /dev/null
UPDATE account_states SET due_at = now();
UPDATE profile_states SET due_at = now();
SELECT done(:'k2') \g /dev/null

-- A breaker fails what waits on that router: not what is done there, nor what waits elsewhere.
SELECT line_on('c', :'k1') AS c, line_on('d', :'k2') AS d \gset
INSERT INTO profile_states (package_id, router_id) VALUES (pkg('D'), :'k1'), (pkg('D'), :'k2');
SELECT router_broken(:'k1', 'gone', 10) \g /dev/null
SELECT is(states('account_states'), 'K1 failed, K1 synced, K2 pending, K2 synced', 'the account that waits on it fails');
SELECT is(states('profile_states') LIKE 'K1 failed, K1 synced, %K2 pending, K2 synced%', true, 'so does the profile');
SELECT is(work(), 'K1 K2*', 'it is probed, the other works');
SELECT router_broken(:'k1', 'gone', 10) \g /dev/null
SELECT is(failures || ' ' || (broken_since = now()) || ' ' || (away_since IS NULL), '2 true true', 'counted, since the first time; reached, it is not away') FROM router_states WHERE router_id = :'k1';
SELECT is((SELECT string_agg(attempts::text, ' ') FROM account_states WHERE account_id = acc(:'c')), '1', 'the same failure again counts no attempt');
SELECT router_healthy(:'k1', '7.1'), router_healthy(:'k1', NULL) \g /dev/null
SELECT is(version, '7.1', 'a version that is not given is the last one') FROM router_states WHERE router_id = :'k1';
SELECT is((SELECT string_agg(name, ' ') FROM router_settings WHERE last_connected_at IS NOT NULL), 'K1', 'it was connected, and no other');
SELECT is(work(), 'K1* K2*', 'all is due');
SELECT done(:'k1'), done(:'k2') \g /dev/null
-- After an outage nothing waits for the end of its own pause.
UPDATE subscriptions SET comment = 'z' WHERE id IN (:'c', :'d');
UPDATE profile_states SET generation = generation + 1, sync_state = 'pending' WHERE package_id = pkg('D');
SELECT done(:'k1', false, 'no'), done(:'k2', false, 'no'), router_broken(:'k1', 'gone', 10), router_healthy(:'k1', '7.1') \g /dev/null
SELECT is(work(), 'K1* K2', 'back: due, and the other waits on');
SELECT is((SELECT string_agg(r.name, ' ') FROM account_states s JOIN router_settings r ON r.id = s.router_id WHERE s.attempts = 0 AND s.generation > s.synced_generation), 'K1', 'its account');
SELECT is((SELECT string_agg(r.name, ' ') FROM profile_states s JOIN router_settings r ON r.id = s.router_id WHERE s.attempts = 0 AND s.generation > s.synced_generation), 'K1', 'and its profile');
UPDATE account_states SET due_at = now();
UPDATE profile_states SET due_at = now();
SELECT done(:'k1'), done(:'k2') \g /dev/null

-- A change of what a session was opened with ends the session; one of words does not, nor does a line switched off,
-- which its router ends itself; where suspended lines are isolated, a switch either way is another profile.
CREATE FUNCTION kicks(s uuid, change text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	found boolean;
BEGIN
	EXECUTE format('UPDATE subscriptions SET %s WHERE id = %L', change, s);
	found := jobs(acc(s)) LIKE '% kick';
	PERFORM done(id) FROM router_settings WHERE is_active;
	RETURN found;
END $$;
SELECT line_on('g', :'k1') AS g \gset
SELECT done(:'k1') \g /dev/null
SELECT is(array_agg(change) FILTER (WHERE kicks(:'g', change)), ARRAY['profile = ''own''', 'mikrotik_username = ''h''', 'remote_address = ''10.7.7.7''', 'package_id = pkg(''W'')'],
	'sessions that end') FROM unnest(ARRAY['comment = ''x''', 'profile = ''own''', 'mikrotik_username = ''h''', 'remote_address = ''10.7.7.7''', 'package_id = pkg(''W'')',
	'status = ''suspended'', suspend_reason = ''debt''', 'status = ''active'', suspend_reason = NULL']) change;
UPDATE settings SET suspend_mode = 'isolate';
SELECT is(kicks(:'g', 'status = ''suspended'', suspend_reason = ''debt''') AND kicks(:'g', 'status = ''active'', suspend_reason = NULL'), true, 'isolated: both ways');
UPDATE settings SET suspend_mode = 'disable';
SELECT done(:'k1'), done(:'k2') \g /dev/null

-- An act for a line stands once a change, with the action that asked for it.
CREATE FUNCTION acts(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(a.act || coalesce(' for ' || l.action, '') || CASE WHEN l.subscription_id <> s THEN ' of another' ELSE '' END, ', ' ORDER BY a.id)
	  FROM router_acts a LEFT JOIN billing_logs l ON l.id = a.log_id WHERE a.subscription_id = s $$;
SELECT line_on('e', :'k1') AS e \gset
SELECT done(:'k1') \g /dev/null
SELECT is(acts(:'e'), 'enabled for created', 'a new line is enabled');
SELECT account_results(:'k1', jsonb_build_array(jsonb_build_object('id', acc(:'e'), 'generation', 1, 'ok', true))) \g /dev/null
SELECT is(acts(:'e'), 'enabled for created', 'the same answer again is no other act');
SELECT subscription_days_add(:'e', 1, NULL, '2026-01-02'), subscription_suspend(:'a', NULL, '2026-01-02'), subscription_suspend(:'e', NULL, '2026-01-02') \g /dev/null
SELECT subscription_cancel(:'b', NULL, '2026-01-02') \g /dev/null
SELECT done(:'k1', false, 'no') \g /dev/null
UPDATE account_states SET due_at = now();
SELECT done(:'k1', false, 'no') \g /dev/null
SELECT is(acts(:'e'), 'enabled for created, failed for suspended', 'a failure stands once');
UPDATE account_states SET due_at = now();
SELECT done(:'k1') \g /dev/null
SELECT is(acts(:'e'), 'enabled for created, failed for suspended, disabled for suspended', 'then the success');
UPDATE subscriptions SET comment = 'y' WHERE id = :'e';
SELECT account_results(:'k1', jsonb_build_array(jsonb_build_object('id', acc(:'e'), 'generation', 1, 'ok', true))) \g /dev/null
SELECT is(acts(:'e') LIKE '%disabled for suspended', true, 'an answer to an older change is none to this one');
SELECT subscription_cancel(:'e', NULL, '2026-01-03') \g /dev/null
SELECT done(:'k1') \g /dev/null
SELECT is(acts(:'e') LIKE '%, removed for cancelled', true, 'removed at its end');

-- An account that should be absent and one that is removed have left: an object of theirs may be taken over.
UPDATE settings SET remove_expired = true;
SELECT line_on('f', :'k1') AS f \gset
UPDATE subscriptions SET status = 'expired' WHERE id = :'f';
SELECT is((SELECT string_agg(n || ' ' || is_in_service || ' ' || has_other_name, ', ' ORDER BY n) FROM account_stale(:'k1', jsonb_build_array(
	jsonb_build_object('n', 1, 'id', acc(:'f'), 'name', 'f'), jsonb_build_object('n', 2, 'id', acc(:'e'), 'name', 'f'),
	jsonb_build_object('n', 3, 'id', acc(:'c'), 'name', 'c'), jsonb_build_object('n', 4, 'id', acc(:'d'), 'name', 'd')))),
	'1 false false, 2 false true, 4 false false', 'absent, removed, of another router; not that of a line in service here');
SELECT done(:'k1'), done(:'k2') \g /dev/null

-- check_accounts() sees what is missing.
CREATE FUNCTION seen(damage text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	BEGIN
		SET LOCAL session_replication_role = replica; -- no triggers: damage, not business
		EXECUTE damage;
		SET LOCAL session_replication_role = origin;
		SELECT string_agg(DISTINCT rule || ': ' || subject, ', ') INTO found FROM check_accounts();
		RAISE EXCEPTION USING ERRCODE = 'ZZ001';
	EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
		RETURN found;
	END;
END $$;
SELECT is_empty('SELECT * FROM check_accounts()', 'every invariant holds');
SELECT is(seen(format('DELETE FROM profile_states WHERE package_id = pkg(''P'') AND router_id = %L', :'k1')), 'every profile in use has a state on its router: p', 'a profile');
SELECT is(seen(format('DELETE FROM account_states WHERE account_id = %L', acc(:'c'))), 'an account has a state on its router: c', 'a state');
SELECT is(seen(format('DELETE FROM mikrotik_secrets WHERE id = %L', acc(:'c'))) LIKE 'every subscription not cancelled has an account: c%', true, 'an account');
SELECT is(seen(format('UPDATE mikrotik_secrets SET router_id = NULL WHERE id = %L', acc(:'c'))) LIKE '%with an active router every account has a router: c%', true, 'a router');
SELECT is(seen(format('UPDATE mikrotik_secrets SET removed_at = NULL WHERE id = %L', acc(:'e'))) LIKE '%the account of a cancelled subscription is removed: e%', true, 'an account that stayed');
SELECT is(seen(format('UPDATE mikrotik_secrets SET profile = ''other'' WHERE id = %L', acc(:'c'))), 'an account mirrors its subscription: c', 'another profile');
SELECT is(seen(format('UPDATE account_states SET sync_state = ''failed'' WHERE account_id = %L', acc(:'c'))), 'what is not synced has a job, and the reverse: c', 'a failure without a job');
SELECT is(seen(format('INSERT INTO account_states (account_id, router_id, present, generation, synced_generation, sync_state) VALUES (%L, %L, true, 1, 1, ''synced'')', acc(:'c'), :'k2')),
	'an account is meant to be on one router: c', 'two routers');
SELECT is(seen(format('INSERT INTO account_states (account_id, router_id, present, generation, synced_generation, sync_state) VALUES (%L, %L, false, 1, 1, ''synced'')', acc(:'c'), :'k2')),
	'what a router no longer holds has no synced state: c', 'a trace of what left');
SELECT finish();
ROLLBACK;
