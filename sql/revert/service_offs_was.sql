-- Revert service_offs_was. The column stays empty: nothing reads it.
BEGIN;

ALTER TABLE service_offs ADD COLUMN was text;

COMMIT;
