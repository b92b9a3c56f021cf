-- Revert bill_covers.
BEGIN;

DROP INDEX invoices_line;
CREATE INDEX invoices_subscription ON invoices (subscription_id, period_end);

COMMIT;
