-- Revert payment_actor.
BEGIN;

ALTER TABLE payments DROP COLUMN actor CASCADE;

COMMIT;
