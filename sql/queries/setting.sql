-- name: setting_row()
SELECT * FROM setting_rows;

-- name: setting_save(jsonb, text)
WITH saved AS (
	UPDATE settings s
	   SET (lead_days, grace_days, hold_nights, suspend_mode, isolation_profile, remove_expired, token_idle_days,
	        attempt_minutes, public_reads_per_minute, public_tokens_per_minute, invoice_tokens_per_minute,
	        enabled_payments, message_language, quiet_from_hour, quiet_until_hour, message_day_first,
	        message_day_most, private_peers, restore_proof_days, company_name, company_address, company_phone,
	        company_whatsapp, updated_at) =
	       (SELECT n.lead_days, n.grace_days, n.hold_nights, n.suspend_mode, n.isolation_profile, n.remove_expired,
	               n.token_idle_days, n.attempt_minutes, n.public_reads_per_minute, n.public_tokens_per_minute,
	               n.invoice_tokens_per_minute, n.enabled_payments, n.message_language, n.quiet_from_hour, n.quiet_until_hour,
	               n.message_day_first, n.message_day_most, n.private_peers, n.restore_proof_days,
	               n.company_name, n.company_address, n.company_phone, n.company_whatsapp, now()
	          FROM jsonb_populate_record(s, $1::jsonb) n)
	RETURNING one
)
SELECT audit('update', 'settings', NULL, $1::jsonb, $2::text) FROM saved;
