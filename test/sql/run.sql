-- Safety of the night: guard, undo, days without cuts, the least debt.
BEGIN;
\ir town.psql
SELECT no_plan();

CREATE FUNCTION many(n int) RETURNS void LANGUAGE sql AS $$ SELECT bare() FROM generate_series(1, n) $$;
SELECT is(billing_guard(), 20::bigint, 'the guard of a small provider is 20 lines');
SELECT many(300) \g /dev/null
SELECT is(billing_guard(), 30::bigint, 'the bound of a larger one is a tenth of the active lines');
UPDATE settings SET suspend_guard = 5;
SELECT is(billing_guard(), 5::bigint, 'unless the setting says otherwise');

-- A guarded night was never over: each had an alert of its own that nothing ended, and after a week
-- seven stood open beside each other.
SELECT billing_guard_alert('suspend', 9, 5, d::date) FROM generate_series(date '2026-02-01', '2026-02-07', '1 day') d \g /dev/null
SELECT is((SELECT count(*) || ' ' || sum(repeats) FROM alert_logs WHERE key LIKE 'billing-guard:%' AND resolved_at IS NULL), '1 6', 'a guard that stops a week of nights is one alert');

-- the guarded steps that a click may do: of the newest run of the day that had the step
CREATE FUNCTION ran(d date, steps text, guarded jsonb) RETURNS void LANGUAGE sql AS $$
	INSERT INTO billing_runs (business_date, counts, report) VALUES (d, guarded, jsonb_build_object('only', steps)) $$;
SELECT throws_ok($$SELECT guarded_steps_check(NULL, '2026-03-01')$$, 'IS409', 'No run of 2026-03-01 has a guarded step.', 'no run, nothing to do by a click');
SELECT ran('2026-03-01', NULL, '{"expire": {"guarded": 0}, "suspend": {"guarded": 40}}') \g /dev/null
SELECT is(guarded_steps_check(NULL, '2026-03-01'), 'suspend', 'without names: all steps that are guarded');
SELECT is(guarded_steps_check('{suspend}', '2026-03-01'), 'suspend', 'or those that are named');
SELECT throws_ok($$SELECT guarded_steps_check('{expire}', '2026-03-01')$$, 'IS422', 'The steps must be among those that are guarded today: suspend.', 'not a step that went through');
SELECT ran('2026-03-01', 'expire', '{"expire": {"guarded": 30}, "suspend": {"guarded": 0}}') \g /dev/null
SELECT is(guarded_steps('2026-03-01'), '{expire,suspend}', 'a run of one step leaves the other step guarded');
SELECT ran('2026-03-01', 'expire,suspend', '{"expire": {"guarded": 0}, "suspend": {"guarded": 0}}') \g /dev/null
SELECT is(guarded_steps('2026-03-01'), '{}', 'a step that was done since is not guarded');
SELECT is(guarded_steps('2026-03-02'), '{}', 'nor is one of another day');
DELETE FROM billing_runs;

-- undo: exactly the lines that the run switched off and that nothing has changed since
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
SELECT is(night('2026-02-02'), NULL, 'the next run does not switch them off');
SELECT is(night('2026-02-03') LIKE '%suspend:done%', true, 'the run after it does');
SELECT throws_ok(format('SELECT billing_run_undo(%L, %L)', :'run', '2026-02-01'), 'IS409', NULL, 'once');
SELECT throws_ok('SELECT billing_run_undo(0, ''2026-02-01'')', 'IS404', NULL, 'no such run');

-- A night that is recorded as a run; returns its id.
CREATE FUNCTION recorded_night(d date) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	run bigint;
BEGIN
	INSERT INTO billing_runs (business_date) VALUES (d) RETURNING id INTO run;
	PERFORM set_config('isp.run', run::text, true), night(d), set_config('isp.run', '', true);
	RETURN run;
END $$;

-- Undone two days later: held through the night to come, not through one that has passed.
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT recorded_night('2026-02-02') AS run \gset
SELECT billing_run_undo(:'run', '2026-02-04') \g /dev/null
SELECT is(hold_until, '2026-02-05'::date, 'a run that is undone late holds its lines until tomorrow') FROM subscriptions WHERE id = :'s';
UPDATE subscriptions SET end_date = start_date - 1, auto_renew = true, status = 'cancelled' WHERE id = :'s';

-- A run made ahead of its day, and undone before it.
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT recorded_night('2026-02-02') AS run \gset
SELECT billing_run_undo(:'run', '2026-01-31') \g /dev/null
SELECT is(is_now(:'s') || ', ' || hold_until, 'active 2026-01-30, 2026-02-03', 'holds its lines through the day after its own') FROM subscriptions WHERE id = :'s';
UPDATE subscriptions SET end_date = start_date - 1, auto_renew = true, status = 'cancelled' WHERE id = :'s';

-- A planned pause began with the run. Undone, the line was on, and the pause neither began nor was gone: an open
-- one began weeks later, when the line returned from debt.
SELECT bare() AS s \gset
SELECT subscription_pause(:'s', '2026-01-10', NULL, NULL, '2026-01-05') \g /dev/null
INSERT INTO billing_runs (business_date) VALUES ('2026-01-10') RETURNING id AS run \gset
SELECT set_config('isp.run', :'run', true) \g /dev/null
SELECT step('begin', '2026-01-10') \g /dev/null
SELECT set_config('isp.run', '', true) \g /dev/null
SELECT billing_run_undo(:'run', '2026-01-10') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-01-30', 'undone: no pause');
SELECT step('begin', '2026-01-11') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(pause) 2026-01-30', 'the next run begins it');
SELECT subscription_resume(:'s', NULL, '2026-01-12') \g /dev/null
UPDATE subscriptions SET end_date = start_date - 1, auto_renew = true, status = 'cancelled' WHERE id = :'s';

-- Bug: the first day of a planned pause came while the line was off for debt. The run undone, the pause never began.
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT subscription_pause(:'s', '2026-02-03', NULL, NULL, '2026-01-25') \g /dev/null
INSERT INTO billing_runs (business_date) VALUES ('2026-02-01') RETURNING id AS run \gset
SELECT set_config('isp.run', :'run', true) \g /dev/null
SELECT night('2026-02-01') \g /dev/null
SELECT set_config('isp.run', '', true) \g /dev/null
SELECT step('begin', '2026-02-03') \g /dev/null
SELECT billing_run_undo(:'run', '2026-02-03') \g /dev/null
SELECT step('begin', '2026-02-04') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(pause) 2026-01-30', 'undone: the pause begins with the next run');
SELECT subscription_resume(:'s', NULL, '2026-02-05') \g /dev/null
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'s';

-- Bug: a run was undone days after it, when the line had been billed meanwhile, from the day on which it would have been back. With
-- its span the days off before that bill were gone: paid, the line ended before its bill did, and the next period
-- overlapped that bill every night. Those days are given.
UPDATE settings SET arrears = 'bill';
SELECT bare() AS g, bare('{"auto_renew": false, "late_policy": "keep", "end_date": "2026-01-31"}') AS e, bare() AS k \gset
SELECT step('renew', '2026-01-24') \g /dev/null
INSERT INTO billing_runs (business_date) VALUES ('2026-02-01') RETURNING id AS run \gset
SELECT set_config('isp.run', :'run', true) \g /dev/null
SELECT night('2026-02-01') \g /dev/null
SELECT set_config('isp.run', '', true) \g /dev/null
SELECT subscription_prepay(:'g', 2, 0, false, '2026-02-11') \g /dev/null
SELECT change(:'e', '{"auto_renew": true}', '2026-02-10') \g /dev/null
SELECT step('renew', '2026-02-11') \g /dev/null
SELECT is((SELECT string_agg(period_start || ' ' || period_end, ', ' ORDER BY seq) FROM invoices WHERE subscription_id IN (:'g', :'e') AND seq > (SELECT seq FROM invoices WHERE id = inv(:'g'))),
	'2026-03-12 2026-05-10, 2026-02-11 2026-03-12', 'billed while off: paid ahead, and arrears');
SELECT billing_run_undo(:'run', '2026-02-13') \g /dev/null
SELECT is(is_now(:'g') || ', ' || is_now(:'e') || ', ' || is_now(:'k'), 'active 2026-02-09, active 2026-02-10, active 2026-01-30', 'undone: on, with the days before those bills; no days where there is none');
SELECT is((SELECT string_agg((i.subscription_id = d.subscription_id)::text, ', ') FROM service_days d JOIN invoices i ON i.id = d.invoice_id
	WHERE d.subscription_id IN (:'g', :'e') AND d.reason LIKE 'days before a bill %'), 'true, true', 'the days name the bill of their line');
SELECT pay(i.id, '2026-02-13') FROM invoices i WHERE i.subscription_id IN (:'g', :'e') AND i.is_open ORDER BY i.seq \g /dev/null
SELECT is(is_now(:'g') || ', ' || is_now(:'e'), 'active 2026-05-10, active 2026-03-12', 'paid: they end with their last bills');
SELECT is((SELECT string_agg(outcome || ' ' || detail, ', ') FROM step('renew', '2026-05-10') WHERE subscription_id IN (:'g', :'e')),
	'done 2026-05-11 to 2026-06-09, done 2026-03-13 to 2026-04-11', 'and the next periods follow');
UPDATE subscriptions SET status = 'cancelled' WHERE id IN (:'g', :'e', :'k');
UPDATE settings SET arrears = 'stop';

-- Bug: a postpaid line was cut on the 10th, billed up to the 9th, and the run undone. Its next month began on the 10th and ended with
-- the old one, at the price of a whole month.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid'), '2026-01-01') AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 5000, 'due_date', '2026-01-05'), '2026-01-05') \g /dev/null
INSERT INTO billing_runs (business_date) VALUES ('2026-01-10') RETURNING id AS run \gset
SELECT set_config('isp.run', :'run', true) \g /dev/null
SELECT night('2026-01-10'), step('renew', '2026-01-10') \g /dev/null
SELECT set_config('isp.run', '', true) \g /dev/null
SELECT is(is_now(:'s'), 'suspended(debt) 2026-01-09', 'cut, and billed up to the day before');
SELECT billing_run_undo(:'run', '2026-01-10'), pay(inv(:'s'), '2026-01-11') \g /dev/null
SELECT step('renew', '2026-02-01'), step('renew', '2026-02-10') \g /dev/null
SELECT is((SELECT string_agg(period_start || ' ' || period_end || ' ' || amount, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s' AND period_start IS NOT NULL),
	'2026-01-01 2026-01-09 43600, 2026-01-10 2026-02-09 150000', 'undone: a whole month from the cut on');
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'s';

-- Bug: a holiday that no calendar has, as 2026-13-01 for 2026-01-13, was taken, and lines were cut on the day meant.
SELECT throws_ok(format('SELECT setting_check(%L)', jsonb_build_object('no_suspend_days', jsonb_build_array(day))), 'IS422', NULL, day || ' is no day')
  FROM unnest('{2026-13-01,2026-02-30,2026-00-01,2026-2-3,Sunday,minggu}'::text[]) day;
SELECT lives_ok($$SELECT setting_check('{"no_suspend_days": ["sunday", "2028-02-29"]}')$$, 'a weekday and a leap day are');
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

-- a router that is away: the cut could not be carried out, so the lines on it stay on, for three nights
INSERT INTO router_settings (name, host, username, is_active) VALUES ('Tower', '127.0.0.9', 'api', true), ('Strict', '127.0.0.8', 'api', true);
SELECT bare(jsonb_build_object('router_id', (SELECT id FROM router_settings WHERE name = 'Tower'))) AS away,
	bare(jsonb_build_object('router_id', (SELECT id FROM router_settings WHERE name = 'Strict'))) AS refused \gset
SELECT router_broken(id, 'x', 10, name = 'Strict') FROM router_settings WHERE name IN ('Tower', 'Strict') \g /dev/null
SELECT step('renew', '2026-01-24'), step('overdue', '2026-01-31') \g /dev/null
CREATE FUNCTION tonight(s uuid, d date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	held text := (SELECT outcome || ': ' || detail FROM router_hold(d) WHERE subscription_id = s);
BEGIN
	RETURN concat_ws(', ', held, (SELECT 'cut' FROM suspensions_due(d) WHERE id = s));
END $$;
SELECT is(tonight(:'away', '2026-02-01'), 'cut', 'away for a moment is not away');
UPDATE router_states SET broken_since = '2026-01-31 20:00+07', away_since = CASE WHEN away_since IS NOT NULL THEN timestamptz '2026-01-31 20:00+07' END;
SELECT is(tonight(:'refused', '2026-02-01'), 'cut', 'a refused login is not away');
SELECT is(tonight(:'away', '2026-02-01'), 'held: the router Tower is away, night 1 of 3', 'away for ten minutes: its lines are named and stay on');
SELECT is(tonight(:'away', '2026-02-01'), 'held: the router Tower is away, night 1 of 3', 'a night counts once, however often it is run');
SELECT is(detail LIKE '%held while its router is away', true, 'ispctl check --days says so') FROM check_days_owed('2026-02-01') WHERE subject = 'subscription ' || :'away';
SELECT is(tonight(:'away', '2026-02-02') || ' ' || tonight(:'away', '2026-02-03'),
	'held: the router Tower is away, night 2 of 3 held: the router Tower is away, night 3 of 3', 'three nights');
SELECT is(alerts('% Tower %'), 0::bigint, 'without an alert so far');
SELECT is(tonight(:'away', '2026-02-04'), 'cut', 'and no longer');
SELECT is(alerts('% Tower %'), 1::bigint, 'then with an alert');
SELECT router_healthy(id, '7.1') FROM router_settings WHERE name = 'Tower' \g /dev/null
SELECT is(tonight(:'away', '2026-02-05'), 'cut', 'a router that is back holds nobody');
SELECT router_broken(id, 'x', 10, false) FROM router_settings WHERE name = 'Tower' \g /dev/null
UPDATE router_states SET away_since = '2026-02-06 20:00+07' WHERE away_since IS NOT NULL;
SELECT is(tonight(:'away', '2026-02-07'), 'held: the router Tower is away, night 1 of 3', 'another outage counts anew');
UPDATE router_settings SET is_active = false WHERE name IN ('Tower', 'Strict');

-- A cut switches off the lines it names, before and after their use is paid, and no other.
SELECT bare(jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid')) AS a, bare(jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid')) AS b, bare() AS p, bare() AS q \gset
SELECT subscriptions_switch_off(ARRAY[:'a', :'p']::uuid[], 'suspended', 'debt', 'x', '2026-02-05', ARRAY[NULL, NULL]::uuid[]) \g /dev/null
SELECT is((SELECT string_agg(status || ' ' || coalesce(closed_on::text, '-'), ', ' ORDER BY seq) FROM subscriptions WHERE id IN (:'a', :'b', :'p', :'q')),
	'suspended 2026-02-04, active -, suspended -, active -', 'a postpaid line is used up to the day before');
UPDATE subscriptions SET end_date = start_date - 1, auto_renew = true, status = 'cancelled', suspend_reason = NULL WHERE id IN (:'a', :'b', :'p', :'q');

-- who owes days, and why
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT subscription_activate(:'s', '2026-02-10', NULL, '2026-02-01') \g /dev/null
SELECT is((SELECT detail LIKE '%owes 10 days on 2026-02-09: a promise until 2026-02-10' FROM check_days_owed('2026-02-09') WHERE subject = 'subscription ' || :'s'), true,
	'days owed beyond grace are reported with their reason');
SELECT is((SELECT detail LIKE '%owes 11 days on 2026-02-10: a promise until 2026-02-10' FROM check_days_owed('2026-02-10') WHERE subject = 'subscription ' || :'s'), true,
	'a promise is the reason on its last day, too');
SELECT bare('{"auto_renew": false}') AS s \gset
SELECT is((SELECT string_agg(day::text, ' ') FROM unnest('{2026-01-31,2026-02-01}'::date[]) day WHERE EXISTS (SELECT FROM check_days_owed(day) WHERE subject = 'subscription ' || :'s')), '2026-02-01',
	'a day of grace is not owed');
-- Limits of a pair may be equal.
SELECT is(setting_order_errors(format('{"latency_clear_ms": %s, "latency_raise_ms": 50}', ms)::jsonb) = '{}', ms <= 50, 'an alert that ends at ' || ms || ' of 50 ms') FROM generate_series(50, 51) ms;
SELECT finish();
ROLLBACK;
