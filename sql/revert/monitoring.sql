-- Revert monitoring. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE ping_history CASCADE;
DROP TABLE ping_targets CASCADE;
DROP TABLE bandwidth_history CASCADE;
DROP TABLE snmp_interfaces CASCADE;
DROP TABLE snmp_devices CASCADE;

COMMIT;
