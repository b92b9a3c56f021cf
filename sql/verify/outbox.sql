-- Verify outbox: every table with its columns, then the indexes and constraints.
BEGIN;

SELECT resolves, repeats, last_raised_at, notify FROM alert_logs WHERE false;
SELECT name, secret, audience, gap_ms FROM notification_settings WHERE false;
SELECT id, event, audience, is_active, active_since, days, subject_id, body_id, subject_en, body_en, fields, wa_template,
	wa_fields, created_at, updated_at FROM message_templates WHERE false;
SELECT id, event, channel, channel_id, sender, alert_id, customer_id, invoice_id, subscription_id, recipient, fields, secret,
	dedupe_key, subject, body, state, attempts, last_error, provider_id, due_at, sent_at, created_at, updated_at
	FROM message_outbox WHERE false;
SELECT sender, next_at, failures, failing_since, last_error, first_day, sent_day, sent_today, updated_at FROM message_senders
	WHERE false;
SELECT message_opt_out FROM customers WHERE false;
SELECT message_language, quiet_from_hour, quiet_until_hour, message_day_first, message_day_most, private_peers,
	restore_proof_days FROM settings WHERE false;
SELECT id, proved_at, backup, taken_at, seconds FROM restore_proofs WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'alert_logs_key', 'alert_logs_notify', 'message_outbox_customer', 'message_outbox_line',
		'message_outbox_newest', 'message_outbox_sending', 'restore_proofs_newest']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'alert_logs_notify_check', 'alert_logs_resolves_fkey', 'message_outbox_alert_id_channel_id_key',
		'message_outbox_alert_id_fkey', 'message_outbox_channel_check', 'message_outbox_channel_id_fkey',
		'message_outbox_customer_id_fkey', 'message_outbox_dedupe_key_key', 'message_outbox_event_fkey',
		'message_outbox_invoice_id_fkey', 'message_outbox_sender_check', 'message_outbox_state_check',
		'message_outbox_subscription_id_fkey', 'message_templates_audience_check', 'message_templates_days_check',
		'message_templates_event_key', 'notification_settings_audience_check', 'notification_settings_gap_ms_check',
		'settings_message_day_first_check', 'settings_message_day_most_check', 'settings_message_language_check',
		'settings_quiet_from_hour_check', 'settings_quiet_until_hour_check', 'settings_restore_proof_days_check']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
