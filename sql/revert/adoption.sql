-- Revert adoption.
BEGIN;

ALTER TABLE settings DROP COLUMN isolation_names;

COMMIT;
