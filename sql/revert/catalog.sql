-- Revert catalog. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE packages CASCADE;
DROP TABLE customers CASCADE;

COMMIT;
