-- Revert payment_scopes.
BEGIN;

ALTER TABLE midtrans_attempts DROP COLUMN bills;

COMMIT;
