-- Bounds of operators: a bill waived, days given at sign-up (contract 5.6).
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
SELECT finish();
ROLLBACK;
