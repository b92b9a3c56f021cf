-- Revert cancelled_bills.
BEGIN;

ALTER TABLE invoices DROP CONSTRAINT invoices_cancelled_check;

COMMIT;
