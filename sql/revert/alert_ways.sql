-- Revert alert_ways.
BEGIN;

UPDATE alert_texts SET
	message_en = 'The step {step} would take {due} lines off, more than {most}. Look at the preview, then run it with --force.',
	message_id = 'Langkah {step} akan memutus {due} layanan, lebih dari {most}. Lihat pratinjau, lalu jalankan dengan --force.'
WHERE name = 'night_guarded';
UPDATE alert_texts SET message_en = '{difference}. See ispctl router plan.', message_id = '{difference}. Lihat ispctl router plan.'
WHERE name = 'drift';

COMMIT;
