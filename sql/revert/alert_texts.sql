-- Revert alert_texts.
BEGIN;

DROP TABLE alert_texts;

COMMIT;
