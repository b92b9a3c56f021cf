-- Verify allocation_days.
BEGIN;

SELECT entered_on FROM allocations WHERE false;
SELECT cancelled_on FROM invoices WHERE false;
DO $$
BEGIN
	ASSERT to_regclass('invoices_cancelled_on') IS NOT NULL, 'index invoices_cancelled_on is missing';
END $$;

ROLLBACK;
