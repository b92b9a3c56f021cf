-- Revert billing. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE billing_previews CASCADE;
DROP TABLE billing_runs CASCADE;
DROP TABLE billing_logs CASCADE;
DROP TABLE allocations CASCADE;
DROP TABLE customer_credits CASCADE;
DROP TABLE refunds CASCADE;
DROP TABLE payment_reversals CASCADE;
DROP TABLE payments CASCADE;
DROP TABLE invoices CASCADE;
DROP TABLE invoice_counters CASCADE;
DROP TABLE subscriptions CASCADE;
DROP TYPE billing_report CASCADE;

COMMIT;
