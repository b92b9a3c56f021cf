-- Verify bill_covers.
BEGIN;

DO $$
BEGIN
	ASSERT (SELECT indnatts = 6 AND indnkeyatts = 2 FROM pg_index WHERE indexrelid = 'invoices_line'::regclass),
		'index invoices_line does not cover a list';
END $$;

ROLLBACK;
