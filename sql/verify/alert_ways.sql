-- Verify alert_ways.
BEGIN;

SELECT 1 / (count(*) = 2)::int FROM alert_texts
WHERE name = 'night_guarded' AND message_en LIKE '%Nightly runs%' AND message_id LIKE '%Proses malam%'
   OR name = 'drift' AND message_en LIKE '%Network%' AND message_id LIKE '%Jaringan%';

ROLLBACK;
