-- Verify adoption.
BEGIN;

SELECT isolation_names FROM settings WHERE false;

ROLLBACK;
