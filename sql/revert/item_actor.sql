-- Revert item_actor.
BEGIN;

ALTER TABLE subscription_items DROP COLUMN actor CASCADE;

COMMIT;
