-- Verify adoption.
BEGIN;

SELECT isolation_names FROM settings WHERE false;
SELECT 1 / count(*) FROM pg_class WHERE relname = 'import_rows_waiting';

ROLLBACK;
