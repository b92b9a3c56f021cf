-- Revert router_holds.
BEGIN;

DROP FUNCTION IF EXISTS router_broken(uuid, text, int, boolean);
DELETE FROM alert_texts WHERE name = 'router_hold_over';
ALTER TABLE subscriptions DROP COLUMN router_holds CASCADE, DROP COLUMN router_held_on CASCADE;
ALTER TABLE router_states DROP COLUMN away_since CASCADE;

COMMIT;
