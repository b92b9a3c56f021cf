-- Sign-up, numbers, periods, renewal.
BEGIN;
\ir town.psql
SELECT no_plan();

-- dates at sign-up
SELECT bare() AS s \gset
SELECT is(is_now(:'s'), 'active 2026-01-30', 'both dates: the days are paid for elsewhere');
SELECT is(kind || ' ' || days, 'start 30', 'and stand in the ledger') FROM service_days WHERE subscription_id = :'s';
SELECT is(is_now(sub(person())), 'active 2025-12-31', 'neither date: on from D, with nothing paid yet');
SELECT is(is_now(bare('{"start_date": "2025-03-01", "end_date": "2025-03-05"}')), 'active 2025-03-05', 'in the past too');
SELECT is(is_now(bare('{"end_date": "2026-01-01"}')), 'active 2026-01-01', 'a single day');
SELECT throws_ok($$SELECT sub(person(), '{"start_date": "2026-01-01"}')$$, 'IS422', NULL, 'one date alone');
SELECT throws_ok($$SELECT sub(person(), '{"end_date": "2026-01-01"}')$$, 'IS422', NULL, 'the other alone');
SELECT throws_ok($$SELECT sub(person(), '{"start_date": "2026-01-02", "end_date": "2026-01-01"}')$$, 'IS422', NULL, 'end before start');
SELECT throws_ok($$SELECT sub(gen_random_uuid())$$, 'IS422', 'The selected customer id is invalid.', 'unknown customer');
SELECT throws_ok($$SELECT sub(person(), '{"package_id": "00000000-0000-0000-0000-000000000000"}')$$, 'IS422', 'The selected package id is invalid.', 'unknown package');
SELECT throws_ok($$SELECT sub(person(), jsonb_build_object('package_id', pkg('S')))$$, 'IS422', NULL, 'static needs an address');
SELECT lives_ok($$SELECT sub(person(), jsonb_build_object('package_id', pkg('S'), 'remote_address', '10.0.0.9'))$$, 'static with one');
SELECT throws_ok($$SELECT sub(person(), '{"mikrotik_username": "u1"}')$$, 'IS422', NULL, 'a username is taken');

-- the first invoice
SELECT sub(person()) AS s \gset
SELECT results_eq(format('SELECT kind, amount, period_start, period_end, due_date, issued_on, status FROM invoices WHERE id = inv(%L)', :'s'),
	$$VALUES ('first', 100000::bigint, '2026-01-01'::date, '2026-01-30'::date, '2026-01-01'::date, '2026-01-01'::date, 'unpaid')$$,
	'the first invoice bills the first period, due on its first day');
SELECT sub(person(), jsonb_build_object('package_id', pkg('F'))) AS f \gset
SELECT is(owes(inv(:'f')), 'paid 0/0', 'a bill of nothing is paid at issue');
SELECT is(is_now(:'f'), 'active 2026-01-30', 'with all effects');
SELECT sub(person(), '{"start_date": "2026-01-01", "end_date": "2026-01-15"}') AS half \gset
SELECT is(owes(inv(:'half')) || ' ' || is_now(:'half'), 'unpaid 0/50000 active 2025-12-31', 'dates with a bill: the price of those days');
UPDATE settings SET first_due_days = 3;
SELECT is(due_date, '2026-01-04', 'a first bill is due three days on') FROM invoices WHERE id = inv(sub(person()));
UPDATE settings SET first_due_days = 0;

-- numbers
SELECT is(invoice_number('2026-01-01', 1), 'INV-20260101-0001', 'four digits');
SELECT is(invoice_number('2026-01-01', 10000), 'INV-20260101-10000', 'more after 9999');
UPDATE invoice_counters SET last_number = 9999 WHERE day = '2026-01-01';
SELECT sub(person()) AS a, sub(person(), '{}', '2026-01-02') AS b \gset
SELECT is(invoice_number, 'INV-20260101-10000', 'and issued so') FROM invoices WHERE id = inv(:'a');
SELECT is(invoice_number, 'INV-20260102-0001', 'each day begins at 1') FROM invoices WHERE id = inv(:'b');
SELECT is(count(*), 1::bigint, 'an issue that fails takes no number') FROM invoice_counters WHERE day = '2026-01-02' AND last_number = 1;
SELECT throws_ok($$SELECT sub(person(), '{"mikrotik_username": "u1"}', '2026-01-02')$$, 'IS422');
SELECT is(last_number, 1, 'really') FROM invoice_counters WHERE day = '2026-01-02';
SELECT finish();
ROLLBACK;
