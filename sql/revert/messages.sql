-- Revert messages. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE message_outbox CASCADE;
DROP TABLE alert_logs CASCADE;
DROP TABLE notification_settings CASCADE;

COMMIT;
