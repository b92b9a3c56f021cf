-- Revert payment_numbers. The view that shows the column is made anew from its file.
BEGIN;

DROP INDEX invoices_number;
DROP VIEW IF EXISTS payment_rows CASCADE;
ALTER TABLE payments DROP COLUMN invoice_number;

COMMIT;
