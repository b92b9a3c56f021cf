-- Revert credit_keys.
BEGIN;

DROP TABLE credit_keys CASCADE;

COMMIT;
