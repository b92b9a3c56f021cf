-- Verify alert_languages.
BEGIN;

SELECT code, texts, fields FROM alert_logs WHERE false;
SELECT 1 / (message_en LIKE '%{because}%')::int FROM alert_texts WHERE name = 'device_down';
SELECT 1 / (count(*) = 4)::int FROM alert_texts WHERE name IN ('because', 'lasted_days', 'paid', 'refund_written_off');

ROLLBACK;
