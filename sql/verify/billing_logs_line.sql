-- Verify billing_logs_line.
BEGIN;

DO $$
BEGIN
	ASSERT to_regclass('billing_logs_line') IS NOT NULL, 'index billing_logs_line is missing';
END $$;

ROLLBACK;
