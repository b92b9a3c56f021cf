-- Revert list_orders.
BEGIN;

DROP TRIGGER IF EXISTS row_count_insert ON payments;
DROP TRIGGER IF EXISTS row_count_delete ON payments;
DROP TRIGGER IF EXISTS row_count_truncate ON payments;
ALTER TABLE row_counts DROP COLUMN amount CASCADE;

DROP INDEX payments_payment_date;
CREATE INDEX payments_payment_date ON payments (payment_date);
DROP INDEX payments_amount;

DROP INDEX payments_gateway;
DROP INDEX payments_search;
DROP INDEX payments_undone;
DROP INDEX invoices_kind;
DROP INDEX invoices_issued_on;
DROP INDEX invoices_due_date;
ALTER TABLE invoices DROP COLUMN outstanding CASCADE;
DROP INDEX invoices_amount;

COMMIT;
