-- Verify changed_price.
BEGIN;

SELECT changed_price FROM invoices WHERE false;

ROLLBACK;
