-- Verify payment_numbers.
BEGIN;

SELECT invoice_number FROM payments WHERE false;
SELECT 'payments_invoice_number'::regclass, 'payments_number'::regclass, 'invoices_number'::regclass;
SELECT 1 / count(*) FROM pg_constraint WHERE conname = 'payments_invoice_number_check';

ROLLBACK;
