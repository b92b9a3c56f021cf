-- Revert name_statistics.
BEGIN;

ALTER TABLE customers ALTER COLUMN name SET STATISTICS -1;

COMMIT;
