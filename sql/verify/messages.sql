-- Verify messages: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, channel, config, events, is_active, created_at, updated_at FROM notification_settings
	WHERE false;
SELECT id, type, severity, title, message, meta, key, resolved_at, is_read, notification_sent, created_at,
	updated_at FROM alert_logs WHERE false;
SELECT id, alert_id, channel_id, state, attempts, last_error, due_at, sent_at, created_at FROM
	message_outbox WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'alert_logs_is_read', 'alert_logs_newest', 'alert_logs_open_key', 'alert_logs_severity', 'alert_logs_type']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'notification_settings_channel_check', 'alert_logs_severity_check',
		'alert_logs_type_check', 'message_outbox_state_check', 'message_outbox_alert_id_fkey',
		'message_outbox_channel_id_fkey', 'message_outbox_alert_id_channel_id_key']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
