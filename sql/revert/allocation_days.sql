-- Revert allocation_days.
BEGIN;

ALTER TABLE invoices DROP COLUMN cancelled_on CASCADE;
ALTER TABLE allocations DROP COLUMN entered_on CASCADE;

COMMIT;
