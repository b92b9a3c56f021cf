-- Periods by month, the calendar, postpaid lines.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET cycle = 'rolling';

-- how long a period is, and where the next one begins
CREATE FUNCTION ends(day date, anchor int DEFAULT NULL) RETURNS date LANGUAGE sql AS $$
	SELECT period_last('rolling', 'month', 30, 1, 1, anchor, day, day) $$;
SELECT is(ends('2026-01-31') || ', ' || ends('2026-02-28', 31) || ', ' || ends('2026-03-31', 31), '2026-02-27, 2026-03-30, 2026-04-29', 'months from 31 January keep their anchor');
SELECT is(ends('2026-01-29') || ', ' || ends('2026-02-28', 29) || ', ' || ends('2026-03-29', 29), '2026-02-27, 2026-03-28, 2026-04-28', 'from 29 January');
SELECT is(ends('2028-01-30') || ', ' || ends('2028-02-29', 30) || ', ' || ends('2028-03-30', 30), '2028-02-28, 2028-03-29, 2028-04-29', 'from 30 January of a leap year');
SELECT is(ends('2026-01-30') || ', ' || ends('2026-02-28', 30) || ', ' || ends('2026-03-30', 30), '2026-02-27, 2026-03-29, 2026-04-29', 'from 30 January');
SELECT is(ends('2028-01-29') || ', ' || ends('2028-02-29', 29) || ', ' || ends('2028-03-29', 29), '2028-02-28, 2028-03-28, 2028-04-28', 'from 29 January of a leap year');
SELECT is(ends('2028-01-31') || ', ' || ends('2028-02-29', 31), '2028-02-28, 2028-03-30', 'from 31 January of a leap year');
CREATE FUNCTION grid(start_date date, day date, months int, billing_day int) RETURNS date LANGUAGE sql AS $$
	SELECT period_last('calendar', 'month', 30, months, billing_day, NULL, start_date, day) $$;
SELECT is(grid('2026-01-14', '2026-01-14', 1, 1) || ', ' || grid('2026-01-14', '2026-02-01', 1, 1), '2026-01-31, 2026-02-28', 'calendar: to the day before the billing day');
SELECT is(grid('2026-01-28', '2026-01-28', 1, 28) || ', ' || grid('2026-01-28', '2026-02-28', 1, 28), '2026-02-27, 2026-03-27', 'billing_day 28 and February');
SELECT is(grid('2026-01-14', '2026-02-01', 3, 1) || ', ' || grid('2026-01-14', '2026-03-10', 3, 1) || ', ' || grid('2026-01-14', '2026-05-01', 3, 1),
	'2026-04-30, 2026-04-30, 2026-07-31', 'periods of three months, counted from the first billing day after sign-up');
SELECT is(part_price(150000, 1, 1, '2026-01-14', '2026-01-31'), 87100::bigint, 'a part: 18 of 31 days of 150000, rounded up to 100');
SELECT is(part_price(310000, 1, 1, '2026-01-01', '2026-01-31') || ' ' || part_price(300000, 3, 1, '2026-02-15', '2026-03-31'), '310000 150000', 'a whole month is the price; a part over months takes each by its days');

-- rolling by the month
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-31') AS s \gset
SELECT is(period_start || ' ' || period_end, '2026-01-31 2026-02-27', 'the first period') FROM invoices WHERE id = inv(:'s');
SELECT pay(inv(:'s'), '2026-01-31'), night('2026-02-21') \g /dev/null
SELECT is(period_start || ' ' || period_end, '2026-02-28 2026-03-30', 'the second keeps the anchor') FROM invoices WHERE id = inv(:'s', 2);
SELECT pay(inv(:'s', 2), '2026-02-21'), night('2026-03-24') \g /dev/null
SELECT is(period_start || ' ' || period_end, '2026-03-31 2026-04-29', 'so does the third') FROM invoices WHERE id = inv(:'s', 3);
SELECT invoice_cancel(inv(:'s', 3), '2026-03-24'), subscription_days_add(:'s', 2, NULL, '2026-03-24'), night('2026-03-26') \g /dev/null
SELECT is(period_start || ' ' || period_end, '2026-04-02 2026-05-01', 'a gift sets it anew') FROM invoices WHERE id = inv(:'s', 4);
-- A line that is off begins its months anew only after days that it gets back.
SELECT subscription_suspend(:'s', NULL, '2026-03-26') \g /dev/null
UPDATE subscriptions SET anchor_day = 31 WHERE id = :'s';
SELECT is(ARRAY(SELECT next_anchor(s, s.end_date + 1 + o.days + n) FROM subscriptions s, open_days(s.customer_id, s.id) o, generate_series(-1, 1) n WHERE s.id = :'s' ORDER BY n),
	'{31,31,NULL}', 'with no day back it stays');

-- "billed on the 1st, due on the 10th, cut on the 20th"
UPDATE settings SET cycle = 'calendar', billing_day = 1, lead_days = 0, due_days = 10, grace_days = 9;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-14') AS s \gset
SELECT is(owes(inv(:'s')) || ' ' || kind || ' ' || period_end, 'unpaid 0/87100 first 2026-01-31', 'sign-up on the 14th: the part up to the 1st') FROM invoices WHERE id = inv(:'s');
SELECT is(kind || ' ' || text || ' ' || amount, 'part M, 14-01-2026 s.d. 31-01-2026 87100', 'is a line of the bill') FROM invoice_lines WHERE invoice_id = inv(:'s');
SELECT pay(inv(:'s'), '2026-01-15') \g /dev/null
SELECT is((SELECT string_agg(d::date::text, ' ') FROM generate_series(date '2026-01-28', '2026-02-03', '1 day') d WHERE night(d::date) LIKE '%renew%'), '2026-02-01', 'billed on the 1st');
SELECT is(owes(inv(:'s', 2)) || ' ' || due_date || ' ' || period_end, 'unpaid 0/150000 2026-02-10 2026-02-28', 'the first whole period, due on the 10th') FROM invoices WHERE id = inv(:'s', 2);
SELECT is((SELECT string_agg(d::date::text, ' ') FROM generate_series(date '2026-02-11', '2026-02-22', '1 day') d WHERE night(d::date) LIKE '%suspend%'), '2026-02-20', 'cut on the 20th');
SELECT night('2026-03-01') \g /dev/null
SELECT pay(inv(:'s', 2), '2026-03-10') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-03-09', 'days off that no bill covers were never sold');
SELECT is((SELECT detail FROM step('renew', '2026-03-10') WHERE subscription_id = :'s'), '2026-03-10 to 2026-03-31', 'after a return: a part');
SELECT is(owes(inv(:'s', 3)), 'unpaid 0/106500', '22 of 31 days');
-- arrears: every period is billed, up to the bound
UPDATE settings SET arrears = 'bill', arrears_max = 2;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT night(d::date) FROM generate_series(date '2026-01-02', '2026-05-02', '1 day') d \g /dev/null
SELECT is((SELECT string_agg(period_end::text, ' ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'), '2026-01-31 2026-02-28', 'arrears are billed up to arrears_max open bills');
UPDATE settings SET arrears = 'stop', arrears_max = 3;
-- the first period whole, or merged
UPDATE settings SET first_period = 'full';
SELECT is(owes(inv(sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-14'))), 'unpaid 0/150000', 'first_period full: the part at the whole price');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid'), '2026-01-14') AS s, sub(person(), jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid'), '2026-01-14') AS t \gset
SELECT subscription_suspend(:'t', NULL, '2026-01-20') \g /dev/null
SELECT step('renew', '2026-02-01') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || owes(inv(:'t')), 'unpaid 0/150000, unpaid 0/29100', 'billed afterwards, too; a line that was cut pays for its six days of 31');
UPDATE settings SET first_period = 'merge';
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-25') AS s \gset
SELECT is(owes(inv(:'s')) || ' ' || period_start || ' ' || period_end, 'unpaid 0/183900 2026-01-25 2026-02-28', 'merge: seven days and the whole month after them') FROM invoices WHERE id = inv(:'s');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-14') AS s \gset
SELECT is((SELECT period_end FROM invoices WHERE id = inv(:'s')), '2026-01-31', 'a part of merge_days or more stands alone');
UPDATE settings SET merge_days = 7;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-25') AS s, sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-26') AS t \gset
SELECT is((SELECT string_agg(period_end::text, ' ' ORDER BY seq) FROM invoices WHERE subscription_id IN (:'s', :'t')), '2026-01-31 2026-02-28', 'merge: seven days are not fewer than seven');
UPDATE settings SET merge_days = DEFAULT;
UPDATE settings SET first_period = 'prorate';
-- days of a calendar line are money
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-02-01') AS s \gset
SELECT subscription_days_add(:'s', 7, 'storm', '2026-02-02') \g /dev/null
SELECT is(owes(inv(:'s')) || ' ' || due_date, 'unpaid 0/112500 2026-02-17', 'seven of 28 days off the untouched bill, due seven days later') FROM invoices WHERE id = inv(:'s');
SELECT is(is_now(:'s') || ' ' || pending_days, 'active 2026-01-31 0', 'the calendar goes on') FROM subscriptions WHERE id = :'s';
SELECT pay(inv(:'s'), '2026-02-03'), subscription_pause(:'s', '2026-02-10', '2026-02-13', NULL, '2026-02-10') \g /dev/null
SELECT step('begin', '2026-02-14') \g /dev/null
SELECT is(is_now(:'s') || ' ' || pending_days, 'active 2026-02-28 4', 'paused days wait for the next bill') FROM subscriptions WHERE id = :'s';
SELECT step('renew', '2026-03-01') \g /dev/null
SELECT is(owes(inv(:'s', 2)), 'unpaid 0/130600', 'the days lower it: 4 of 31');
SELECT subscription_days_add(:'s', 0 + 3, NULL, '2026-03-02') FROM (SELECT pay(inv(:'s', 2), '2026-03-02')) p \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-03-05') \g /dev/null
SELECT is(credit(owner(:'s')), 14600::bigint, 'a reduction pending when the line ends becomes credit');
SELECT throws_ok(format('SELECT change(%L, %L, %L)', sub(person(), jsonb_build_object('package_id', pkg('M'))), '{"end_date": "2026-03-05"}', '2026-01-01'), 'IS422', NULL, 'a calendar line has no end date by hand');
-- The price of a pending day was counted over charges, too: 3 days of 31 gave 62,900 for an installation of 500,000.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT pay(inv(:'s'), '2026-01-01'), charge_create(owner(:'s'), jsonb_build_object('subscription_id', :'s', 'kind', 'installation', 'text', 'fibre', 'amount', 500000), '2026-01-02') \g /dev/null
SELECT step('renew', '2026-02-01'), step('renew', '2026-03-01') \g /dev/null
SELECT pay(inv(:'s', 2), '2026-02-01'), pay(inv(:'s', 3), '2026-03-01'), subscription_days_add(:'s', 3, NULL, '2026-03-02') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-03-05') \g /dev/null
SELECT is(credit(owner(:'s')), 14600::bigint, 'pending days have the price of service alone');
-- a change of billing day
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT pay(inv(:'s'), '2026-01-01'), change(:'s', '{"billing_day": 10}', '2026-01-05') \g /dev/null
SELECT is((SELECT detail FROM step('renew', '2026-02-01') WHERE subscription_id = :'s'), '2026-02-01 to 2026-02-09', 'between the old and the new billing day lies a part');

-- Bug: the part of a calendar line set the anchor of rolling months. Rolling from 1 February on, a month lasted to 14 March at the price of one.
CREATE FUNCTION months(s uuid, first date, last date) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(r.detail || ' ' || r.amount, ', ' ORDER BY d) FROM generate_series(first, last, '1 day') d, step('renew', d::date) r WHERE r.subscription_id = s $$;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-15') AS c, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling'), '2026-01-15') AS r \gset
SELECT pay(inv(l), '2026-01-15') FROM unnest(ARRAY[:'c', :'r']::uuid[]) l \g /dev/null
SELECT change(:'c', '{"cycle": "rolling"}', '2026-01-20'), change(:'r', '{"cycle": "calendar"}', '2026-01-20') \g /dev/null
SELECT is(months(:'c', '2026-02-01', '2026-02-01'), '2026-02-01 to 2026-02-28 150000', 'from calendar to rolling: a month from the day after the last period');
SELECT is(months(:'r', '2026-02-15', '2026-02-15'), '2026-02-15 to 2026-02-28 75000', 'from rolling to calendar: a part up to the billing day');
SELECT pay(inv(:'r', 2), '2026-02-15'), change(:'r', '{"cycle": "rolling"}', '2026-02-20') \g /dev/null
SELECT is(months(:'r', '2026-03-01', '2026-03-01'), '2026-03-01 to 2026-03-31 150000', 'and back: the months begin anew');

-- postpaid
UPDATE settings SET mode = 'postpaid', due_days = 0;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-14') AS s \gset
SELECT is((SELECT count(*) FROM invoices WHERE subscription_id = :'s'), 0::bigint, 'postpaid: nothing is billed at sign-up');
SELECT throws_ok(format('SELECT invoice_create(%L, %L)', jsonb_build_object('subscription_id', :'s'), '2026-01-31'), 'IS409', 'The period has not passed yet: a postpaid line is billed afterwards.',
	'nor by hand on the last day of the period');
SELECT is((SELECT string_agg(d::date::text, ' ') FROM generate_series(date '2026-01-15', '2026-02-02', '1 day') d
	WHERE EXISTS (SELECT FROM step('renew', d::date) r WHERE r.subscription_id = :'s')), '2026-02-01', 'but when the part has passed');
SELECT is(owes(inv(:'s')) || ' ' || due_date || ' ' || is_now(:'s'), 'unpaid 0/87100 2026-02-11 active 2026-01-31', 'due ten days later; end_date is the last day billed') FROM invoices WHERE id = inv(:'s');
SELECT pay(inv(:'s'), '2026-02-05') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-01-31', 'payment moves no date');
SELECT subscription_suspend(:'s', NULL, '2026-02-13') \g /dev/null
SELECT is((SELECT detail FROM step('renew', '2026-02-14') WHERE subscription_id = :'s'), '2026-02-01 to 2026-02-12', 'cut on the 13th: the 12 days used are billed');
SELECT is(owes(inv(:'s', 2)), 'unpaid 0/64300', 'by their share');
SELECT subscription_activate(:'s', '2026-02-20', NULL, '2026-02-20') \g /dev/null
SELECT is((SELECT detail FROM step('renew', '2026-03-01') WHERE subscription_id = :'s'), '2026-02-20 to 2026-02-28', 'a return opens a part');
SELECT subscription_cancel(:'s', NULL, '2026-03-05') \g /dev/null
SELECT is((SELECT detail FROM step('renew', '2026-03-06') WHERE subscription_id = :'s'), '2026-03-01 to 2026-03-05', 'an end with its day');
-- a bill cancelled by hand is issued again, but where it is waived: also while the line is off
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT step('renew', '2026-02-01') \g /dev/null
SELECT subscription_suspend(:'s', NULL, '2026-02-13') \g /dev/null
SELECT step('renew', '2026-02-14') \g /dev/null
SELECT invoice_cancel(inv(:'s', 2), '2026-02-14') \g /dev/null
SELECT is((SELECT detail FROM step('renew', '2026-02-15') WHERE subscription_id = :'s'), '2026-02-01 to 2026-02-12', 'postpaid: a cancelled bill is issued again, while the line is off too');
SELECT invoice_cancel(inv(:'s', 3), '2026-02-15', true) \g /dev/null
SELECT is((SELECT detail FROM step('renew', '2026-02-16') WHERE subscription_id = :'s'), NULL, 'a waived one is not');
SELECT is((SELECT end_date FROM subscriptions WHERE id = :'s'), '2026-02-12', 'its days stay behind the line');
-- A postpaid line that changed its package was billed the whole month at the new price, days already used too.
-- Changed on the 11th: ten days at the old price, the rest at the new one.
INSERT INTO packages (name, bandwidth, price, period_unit, router_profile) VALUES ('N', '20M/20M', 310000, 'month', 'n');
CREATE FUNCTION bills(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(amount || ' ' || period_start || ' ' || period_end, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = s $$;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT change(:'s', jsonb_build_object('package_id', pkg('N')), '2026-01-11') \g /dev/null
SELECT step('renew', '2026-02-01') \g /dev/null
SELECT is(bills(:'s'), '48400 2026-01-01 2026-01-10, 210000 2026-01-11 2026-01-31', 'each day at the price of the package it was used with');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT subscription_suspend(:'s', NULL, '2026-01-11'), change(:'s', jsonb_build_object('package_id', pkg('N')), '2026-01-11') \g /dev/null
SELECT is(bills(:'s') || ' ' || closed_on, '48400 2026-01-01 2026-01-10 2026-01-10', 'so it is of a line that is off, which stays off') FROM subscriptions WHERE id = :'s';
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT change(:'s', jsonb_build_object('package_id', pkg('N')), '2026-02-11') \g /dev/null
SELECT is(bills(:'s'), '150000 2026-01-01 2026-01-31, 53600 2026-02-01 2026-02-10', 'and after a missed night: the whole month, then the part');
-- A rolling month after a change or a return had the whole price for what was left up to its old anchor.
-- It is a whole month from that day.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling'), '2026-01-01') AS s \gset
SELECT change(:'s', jsonb_build_object('package_id', pkg('N')), '2026-01-11') \g /dev/null
SELECT step('renew', '2026-02-11') \g /dev/null
SELECT is(bills(:'s'), '48400 2026-01-01 2026-01-10, 310000 2026-01-11 2026-02-10', 'a month from the change');
SELECT subscription_suspend(:'s', NULL, '2026-02-11'), subscription_activate(:'s', '2026-02-20', NULL, '2026-02-20') \g /dev/null
SELECT step('renew', '2026-03-20') \g /dev/null
SELECT is(period_start || ' ' || period_end, '2026-02-20 2026-03-19', 'and one from the return') FROM invoices WHERE id = inv(:'s', 3);

-- Bug: a line that was cut after three missed nights of the first of the month paid for one month, and the
-- return moved its billed days past the others: they were never billed.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT subscription_suspend(:'s', NULL, '2026-03-11'), subscription_activate(:'s', NULL, NULL, '2026-03-20') \g /dev/null
SELECT is(bills(:'s'), '150000 2026-01-01 2026-01-31, 150000 2026-02-01 2026-02-28, 48400 2026-03-01 2026-03-10',
	'postpaid, cut after several unbilled periods: pays for every day used');
SELECT is((SELECT detail FROM step('renew', '2026-04-01') WHERE subscription_id = :'s'), '2026-03-20 to 2026-03-31', 'and goes on from the return');
-- Bug: after an outage of the run each night billed one of the passed months.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT is((SELECT string_agg(detail, ', ') FROM step('renew', '2026-04-02') WHERE subscription_id = :'s'),
	'2026-01-01 to 2026-01-31, 2026-02-01 to 2026-02-28, 2026-03-01 to 2026-03-31', 'postpaid after an outage: each period that has passed is billed, by one bill each');
-- The night that cuts a line for debt bills all that it used, too.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 5000, 'due_date', '2026-02-27'), '2026-02-27') \g /dev/null
SELECT step('overdue', '2026-03-11') \g /dev/null
SELECT step('suspend', '2026-03-11') \g /dev/null
SELECT is(bills(:'s'), '150000 2026-01-01 2026-01-31, 150000 2026-02-01 2026-02-28, 48400 2026-03-01 2026-03-10',
	'cut for debt by a run of some steps: every used day is billed that night');

-- Bug: a change for the next period priced the running month, whose days were used with the old package, at the new one.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT is(subscription_change(:'s', jsonb_build_object('package_id', pkg('N'), 'effective', 'next_period'), '2026-01-15') ->> 'effective_from', '2026-02-01',
	'postpaid, changed for the next period: it begins after the running month');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'mode', 'prepaid', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS t \gset
SELECT change(:'t', '{"mode": null}', '2026-01-20') \g /dev/null
SELECT is(subscription_change(:'t', jsonb_build_object('package_id', pkg('N'), 'effective', 'next_period'), '2026-01-31') ->> 'effective_from', '2026-02-01',
	'postpaid, with days paid up to today: it begins tomorrow');
SELECT is((SELECT string_agg(detail, ', ') FROM step('renew', '2026-02-01') WHERE subscription_id = :'s'),
	'2026-01-01 to 2026-01-31, has the package N from now on', 'the night bills the month, then the package begins');
SELECT step('renew', '2026-03-01') \g /dev/null
SELECT is(bills(:'s'), '150000 2026-01-01 2026-01-31, 310000 2026-02-01 2026-02-28', 'each month at the package of that month');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT bare(jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'end_date', '2026-01-31')) AS ahead \gset
SELECT is(subscription_change(:'ahead', jsonb_build_object('package_id', pkg('N'), 'effective', 'next_period'), '2026-01-05') ->> 'effective_from', '2026-02-01',
	'billed to the end of the month already: it begins with the first day that is not');
SELECT change(:'s', jsonb_build_object('package_id', pkg('N'), 'effective', 'next_period'), '2026-01-15'),
	change(:'s', jsonb_build_object('package_id', pkg('M'), 'effective', 'next_period'), '2026-01-16') \g /dev/null
SELECT is(next_package_id, NULL, 'changed back before it begins: forgotten') FROM subscriptions WHERE id = :'s';
SELECT change(:'s', jsonb_build_object('package_id', pkg('N'), 'effective', 'next_period'), '2026-02-15') \g /dev/null
SELECT is(bills(:'s') || ', ' || next_package_on, '150000 2026-01-01 2026-01-31, 2026-03-01', 'after a missed night: the passed month is billed at the old package first')
	FROM subscriptions WHERE id = :'s';
SELECT subscription_suspend(:'s', NULL, '2026-02-21') \g /dev/null
SELECT step('renew', '2026-02-22') \g /dev/null
SELECT subscription_activate(:'s', NULL, NULL, '2026-02-25') \g /dev/null
SELECT step('renew', '2026-03-01') \g /dev/null
SELECT is(bills(:'s'), '150000 2026-01-01 2026-01-31, 107200 2026-02-01 2026-02-20, 21500 2026-02-25 2026-02-28', 'cut and back in between: the old package up to its last day');
-- A rolling month that the change divides is billed by its days.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling'), '2026-01-01') AS s \gset
SELECT change(:'s', jsonb_build_object('package_id', pkg('N'), 'effective', 'next_period'), '2026-01-05') \g /dev/null
SELECT subscription_suspend(:'s', NULL, '2026-01-11'), subscription_activate(:'s', NULL, NULL, '2026-01-22') \g /dev/null
SELECT step('renew', '2026-02-01') \g /dev/null
SELECT step('renew', '2026-03-01') \g /dev/null
SELECT is(bills(:'s'), '48400 2026-01-01 2026-01-10, 48400 2026-01-22 2026-01-31, 310000 2026-02-01 2026-02-28', 'rolling: the days up to the change at the old package, then a whole month')
	FROM subscriptions WHERE id = :'s';

-- Bug: a used part was billed, the line came back, and the bill was cancelled: no run came to its days again.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT subscription_suspend(:'s', NULL, '2026-01-11') \g /dev/null
SELECT step('renew', '2026-01-11') \g /dev/null
SELECT subscription_activate(:'s', NULL, NULL, '2026-01-20') \g /dev/null
SELECT invoice_cancel(inv(:'s'), '2026-01-21') \g /dev/null
SELECT is((SELECT string_agg(owes(id) || ' ' || period_start || ' ' || period_end || ' ' || due_date, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'),
	'cancelled 0/48400 2026-01-01 2026-01-10 2026-01-21, unpaid 0/48400 2026-01-01 2026-01-10 2026-01-31', 'postpaid, an older bill is cancelled: its used days are billed again');
SELECT invoice_cancel(inv(:'s', 2), '2026-01-21', true) \g /dev/null
SELECT is((SELECT string_agg(detail, ', ') FROM step('renew', '2026-02-01') WHERE subscription_id = :'s'), '2026-01-20 to 2026-01-31', 'waived: they are not');
-- Bug: cancelled after a change of the package, the run billed the whole month at the new one.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT change(:'s', jsonb_build_object('package_id', pkg('N')), '2026-01-11') \g /dev/null
SELECT invoice_cancel(inv(:'s'), '2026-01-12') \g /dev/null
SELECT step('renew', '2026-02-01') \g /dev/null
SELECT is((SELECT string_agg(owes(id) || ' ' || period_start, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'),
	'cancelled 0/48400 2026-01-01, unpaid 0/48400 2026-01-01, unpaid 0/210000 2026-01-11', 'a cancelled bill of days used with another package: at that package again');
-- Bug: the older bill of a line that had ended was cancelled, and its used month was given away.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT step('renew', '2026-02-01') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-02-14') \g /dev/null
SELECT step('renew', '2026-02-15') \g /dev/null
SELECT invoice_cancel(inv(:'s'), '2026-02-16') \g /dev/null
SELECT is((SELECT string_agg(owes(id) || ' ' || period_start, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'),
	'cancelled 0/150000 2026-01-01, unpaid 0/75000 2026-02-01, unpaid 0/150000 2026-01-01', 'also of a line that has ended');

-- Bug: a line that became prepaid used its days since its last bill for nothing, where it is not renewed or was just cut; and one with
-- another package from the next month on paid for the running month at that one.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'auto_renew', false)) AS ends, sub(person(), jsonb_build_object('package_id', pkg('M'))) AS off,
	sub(person(), jsonb_build_object('package_id', pkg('M'))) AS next \gset
SELECT change(:'next', jsonb_build_object('package_id', pkg('N'), 'effective', 'next_period'), '2026-01-11'), subscription_suspend(:'off', NULL, '2026-01-16') \g /dev/null
SELECT change(l, '{"mode": "prepaid"}', '2026-01-16') FROM unnest(ARRAY[:'ends', :'off', :'next']::uuid[]) l \g /dev/null
SELECT step('renew', '2026-01-16') \g /dev/null
SELECT step('expire', '2026-01-16') \g /dev/null
SELECT is(bills(:'ends') || '; ' || is_now(:'ends'), '72600 2026-01-01 2026-01-15; expired 2026-01-15', 'no more postpaid, and not renewed: the days used are billed');
SELECT is(bills(:'off'), '72600 2026-01-01 2026-01-15', 'so they are of a line that is off');
SELECT is(bills(:'next'), '72600 2026-01-01 2026-01-15, 160000 2026-01-16 2026-01-31', 'and each day at the price of its package');

-- on for months, late every month: each day on is billed
UPDATE settings SET postpaid_due_days = 10, grace_days = 3;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
CREATE FUNCTION late_payer(s uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	d date := '2026-01-02';
BEGIN
	WHILE d <= '2026-05-01' LOOP
		PERFORM night(d);
		IF extract(day FROM d) = 25 THEN
			PERFORM pay(i.id, d) FROM invoices i WHERE subscription_id = s AND is_open;
		END IF;
		d := d + 1;
	END LOOP;
END $$;
SELECT late_payer(:'s') \g /dev/null
SELECT is((SELECT sum(period_end - period_start + 1) FROM invoices WHERE subscription_id = :'s' AND status <> 'cancelled')::bigint,
	(SELECT count(*) FROM generate_series(date '2026-01-01', '2026-04-30', '1 day') d
	  WHERE NOT EXISTS (SELECT FROM service_offs WHERE subscription_id = :'s' AND daterange(from_day, back_on) @> d::date)),
	'pays late every month: pays every day that was on');
SELECT is((SELECT count(*) > 0 FROM service_offs WHERE subscription_id = :'s'), true, 'though it was cut in between');

-- what a package by the day keeps
SELECT sub(person()) AS s \gset
SELECT is(is_postpaid, false, 'a package by the day stays rolling and prepaid') FROM subscriptions WHERE id = :'s';
SELECT throws_ok($$SELECT sub(person(), '{"cycle": "calendar"}')$$, 'IS422', NULL, 'calendar needs a package by the month');
SELECT throws_ok($$SELECT sub(person(), '{"mode": "postpaid"}')$$, 'IS422', NULL, 'so does postpaid');
-- A package made monthly by hand left its lines prepaid though the setting is postpaid; a saved setting alone moved them.
-- They follow at once, and back.
INSERT INTO packages (name, bandwidth, price, validity_days, router_profile) VALUES ('T', '10M/10M', 100000, 30, 't');
SELECT sub(person(), jsonb_build_object('package_id', pkg('T'))) AS s \gset
SELECT set_config('isp.today', '2026-01-05', true) \g /dev/null
UPDATE packages SET period_unit = 'month' WHERE name = 'T';
SELECT is(is_postpaid, true, 'a package by the month: postpaid, as the setting says') FROM subscriptions WHERE id = :'s';
UPDATE packages SET period_unit = 'day' WHERE name = 'T';
SELECT is(is_postpaid, false, 'by the day again: prepaid') FROM subscriptions WHERE id = :'s';
-- between the modes
SELECT setting_save('{"mode": "prepaid"}', NULL, '2026-05-02') \g /dev/null
SELECT is_empty('SELECT FROM subscriptions WHERE is_postpaid AND is_live AND mode IS NULL', 'a setting that is saved takes its lines along');
SELECT is_empty('SELECT * FROM check_invariants()', 'the laws hold');
UPDATE settings SET mode = 'postpaid';
SELECT subscriptions_follow_settings('2026-05-02') \g /dev/null
SELECT is_empty('SELECT * FROM check_invariants()', 'and back');
-- Bug: a bill was paid while its line was prepaid, and undone after it had become postpaid. That moved the last billed day back: the
-- next bill overlapped this one, and no run ever billed the line again.
UPDATE settings SET mode = 'prepaid';
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s \gset
SELECT pay(inv(:'s'), '2026-01-02') AS p \gset
SELECT invoice_update(inv(:'s'), '{"due_date": "2026-03-20"}', '2026-01-03'), change(:'s', '{"mode": "postpaid"}', '2026-01-10'),
	payment_reverse(:'p', 'reversal', NULL, '2026-01-11') \g /dev/null
SELECT is(is_now(:'s') || ', ' || owes(inv(:'s')), 'active 2026-01-31, unpaid 0/150000', 'postpaid: money undone moves no date');
SELECT is((SELECT outcome || ' ' || detail FROM step('renew', '2026-03-01') WHERE subscription_id = :'s'), 'done 2026-02-01 to 2026-02-28', 'and the next month is billed');
SELECT pay(inv(:'s'), '2026-03-02'), change(:'s', '{"mode": "prepaid"}', '2026-03-03') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-02-28', 'paid again, and prepaid again: to the same day');
SELECT is_empty('SELECT * FROM check_days()', 'by the law of days');
-- Bug: a line became postpaid while it was off, and the days left of its paid month went with the days off. They are a discount, as of
-- any calendar line; a bill that was issued while it was off stays billed.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-01') AS s, sub(person(), jsonb_build_object('package_id', pkg('P'), 'mode', NULL), '2026-01-01') AS r \gset
SELECT pay(inv(l), '2026-01-02'), subscription_suspend(l, NULL, '2026-01-16') FROM unnest(ARRAY[:'s', :'r']::uuid[]) l \g /dev/null
SELECT subscription_prepay(:'r', 2, NULL, false, '2026-01-20'), change(:'s', '{"mode": "postpaid"}', '2026-01-20'),
	change(:'r', jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'postpaid'), '2026-01-20') \g /dev/null
SELECT is(end_date, (SELECT period_end FROM invoices WHERE id = inv(:'r', 3)), 'billed to the end of what was paid ahead') FROM subscriptions WHERE id = :'r';
SELECT subscription_activate(:'s', NULL, NULL, '2026-02-10') \g /dev/null
SELECT is(is_now(:'s') || ' ' || pending_days, 'active 2026-02-09 16', 'sixteen days left of January are a discount') FROM subscriptions WHERE id = :'s';
SELECT step('renew', '2026-03-01') \g /dev/null
SELECT is(owes(inv(:'s', 2)) || ' ' || period_start, 'unpaid 0/16000 2026-02-10', 'of the next bill: 16 of its 19 days') FROM invoices WHERE id = inv(:'s', 2);
-- Bug: days off of a postpaid time were reported as lost without having been sold once the line was prepaid again.
SELECT subscription_suspend(:'s', NULL, '2026-03-03'), subscription_activate(:'s', NULL, NULL, '2026-03-06'), change(:'s', '{"mode": "prepaid"}', '2026-03-08') \g /dev/null
SELECT is_empty('SELECT * FROM check_days()', 'by the law of days, too');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'prepaid', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS s \gset
SELECT subscription_days_add(:'s', 5, 'storm', '2026-01-10'), change(:'s', '{"mode": "postpaid"}', '2026-01-20'), subscription_suspend(:'s', NULL, '2026-02-06'),
	subscription_activate(:'s', NULL, NULL, '2026-02-09'), change(:'s', '{"mode": "prepaid"}', '2026-02-09') \g /dev/null
SELECT is_empty('SELECT * FROM check_days()', 'by the law of days, also where it was prepaid again on the day of its return');
-- Bug: a pause of such a line gave nothing back where days off had moved its paid days away from the dates of its bill.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'prepaid'), '2026-01-01') AS s \gset
SELECT pay(inv(:'s'), '2026-01-02'), subscription_suspend(:'s', NULL, '2026-01-03'), subscription_activate(:'s', NULL, NULL, '2026-02-05') \g /dev/null
SELECT change(:'s', '{"mode": "postpaid"}', '2026-02-06'), subscription_pause(:'s', NULL, NULL, NULL, '2026-02-10'), subscription_resume(:'s', NULL, '2026-02-16') \g /dev/null
SELECT is(is_now(:'s') || ' ' || pending_days, 'active 2026-03-05 6', 'six of the days left were off') FROM subscriptions WHERE id = :'s';
UPDATE settings SET mode = 'postpaid';
-- A rolling postpaid line was cut, and paid on the day of the cut. The part up to the cut was billed, and the rest of its
-- month at the price of a whole one.
UPDATE settings SET postpaid_due_days = 10, grace_days = 1, first_due_days = 0;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'postpaid'), '2026-01-05') AS s \gset
SELECT night(day::date) FROM generate_series(date '2026-02-05', '2026-02-17', '1 day') day \g /dev/null
SELECT pay(inv(:'s', n), '2026-02-17') FROM generate_series(1, 2) n \g /dev/null
SELECT night(day::date) FROM generate_series(date '2026-02-18', '2026-03-17', '1 day') day \g /dev/null
SELECT is((SELECT string_agg(period_start || ' ' || period_end || ' ' || amount, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'),
	'2026-01-05 2026-02-04 150000, 2026-02-05 2026-02-16 64300, 2026-02-17 2026-03-16 150000', 'rolling postpaid, cut and back on one day: a whole month begins');
-- Off and on by hand on one day, on the first day of a month or within it: no day is lost, and months from the 31st still end on the 30th.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'postpaid'), '2026-01-31') AS s,
	sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'postpaid'), '2026-01-31') AS t \gset
SELECT step('renew', '2026-02-28') \g /dev/null
SELECT subscription_suspend(line, NULL, day), subscription_activate(line, day, NULL, day) FROM (VALUES (:'s'::uuid, date '2026-02-28'), (:'t', '2026-03-10')) v (line, day) \g /dev/null
SELECT step('renew', '2026-03-31') \g /dev/null
SELECT is((SELECT string_agg(period_start || ' ' || period_end || ' ' || amount, ', ' ORDER BY seq) FROM invoices WHERE subscription_id IN (:'s', :'t')),
	'2026-01-31 2026-02-27 150000, 2026-01-31 2026-02-27 150000, 2026-02-28 2026-03-30 150000, 2026-02-28 2026-03-30 150000', 'off and on by hand: the months go on');
-- The package of such a line was changed soon after a return; the bill of the days before was deleted and issued again, and
-- set the rhythm of the next period: a month from 18 to 16 February at the whole price.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'rolling', 'mode', 'postpaid'), '2026-01-05') AS s \gset
SELECT subscription_pause(:'s', '2026-01-10', '2026-01-15', NULL, '2026-01-10') \g /dev/null
SELECT night(day::date) FROM generate_series(date '2026-01-11', '2026-01-16', '1 day') day \g /dev/null
SELECT change(:'s', jsonb_build_object('package_id', pkg('N')), '2026-01-18') \g /dev/null
SELECT invoice_cancel(inv(:'s', 2), '2026-01-19') \g /dev/null
SELECT pay(inv(:'s', n), '2026-01-19') FROM unnest('{1,3}'::int[]) n \g /dev/null
SELECT night(day::date) FROM generate_series(date '2026-01-20', '2026-02-18', '1 day') day \g /dev/null
SELECT is((SELECT string_agg(period_start || ' ' || period_end || ' ' || amount, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s' AND status <> 'cancelled'),
	'2026-01-05 2026-01-09 24200, 2026-01-16 2026-01-17 9700, 2026-01-18 2026-02-17 310000', 'the bill issued again leaves the next month whole');
-- A preset names the packages by the day that a calendar does not reach; asked to, it makes those of about a month monthly.
SELECT is(setting_preset(preset, packages, NULL, '2026-03-01')::text, wanted, preset || ': packages that it does not reach') FROM (VALUES
	('prabayar 30 hari', true, '[]'), ('bulanan tanggal tetap', false, '["D", "F", "P", "Q", "S", "T", "W"]'), ('pascabayar', true, '["D", "W"]')) AS t (preset, packages, wanted);
SELECT finish();
ROLLBACK;
