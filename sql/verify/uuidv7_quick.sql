-- Verify uuidv7_quick.
BEGIN;

SELECT 1 / (substr(uuidv7()::text, 15, 1) = '7')::int;
SELECT 1 / count(*) FROM pg_proc WHERE oid = 'uuidv7()'::regprocedure AND prosrc LIKE '%date_part%';

ROLLBACK;
