-- Revert bill_pages.
BEGIN;

ALTER TABLE invoices SET (fillfactor = 80);

COMMIT;
