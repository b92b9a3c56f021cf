-- Money at the end of things: late fees, bills released, customers archived.
BEGIN;
\ir town.psql
SELECT no_plan();

-- A line ended with a bill past due: its late fee was billed alone, that bill became late and bore
-- a fee again, and so on every week for ever.
UPDATE settings SET late_fee = 5000, late_fee_days = 1;
SELECT sub(person()) AS s \gset
SELECT subscription_cancel(:'s', NULL, '2026-01-01') \g /dev/null
SELECT night(day::date) FROM generate_series(date '2026-01-01', '2026-03-01', '1 day') day \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'), 'first 100000, other 5000', 'one fee for one bill');

-- In percent: a fee of 10% on a bill of 100000 with a fee of 5000 on it was 10500.
UPDATE settings SET late_fee = 0, late_fee_percent = 10;
SELECT bare() AS s \gset
INSERT INTO charges (customer_id, subscription_id, kind, text, amount, entered_on) VALUES (owner(:'s'), :'s', 'late_fee', 'late', 5000, '2026-01-02');
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT is((SELECT amount || ': ' || late_fee_of(i) FROM invoices i WHERE id = inv(:'s')), '105000: 10000', 'a fee bears none');
UPDATE settings SET late_fee_percent = 0;

-- The next bill was paid in part, and another one stood open. The line was suspended by hand: the part
-- became credit and lay there while the other bill went on to be overdue.
CREATE FUNCTION two_open() RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	s uuid := bare('{"auto_renew": true}');
BEGIN
	PERFORM step('renew', '2026-01-24');
	PERFORM invoice_create(jsonb_build_object('subscription_id', s, 'kind', 'other', 'amount', 50000, 'due_date', '2026-03-01'), '2026-01-24');
	PERFORM over(inv(s), 30000, '2026-01-24');
	RETURN s;
END $$;
SELECT two_open() AS a, two_open() AS b, two_open() AS c \gset
SELECT subscription_suspend(:'a', NULL, '2026-01-25'), subscription_pause(:'b', NULL, NULL, NULL, '2026-01-25') \g /dev/null
UPDATE subscriptions SET auto_renew = false WHERE id = :'c';
UPDATE invoices SET due_date = '2026-03-01', period_start = period_start + 20, period_end = period_end + 20 WHERE id = inv(:'c');
SELECT step('expire', '2026-01-31') \g /dev/null
SELECT is((SELECT string_agg(credit(owner(x)) || ' ' || owes(inv(x, 2)), ', ') FROM unnest(ARRAY[:'a', :'b', :'c']::uuid[]) x),
	'0 unpaid 30000/50000, 0 unpaid 30000/50000, 0 unpaid 30000/50000', 'suspended, paused, expired: credit is used at once');

-- A customer had paid the next period and was archived: there was no credit when that was tested, and
-- a moment later there was, hidden with the customer.
SELECT bare() AS s \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-25') \g /dev/null
SELECT throws_ok(format('SELECT customer_archive(owner(%L), false, ''2026-01-26'')', :'s'), 'IS409', NULL, 'archive: money paid ahead is credit by then, 409');
SELECT is(is_now(:'s'), 'active 2026-03-01', 'and nothing is changed');
SELECT lives_ok(format('SELECT customer_archive(owner(%L), true, ''2026-01-26'')', :'s'), 'but with keep_credit');
SELECT is(credit(owner(:'s')), 100000::bigint, 'archive: the credit stays');

-- Days that wait for the next bill of a line that ends are credit, and those of other lines wait on.
CREATE FUNCTION waiting(s uuid) RETURNS text LANGUAGE sql AS $$ SELECT pending_days || ' ' || credit(customer_id) FROM subscriptions WHERE id = s $$;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS a, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS b \gset
SELECT pay(inv(:'a'), '2026-01-01'), pay(inv(:'b'), '2026-01-01'), subscription_days_add(:'a', 3, NULL, '2026-01-02'), subscription_days_add(:'b', 3, NULL, '2026-01-02') \g /dev/null
SELECT is(waiting(:'a') || ', ' || waiting(:'b'), '3 0, 3 0', 'three days wait on both');
SELECT subscription_cancel(:'a', NULL, '2026-01-05') \g /dev/null
SELECT is(waiting(:'a') || ', ' || waiting(:'b'), '0 14600, 3 0', 'those of the one that ended are credit');

-- The bill of a line that ends is shorter if the last period is billed by the day: that bill and no other.
UPDATE settings SET prorate_last = true;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS a, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS b \gset
SELECT subscription_cancel(:'a', NULL, '2026-01-10') \g /dev/null
SELECT is((SELECT string_agg(period_end || ' ' || amount, ', ' ORDER BY seq) FROM invoices WHERE subscription_id IN (:'a', :'b')), '2026-01-10 48400, 2026-01-31 150000', 'ten days of thirty-one; the other stands');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS a \gset
SELECT subscription_days_add(:'a', 3, NULL, '2026-01-02'), subscription_cancel(:'a', NULL, '2026-01-10') \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY position) FROM invoice_lines WHERE invoice_id = inv(:'a')), 'part 48400, discount -14600', 'three days of ten');
SELECT sub(person()) AS a, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS b \gset
SELECT pay(inv(:'b'), '2026-01-01') \g /dev/null
SELECT subscription_cancel(:'a', NULL, '2026-01-10'), subscription_cancel(:'b', NULL, '2026-01-10') \g /dev/null
SELECT is((SELECT string_agg(period_end || ' ' || owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id IN (:'a', :'b')),
	'2026-01-30 unpaid 0/100000, 2026-01-31 paid 150000/150000', 'that of a rolling line stands, and so does a paid one');
UPDATE settings SET prorate_last = false;
SELECT sound();
SELECT finish();
ROLLBACK;
