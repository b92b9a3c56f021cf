-- The status before an off period was written and never read: billing_logs has it, with the reason.
BEGIN;

ALTER TABLE service_offs DROP COLUMN was;

COMMIT;
