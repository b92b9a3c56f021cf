-- Verify days: every table with its columns.
BEGIN;

SELECT period_unit, validity_months FROM packages WHERE false;
SELECT npwp, tax_exempt, notes FROM customers WHERE false;
SELECT cycle, mode, billing_day, late_policy, is_postpaid, anchor_day, closed_on, pending_days, promises, pause_from, pause_until,
	waits_first, begin_on FROM subscriptions WHERE false;
SELECT id, subscription_id, from_day, back_on, cause, lost_days, run_id, was, struck_at, created_at FROM service_offs WHERE false;
SELECT id, subscription_id, days, kind, invoice_id, off_id, until_day, reason, actor, entered_on, created_at FROM service_days WHERE false;
SELECT id, subscription_id, from_day, until, reason, actor, created_at FROM promises WHERE false;
SELECT subtotal, discount, tax_amount, grants_days, first_due_date, promises, late_fee_on FROM invoices WHERE false;
SELECT invoice_id, position, kind, text, quantity, unit_price, amount, taxable, item_id, charge_id, taken FROM invoice_lines WHERE false;
SELECT id, subscription_id, kind, text, amount, percent, quantity, from_day, periods, billed, reason, removed_at, created_at,
	updated_at FROM subscription_items WHERE false;
SELECT id, customer_id, subscription_id, kind, text, amount, quantity, invoice_id, off_id, entered_on, actor, created_at FROM charges WHERE false;
SELECT idempotency_key FROM payments WHERE false;
SELECT method FROM refunds WHERE false;
SELECT duration_ms, counts, is_forced, actor, undone_at, undone_by FROM billing_runs WHERE false;
SELECT cycle, mode, billing_day, late_policy, first_period, merge_days, round_to, due_days, postpaid_due_days, first_due_days,
	other_due_days, arrears, arrears_max, first_payment_first, prorate_last, tax_mode, tax_rate, tax_base, late_fee, late_fee_percent,
	late_fee_days, reactivation_fee, suspend_min_amount, no_suspend_days, suspend_guard, promises_max, operator_discount_max,
	operator_days_max FROM settings WHERE false;

ROLLBACK;
