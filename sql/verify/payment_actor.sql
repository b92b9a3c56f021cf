-- Verify payment_actor.
BEGIN;

SELECT actor FROM payments WHERE false;
DO $$
BEGIN
	ASSERT to_regclass('payments_actor') IS NOT NULL, 'index payments_actor is missing';
END $$;

ROLLBACK;
