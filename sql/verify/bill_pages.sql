-- Verify bill_pages.
BEGIN;

SELECT 1 / count(*) FROM pg_class WHERE oid = 'invoices'::regclass AND 'fillfactor=50' = ANY(reloptions);

ROLLBACK;
