-- Revert router_acts.
BEGIN;

DROP FUNCTION IF EXISTS subscriptions_switch_off(uuid[], text, text, text, date, uuid[]);
DROP TABLE router_acts CASCADE;

COMMIT;
