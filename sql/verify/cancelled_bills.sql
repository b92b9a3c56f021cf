-- Verify cancelled_bills.
BEGIN;

SELECT 1 / count(*) FROM pg_constraint WHERE conrelid = 'invoices'::regclass AND conname = 'invoices_cancelled_check';

ROLLBACK;
