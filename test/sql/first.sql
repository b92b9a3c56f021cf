-- A line that waits for its first payment: the bill moves with the day, and is no debt before.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET first_payment_first = true, first_due_days = 3;
CREATE FUNCTION nights(first date, last date) RETURNS void LANGUAGE sql AS $$
	SELECT night(day::date) FROM generate_series(first, last, '1 day') day $$;
CREATE FUNCTION bill(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT status || ' ' || period_start || ' ' || period_end || ' due ' || due_date FROM invoices WHERE id = inv(s) $$;

-- A customer signed up on 20 January for 1 February and paid on the 25th. Every night only moved the
-- begin of the line by a day: it was never switched on.
SELECT sub(person(), '{"start_date": "2026-02-01", "end_date": "2026-03-02"}', '2026-01-20') AS s \gset
SELECT pay(inv(:'s'), '2026-01-25') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(new) 2026-03-02', 'paid early: off up to its first day');
SELECT nights('2026-01-26', '2026-01-31') \g /dev/null
SELECT is((SELECT detail FROM step('begin', '2026-02-01') WHERE subscription_id = :'s'), 'the service begins', 'on its day');
SELECT is(is_now(:'s'), 'active 2026-03-02', 'it is on');

-- The same line paid on 15 February was billed to 16 March and paid up to 2 March: no span was open
-- from its first day on, and the next bill overlapped this one for ever.
SELECT sub(person(), '{"start_date": "2026-02-01", "end_date": "2026-03-02"}', '2026-01-20') AS s \gset
SELECT nights('2026-01-21', '2026-02-15') \g /dev/null
SELECT pay(inv(:'s'), '2026-02-15') \g /dev/null
SELECT is(is_now(:'s') || ', ' || bill(:'s'), 'active 2026-03-16, paid 2026-02-15 2026-03-16 due 2026-02-18', 'its days are those of its bill');
SELECT sub(person(), '{"start_date": "2026-02-01", "end_date": "2026-03-02"}', '2026-01-20') AS s \gset
SELECT pay(inv(:'s'), '2026-02-15') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-03-16', 'also when no night ran meanwhile');

-- Bug: its first bill was paid, and it stayed off for another one past its grace. When that one's due date was moved, a line that was
-- off for debt came back at once and this one with the next night (seed 1889).
SELECT sub(person(), '{}', '2026-01-05') AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 5000, 'due_date', '2026-01-05'), '2026-01-05') \g /dev/null
SELECT step('overdue', '2026-01-06') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-10') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(new) 2026-02-03', 'paid, but another bill is past its grace');
UPDATE settings SET grace_days = 30;
SELECT invoice_update(inv(:'s', 2), '{"due_date": "2026-01-05", "notes": "asked"}', '2026-01-11') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(new) 2026-02-03', 'notes on that bill change nothing');
UPDATE settings SET grace_days = 1;
SELECT invoice_update(inv(:'s', 2), '{"due_date": "2026-01-12"}', '2026-01-12') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-02-10', 'the other is due today: on');

-- A month signed up for on 10 January ended on 9 February however late it began: 26 days at the price
-- of a month, because the anchor of the first bill stayed behind.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-10') AS s, sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-10') AS t \gset
SELECT nights('2026-01-11', '2026-01-15') \g /dev/null
SELECT is(bill(:'s'), 'unpaid 2026-01-15 2026-02-14 due 2026-01-18', 'it is a month from each day on; and due three days later');
SELECT is_empty($$SELECT * FROM step('begin', '2026-01-15')$$, 'once a day: a second run has nothing to begin');
SELECT pay(inv(:'s'), '2026-01-15') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-02-14', 'a whole month is paid for');
SELECT pay(inv(:'t'), '2026-02-01') \g /dev/null
SELECT is(is_now(:'t') || ', ' || bill(:'t'), 'active 2026-02-28, paid 2026-02-01 2026-02-28 due 2026-01-18', 'also when no night moved the bill');

-- The first bill of a line that waits was deleted: no run ever billed the line again, and nothing could begin its service.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'))) AS s, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'auto_renew', false)) AS c,
	sub(person(), '{"start_date": "2026-01-01", "end_date": "2026-01-15"}') AS h, sub(person(), '{"start_date": "2026-02-01", "end_date": "2026-03-02"}') AS a,
	sub(person()) AS w, sub(person()) AS d \gset
SELECT invoice_cancel(inv(l), '2026-01-05', l = :'w') FROM unnest(ARRAY[:'s', :'c', :'h', :'a', :'w', :'d']::uuid[]) l \g /dev/null
SELECT subscription_days_add(:'d', 2, 'known', '2026-01-05') \g /dev/null
SELECT is(is_now(:'s') || ', ' || is_now(:'w') || ', ' || is_now(:'d'), 'suspended(new) 2025-12-31, active 2026-02-03, active 2026-01-06', 'it waits; but not with days that were waived or given');
SELECT nights('2026-01-06', '2026-01-06') \g /dev/null
CREATE FUNCTION again(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(amount || ' ' || period_start || ' ' || period_end || ' due ' || due_date, ', ') FROM invoices WHERE subscription_id = s AND is_open AND kind = 'first' $$;
SELECT is(again(:'s'), '150000 2026-01-06 2026-02-05 due 2026-01-09', 'the next run bills it again, as if it signed up that day');
SELECT is(again(:'c'), '125900 2026-01-06 2026-01-31 due 2026-01-09', 'a calendar line its part, though it does not renew itself');
SELECT is(again(:'h'), '50000 2026-01-06 2026-01-20 due 2026-01-09', 'given dates keep their length and price');
SELECT is(again(:'a'), '100000 2026-02-01 2026-03-02 due 2026-01-31', 'before the first day of a line, from that day on');
SELECT is(concat(again(:'w'), again(:'d')), '', 'days that were waived or given stand for its first bill');
SELECT nights('2026-01-07', '2026-01-08') \g /dev/null
SELECT is(again(:'s') || ', ' || again(:'c'), '150000 2026-01-08 2026-02-07 due 2026-01-11, 116200 2026-01-08 2026-01-31 due 2026-01-11', 'it moves on as the first one did');
SELECT pay(inv(:'s', 2), '2026-01-09') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-02-08', 'paid, the line is on');

-- The payment moves the period, in a worker of the gateway too.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-10') AS s \gset
SET LOCAL ROLE isp_gateway;
SELECT last FROM subscriptions s, invoices i, first_period(s, i, '2026-02-01') WHERE s.id = :'s' AND i.subscription_id = s.id \gset
RESET ROLE;
SELECT is(:'last'::text, '2026-02-28', 'paid at the gateway');

-- Half a period sold with its dates became a whole one at half the price in the first night.
SELECT sub(person(), '{"start_date": "2026-01-01", "end_date": "2026-01-15"}') AS s \gset
SELECT nights('2026-01-02', '2026-01-05') \g /dev/null
SELECT is(bill(:'s') || ', ' || owes(inv(:'s')), 'unpaid 2026-01-05 2026-01-19 due 2026-01-08, unpaid 0/50000', 'given dates keep their length');

-- 30 days sold of a package by the month: on 29 January they looked like a month, and from the 30th on they were one.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'start_date', '2026-01-05', 'end_date', '2026-02-03'), '2026-01-05') AS s \gset
SELECT nights('2026-01-06', '2026-01-30') \g /dev/null
SELECT is(bill(:'s'), 'unpaid 2026-01-30 2026-02-28 due 2026-02-02', 'they keep their length in every month');

-- A pause of a line that waited never ended: each night took it for one that waits.
SELECT sub(person()) AS s \gset
SELECT subscription_pause(:'s', '2026-01-03', '2026-01-05', NULL, '2026-01-03') \g /dev/null
SELECT nights('2026-01-04', '2026-01-06') \g /dev/null
SELECT is((SELECT status FROM subscriptions WHERE id = :'s'), 'active', 'the pause of a line that waited ends');

-- Dates that had begun: the days before sign-up were no days off. A customer who paid at once had the days that had passed, and the
-- bill said otherwise.
SELECT sub(person(), '{"start_date": "2025-12-23", "end_date": "2025-12-29"}', '2026-01-05') AS s \gset
SELECT pay(inv(:'s'), '2026-01-05') \g /dev/null
SELECT is(is_now(:'s') || ', ' || bill(:'s'), 'active 2026-01-11, paid 2026-01-05 2026-01-11 due 2026-01-08', 'the first period begins on the day of payment');

-- A first bill waited from 1 January on; on the 5th it was overdue and bore a late fee, though its
-- period had not begun and is "never due before D + first_due_days".
UPDATE settings SET late_fee = 5000;
SELECT sub(person()) AS s, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS t \gset
SELECT nights('2026-01-02', '2026-01-20') \g /dev/null
SELECT is(bill(:'s'), 'unpaid 2026-01-20 2026-02-18 due 2026-01-23', 'it is due three days from each day on');
SELECT is(bill(:'t'), 'unpaid 2026-01-20 2026-01-31 due 2026-01-23', 'a calendar bill too');
SELECT is((SELECT count(*) FROM charges WHERE subscription_id IN (:'s', :'t')), 0::bigint, 'no late fee');
SELECT sub(person(), '{"start_date": "2026-02-01", "end_date": "2026-03-02"}', '2026-01-20') AS t \gset
SELECT nights('2026-01-21', '2026-02-01') \g /dev/null
SELECT is(bill(:'t'), 'unpaid 2026-02-01 2026-03-02 due 2026-02-04', 'nor is one overdue on the first day of its line');

-- The customer thought better of it before the line was ever on: the bill stayed as a debt, because
-- each night had its period begin that day.
SELECT subscription_cancel(:'s', NULL, '2026-02-01'), subscription_suspend(:'t', NULL, '2026-02-01') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || owes(inv(:'t')), 'cancelled 0/100000, cancelled 0/100000', 'a line that was never on leaves no debt, cancelled or off by hand');
SELECT sub(person()) AS s \gset
SELECT over(inv(:'s'), 40000, '2026-01-01') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-01-05') \g /dev/null
SELECT is(credit(owner(:'s')), 40000::bigint, 'money paid on it in part is credit');
SELECT sub(person()) AS s \gset
SELECT nights('2026-02-02', '2026-02-03') \g /dev/null
SELECT change(:'s', jsonb_build_object('package_id', pkg('Q')), '2026-02-03') \g /dev/null
SELECT is((SELECT amount || ' ' || kind FROM invoices WHERE id = inv(:'s', 2)), '200000 first', 'another package: the bill is issued again at its price');

-- A line that waits for its first payment may be switched on by hand; one whose first day is to come may not.
SELECT sub(person()) AS a, sub(person(), '{"start_date": "2026-01-10", "end_date": "2026-02-08"}') AS b \gset
SELECT lives_ok(format('SELECT subscription_activate(%L, ''2026-01-05'', ''known'', ''2026-01-02'')', :'a'), 'switched on by hand');
SELECT is(is_now(:'a') LIKE 'active %', true, 'it is on');
SELECT throws_ok(format('SELECT subscription_activate(%L, NULL, ''known'', ''2026-01-09'')', :'b'), 'IS409', 'The service begins on 2026-01-10.', 'before its first day it is not');
SELECT lives_ok(format('SELECT subscription_activate(%L, NULL, ''known'', ''2026-01-10'')', :'b'), 'on its first day it is');
-- The start of a line that has no days and no bill yet may move; the days that it does not have lie before it.
-- Bug: a line whose start moved into the future stayed on; one that was off until its start began on the old one.
SELECT sub(person(), '{"issue_invoice": false}') AS s, bare() AS t, sub(person()) AS u,
	sub(person(), jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid', 'issue_invoice', false, 'start_date', '2026-01-20', 'end_date', '2026-01-31')) AS p \gset
CREATE FUNCTION begins(s uuid) RETURNS text LANGUAGE sql AS $$ SELECT start_date || ' ' || is_now(id) || coalesce(' begins ' || begin_on, '') FROM subscriptions WHERE id = s $$;
SELECT is(begins(:'s') || ', ' || begins(:'p'), '2026-01-01 active 2025-12-31, 2026-01-20 suspended(new) 2026-01-31 begins 2026-01-20', 'one is on, one begins later');
SELECT change(:'s', '{"start_date": "2026-01-10"}', '2026-01-02'), change(:'p', '{"start_date": "2026-01-25"}', '2026-01-02') \g /dev/null
SELECT is(begins(:'s'), '2026-01-10 suspended(new) 2026-01-09 begins 2026-01-10', 'the start moves, and the end with it: off until then');
SELECT is(begins(:'p'), '2026-01-25 suspended(new) 2026-01-24 begins 2026-01-25', 'one that is off begins on the new day');
SELECT change(:'p', '{"start_date": "2026-01-02"}', '2026-01-02'), change(:'s', '{"start_date": "2026-01-03"}', '2026-01-02') \g /dev/null
SELECT is(begins(:'p'), '2026-01-02 active 2026-01-01', 'a start that has come: on at once');
SELECT is(step('begin', '2026-01-03') IS NULL, false, 'on its first day the night');
SELECT is(begins(:'s'), '2026-01-03 active 2026-01-02', 'puts the other on');
SELECT throws_ok(format($$SELECT change(%L, '{"start_date": "2026-01-10"}', '2026-01-02')$$, l), 'IS422', NULL, 'not that of a line with days, or with a bill')
FROM unnest(ARRAY[:'t', :'u']) l;
SELECT lives_ok(format($$SELECT change(%L, '{"start_date": "2026-01-01"}', '2026-01-02')$$, :'u'), 'the same start is no change');
-- Bug: a first bill that a change of package had issued anew, without the month that it would be merged with, was taken for one
-- whose dates somebody had given: it moved on for as many days, and 10000 paid for the first day of a month of the calendar.
UPDATE settings SET first_payment_first = true, first_period = 'merge', merge_days = 10;
INSERT INTO packages (name, bandwidth, price, period_unit, router_profile) VALUES ('N', '20M/20M', 310000, 'month', 'n');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'billing_day', 10), '2026-01-05') AS s \gset
SELECT subscription_change(:'s', jsonb_build_object('package_id', pkg('N'), 'effective', 'now'), '2026-01-09') \g /dev/null
SELECT night('2026-01-10') \g /dev/null
SELECT is((SELECT string_agg(status || ' ' || amount || ' ' || period_start || ' ' || period_end, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'),
	'cancelled 174200 2026-01-05 2026-02-09, unpaid 310000 2026-01-10 2026-02-09', 'on the billing day it is the bill of a whole month');
UPDATE settings SET first_period = 'prorate';
-- Bug: the next period of a line that waits for its first payment was billed by hand. The first bill could not move behind it: each
-- night failed for the line, and no payment of it could be booked.
UPDATE settings SET first_payment_first = true;
SELECT sub(person(), '{}', '2026-01-05') AS s \gset
SELECT throws_ok(format('SELECT invoice_create(%L, ''2026-01-05'')', jsonb_build_object('subscription_id', :'s')), 'IS409', 'The next period has been billed already.',
	'the first bill is the next one until it is paid');
SELECT step('begin', '2026-01-08') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-08') \g /dev/null
SELECT lives_ok(format('SELECT invoice_create(%L, ''2026-01-08'')', jsonb_build_object('subscription_id', :'s')), 'then there is another');
-- One day is a day: paid for, the service begins; given, the deleted first bill is not issued again, though another bill keeps the line off.
SELECT sub(person(), jsonb_build_object('package_id', pkg('D')), '2026-01-05') AS p, sub(person(), '{}', '2026-01-05') AS g \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'g', 'kind', 'other', 'amount', 5000, 'due_date', '2026-01-05'), '2026-01-05') \g /dev/null
SELECT step('overdue', '2026-01-06') \g /dev/null
SELECT pay(inv(:'p'), '2026-01-08'), invoice_cancel(inv(:'g'), '2026-01-08'), subscription_days_add(:'g', 1, 'sorry', '2026-01-08') \g /dev/null
SELECT step('begin', '2026-01-09') \g /dev/null
SELECT is(is_now(:'p') || ', ' || is_now(:'g') || ' ' || (SELECT count(*) FROM invoices WHERE subscription_id = :'g'), 'active 2026-01-08, suspended(new) 2026-01-05 2', 'one day paid for, one day given');
SELECT sound();
SELECT finish();
ROLLBACK;
