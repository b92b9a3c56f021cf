-- Revert days. Deposits have no bill and cannot be kept: while there are any, nothing is reverted.
BEGIN;

DO $$
BEGIN
	IF EXISTS (SELECT FROM payments WHERE invoice_id IS NULL) THEN
		RAISE EXCEPTION 'payments without an invoice exist: the change days cannot be reverted';
	END IF;
END $$;

DROP VIEW IF EXISTS subscription_rows, invoice_rows, public_invoice_rows, payment_rows, package_rows, customer_rows, setting_rows CASCADE;
ALTER TABLE subscriptions ADD resumed_on date;
ALTER TABLE invoices ADD replaced_end_date date, ADD settled_end_date date;
UPDATE invoices i SET replaced_end_date = s.end_date, settled_end_date = s.end_date
  FROM subscriptions s WHERE s.id = i.subscription_id AND i.status = 'paid' AND i.grants_days;
ALTER TABLE invoices DROP CONSTRAINT invoices_period_check, DROP CONSTRAINT invoices_kind_check;
UPDATE invoices SET kind = CASE kind WHEN 'prepay' THEN 'renewal' ELSE 'other' END WHERE kind IN ('prepay', 'change');
ALTER TABLE invoices
	ADD CONSTRAINT invoices_kind_check CHECK (kind IN ('first', 'renewal', 'other')),
	ADD CONSTRAINT invoices_period_check CHECK ((kind = 'other') = (period_start IS NULL)
		AND (period_start IS NULL) = (period_end IS NULL) AND period_end >= period_start),
	DROP COLUMN subtotal, DROP COLUMN discount, DROP COLUMN tax_amount, DROP COLUMN grants_days, DROP COLUMN first_due_date,
	DROP COLUMN promises, DROP COLUMN late_fee_on;
UPDATE subscriptions SET suspend_reason = 'manual' WHERE suspend_reason IN ('pause', 'new');
UPDATE subscriptions SET end_date = start_date WHERE end_date < start_date;
ALTER TABLE subscriptions
	DROP CONSTRAINT subscriptions_end_date_check,
	ADD CONSTRAINT subscriptions_end_date_check CHECK (end_date >= start_date),
	DROP CONSTRAINT subscriptions_suspend_reason_check,
	ADD CONSTRAINT subscriptions_suspend_reason_check CHECK (suspend_reason IN ('debt', 'manual')),
	DROP COLUMN cycle, DROP COLUMN mode, DROP COLUMN billing_day, DROP COLUMN late_policy, DROP COLUMN is_postpaid, DROP COLUMN anchor_day,
	DROP COLUMN closed_on, DROP COLUMN pending_days, DROP COLUMN promises, DROP COLUMN pause_from, DROP COLUMN pause_until,
	DROP COLUMN waits_first, DROP COLUMN begin_on;
DROP TABLE charges, subscription_items, invoice_lines, promises, service_days, service_offs CASCADE;
DROP TYPE bill_line CASCADE;
DROP SEQUENCE service_seq;
DROP INDEX payments_reference_key, payments_idempotency_key;
UPDATE payments SET reference = coalesce(idempotency_key, id::text) WHERE source = 'manual' AND reference IS NOT NULL;
CREATE UNIQUE INDEX payments_reference_key ON payments (source, reference) WHERE reference IS NOT NULL;
ALTER TABLE payments ALTER invoice_id SET NOT NULL, DROP COLUMN idempotency_key;
ALTER TABLE refunds DROP COLUMN method;
ALTER TABLE billing_runs DROP COLUMN duration_ms, DROP COLUMN counts, DROP COLUMN is_forced, DROP COLUMN actor,
	DROP COLUMN undone_at, DROP COLUMN undone_by;
ALTER TABLE settings DROP COLUMN cycle, DROP COLUMN mode, DROP COLUMN billing_day, DROP COLUMN late_policy, DROP COLUMN first_period,
	DROP COLUMN merge_days, DROP COLUMN round_to, DROP COLUMN due_days, DROP COLUMN postpaid_due_days, DROP COLUMN first_due_days,
	DROP COLUMN other_due_days, DROP COLUMN arrears, DROP COLUMN arrears_max, DROP COLUMN first_payment_first, DROP COLUMN prorate_last,
	DROP COLUMN tax_mode, DROP COLUMN tax_rate, DROP COLUMN tax_base, DROP COLUMN late_fee, DROP COLUMN late_fee_percent,
	DROP COLUMN late_fee_days, DROP COLUMN reactivation_fee, DROP COLUMN suspend_min_amount, DROP COLUMN no_suspend_days,
	DROP COLUMN suspend_guard, DROP COLUMN promises_max, DROP COLUMN operator_discount_max, DROP COLUMN operator_days_max;
ALTER TABLE customers DROP COLUMN npwp, DROP COLUMN tax_exempt, DROP COLUMN notes;
ALTER TABLE packages DROP COLUMN period_unit, DROP COLUMN validity_months;

COMMIT;
