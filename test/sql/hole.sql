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
SELECT finish();
ROLLBACK;
