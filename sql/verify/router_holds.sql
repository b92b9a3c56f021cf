-- Verify router_holds.
BEGIN;

SELECT away_since FROM router_states WHERE false;
SELECT router_holds, router_held_on FROM subscriptions WHERE false;
SELECT 1 / count(*) FROM alert_texts WHERE name = 'router_hold_over';

ROLLBACK;
