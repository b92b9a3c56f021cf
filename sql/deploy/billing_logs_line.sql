-- The newest log of a line without a sort: for 2,000 results of a router 12 ms instead of 419 (60 logs a line, 20,000 lines).
BEGIN;

CREATE INDEX billing_logs_line ON billing_logs (subscription_id, created_at DESC, id DESC);
DROP INDEX billing_logs_subscription;

COMMIT;
