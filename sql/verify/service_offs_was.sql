-- Verify service_offs_was.
BEGIN;

SELECT 1 / (count(*) = 0)::int FROM information_schema.columns WHERE table_name = 'service_offs' AND column_name = 'was';

ROLLBACK;
