-- Verify days: every table with its columns.
BEGIN;

SELECT period_unit, validity_months FROM packages WHERE false;
SELECT npwp, tax_exempt, notes FROM customers WHERE false;
SELECT cycle, mode, billing_day, late_policy, is_postpaid, anchor_day, closed_on, pending_days, promises, pause_from, pause_until,
	waits_first, begin_on FROM subscriptions WHERE false;
SELECT id, subscription_id, from_day, back_on, cause, lost_days, run_id, struck_at, created_at FROM service_offs WHERE false;
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

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'charges_customer', 'charges_pending', 'payments_idempotency_key', 'promises_subscription',
		'service_days_invoice', 'service_days_subscription', 'service_offs_run', 'service_offs_subscription',
		'subscription_items_subscription', 'subscriptions_begin_on', 'subscriptions_postpaid']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'charges_amount_check', 'charges_customer_id_fkey', 'charges_invoice_id_fkey', 'charges_kind_check',
		'charges_off_id_fkey', 'charges_quantity_check', 'charges_subscription_id_fkey', 'invoice_lines_kind_check',
		'invoice_lines_quantity_check', 'invoices_discount_check', 'invoices_tax_amount_check',
		'packages_period_unit_check', 'packages_validity_months_check', 'promises_subscription_id_fkey',
		'promises_until_check', 'service_days_days_check', 'service_days_invoice_id_fkey',
		'service_days_kind_check', 'service_days_off_id_fkey', 'service_days_source_check',
		'service_days_subscription_id_fkey', 'service_offs_cause_check', 'service_offs_days_check',
		'service_offs_excl', 'service_offs_run_id_fkey', 'service_offs_subscription_id_fkey',
		'settings_arrears_check', 'settings_billing_day_check', 'settings_cycle_check',
		'settings_first_period_check', 'settings_late_policy_check', 'settings_mode_check',
		'settings_round_to_check', 'settings_tax_base_check', 'settings_tax_mode_check',
		'subscription_items_amount_check', 'subscription_items_kind_check', 'subscription_items_percent_check',
		'subscription_items_periods_check', 'subscription_items_quantity_check', 'subscription_items_size_check',
		'subscription_items_subscription_id_fkey', 'subscriptions_anchor_day_check',
		'subscriptions_billing_day_check', 'subscriptions_cycle_check', 'subscriptions_late_policy_check',
		'subscriptions_mode_check', 'subscriptions_pending_days_check']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
