-- Verify credit_keys.
BEGIN;

SELECT idempotency_key, credit_id, request_hash FROM credit_keys WHERE false;
SELECT 1 / (count(*) = 2)::int FROM pg_constraint WHERE conname IN ('credit_keys_pkey', 'credit_keys_credit_id_fkey');

ROLLBACK;
