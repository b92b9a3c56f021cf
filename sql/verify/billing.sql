-- Verify billing: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, seq, customer_id, package_id, next_package_id, next_package_on, router_id, mikrotik_username,
	mikrotik_password, start_date, end_date, status, is_live, suspend_reason, auto_renew,
	hold_until, gateway_holds, gateway_held_on, local_address, remote_address, profile, comment, cancelled_at,
	created_at, updated_at FROM subscriptions WHERE false;
SELECT day, last_number FROM invoice_counters WHERE false;
SELECT id, seq, invoice_number, subscription_id, customer_id, package_id, kind, amount, paid_amount,
	period_start, period_end, issued_on, due_date, status, is_open, period_held,
	payment_reference, payment_url, midtrans_order_id, midtrans_transaction_id, notes, created_at,
	updated_at FROM invoices WHERE false;
SELECT id, seq, invoice_id, customer_id, amount, fee, method, source, reference, request_hash,
	status, transaction_id, midtrans_transaction_id, midtrans_status, midtrans_response, payment_date,
	received_on, notes, created_at, updated_at FROM payments WHERE false;
SELECT id, payment_id, kind, amount, reason, actor, reversed_on, created_at FROM payment_reversals
	WHERE false;
SELECT id, payment_id, refund_id, amount, reopen, reason, actor, refunded_on, created_at FROM
	refunds WHERE false;
SELECT id, seq, customer_id, kind, amount, payment_id, gift_id, invoice_id, reason, actor,
	entered_on, created_at FROM customer_credits WHERE false;
SELECT id, invoice_id, payment_id, gift_id, amount, created_at FROM allocations WHERE false;
SELECT id, customer_id, subscription_id, invoice_id, action, message, meta, actor, request_id,
	created_at, updated_at FROM billing_logs WHERE false;
SELECT id, business_date, started_at, finished_at, report FROM billing_runs WHERE false;
SELECT business_date, made_at, answer FROM billing_previews WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'subscriptions_end_date', 'subscriptions_mikrotik_username_key',
		'subscriptions_newest', 'subscriptions_next_package', 'subscriptions_next_package_on', 'subscriptions_package',
		'subscriptions_router', 'subscriptions_search',
		'invoices_midtrans_order_id', 'invoices_newest', 'invoices_open_customer', 'invoices_open_due',
		'invoices_search',
		'payments_customer', 'payments_invoice', 'payments_method',
		'payments_midtrans_transaction_id', 'payments_newest', 'payments_payment_date',
		'payments_received_on', 'payments_reference_key', 'payment_reversals_payment',
		'refunds_payment', 'customer_credits_customer', 'customer_credits_gift',
		'customer_credits_payment', 'allocations_gift', 'allocations_invoice',
		'allocations_payment', 'billing_logs_action', 'billing_logs_customer',
		'billing_logs_invoice', 'billing_logs_newest',
		'billing_runs_date']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'subscriptions_owner_key', 'subscriptions_end_date_check', 'subscriptions_reason_check',
		'subscriptions_status_check', 'subscriptions_suspend_reason_check',
		'subscriptions_customer_id_fkey', 'subscriptions_next_package_id_fkey',
		'subscriptions_package_id_fkey', 'subscriptions_router_id_fkey',
		'invoice_counters_last_number_check', 'invoices_amount_check', 'invoices_kind_check',
		'invoices_paid_amount_check', 'invoices_period_check', 'invoices_status_check',
		'invoices_package_id_fkey', 'invoices_subscription_id_fkey',
		'invoices_invoice_number_key', 'invoices_period_excl', 'payments_amount_check',
		'payments_fee_check', 'payments_method_check', 'payments_midtrans_status_check',
		'payments_source_check', 'payments_status_check', 'payments_customer_id_fkey',
		'payments_invoice_id_fkey', 'payment_reversals_amount_check',
		'payment_reversals_kind_check', 'payment_reversals_payment_id_fkey',
		'refunds_amount_check', 'refunds_payment_id_fkey', 'refunds_refund_id_key',
		'customer_credits_amount_check', 'customer_credits_kind_check',
		'customer_credits_lot_check', 'customer_credits_customer_id_fkey',
		'customer_credits_gift_id_fkey', 'customer_credits_invoice_id_fkey',
		'customer_credits_payment_id_fkey', 'allocations_amount_check', 'allocations_lot_check',
		'allocations_gift_id_fkey', 'allocations_invoice_id_fkey', 'allocations_payment_id_fkey']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'billing_report']
	LOOP
		ASSERT to_regtype(name) IS NOT NULL, 'type ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
