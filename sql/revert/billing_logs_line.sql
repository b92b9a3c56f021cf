-- Revert billing_logs_line.
BEGIN;

CREATE INDEX billing_logs_subscription ON billing_logs (subscription_id);
DROP INDEX billing_logs_line;

COMMIT;
