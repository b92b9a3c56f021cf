-- Revert routers. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE radius_settings CASCADE;
DROP TABLE router_states CASCADE;
DROP TABLE router_settings CASCADE;

COMMIT;
