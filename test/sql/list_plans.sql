-- The bills of a name are counted from their index: a customer's bills lie on as many pages, 54,000 for the 50,000 of a letter.
BEGIN;
SELECT plan(1);

SET enable_seqscan = off;
SET enable_bitmapscan = off;
CREATE FUNCTION pg_temp.plan_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE 'EXPLAIN (COSTS OFF) ' || statement;
END $$;
SELECT isnt_empty($$SELECT FROM pg_temp.plan_of($s$SELECT id, created_at, amount FROM invoice_rows
	WHERE "subscription.customer.name" ILIKE '%budi%'$s$) line WHERE line LIKE '%Index Only Scan using invoices_line on invoices%'$$,
	'the bills of a name are read from their index alone');

SELECT finish();
ROLLBACK;
