-- Reports: what was owed at the end of a past day, and the account of a customer beside it.
BEGIN;
\ir town.psql
SELECT no_plan();

CREATE FUNCTION owed(c uuid, d date) RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce((SELECT total FROM receivables(d) WHERE customer_id = c), 0) $$;
CREATE FUNCTION owed_on(c uuid, VARIADIC days date[]) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(owed(c, d)::text, ' ' ORDER BY n) FROM unnest(days) WITH ORDINALITY t (d, n) $$;
CREATE FUNCTION closing(c uuid, d date) RETURNS bigint LANGUAGE sql AS $$
	SELECT (customer_statement(c, d, d) ->> 'closing')::bigint $$;

-- Bug: a report of a past day showed today's state. Later payments, reversals and cancellations change nothing of that day.
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT pay(inv(:'s'), '2026-01-10', '{"amount": 40000}') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-20', '{"amount": 60000}') AS p \gset
SELECT is(owed_on(:'c', '2025-12-31', '2026-01-01', '2026-01-09', '2026-01-10', '2026-01-19', '2026-01-20', '2026-02-01'),
	'0 100000 100000 60000 60000 0 0', 'money counts from its day on');
SELECT payment_reverse(:'p', 'reversal', 'bad note', '2026-01-25') \g /dev/null
SELECT is(owed_on(:'c', '2026-01-19', '2026-01-20', '2026-01-24', '2026-01-25'), '60000 0 0 60000', 'money undone is owed from that day on');
SELECT is(customer_statement(:'c', '2026-01-10', '2026-01-20') ->> 'opening', '100000', 'an account opens with what was owed on the day before');
SELECT is_empty(format('SELECT FROM receivables(''2026-01-24'') WHERE customer_id = %L', :'c'), 'a customer who owed nothing that day is not listed');
SELECT pay(inv(:'s'), '2026-01-26') \g /dev/null
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 7000, 'due_date', '2026-01-26'), '2026-01-26') AS o \gset
SELECT is(owed_on(:'c', '2026-01-25', '2026-01-26', '2026-01-27'), '60000 7000 7000', 'a bill is owed from its issue on');
SELECT invoice_cancel(:'o', '2026-01-28') \g /dev/null
SELECT is(owed_on(:'c', '2026-01-26', '2026-01-27', '2026-01-28'), '7000 7000 0', 'a bill cancelled later was owed until then');

-- what counts is the day of payment, not the day on which it was entered
SELECT sub(person(), '{}', '2026-01-01') AS s \gset
SELECT owner(:'s') AS late \gset
SELECT pay(inv(:'s'), '2026-01-20', '{"payment_date": "2026-01-05"}') \g /dev/null
SELECT is(owed_on(:'late', '2026-01-04', '2026-01-05', '2026-01-19'), '100000 0 0', 'a payment entered late counts from its day on');

-- a gift, a refund that opens the debt again, and the end of a line whose next period is paid
SELECT person() AS g \gset
SELECT sub(:'g') AS s \gset
SELECT credit_enter(:'g', 30000, 'sorry', '2026-01-03') \g /dev/null
SELECT gateway(inv(:'s'), 70000, '2026-01-04') AS p \gset
SELECT payment_refund(:'p', 'R1', 50000, true, NULL, '2026-01-06') \g /dev/null
SELECT is(owed_on(:'g', '2026-01-02', '2026-01-03', '2026-01-04', '2026-01-05', '2026-01-06'), '100000 70000 0 0 50000', 'gifts and refunds by their days');
SELECT pay(inv(:'s'), '2026-01-07') \g /dev/null
SELECT invoice_create(jsonb_build_object('subscription_id', :'s'), '2026-01-20') AS next \gset
SELECT pay(:'next', '2026-01-21', '{"amount": 25000}') \g /dev/null
SELECT subscription_cancel(:'s', 'moved away', '2026-01-22') \g /dev/null
SELECT is(owed_on(:'g', '2026-01-20', '2026-01-21', '2026-01-22'), '100000 75000 0', 'a bill released with its money');

-- the age is that of the day
SELECT sub(person(), '{}', '2026-01-01') AS s \gset
SELECT is((SELECT concat_ws(' ', not_due, days_0_30, days_31_60, days_61_90, days_over_90) FROM receivables(d) WHERE customer_id = owner(:'s')), aged, d || ': ' || aged)
  FROM (VALUES (date '2026-01-01', '0 100000 0 0 0'), ('2026-01-31', '0 100000 0 0 0'), ('2026-02-01', '0 0 100000 0 0'),
	('2026-03-03', '0 0 0 100000 0'), ('2026-04-02', '0 0 0 0 100000')) t (d, aged);

-- the rows of one day stand in the order of the acts: two bills, one cancelled before the money came and one after it
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 7000), '2026-01-01') AS a,
	invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 8000), '2026-01-01') AS b \gset
SELECT invoice_cancel(:'a', '2026-01-01'), invoice_cancel(:'b', '2026-01-01'), pay(inv(:'s'), '2026-01-01') AS p \gset
UPDATE payments SET created_at = now() + interval '2 hours' WHERE id = :'p';
UPDATE billing_logs SET created_at = now() + CASE invoice_id WHEN :'a' THEN 1 ELSE 3 END * interval '1 hour' WHERE invoice_id IN (:'a', :'b') AND action = 'invoice_cancelled';
SELECT is((SELECT string_agg(r ->> 'type' || ' ' || (r ->> 'amount') || ' ' || (r ->> 'balance'), ', ' ORDER BY n)
	FROM jsonb_array_elements(customer_statement(:'c', '2026-01-01', '2026-01-01') -> 'rows') WITH ORDINALITY t (r, n)),
	'invoice 100000 100000, invoice 7000 107000, invoice 8000 115000, cancelled -7000 108000, payment -100000 8000, cancelled -8000 0', 'an account in the order of its acts');

-- on every day, for everybody: the account closes with what is owed less the credit
SELECT is_empty($$
	SELECT c.id, d::date, closing(c.id, d::date), owed(c.id, d::date) FROM customers c, generate_series(date '2026-01-01', '2026-02-10', '1 day') d
	 WHERE closing(c.id, d::date) <> owed(c.id, d::date)
	       - (SELECT coalesce(sum(amount), 0) FROM customer_credits WHERE customer_id = c.id AND entered_on <= d::date)$$,
	'the report and the accounts agree');

SELECT sound();
SELECT finish();
ROLLBACK;
