DROP VIEW IF EXISTS setting_rows CASCADE;

CREATE VIEW setting_rows AS
SELECT lead_days, grace_days, hold_nights, suspend_mode, isolation_profile, isolation_names, remove_expired, line_sample_minutes, token_idle_days,
       attempt_minutes, public_reads_per_minute, public_tokens_per_minute, invoice_tokens_per_minute,
       enabled_payments, message_language, quiet_from_hour, quiet_until_hour, message_day_first,
       message_day_most, private_peers, restore_proof_days,
       latency_raise_ms, latency_clear_ms, loss_raise_percent, loss_clear_percent, bandwidth_raise_percent,
       bandwidth_clear_percent, history_raw_days, history_5m_days, history_1h_days,
       cycle, mode, billing_day, late_policy, first_period, merge_days, round_to, due_days, postpaid_due_days, first_due_days,
       other_due_days, arrears, arrears_max, first_payment_first, prorate_last, tax_mode, tax_rate, tax_base, late_fee,
       late_fee_percent, late_fee_days, reactivation_fee, suspend_min_amount, no_suspend_days, suspend_guard, promises_max,
       operator_discount_max, operator_days_max, company_name, company_address, company_phone, company_whatsapp,
       company_receipt_footer, company_whatsapp_text,
       (SELECT logo FROM company_rows) AS company_logo, updated_at
  FROM settings;
