-- Verify item_actor.
BEGIN;

SELECT actor FROM subscription_items WHERE false;

ROLLBACK;
