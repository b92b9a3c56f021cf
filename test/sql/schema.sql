-- Properties of the tables: ids in the order of their creation, and updates that change no index.
BEGIN;
\ir town.psql
SELECT no_plan();

-- uuidv7(): the time in milliseconds, version 7, the variant of RFC 9562, the rest by chance
SELECT matches(uuidv7()::text, '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$', 'version 7');
SELECT ok(abs(('x' || lpad(translate(left(uuidv7()::text, 13), '-', ''), 16, '0'))::bit(64)::bigint
	- extract(epoch FROM clock_timestamp()) * 1000) < 1000, 'begins with the time');
SELECT is((SELECT count(DISTINCT uuidv7()) FROM generate_series(1, 10000)), 10000::bigint, 'each another');
SELECT is((SELECT count(*) FROM (SELECT id < lag(id) OVER (ORDER BY n) AS back FROM (
	SELECT n, uuidv7() AS id FROM generate_series(1, 10000) n) made) pairs WHERE back), 0::bigint, 'in the order in which they were made');
SELECT is_empty($$SELECT table_name, column_default FROM information_schema.columns
	WHERE table_schema = 'public' AND column_name = 'id' AND data_type = 'uuid' AND column_default <> 'uuidv7()'$$,
	'every id that is made here is one');

-- what the columns say that indexes stand on
SELECT sub(person()) AS s \gset
SELECT inv(:'s') AS i \gset
SELECT results_eq(format('SELECT is_open, period_held FROM invoices WHERE id = %L', :'i'),
	$$VALUES (true, daterange('2026-01-01', '2026-01-31'))$$, 'an unpaid invoice is open and holds its period');
UPDATE invoices SET status = 'overdue' WHERE id = :'i';
SELECT is(is_open, true, 'an overdue one is open') FROM invoices WHERE id = :'i';
UPDATE invoices SET status = 'cancelled' WHERE id = :'i';
SELECT results_eq(format('SELECT is_open, period_held FROM invoices WHERE id = %L', :'i'),
	$$VALUES (false, NULL::daterange)$$, 'a cancelled one is neither open nor holds a period');
SELECT is(is_live, true, 'a suspended subscription lives') FROM subscriptions WHERE id = :'s';
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'s';
SELECT is(is_live, false, 'a cancelled one does not') FROM subscriptions WHERE id = :'s';

-- The nightly run marks and suspends thousands: no index may name what it changes.
SELECT is_empty($$
	SELECT i.indexrelid::regclass, c.changes FROM (VALUES
		('invoices', '{status,updated_at}'::text[]),
		('subscriptions', '{status,suspend_reason,updated_at}'),
		('mikrotik_secrets', '{wanted,disabled,updated_at}')) AS c (t, changes)
	JOIN pg_index i ON i.indrelid = c.t::regclass
	JOIN pg_depend d ON d.objid = i.indexrelid AND d.refobjid = i.indrelid
	JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = d.refobjsubid AND a.attname = ANY(c.changes)$$,
	'no index on what a night changes');

-- Bug: bills of one due date lie side by side. With a fifth of a page free, half of those that a night marked moved to another
-- page and were written to all 14 indexes: the step took twice as long.
INSERT INTO invoices (invoice_number, subscription_id, customer_id, kind, amount, subtotal, issued_on, due_date, first_due_date)
SELECT format('INV-20260101-%s', 1000 + n), s.id, s.customer_id, 'other', 1000, 1000, '2026-01-01', '2026-01-01', '2026-01-01'
FROM subscriptions s, generate_series(1, 400) n WHERE s.id = :'s';
SELECT pg_stat_get_xact_tuples_hot_updated('invoices'::regclass) AS stayed \gset
UPDATE invoices SET status = 'overdue' WHERE kind = 'other' AND right(invoice_number, 1) IN ('1', '3', '5', '7', '9');
SELECT is(pg_stat_get_xact_tuples_hot_updated('invoices'::regclass) - :stayed, 200::bigint, 'half of the bills of a full page stay on it when they are marked');

SELECT finish();
ROLLBACK;
