-- Verify alert_texts.
BEGIN;

SELECT name, title_id, message_id, title_en, message_en FROM alert_texts WHERE false;
SELECT 1 / count(*) FROM pg_constraint WHERE conname = 'alert_texts_pkey';

ROLLBACK;
