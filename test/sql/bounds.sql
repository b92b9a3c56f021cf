-- Bounds of operators: a bill waived, days given at sign-up.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET operator_discount_max = 20000, operator_days_max = 3;

-- An operator who may lower a bill by 20000 waived one of 100000 with DELETE ?waive=1, and gave its
-- thirty days with it.
SELECT sub(person()) AS s, sub(person(), jsonb_build_object('package_id', pkg('D'))) AS one \gset
SELECT throws_ok(format('SELECT invoice_cancel(inv(%L), ''2026-01-02'', true, true)', :'s'), 'IS403', NULL, 'a bill beyond the bound is not waived');
SELECT lives_ok(format('SELECT invoice_cancel(inv(%L), ''2026-01-02'', true, true)', :'one'), 'one within it is');
UPDATE settings SET operator_discount_max = 100000;
SELECT throws_ok(format('SELECT invoice_cancel(inv(%L), ''2026-01-02'', true, true)', :'s'), 'IS403', 'An operator may give at most 3 days.', 'nor are its days given');
SELECT is(owes(inv(:'s')), 'unpaid 0/100000', 'it stands');
SELECT lives_ok(format('SELECT invoice_cancel(inv(%L), ''2026-01-02'', true)', :'s'), 'an admin is not bounded');

-- A postpaid line created with dates counted as billed to its end date: a year for nothing.
SELECT throws_ok($$SELECT bare(jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid', 'end_date', '2026-12-31', 'bounded', true))$$, 'IS403', NULL,
	'nor has a postpaid line days given beyond the bound');
SELECT is(is_now(bare(jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid', 'end_date', '2026-01-03', 'bounded', true))), 'active 2026-01-03', 'within it, it has');
SELECT is(is_now(bare(jsonb_build_object('package_id', pkg('M'), 'mode', 'postpaid', 'issue_invoice', true, 'bounded', true))), 'active 2025-12-31',
	'dates that are to be billed are no gift: they are billed when they have passed');
-- Bug: the bound held each act alone: a bill was lowered, and discounts added, in as many steps as one liked.
UPDATE settings SET operator_discount_max = 20000;
SELECT bare() AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 90000), '2026-01-02') AS o \gset
CREATE FUNCTION lowered(i uuid, money bigint, bounded boolean DEFAULT true) RETURNS void LANGUAGE sql AS $$
	SELECT invoice_update(i, jsonb_build_object('amount', money, 'bounded', bounded), '2026-01-02') $$;
SELECT lives_ok(format('SELECT lowered(%L, 75000)', :'o'), 'lowered by 15000');
SELECT throws_ok(format('SELECT lowered(%L, 69999)', :'o'), 'IS403', NULL, 'not by 20001 in two steps');
SELECT lives_ok(format('SELECT lowered(%L, 70000)', :'o'), 'by 20000 in two');
SELECT lives_ok(format('SELECT lowered(%L, 80000), lowered(%L, 70000)', :'o', :'o'), 'a raised bill may be lowered again');
SELECT lives_ok(format('SELECT lowered(%L, 10000, false)', :'o'), 'an admin has no bound');
CREATE FUNCTION off(s uuid, money bigint) RETURNS uuid LANGUAGE sql AS $$
	SELECT item_create(s, jsonb_build_object('kind', 'discount', 'text', 'sorry', 'amount', money, 'bounded', true), '2026-01-02') $$;
SELECT off(:'s', 15000) AS d \gset
SELECT throws_ok(format('SELECT off(%L, 5001)', :'s'), 'IS403', NULL, 'two discounts have one bound');
SELECT lives_ok(format('SELECT off(%L, 5000)', :'s'), 'together they reach it');
SELECT throws_ok(format('SELECT item_update(%L, %L, ''{"amount": 15001, "bounded": true}'', ''2026-01-02'')', :'s', :'d'), 'IS403', NULL, 'nor is one raised beyond it');
SELECT item_remove(:'s', :'d') \g /dev/null
SELECT lives_ok(format('SELECT off(%L, 15000)', :'s'), 'one removed makes room');
-- Bug: the count began anew on a bill that was issued with a discount: paid ahead with 20000 off, then lowered by 20000 more.
SELECT bare() AS a \gset
SELECT subscription_prepay(:'a', 2, 20000, true, '2026-01-02') AS ahead \gset
SELECT is((SELECT (meta ->> 'discount')::int FROM billing_logs WHERE invoice_id = :'ahead' AND action = 'issued'), 20000, 'the log has the discount');
SELECT throws_ok(format($$ SELECT invoice_update(%L, '{"lines": [{"kind": "package", "text": "x", "unit_price": 179999}], "bounded": true}', '2026-01-02') $$, :'ahead'),
	'IS403', NULL, 'it counts towards the bound of the bill');
-- An operator who may lower a bill by nothing cancelled one of kind other: no run bills that again.
UPDATE settings SET operator_discount_max = 20000;
SELECT bare() AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 20001), '2026-01-02') AS other \gset
CREATE FUNCTION cancel(i uuid, bounded boolean DEFAULT true) RETURNS void LANGUAGE sql AS $$ SELECT invoice_cancel(i, '2026-01-02', false, bounded) $$;
SELECT throws_ok(format('SELECT cancel(%L)', :'other'), 'IS403', 'An operator may lower a bill by at most Rp20.000.', 'beyond the bound it is not cancelled');
SELECT is((SELECT code FROM bulk_act('invoice', jsonb_build_object('act', 'cancel', 'ids', jsonb_build_array(:'other'), 'bounded', true), '2026-01-02')), 'discount_bound',
	'nor among many');
SELECT is((SELECT status FROM invoices WHERE id = :'other'), 'unpaid', 'it stands');
SELECT lives_ok(format('SELECT lowered(%L, 20000), cancel(%L, false)', :'other', :'other'), 'an admin cancels it');
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 20000), '2026-01-02') AS small \gset
SELECT lives_ok(format('SELECT cancel(%L)', :'small'), 'one within it is cancelled');
SELECT charge_create(owner(:'s'), jsonb_build_object('subscription_id', :'s', 'text', 'cable', 'amount', 90000, 'own_bill', true), '2026-01-02') AS cable \gset
SELECT lives_ok(format('SELECT cancel((SELECT invoice_id FROM charges WHERE id = %L))', :'cable'), 'a charge is not lost by it:');
SELECT is((SELECT invoice_id FROM charges WHERE id = :'cable'), NULL, 'it waits for the next bill');
SELECT lives_ok(format('SELECT cancel(inv(%L))', sub(person())), 'a period is billed again');
UPDATE settings SET operator_discount_max = 10000;
SELECT lives_ok(format('SELECT cancel(%L)', :'ahead'), 'also one that was issued with more off than the bound is now: that is lowered by nothing');
-- Bug: the bound held each gift of days alone: three days, ten times, were a month for nothing.
SELECT bare() AS s \gset
CREATE FUNCTION gift(s uuid, days int, bounded boolean DEFAULT true) RETURNS void LANGUAGE sql AS $$
	SELECT require_operator_gift(s, bounded, days), subscription_days_add(s, days, 'storm', '2026-01-20') $$;
SELECT lives_ok(format('SELECT gift(%L, 2)', :'s'), 'two days of three');
SELECT throws_ok(format('SELECT gift(%L, 2)', :'s'), 'IS403', 'An operator may give at most 3 days.', 'not two more');
SELECT throws_ok(format('SELECT change(%L, %L, %L)', :'s', '{"end_date": "2026-02-03", "bounded": true}', '2026-01-20'), 'IS403', NULL, 'nor as an end date');
SELECT lives_ok(format('SELECT gift(%L, -1), gift(%L, 2)', :'s', :'s'), 'a day taken back makes room');
SELECT lives_ok(format('SELECT gift(%L, 9, false)', :'s'), 'an admin has no bound');
SELECT set_config('isp.actor', 'another@x.id', true) \g /dev/null
SELECT lives_ok(format('SELECT gift(%L, 3)', :'s'), 'each person has the bound');
SELECT step('renew', '2026-02-10') \g /dev/null
SELECT lives_ok(format('SELECT gift(%L, 3)', :'s'), 'and has it anew with the next period');
SELECT step('renew', '2026-03-20') \g /dev/null
SELECT lives_ok(format('SELECT gift(%L, 3)', :'s'), 'and with each one after it');
-- A discount that has been taken as often as agreed makes room for another.
UPDATE settings SET operator_discount_max = 20000;
SELECT bare() AS s \gset
SELECT item_create(:'s', '{"kind": "discount", "text": "once", "amount": 20000, "periods": 1, "bounded": true}', '2026-01-02') \g /dev/null
SELECT throws_ok(format('SELECT off(%L, 1)', :'s'), 'IS403', NULL, 'a discount of one period fills the bound');
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT lives_ok(format('SELECT off(%L, 20000)', :'s'), 'once taken, it does no more');
SELECT finish();
ROLLBACK;
