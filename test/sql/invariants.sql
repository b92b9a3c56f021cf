-- check_invariants() sees every kind of damage. Each is done behind the functions' back, seen
-- under its rule, and taken back.
BEGIN;
\ir town.psql
SELECT no_plan();
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT over(inv(:'s'), 150000, '2026-01-01') AS p \gset
SELECT night('2026-01-25') \g /dev/null
SELECT credit_enter(:'c', 90000, 'gift', '2026-01-26') \g /dev/null
SELECT sub(person()) AS t \gset
SELECT pay(inv(:'t'), '2026-01-01') AS q \gset
SELECT payment_reverse(:'q', 'reversal', NULL, '2026-01-02') \g /dev/null
SELECT sound();

SELECT is(money_rows(owner(:'t')) ~ '2026-01-01 allocation to INV-20260101-0002, row \d+ of 100000', true, 'rows of money have their day and id');

CREATE FUNCTION seen(damage text, rules text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	BEGIN
		SET LOCAL session_replication_role = replica; -- no triggers: damage, not business
		EXECUTE damage;
		SET LOCAL session_replication_role = origin;
		SELECT string_agg(DISTINCT rule, ' ' ORDER BY rule) INTO found FROM check_invariants();
		RAISE EXCEPTION USING ERRCODE = 'ZZ001';
	EXCEPTION WHEN SQLSTATE 'ZZ001' THEN
		RETURN is(found, rules, damage);
	END;
END $$;
-- Rows that constraints forbid must be seen where somebody has dropped them.
ALTER TABLE invoices DROP CONSTRAINT invoices_period_excl, DROP CONSTRAINT invoices_paid_amount_check,
	DROP CONSTRAINT invoices_cancelled_check;
ALTER TABLE customers DROP CONSTRAINT customers_credit_not_negative;
ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_reason_check;

SELECT seen(format('UPDATE payments SET amount = amount + 1 WHERE id = %L', :'p'), 'lot money row_count');
SELECT seen('DELETE FROM payment_reversals', 'lot money');
SELECT seen(format('UPDATE invoices SET paid_amount = paid_amount - 1 WHERE id = inv(%L)', :'s'), 'invoice money');
SELECT seen(format('DELETE FROM allocations WHERE payment_id = %L', :'p'), 'invoice lot');
SELECT seen(format('UPDATE customers SET credit = credit + 1 WHERE id = %L', :'c'), 'credit money');
SELECT seen(format('UPDATE customers SET credit = -1 WHERE id = %L', :'c'), 'credit money');
SELECT seen('UPDATE customer_credits SET amount = amount + 1 WHERE kind = ''surplus''', 'credit lot');
SELECT seen('DELETE FROM customer_credits WHERE kind = ''gift''', 'credit lot money');
SELECT seen(format('UPDATE customer_credits SET customer_id = %L WHERE kind = ''surplus''', owner(:'t')), 'credit');
SELECT seen(format('UPDATE invoices SET status = ''unpaid'' WHERE id = inv(%L)', :'s'), 'credit days invoice');
SELECT seen(format('UPDATE invoices SET cancelled_on = ''2026-01-27'' WHERE id = inv(%L)', :'s'), 'invoice');
SELECT seen(format('UPDATE invoices SET status = ''paid'' WHERE id = inv(%L)', :'t'), 'days invoice');
SELECT seen(format('UPDATE invoices SET status = ''cancelled'' WHERE id = inv(%L)', :'s'), 'days invoice');
SELECT seen(format('UPDATE subscriptions SET end_date = end_date + 1 WHERE id = %L', :'s'), 'days');
SELECT seen(format('DELETE FROM service_days WHERE invoice_id = inv(%L)', :'s'), 'days');
SELECT seen(format('INSERT INTO service_offs (subscription_id, from_day, back_on, cause) VALUES (%L, ''2026-01-02'', ''2026-01-05'', ''debt'')', :'s'), 'days');
SELECT seen(format('INSERT INTO service_offs (subscription_id, from_day, back_on, cause, lost_days) VALUES (%L, ''2027-01-02'', ''2027-01-05'', ''debt'', 3)', :'s'), 'days');
SELECT seen(format('INSERT INTO service_offs (subscription_id, from_day, cause) VALUES (%L, ''2026-01-02'', ''debt'')', :'s'), 'days');
SELECT seen(format('UPDATE invoice_lines SET amount = amount + 1 WHERE invoice_id = inv(%L)', :'s'), 'lines');
SELECT seen('INSERT INTO invoice_lines (invoice_id, position, kind, text, unit_price, amount) VALUES (uuidv7(), 1, ''charge'', ''x'', 0, 0)', 'lines');
SELECT seen(format('UPDATE invoices SET period_start = period_start - 1 WHERE id = inv(%L, 2)', :'s'), 'days period');
SELECT seen('UPDATE invoice_counters SET last_number = last_number + 1', 'number');
SELECT seen('DELETE FROM invoice_counters', 'number');
SELECT seen(format('UPDATE invoices SET invoice_number = ''INV-20260101-0007'' WHERE id = inv(%L)', :'s'), 'number owner');
SELECT seen(format('UPDATE invoices SET invoice_number = ''4711'' WHERE id = inv(%L)', :'s'), 'number owner');
SELECT seen(format('UPDATE invoices SET issued_on = issued_on + 1 WHERE id = inv(%L)', :'s'), 'number');
SELECT seen(format('UPDATE subscriptions SET status = ''suspended'' WHERE id = %L', :'s'), 'state');
SELECT seen(format('UPDATE subscriptions SET suspend_reason = ''debt'' WHERE id = %L', :'s'), 'state');
SELECT seen(format('UPDATE customers SET archived_at = now() WHERE id = %L', :'c'), 'row_count state');
SELECT seen(format('UPDATE invoices SET customer_id = %L WHERE id = inv(%L)', owner(:'t'), :'s'), 'money owner');
SELECT seen(format('UPDATE payments SET customer_id = %L WHERE id = %L', owner(:'t'), :'p'), 'money owner');
SELECT seen(format('UPDATE payments SET invoice_number = ''4711'' WHERE id = %L', :'p'), 'owner');
SELECT seen('UPDATE row_counts SET n = n + 1 WHERE table_name = ''invoices'' AND stripe = 0', 'row_count');
SELECT seen('UPDATE row_counts SET amount = amount + 1 WHERE table_name = ''payments'' AND stripe = 0', 'row_count');
SELECT seen('INSERT INTO customers (name) VALUES (''x'')', 'row_count');
SELECT sound();

-- Money that does not add up names the newest rows of that customer and of nobody else.
SELECT person() AS a, person() AS b \gset
SELECT pay(inv(sub(:'a')), '2026-01-01') AS p, pay(inv(sub(:'b')), '2026-01-02') AS q \gset
SELECT payment_refund(:'p', 'R1', 10000, false, NULL, '2026-01-03'), payment_reverse(:'q', 'reversal', NULL, '2026-01-04') \g /dev/null
SET LOCAL session_replication_role = replica;
UPDATE refunds SET created_at = created_at + interval '1 second';
UPDATE payment_reversals SET created_at = created_at + interval '1 second';
SET LOCAL session_replication_role = origin;
SELECT is(money_rows(:'a') ~ '^2026-01-03 refund \S+ of -10000, ' AND money_rows(:'a') !~ '2026-01-0[24]', true, 'a refund, the newest first');
SELECT is(money_rows(:'b') ~ '^2026-01-04 reversal \S+ of -100000, ' AND money_rows(:'b') !~ '2026-01-0[13]', true, 'a reversal, the newest first');
-- Days that do not add up name the newest five rows of that line and of no other.
SELECT sub(person()) AS a, bare() AS b \gset
SELECT subscription_days_add(:'a', n, 'gift ' || n, date '2026-01-01' + n) FROM generate_series(1, 6) n \g /dev/null
SELECT is(regexp_replace(day_rows_of(:'a'), 'row \d+, ', '', 'g'), '2026-01-07 gift 6 (gift 6), 2026-01-06 gift 5 (gift 5), '
	'2026-01-05 gift 4 (gift 4), 2026-01-04 gift 3 (gift 3), 2026-01-03 gift 2 (gift 2)', 'days, the newest first');
SELECT finish();
ROLLBACK;
