-- Safety of the night: guard, undo, days without cuts, the least debt (contract 5.4).
BEGIN;
\ir town.psql
SELECT no_plan();

CREATE FUNCTION many(n int) RETURNS void LANGUAGE sql AS $$ SELECT bare() FROM generate_series(1, n) $$;
SELECT is(billing_guard(), 20::bigint, 'the guard of a small provider is 20 lines');
SELECT many(300) \g /dev/null
SELECT is(billing_guard(), 30::bigint, 'the bound of a larger one is a tenth of the active lines');
UPDATE settings SET suspend_guard = 5;
SELECT is(billing_guard(), 5::bigint, 'unless the setting says otherwise');

-- undo: exactly those whom the run took off and nothing else has touched since
SELECT bare() AS a, bare() AS b, bare() AS c, bare('{"auto_renew": false}') AS e \gset
DELETE FROM service_days WHERE subscription_id NOT IN (:'a', :'b', :'c', :'e');
UPDATE subscriptions SET end_date = start_date - 1, auto_renew = true, status = 'cancelled' WHERE id NOT IN (:'a', :'b', :'c', :'e');
SELECT subscription_suspend(:'c', NULL, '2026-01-05') \g /dev/null
INSERT INTO billing_runs (business_date) VALUES ('2026-02-01') RETURNING id AS run \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT set_config('isp.run', :'run', true) \g /dev/null
SELECT is(night('2026-02-01'), 'overdue:done overdue:done expire:done suspend:done suspend:done', 'a night that cuts');
SELECT set_config('isp.run', '', true) \g /dev/null
SELECT pay(inv(:'b'), '2026-02-01') \g /dev/null
SELECT is(billing_run_undo(:'run', '2026-02-01'), 2, 'two lines are on again');
SELECT is(is_now(:'a') || ', ' || is_now(:'e') || ', ' || is_now(:'c'), 'active 2026-01-30, active 2026-01-30, suspended(manual) 2026-01-30', 'exactly those');
SELECT is((SELECT count(*) FROM service_offs WHERE subscription_id = :'a' AND struck_at IS NULL), 0::bigint, 'their spans are struck out');
SELECT is(night('2026-02-02'), NULL, 'the next night holds them');
SELECT is(night('2026-02-03') LIKE '%suspend:done%', true, 'and no longer');
SELECT throws_ok(format('SELECT billing_run_undo(%L, %L)', :'run', '2026-02-01'), 'IS409', NULL, 'once');
SELECT throws_ok('SELECT billing_run_undo(0, ''2026-02-01'')', 'IS404', NULL, 'no such run');

-- days on which nobody is cut, and the least debt
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT step('overdue', '2026-01-31') \g /dev/null
UPDATE settings SET no_suspend_days = '{sunday}';
SELECT is((SELECT count(*) FROM step('suspend', '2026-02-01')), 0::bigint, 'no line is cut on a Sunday');
UPDATE settings SET no_suspend_days = '{2026-02-02}';
SELECT is((SELECT count(*) FROM step('suspend', '2026-02-02')), 0::bigint, 'nor on a holiday');
UPDATE settings SET no_suspend_days = '{}', suspend_min_amount = 100001;
SELECT is((SELECT count(*) FROM step('suspend', '2026-02-03') WHERE subscription_id = :'s'), 0::bigint, 'nor for less than suspend_min_amount');
UPDATE settings SET suspend_min_amount = 100000;
SELECT is((SELECT count(*) FROM step('suspend', '2026-02-03') WHERE subscription_id = :'s'), 1::bigint, 'but for that');

-- who owes days, and why
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT subscription_activate(:'s', '2026-02-10', NULL, '2026-02-01') \g /dev/null
SELECT is((SELECT detail LIKE '%owes 10 days on 2026-02-09: a promise until 2026-02-10' FROM check_days_owed('2026-02-09') WHERE subject = 'subscription ' || :'s'), true,
	'days owed beyond grace are reported with their reason');
SELECT finish();
ROLLBACK;
