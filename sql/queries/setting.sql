-- name: setting_row()
SELECT * FROM setting_rows;

-- name: setting_save(jsonb, text)
WITH saved AS (
	UPDATE settings s
	   SET (lead_days, grace_days, hold_nights, suspend_mode, isolation_profile, remove_expired, token_idle_days,
	        attempt_minutes, public_reads_per_minute, public_tokens_per_minute, invoice_tokens_per_minute,
	        enabled_payments, updated_at) =
	       (SELECT n.lead_days, n.grace_days, n.hold_nights, n.suspend_mode, n.isolation_profile, n.remove_expired,
	               n.token_idle_days, n.attempt_minutes, n.public_reads_per_minute, n.public_tokens_per_minute,
	               n.invoice_tokens_per_minute, n.enabled_payments, now()
	          FROM jsonb_populate_record(s, $1::jsonb) n)
	RETURNING one
)
SELECT audit('update', 'settings', NULL, $1::jsonb, $2::text) FROM saved;
