-- Verify payment_scopes.
BEGIN;

SELECT bills FROM midtrans_attempts WHERE false;
DO $$
BEGIN
	ASSERT to_regclass('midtrans_attempts_bills') IS NOT NULL, 'index midtrans_attempts_bills is missing';
END $$;

ROLLBACK;
