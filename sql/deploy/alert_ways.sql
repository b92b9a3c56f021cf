-- Deploy alert_ways: two alerts named only a command; whoever reads them in the console has a screen for it.
BEGIN;

UPDATE alert_texts SET
	message_en = 'The step {step} would take {due} lines off, more than {most}. Settings, Nightly runs shows them and can do it, as billing-cron --force can.',
	message_id = 'Langkah {step} akan memutus {due} layanan, lebih dari {most}. Lihat Pengaturan, Proses malam: dari sana bisa dijalankan, seperti dengan billing-cron --force.'
WHERE name = 'night_guarded';
UPDATE alert_texts SET
	message_en = '{difference}. See Network, Drift, or ispctl router plan.',
	message_id = '{difference}. Lihat Jaringan, Perbedaan, atau ispctl router plan.'
WHERE name = 'drift';

COMMIT;
