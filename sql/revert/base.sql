-- Revert base. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE row_counts CASCADE;
DROP TABLE settings CASCADE;
DROP TABLE audit_logs CASCADE;
DROP TABLE throttles CASCADE;
DROP TABLE personal_access_tokens CASCADE;
DROP TABLE password_reset_tokens CASCADE;
DROP TABLE users CASCADE;
DROP FUNCTION uuidv7();
DROP EXTENSION pg_trgm;
DROP EXTENSION btree_gist;

COMMIT;
