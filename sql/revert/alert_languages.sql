-- Revert alert_languages.
BEGIN;

DROP FUNCTION IF EXISTS alert_raise(text, text, text, text, jsonb, text, jsonb);
DROP FUNCTION IF EXISTS alert_resolve(text, text, text, jsonb, jsonb);
DROP FUNCTION IF EXISTS alert_render(text, jsonb);
DROP FUNCTION IF EXISTS monitor_duration(interval);
DELETE FROM alert_texts WHERE name IN ('because', 'lasted_minutes', 'lasted_hours', 'lasted_days', 'unpaid', 'overdue', 'paid',
	'cancelled', 'cash', 'transfer', 'midtrans', 'qris', 'gopay', 'ovo', 'dana', 'card', 'bank_transfer', 'mobile_money', 'va',
	'shopeepay', 'other', 'expire', 'suspend', 'void', 'chargeback', 'refund_written_off');
UPDATE alert_texts SET
	message_en = '{name} ({host}) has not answered since {since} UTC.{error}{affected}',
	message_id = '{name} ({host}) tidak menjawab sejak {since} UTC.{error}{affected}'
WHERE name = 'device_down';
ALTER TABLE alert_logs DROP COLUMN code CASCADE, DROP COLUMN texts CASCADE, DROP COLUMN fields CASCADE;

COMMIT;
