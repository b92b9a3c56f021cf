-- Revert accounts. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE profile_states CASCADE;
DROP TABLE account_states CASCADE;
DROP TABLE mikrotik_secrets CASCADE;

COMMIT;
