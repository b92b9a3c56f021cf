-- Verify charge_keys.
BEGIN;

SELECT idempotency_key, charge_id, request_hash FROM charge_keys WHERE false;
SELECT 1 / (count(*) = 2)::int FROM pg_constraint WHERE conname IN ('charge_keys_pkey', 'charge_keys_charge_id_fkey');

ROLLBACK;
