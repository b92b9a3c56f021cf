DROP VIEW IF EXISTS setting_rows CASCADE;

CREATE VIEW setting_rows AS
SELECT lead_days, grace_days, hold_nights, suspend_mode, isolation_profile, remove_expired, line_sample_minutes, token_idle_days,
       attempt_minutes, public_reads_per_minute, public_tokens_per_minute, invoice_tokens_per_minute,
       enabled_payments, updated_at
  FROM settings;
