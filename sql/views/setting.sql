DROP VIEW IF EXISTS setting_rows CASCADE;

CREATE VIEW setting_rows AS
SELECT lead_days, grace_days, hold_nights, suspend_mode, isolation_profile, remove_expired, line_sample_minutes, token_idle_days,
       attempt_minutes, public_reads_per_minute, public_tokens_per_minute, invoice_tokens_per_minute,
       enabled_payments, message_language, quiet_from_hour, quiet_until_hour, message_day_first,
       message_day_most, private_peers, restore_proof_days, company_name, company_address, company_phone, company_whatsapp, updated_at
  FROM settings;
