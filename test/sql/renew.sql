-- Renewal: what a run bills, and what not.
BEGIN;
\ir town.psql
SELECT no_plan();
SELECT bare() AS s \gset
SELECT is(night('2026-01-23'), NULL, 'eight days before the period nothing is due');
SELECT is(night('2026-01-24'), 'renew:done', 'seven days before it is');
SELECT results_eq(format('SELECT kind, amount, period_start, period_end, due_date, issued_on FROM invoices WHERE id = inv(%L)', :'s'),
	$$VALUES ('renewal', 100000::bigint, '2026-01-31'::date, '2026-03-01'::date, '2026-01-30'::date, '2026-01-24'::date)$$,
	'the period after the end, due on the last day of service');
SELECT is(night('2026-01-24'), NULL, 'the same run again bills nothing');
SELECT is(night('2026-01-25'), NULL, 'nor the next day');
SELECT pay(inv(:'s'), '2026-01-24') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-03-01', 'paid early: not shortened');
SELECT is(night('2026-01-25'), NULL, 'paid early: never a second invoice');
SELECT is(night('2026-02-22'), NULL, 'not yet');
SELECT is(night('2026-02-23'), 'renew:done', 'the period after that');
SELECT is(due_date, '2026-03-01'::date, 'due date') FROM invoices WHERE id = inv(:'s', 2);
SELECT invoice_cancel(inv(:'s', 2), '2026-02-22') \g /dev/null
SELECT is(night('2026-02-20'), NULL, 'an earlier date is a date like any other');
SELECT is(night('2026-02-23'), 'renew:done', 'a cancelled invoice frees its period: billed again');
SELECT is(period_start, '2026-03-02', 'the same period') FROM invoices WHERE id = inv(:'s', 3);
SELECT is(count(*), 3::bigint, 'three in all') FROM invoices WHERE subscription_id = :'s';

-- late, short, stopped
SELECT bare() AS late \gset
SELECT is(due_date, '2026-02-10'::date, 'after an outage: due on the day of issue') FROM step('renew', '2026-02-10') WHERE subscription_id = :'late';
SELECT is(night('2026-02-11'), 'overdue:done', 'overdue the day after') FROM invoices WHERE id = inv(:'late');
SELECT is(is_now(:'late'), 'active 2026-01-30', 'no line is cut off before grace is over');
SELECT is(night('2026-02-12'), 'suspend:done', 'and is afterwards');
SELECT bare(jsonb_build_object('package_id', pkg('W'), 'end_date', '2026-01-07')) AS w \gset
SELECT is((SELECT count(*) FROM billing_candidates('renew', '2026-01-01') WHERE id = :'w'), 0::bigint, 'a week: not seven days before');
SELECT is((SELECT count(*) FROM step('renew', '2026-01-02') WHERE subscription_id = :'w'), 1::bigint, 'lead is at most the length less a day');
SELECT bare() AS off \gset
SELECT change(:'off', '{"auto_renew": false}', '2026-01-01') \g /dev/null
SELECT bare() AS cut \gset
SELECT subscription_suspend(:'cut', NULL, '2026-01-02') \g /dev/null
SELECT bare() AS gone \gset
SELECT subscription_cancel(:'gone', NULL, '2026-01-02') \g /dev/null
SELECT is((SELECT count(*) FROM billing_candidates('renew', '2026-01-30') WHERE id IN (:'off', :'cut', :'gone')), 0::bigint, 'neither without auto_renew nor suspended nor cancelled');
SELECT is((SELECT string_agg(s, ',') FROM (SELECT is_now(x) s FROM unnest(ARRAY[:'off', :'cut', :'gone']::uuid[]) x) q),
	'active 2026-01-30,suspended(manual) 2026-01-30,cancelled 2026-01-30', 'as they were');

-- the settings
UPDATE settings SET lead_days = 3;
SELECT bare() AS three \gset
SELECT is((SELECT count(*) FROM billing_candidates('renew', '2026-01-27') WHERE id = :'three'), 0::bigint, 'lead_days 3: not four days before');
SELECT is((SELECT count(*) FROM billing_candidates('renew', '2026-01-28') WHERE id = :'three'), 1::bigint, 'but three');
UPDATE settings SET lead_days = 7;

-- a resumed subscription, days given away, an overlap
SELECT bare() AS back \gset
SELECT subscription_suspend(:'back', NULL, '2026-01-10') \g /dev/null
SELECT subscription_activate(:'back', NULL, NULL, '2026-02-15') \g /dev/null
SELECT is(is_now(:'back'), 'active 2026-03-07', 'late return: the days left are kept');
SELECT bare() AS given \gset
SELECT change(:'given', '{"end_date": "2026-02-05"}', '2026-01-02') \g /dev/null
SELECT is(detail, '2026-02-06 to 2026-03-07', 'days given away move the next period') FROM step('renew', '2026-02-01') WHERE subscription_id = :'given';
SELECT pay(inv(:'given'), '2026-02-01') \g /dev/null
UPDATE invoices SET period_start = period_start + 30, period_end = period_end + 30 WHERE id = inv(:'given');
SELECT is(outcome || ': ' || detail, 'refused: 2026-03-08 to 2026-04-06 overlaps a period already billed', 'what overlaps is refused, and listed')
	FROM step('renew', '2026-03-02') WHERE subscription_id = :'given';
-- Bug: refused bills were looked for only where a chunk had fewer report rows than candidates. The row of a
-- package that began hid one.
SELECT change(:'given', jsonb_build_object('package_id', pkg('Q'), 'effective', 'next_period'), '2026-03-02') \g /dev/null
UPDATE subscriptions SET next_package_on = '2026-03-02' WHERE id = :'given';
SELECT is((SELECT string_agg(outcome, ' ' ORDER BY outcome) FROM billing_renew(ARRAY[:'given'::uuid], '2026-03-02')), 'done refused',
	'a refused candidate is listed beside a package that begins');
UPDATE subscriptions SET package_id = pkg('P') WHERE id = :'given';
UPDATE invoices SET period_start = period_start - 30, period_end = period_end - 30 WHERE id = inv(:'given');
SELECT is(outcome, 'skipped', 'what is no candidate any more is skipped') FROM billing_renew(ARRAY[:'three'::uuid], '2026-01-02');
SELECT throws_ok(format($$INSERT INTO invoices (invoice_number, subscription_id, customer_id, kind, amount, period_start, period_end, issued_on, due_date, first_due_date)
	SELECT 'X', subscription_id, customer_id, 'renewal', 1, period_end, period_end + 5, issued_on, due_date, due_date FROM invoices WHERE id = inv(%L)$$, :'given'),
	'23P01', NULL, 'the constraint makes double billing impossible');

-- the order of a run is the order of sign-up; price of the day; next package
SELECT is((SELECT array_agg(n) FROM billing_candidates('renew', '2026-01-28')), (SELECT array_agg(n ORDER BY n) FROM billing_candidates('renew', '2026-01-28')), 'in order');
SELECT bare(), bare(), bare() \g /dev/null
SELECT string_agg(right(invoice_number, 4), ' ' ORDER BY s.seq) AS numbers
FROM billing_renew(ARRAY(SELECT id FROM billing_candidates('renew', '2026-01-29') ORDER BY n DESC), '2026-01-29') r
JOIN subscriptions s ON s.id = r.subscription_id WHERE r.outcome = 'done' \gset
SELECT is(:'numbers'::text, '0001 0002 0003 0004', 'numbers in the order of subscriptions, however the chunk is ordered');
-- The end date was set back behind our backs, by one day: that day is not sold twice.
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-25') \g /dev/null
UPDATE subscriptions SET end_date = '2026-02-28' WHERE id = :'s';
SELECT is(outcome || ': ' || detail, 'refused: 2026-03-01 to 2026-03-30 overlaps a period already billed', 'a period that shares its first day with a bill is refused')
FROM step('renew', '2026-02-25') WHERE subscription_id = :'s';
SELECT is(string_agg(outcome, ' '), 'skipped', 'and only in the chunk that it is in') FROM billing_renew(ARRAY[:'gone'::uuid], '2026-02-25');
UPDATE subscriptions SET end_date = '2026-03-01' WHERE id = :'s';
SELECT bare() AS s \gset
UPDATE packages SET price = 111000 WHERE name = 'P';
SELECT is(amount, 111000::bigint, 'the price of the day of issue') FROM step('renew', '2026-01-30') WHERE subscription_id = :'s';
UPDATE packages SET price = 222000 WHERE name = 'P';
SELECT is(owes(inv(:'s')), 'unpaid 0/111000', 'a new price touches only invoices issued later');
SELECT sound();
SELECT finish();
ROLLBACK;
