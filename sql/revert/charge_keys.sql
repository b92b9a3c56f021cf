-- Revert charge_keys.
BEGIN;

DROP TABLE charge_keys CASCADE;

COMMIT;
