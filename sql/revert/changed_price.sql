-- Revert changed_price.
BEGIN;

ALTER TABLE invoices DROP COLUMN changed_price;

COMMIT;
