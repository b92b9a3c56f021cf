-- Verify name_statistics.
BEGIN;

SELECT 1 / count(*) FROM pg_attribute
 WHERE attrelid = 'customers'::regclass AND attname = 'name' AND attstattarget = 1000;

ROLLBACK;
