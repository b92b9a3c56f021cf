-- The paid days that are left at a change of the package, and paying ahead before the first payment.
BEGIN;
\ir town.psql
SELECT no_plan();

CREATE FUNCTION to_pkg(s uuid, package text, d date) RETURNS text LANGUAGE sql AS $$
	SELECT 'pay ' || (a ->> 'amount') || ', credit ' || (a ->> 'credit')
	FROM subscription_change(s, jsonb_build_object('package_id', pkg(package), 'prorate', true), d) a $$;
CREATE FUNCTION lines(i uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(kind || ' ' || amount, ', ' ORDER BY position) FROM invoice_lines WHERE invoice_id = i $$;
INSERT INTO packages (name, bandwidth, price, validity_days, router_profile) VALUES ('P2', '12M/12M', 100000, 30, 'p2'), ('X', '40M/40M', 400000, 30, 'x');
INSERT INTO packages (name, bandwidth, price, period_unit, router_profile) VALUES ('M2', '12M/12M', 150000, 'month', 'm2');

-- Bug: the old price was always that of the bill: a customer who went from 100000 to 200000 and paid the difference got
-- nothing back at the next change, and paid it twice for the next faster package.
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') \g /dev/null
SELECT is(to_pkg(:'s', 'Q', '2026-01-16'), 'pay 50000, credit 0', 'fifteen days, up by 100000');
SELECT pay(inv(:'s', 2), '2026-01-16') \g /dev/null
SELECT is(to_pkg(:'s', 'X', '2026-01-16'), 'pay 100000, credit 0', 'up again: against the package that he had');
SELECT is(to_pkg(:'s', 'P', '2026-01-21'), 'pay 0, credit 100000', 'and down, ten days: all that was paid for them comes back');
SELECT is(to_pkg(:'s', 'P2', '2026-01-21'), 'pay 0, credit 0', 'to the same price: nothing');

-- Bug: the money paid, less recurring discounts, was compared with a price without any: a change to a package of the same
-- price cost the discount, and a line that is free paid. A change keeps the discounts.
SELECT sub(person()) AS half, sub(person()) AS free \gset
SELECT invoice_cancel(inv(:'half'), '2026-01-01'), invoice_cancel(inv(:'free'), '2026-01-01') \g /dev/null
SELECT item_create(:'half', '{"kind": "discount", "text": "half", "percent": 50}', '2026-01-01'),
	item_create(:'free', '{"kind": "discount", "text": "staff", "percent": 100}', '2026-01-01') \g /dev/null
SELECT night('2026-01-01') \g /dev/null
SELECT pay(inv(:'half', 2), '2026-01-01') \g /dev/null
SELECT is(owes(inv(:'half', 2)) || ', ' || owes(inv(:'free', 2)), 'paid 50000/50000, paid 0/0', 'one at half the price, one for nothing');
SELECT is(to_pkg(:'half', 'P2', '2026-01-16') || '; ' || to_pkg(:'free', 'X', '2026-01-16'), 'pay 0, credit 0; pay 0, credit 0', 'no difference');
SELECT is(to_pkg(:'half', 'X', '2026-01-16'), 'pay 75000, credit 0', 'half of fifteen days at 300000 more');
SELECT is(to_pkg(:'half', 'F', '2026-01-16'), 'pay 0, credit 100000', 'and never more back than was paid');

-- A discount in rupiah takes from the items of a bill, too: what a free package leaves is the rent of the modem, and the discount all of that.
SELECT sub(person()) AS s \gset
SELECT invoice_cancel(inv(:'s'), '2026-01-01'), item_create(:'s', '{"kind": "item", "text": "modem", "amount": 20000}', '2026-01-01'),
	item_create(:'s', '{"kind": "discount", "text": "friend", "amount": 50000}', '2026-01-01') \g /dev/null
SELECT night('2026-01-01') \g /dev/null
SELECT pay(inv(:'s', 2), '2026-01-01') \g /dev/null
SELECT is(owes(inv(:'s', 2)) || '; ' || to_pkg(:'s', 'F', '2026-01-16'), 'paid 70000/70000; pay 0, credit 35000', 'fifteen of the thirty days come back as they were paid');

-- Bug: days that a bill had taken as a discount were missing from what was paid for its period.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS s \gset
SELECT subscription_days_add(:'s', 10, 'storm', '2026-01-02') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-02') \g /dev/null
SELECT is(lines(inv(:'s')), 'package 150000, discount -48400', 'ten days off');
SELECT is(to_pkg(:'s', 'M2', '2026-01-02'), 'pay 0, credit 0', 'another package at the same price: no difference');

-- Bug: which of two paid bills the days left were of depended on the order in which they were paid.
SELECT sub(person()) AS one, sub(person()) AS two \gset
UPDATE packages SET price = 130000 WHERE name = 'P';
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT pay(inv(:'one'), '2026-01-24'), pay(inv(:'one', 2), '2026-01-24'), pay(inv(:'two', 2), '2026-01-24'), pay(inv(:'two'), '2026-01-24') \g /dev/null
SELECT is(to_pkg(:'one', 'F', '2026-02-10') || '; ' || to_pkg(:'two', 'F', '2026-02-10'), 'pay 0, credit 86666; pay 0, credit 86666', 'twenty days of the second period');
UPDATE packages SET price = 100000 WHERE name = 'P';

-- Bug: a bill that was issued again and paid at once by credit was counted among the days left.
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') \g /dev/null
SELECT step('renew', '2026-01-28') \g /dev/null
SELECT is(to_pkg(:'s', 'F', '2026-01-28'), 'pay 0, credit 10000', 'three days left, though the next period is free and paid at once');

-- Bug: three months paid ahead, of 89 days, were compared with three times the month that ran; so was a month whose days off
-- had moved it into a shorter one. The same days are priced alike.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'start_date', '2025-12-01', 'end_date', '2025-12-31', 'issue_invoice', false)) AS ahead,
	sub(person(), jsonb_build_object('package_id', pkg('M')), '2026-01-15') AS off \gset
SELECT subscription_prepay(:'ahead', 3, NULL, false, '2026-01-01') AS i \gset
SELECT pay(:'i', '2026-01-01'), pay(inv(:'off'), '2026-01-15') \g /dev/null
SELECT subscription_suspend(:'off', NULL, '2026-01-20'), subscription_activate(:'off', NULL, NULL, '2026-02-05') \g /dev/null
SELECT is(to_pkg(:'ahead', 'M2', '2026-01-02') || '; ' || to_pkg(:'off', 'M2', '2026-02-20'), 'pay 0, credit 0; pay 0, credit 0', 'the same price: no difference');

-- Bug: days that were taken back counted as unused paid days, where the days given before were long used.
SELECT sub(person()) AS s \gset
SELECT subscription_days_add(:'s', 2, 'storm', '2026-01-02') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-02') \g /dev/null
SELECT subscription_suspend(:'s', NULL, '2026-01-10'), subscription_activate(:'s', NULL, NULL, '2026-01-12') \g /dev/null
SELECT subscription_days_add(:'s', -2, 'too many', '2026-01-15') \g /dev/null
SELECT is(is_now(:'s') || ' ' || to_pkg(:'s', 'F', '2026-01-16'), 'active 2026-02-01 pay 0, credit 56666', 'seventeen days left are seventeen paid ones');

-- Bug: days were taken back while a payment was undone, which moved the end before the days given. Nothing was taken from those: they
-- stood in the place of paid days (seed 1664).
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') AS p \gset
SELECT subscription_days_add(:'s', 5, 'storm', '2026-01-02'), payment_reverse(:'p', 'reversal', NULL, '2026-01-02') \g /dev/null
SELECT subscription_days_add(:'s', -3, 'too many', '2026-01-02'), pay(inv(:'s'), '2026-01-02') \g /dev/null
SELECT is(is_now(:'s') || ' ' || to_pkg(:'s', 'F', '2026-01-16'), 'active 2026-02-01 pay 0, credit 50000', 'two of seventeen days left are given');

-- The gift of restart makes up for days before the bill that it came with: a day after the payment all days left are of the bill.
SELECT bare('{"late_policy": "restart"}') AS s \gset
SELECT night(d::date) FROM generate_series(date '2026-01-24', '2026-02-01', '1 day') d \g /dev/null
SELECT pay(inv(:'s'), '2026-02-01') \g /dev/null
SELECT is(is_now(:'s') || ' ' || to_pkg(:'s', 'F', '2026-02-01'), 'active 2026-03-02 pay 0, credit 100000', 'thirty days left are thirty paid ones');

-- Bug: the next bill was open when the line became postpaid. Its days were taken for paid ones: the whole month was given back, not the
-- seven days left of it. Paid since, the days of that bill are unused, too.
CREATE FUNCTION became_postpaid(d date) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	s uuid := sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar'));
BEGIN
	PERFORM pay(inv(s), '2026-01-01');
	PERFORM step('renew', '2026-01-25');
	PERFORM change(s, '{"mode": "postpaid"}', d);
	RETURN s;
END $$;
INSERT INTO packages (name, bandwidth, price, period_unit, router_profile) VALUES ('M0', '1M/1M', 0, 'month', 'm0');
SELECT became_postpaid('2026-01-25') AS open, became_postpaid('2026-01-25') AS paid \gset
SELECT pay(inv(:'paid', 2), '2026-01-25') \g /dev/null
SELECT is(to_pkg(:'open', 'M0', '2026-01-25') || '; ' || to_pkg(:'paid', 'M0', '2026-01-25'), 'pay 0, credit 33870; pay 0, credit 183870', 'seven days of January; and February');

-- Bug: a payment that was noted for an open bill of a line that is not renewed left its promise standing: it stayed on for
-- nothing when its days were over.
SELECT bare('{"auto_renew": false}') AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 5000, 'due_date', '2026-01-20'), '2026-01-20') AS fee \gset
SELECT subscription_activate(:'s', '2026-02-04', NULL, '2026-01-22'), pay(:'fee', '2026-01-25') \g /dev/null
SELECT night('2026-01-31') \g /dev/null
SELECT is(is_now(:'s'), 'expired 2026-01-30', 'no promise is left of a debt that is paid: expired as any other');

-- Bug: paying ahead where a later period stands paid was an error of the database. The later one was paid, the earlier one
-- cancelled by a pause.
SELECT sub(person(), '{"start_date": "2026-01-01", "end_date": "2026-01-30", "issue_invoice": false}') AS s \gset
SELECT subscription_prepay(:'s', 2, NULL, false, '2026-01-02') AS a \gset
SELECT pay(:'a', '2026-01-02') AS p \gset
SELECT subscription_prepay(:'s', 2, NULL, false, '2026-01-03') AS b \gset
SELECT pay(:'b', '2026-01-03'), payment_reverse(:'p', 'reversal', NULL, '2026-01-04'), subscription_suspend(:'s', NULL, '2026-01-05'),
	subscription_activate(:'s', NULL, NULL, '2026-01-06') \g /dev/null
SELECT throws_ok(format('SELECT subscription_prepay(%L, 2, 0, false, %L)', :'s', '2026-01-06'), 'IS409', 'The next period would overlap one already billed.',
	'no period is billed twice');

-- Bug: a bill by hand or paid ahead for a line that is off kept the old anchor of its months: seventeen days at the price of a
-- month. The days off that the return gives back set the anchor anew. So do days between months.
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'))) AS hand, sub(person(), jsonb_build_object('package_id', pkg('M'))) AS ahead, sub(person(), jsonb_build_object('package_id', pkg('M'))) AS days \gset
SELECT pay(inv(x), '2026-01-01') FROM unnest(ARRAY[:'hand', :'ahead', :'days']::uuid[]) x \g /dev/null
SELECT subscription_suspend(x, NULL, '2026-01-11') FROM unnest(ARRAY[:'hand', :'ahead']::uuid[]) x \g /dev/null
SELECT invoice_create(jsonb_build_object('subscription_id', :'hand'), '2026-01-25') AS h, subscription_prepay(:'ahead', 2, NULL, false, '2026-01-25') AS a \gset
SELECT is(string_agg(period_start || ' ' || period_end, ', ' ORDER BY seq), '2026-02-15 2026-03-14, 2026-02-15 2026-04-14', 'a month, and two, from the day after the days left')
FROM invoices WHERE id IN (:'h', :'a');
SELECT is(anchor_day, 1, 'of these lines alone') FROM subscriptions WHERE id = :'days';
SELECT change(:'days', jsonb_build_object('package_id', pkg('W')), '2026-01-20') \g /dev/null
SELECT step('renew', '2026-01-31') \g /dev/null
SELECT change(:'days', jsonb_build_object('package_id', pkg('M')), '2026-02-02') \g /dev/null
SELECT step('renew', '2026-02-07') \g /dev/null
SELECT is(period_start || ' ' || period_end, '2026-02-08 2026-03-07', 'the first month after a week begins the months anew') FROM invoices WHERE id = inv(:'days', 3);
-- ---- before the first payment

UPDATE settings SET first_payment_first = true;
-- Bug: a line that waits for its first payment was paid ahead by a second bill behind the first one. When the first one moved
-- with the days the two overlapped, and the night failed for that line.
SELECT sub(person()) AS s, sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar')) AS c, sub(person()) AS part \gset
SELECT subscription_prepay(:'s', 3, 30000, false, '2026-01-01'), subscription_prepay(:'c', 2, NULL, false, '2026-01-01') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || owes(inv(:'s', 2)), 'cancelled 0/100000, unpaid 0/270000', 'the first bill is taken in');
SELECT night(d::date) FROM generate_series(date '2026-01-01', '2026-01-11', '1 day') d \g /dev/null
SELECT is((SELECT string_agg(i.period_start || ' ' || i.period_end || ' ' || lines(i.id), '; ' ORDER BY seq) FROM invoices i WHERE subscription_id IN (:'s', :'c') AND is_open),
	'2026-01-11 2026-04-10 package 300000, discount -30000; 2026-01-11 2026-02-28 part 101700, package 150000', 'its periods move with the days');
SELECT pay(inv(:'s', 2), '2026-01-21') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-04-20', 'all three begin on the day of payment');
SELECT pay(inv(:'part'), '2026-01-01', '{"amount": 1}') \g /dev/null
SELECT throws_ok(format('SELECT subscription_prepay(%L, 2, 0, false, %L)', :'part', '2026-01-02'), 'IS409',
	'The first bill is paid in part, or is being paid: settle it before paying ahead.', 'a first bill with money on it is settled first');
-- Bug: the first bill of a line with another package for its next period took that package's price and length when it moved.
SELECT sub(person(), jsonb_build_object('package_id', pkg('P'))) AS s \gset
SELECT subscription_change(:'s', jsonb_build_object('package_id', pkg('W'), 'effective', 'next_period'), '2026-01-02') \g /dev/null
SELECT step('begin', '2026-01-03') \g /dev/null
SELECT is(period_start || ' ' || period_end || ' ' || amount, '2026-01-03 2026-02-01 100000', 'the period that is billed keeps its package') FROM invoices WHERE id = inv(:'s');
UPDATE settings SET first_payment_first = false, first_period = 'full';
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'start_date', '2026-01-15', 'end_date', '2026-01-31'), '2026-01-10') AS s \gset
SELECT subscription_prepay(:'s', 2, NULL, false, '2026-01-10') AS i \gset
SELECT is(lines(:'i'), 'part 150000, package 150000', 'first_period full: a part costs the whole price, paid ahead too');
SELECT pay(:'i', '2026-01-10') \g /dev/null
SELECT is(to_pkg(:'s', 'M2', '2026-01-15'), 'pay 0, credit 0', 'and keeps it in a change');
-- Bug: it did so only for a line that begins on its day of sign-up, not for one that waits for its first payment.
UPDATE settings SET first_payment_first = true;
SELECT sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar'), '2026-01-10') AS s \gset
SELECT step('begin', '2026-01-12') \g /dev/null
SELECT subscription_prepay(:'s', 2, NULL, false, '2026-01-12') AS i \gset
SELECT is(lines(:'i'), 'part 150000, package 150000', 'two days after the sign-up');
SELECT change(:'s', jsonb_build_object('package_id', pkg('M2')), '2026-01-12'), step('begin', '2026-01-13') \g /dev/null
SELECT is(lines(inv(:'s', 3)), 'part 150000, package 150000', 'another package, another day later: the same');

SELECT sound();
SELECT finish();
ROLLBACK;
