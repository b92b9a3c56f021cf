-- Revert adoption.
BEGIN;

DROP INDEX import_rows_waiting;
ALTER TABLE settings DROP COLUMN isolation_names;

COMMIT;
