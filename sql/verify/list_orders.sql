-- Verify list_orders.
BEGIN;

SELECT outstanding FROM invoices WHERE false;
SELECT amount FROM row_counts WHERE false;
DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY '{invoices_amount,invoices_outstanding,invoices_due_date,invoices_issued_on,invoices_kind,payments_amount,
		payments_payment_date,payments_gateway,payments_search,payments_undone}'::text[] LOOP
		ASSERT to_regclass(name) IS NOT NULL, format('index %s is missing', name);
	END LOOP;
END $$;

ROLLBACK;
