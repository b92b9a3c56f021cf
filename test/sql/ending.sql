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
SELECT is(credit(owner(:'a')), 0::bigint, 'days are given once');
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS a,
	sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS b \gset
SELECT item_create(line, '{"kind": "item", "text": "modem", "amount": 10000, "periods": 3}', '2026-01-01') FROM unnest(ARRAY[:'a', :'b']::uuid[]) line \g /dev/null
SELECT step('renew', '2026-01-25') \g /dev/null
SELECT subscription_cancel(:'a', NULL, '2026-02-10'), invoice_cancel(inv(:'b'), '2026-02-10') \g /dev/null
SELECT is((SELECT string_agg(billed::text, ' ' ORDER BY subscription_id) FROM subscription_items WHERE subscription_id IN (:'a', :'b')), '1 0',
	'a shortened bill has taken its item once, and that of another line gives its item back');
SELECT sub(person()) AS a, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS b \gset
SELECT pay(inv(:'b'), '2026-01-01') \g /dev/null
SELECT subscription_cancel(:'a', NULL, '2026-01-10'), subscription_cancel(:'b', NULL, '2026-01-10') \g /dev/null
SELECT is((SELECT string_agg(period_end || ' ' || owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id IN (:'a', :'b')),
	'2026-01-30 unpaid 0/100000, 2026-01-31 paid 150000/150000', 'that of a rolling line stands, and so does a paid one');
-- Bug: a line that was off for all of its begun period owed that period whole; what was used of it is nothing.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS s \gset
SELECT charge_create(owner(:'s'), jsonb_build_object('subscription_id', :'s', 'text', 'cable', 'amount', 7000), '2026-01-04'),
	invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 5000, 'due_date', '2026-01-25'), '2026-01-25') \g /dev/null
SELECT step('renew', '2026-01-25') \g /dev/null
SELECT night('2026-01-28') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(debt) 2026-01-31', 'cut in January, with the bill of February out');
SELECT subscription_cancel(:'s', NULL, '2026-02-10') \g /dev/null
SELECT is((SELECT string_agg(owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'), 'overdue 0/5000, cancelled 0/157000, unpaid 0/7000',
	'nothing is owed for February; the cable has a bill of its own');
-- Days that such a bill had taken are credit.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') \g /dev/null
SELECT step('renew', '2026-01-25') \g /dev/null
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 5000, 'due_date', '2026-01-25'), '2026-01-25') \g /dev/null
SELECT subscription_days_add(:'s', 7, 'storm', '2026-01-26') \g /dev/null
SELECT night('2026-01-28') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-02-10') \g /dev/null
SELECT is((SELECT string_agg(owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s') || '; ' || credit(owner(:'s')),
	'paid 150000/150000, cancelled 0/112500, paid 5000/5000; 28900', 'seven days of the bill that was cancelled pay what is left');
-- Bug: a late fee that waited was put on the shortened bill of a period that had long been issued.
UPDATE settings SET late_fee = 2000, grace_days = 30;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS s \gset
SELECT night('2026-01-03') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-01-10') \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'), 'first overdue 0/48400, other unpaid 0/2000',
	'where the line ends a late fee has a bill of its own');
UPDATE settings SET late_fee = 0, grace_days = 1;
-- Bug: March was paid, February was owed and not used. At the end the credit of March paid the late fee and a part of February,
-- and then February was cancelled with that money on it.
UPDATE settings SET lead_days = 10, late_fee = 5000, arrears = 'bill';
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS s \gset
SELECT night('2026-01-05') \g /dev/null
SELECT night(d) FROM unnest(ARRAY['2026-01-22', '2026-02-05', '2026-02-19']::date[]) d \g /dev/null
SELECT pay((SELECT id FROM invoices WHERE subscription_id = :'s' AND period_start = '2026-03-01'), '2026-02-23'), subscription_cancel(:'s', NULL, '2026-02-25') \g /dev/null
SELECT is((SELECT string_agg(coalesce(period_start::text, kind) || ' ' || owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s'),
	'2026-01-01 paid 150000/150000, 2026-02-01 cancelled 0/155000, 2026-03-01 cancelled 0/155000, other unpaid 5000/10000', 'all of March pays what is owed');
UPDATE settings SET lead_days = 7, late_fee = 0, arrears = 'stop';
-- Bug: the part used was charged at the price of today, or of a package that was to come, and a bill paid ahead lost its discount
-- and took its items once, however many periods were used.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS a,
	sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS b \gset
SELECT item_create(:'b', '{"kind": "item", "text": "modem", "amount": 10000}', '2026-01-01'), subscription_prepay(:'b', 6, 90000, false, '2026-01-25') \g /dev/null
UPDATE packages SET price = 310000 WHERE name = 'M';
SELECT subscription_cancel(:'a', NULL, '2026-01-10'), subscription_cancel(:'b', NULL, '2026-03-31') \g /dev/null
SELECT is((SELECT string_agg(l.kind || ' ' || l.amount, ', ' ORDER BY i.seq, position) FROM invoice_lines l JOIN invoices i ON i.id = invoice_id
	WHERE subscription_id IN (:'a', :'b')), 'part 48400, part 270000, item 20000', 'ten days of a month at 150000; two months of six for 810000');
UPDATE packages SET price = 150000 WHERE name = 'M';
-- One that ends on the first day of a period has used that day, and its items.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS s \gset
SELECT item_create(:'s', '{"kind": "item", "text": "modem", "amount": 10000}', '2026-01-01') \g /dev/null
SELECT step('renew', '2026-01-25') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-02-01') \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY position) FROM invoice_lines WHERE invoice_id = inv(:'s')), 'part 5400, item 10000', 'a day of twenty-eight, and the modem');
-- On the last day all of the period is used: its bill stands as it was issued.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS s \gset
SELECT item_create(:'s', '{"kind": "item", "text": "modem", "amount": 10000}', '2026-01-20'), subscription_cancel(:'s', NULL, '2026-01-31') \g /dev/null
SELECT is((SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY position) FROM invoice_lines WHERE invoice_id = inv(:'s')), 'package 150000', 'all of January, and no item that came later');
UPDATE settings SET prorate_last = false;

-- Bug: days left at the end were worth the price without the discount that was agreed for paying ahead.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS s \gset
SELECT subscription_prepay(:'s', 2, 280000, false, '2026-01-25') AS i \gset
SELECT pay(:'i', '2026-01-25'), subscription_days_add(:'s', 59, 'storm', '2026-02-01'), subscription_cancel(:'s', NULL, '2026-02-10') \g /dev/null
SELECT is(credit(owner(:'s')), 20000::bigint, 'all days of two months for which 20000 was paid');
-- Bug: the credit of a bill that was cancelled with its line paid the rest of what was owed, which switched the line on for a
-- moment: for a reactivation fee.
UPDATE settings SET reactivation_fee = 25000;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-01', 'end_date', '2026-01-31')) AS s \gset
SELECT subscription_prepay(:'s', 2, NULL, false, '2026-01-05') AS i \gset
SELECT pay(:'i', '2026-01-05', '{"amount": 50000}'), charge_create(owner(:'s'), jsonb_build_object('subscription_id', :'s', 'text', 'cable', 'amount', 7000), '2026-01-06') \g /dev/null
SELECT night('2026-01-07') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(debt) 2026-01-31', 'cut for a bill paid ahead in part');
SELECT subscription_cancel(:'s', NULL, '2026-01-10') \g /dev/null
SELECT is((SELECT string_agg(owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id = :'s') || '; ' || credit(owner(:'s')), 'cancelled 0/300000, paid 7000/7000; 43000',
	'a line that ends does not return: no fee for that');
UPDATE settings SET reactivation_fee = 0;
-- Bug: money that came back from a cancelled bill was younger than a deposit that came after it, and the deposit was used first.
SELECT sub(person(), '{"start_date": "2026-02-01", "end_date": "2026-03-02"}') AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') AS p \gset
SELECT payment_book(jsonb_build_object('customer_id', owner(:'s'), 'amount', 100000), '2026-01-02'), subscription_cancel(:'s', NULL, '2026-01-03') \g /dev/null
SELECT charge_create(owner(:'s'), jsonb_build_object('subscription_id', :'s', 'text', 'cable', 'amount', 70000), '2026-01-03') \g /dev/null
SELECT is((SELECT remainder FROM credit_lots(owner(:'s')) WHERE payment_id = :'p'), 30000::bigint, 'the older payment pays first');
-- Days left at the end are worth what they cost on the newest bill.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS s \gset
UPDATE packages SET price = 280000 WHERE name = 'M';
SELECT pay(inv(:'s'), '2026-01-01') \g /dev/null
SELECT step('renew', '2026-01-31') \g /dev/null
SELECT pay(inv(:'s', 2), '2026-01-31'), subscription_days_add(:'s', 7, 'storm', '2026-02-01'), subscription_cancel(:'s', NULL, '2026-02-10') \g /dev/null
SELECT is(credit(owner(:'s')), 70000::bigint, 'seven days of February at its price');
UPDATE packages SET price = 150000 WHERE name = 'M';
SELECT sound();
SELECT finish();
ROLLBACK;
