-- An older bill of two is cancelled: its period is billed again.
BEGIN;
\ir town.psql
SELECT no_plan();

-- February, March and April were out; February was deleted, the others paid. The next period then
-- overlapped April every night, and the line stayed on for ever without a bill.
UPDATE settings SET arrears = 'bill';
SELECT bare(jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'end_date', '2026-01-31')) AS s \gset
SELECT night(day::date) FROM generate_series(date '2026-01-25', '2026-04-05', '1 day') day \g /dev/null
SELECT is((SELECT string_agg(period_start::text, ' ' ORDER BY period_start) FROM invoices WHERE subscription_id = :'s'), '2026-02-01 2026-03-01 2026-04-01', 'three bills are out');
SELECT invoice_cancel(inv(:'s'), '2026-04-05') \g /dev/null
SELECT is((SELECT period_start || ' ' || period_end || ' ' || due_date || ' ' || amount FROM invoices WHERE id = inv(:'s', 4)), '2026-02-01 2026-02-28 2026-04-05 150000', 'February is billed again');
SELECT pay(inv(:'s', n), '2026-04-05') FROM unnest('{2,3,4}'::int[]) n \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-04-30', 'all is paid for up to the end of April');
SELECT is((SELECT string_agg(outcome || ' ' || detail, ', ') FROM step('renew', '2026-04-24') WHERE subscription_id = :'s'), 'done 2026-05-01 to 2026-05-31', 'and May follows');

-- Waived, its days are a gift, and nothing is billed again.
SELECT bare(jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'end_date', '2026-01-31')) AS s \gset
SELECT night(day::date) FROM generate_series(date '2026-01-25', '2026-02-22', '1 day') day \g /dev/null
SELECT invoice_cancel(inv(:'s'), '2026-02-22', true) \g /dev/null
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'s' AND status <> 'cancelled'), (SELECT count(*) - 1 FROM invoices WHERE subscription_id = :'s'), 'a bill that is waived is not billed again');

-- A line cut on 12 February was still off for another debt when its February bill was deleted. The next night skipped the days off
-- since the cut, as if they were given back, and billed the rest of February, which sold them: paid, the line ended on the
-- 20th, and the next part overlapped that bill every night.
CREATE FUNCTION debtor(package text, cycle text, policy text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	s uuid := bare(jsonb_build_object('package_id', pkg(package), 'cycle', cycle, 'late_policy', policy, 'end_date', '2026-01-31'));
BEGIN
	PERFORM invoice_create(jsonb_build_object('subscription_id', s, 'kind', 'other', 'amount', 50000, 'due_date', '2026-01-20'), '2026-01-20');
	UPDATE subscriptions SET hold_until = '2026-02-11' WHERE id = s;
	RETURN s;
END $$;
CREATE FUNCTION periods(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(period_start || ' ' || period_end || ' ' || amount, ', ' ORDER BY seq) FROM invoices
	WHERE subscription_id = s AND period_held IS NOT NULL $$;
SELECT debtor('M', 'calendar', 'keep') AS s, debtor('M', 'rolling', 'keep') AS k,
	debtor('M', 'calendar', 'keep') AS h, debtor('P', 'rolling', 'give_back') AS g \gset
SELECT night(day::date) FROM generate_series(date '2026-01-25', '2026-02-15', '1 day') day \g /dev/null
SELECT invoice_cancel(inv(l, 2), '2026-02-15') FROM unnest(ARRAY[:'s', :'k', :'h', :'g']::uuid[]) l \g /dev/null
-- A bill by hand begins as the run's does. Days off that are given back under any bill are no part of it.
SELECT invoice_create(jsonb_build_object('subscription_id', l), '2026-02-15') FROM unnest(ARRAY[:'h', :'g']::uuid[]) l \g /dev/null
SELECT is(periods(:'h') || ', ' || periods(:'g'), '2026-02-01 2026-02-28 150000, 2026-02-04 2026-03-05 100000', 'by hand: from the first day without a bill, or so many days later');
SELECT is(is_now(:'s'), 'suspended(debt) 2026-01-31', 'off for debt, February is not billed');
SELECT night(day::date) FROM generate_series(date '2026-02-16', '2026-02-25', '1 day') day \g /dev/null
SELECT is(periods(:'s'), '2026-02-01 2026-02-28 150000, 2026-03-01 2026-03-31 150000', 'arrears: the whole of February is billed again, and March after it');
SELECT is(periods(:'k'), '2026-02-01 2026-02-28 150000, 2026-03-01 2026-03-31 150000', 'so they are of a rolling line that keeps its dates');
SELECT pay(i.id, '2026-02-25') FROM invoices i WHERE i.subscription_id IN (:'s', :'k') AND i.is_open ORDER BY i.seq \g /dev/null
SELECT is(is_now(:'s') || ', ' || is_now(:'k'), 'active 2026-03-31, active 2026-03-31', 'it ends with its last bill');
SELECT is((SELECT string_agg(outcome || ' ' || detail, ', ') FROM step('renew', '2026-03-25') WHERE subscription_id IN (:'s', :'k')),
	'done 2026-04-01 to 2026-04-30, done 2026-04-01 to 2026-04-30', 'and April follows');
-- An expired line that renews itself again is in arrears, too.
SELECT bare(jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'end_date', '2026-01-31', 'auto_renew', false)) AS s \gset
SELECT night('2026-02-01') \g /dev/null
SELECT change(:'s', '{"auto_renew": true}', '2026-02-10') \g /dev/null
SELECT is(is_now(:'s') || ' ' || (SELECT detail FROM step('renew', '2026-02-11') WHERE subscription_id = :'s'), 'expired 2026-01-31 2026-02-11 to 2026-02-28', 'expired: billed from the night on, the days off before it were never sold');

-- The same of a postpaid line: the month used was never billed.
SELECT bare(jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'mode', 'postpaid', 'end_date', '2026-01-31')) AS s \gset
UPDATE subscriptions SET hold_until = '2026-04-01' WHERE id = :'s';
SELECT step('renew', '2026-03-01'), step('renew', '2026-04-01') \g /dev/null
SELECT invoice_cancel(inv(:'s'), '2026-04-01') \g /dev/null
SELECT is((SELECT period_start || ' ' || period_end || ' ' || grants_days FROM invoices WHERE id = inv(:'s', 3)), '2026-02-01 2026-02-28 false', 'postpaid: February is billed again');

-- The last bill of a line waits for the run as ever. A line that ended pays for what it used, unless that is waived.
SELECT invoice_cancel(inv(:'s', 2), '2026-04-01') \g /dev/null
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'s'), 3::bigint, 'the last one is left to the run');
SELECT step('renew', '2026-04-01') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-04-01') \g /dev/null
SELECT invoice_cancel(inv(:'s', 3), '2026-04-01') \g /dev/null
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'s' AND period_start = '2026-02-01' AND is_open), 1::bigint, 'postpaid, ended: a used month is billed again');
SELECT invoice_cancel(id, '2026-04-01', true) FROM invoices WHERE subscription_id = :'s' AND period_start = '2026-02-01' AND is_open \g /dev/null
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'s' AND period_start = '2026-02-01' AND is_open), 0::bigint, 'but not where it is waived');
SELECT bare(jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'end_date', '2026-01-31')) AS s \gset
SELECT night(day::date) FROM generate_series(date '2026-01-25', '2026-04-05', '1 day') day \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-04-05') \g /dev/null
SELECT invoice_cancel(inv(:'s'), '2026-04-05') \g /dev/null
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'s' AND period_start = '2026-02-01' AND is_open), 0::bigint, 'prepaid, ended: nothing is billed again');
SELECT sound();
SELECT finish();
ROLLBACK;
