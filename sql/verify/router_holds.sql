-- Verify router_holds.
BEGIN;

SELECT away_since FROM router_states WHERE false;
SELECT router_holds, router_held_on FROM subscriptions WHERE false;

ROLLBACK;
