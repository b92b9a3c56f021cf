-- Verify midtrans: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, invoice_id, attempt, order_id, amount, snap_token, redirect_url, state, calls,
	expires_at, had_200, alerts, next_check_at, checks, closed_at, created_at, updated_at FROM midtrans_attempts WHERE
	false;
SELECT id, attempt_id, transaction_id, transaction_status, fraud_status, payment_type, bank, pay_code,
	gross_amount, fee, charged_back, payment_id, outlook, confirmed, transaction_time, settlement_time, expiry_time,
	created_at, updated_at FROM midtrans_transactions WHERE false;
SELECT attempt_id, transaction_id, asked_at, asks FROM midtrans_unknown_ids WHERE false;
SELECT refund_key, transaction_id, amount, fee, whole, reopen, reason, actor, state, result_delivered, created_at
	FROM midtrans_refunds WHERE false;
SELECT idempotency_key, refund_key, request_hash FROM midtrans_refund_keys WHERE false;
SELECT id, source, order_id, transaction_id, money, claimed_amount, body, body_hash, request_id, received_at FROM midtrans_events
	WHERE false;
SELECT event_id, copies, last_at FROM midtrans_copies WHERE false;
SELECT event_id, verdict, detail, decided_at FROM midtrans_verdicts WHERE false;
SELECT id, attempt_id, kind, generation, attempts, last_error, due_at, done_at, created_at FROM midtrans_jobs
	WHERE false;
SELECT id, invoice_id, order_id, transaction_id, event, status, request, response, created_at,
	updated_at FROM midtrans_logs WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'midtrans_attempts_check', 'midtrans_transactions_attempt', 'midtrans_events_200', 'midtrans_events_body_key',
		'midtrans_events_received', 'midtrans_refunds_requested_key',
		'midtrans_refunds_transaction', 'midtrans_jobs_due', 'midtrans_jobs_attempt_key', 'midtrans_logs_event',
		'midtrans_logs_newest', 'midtrans_logs_order_id']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'midtrans_attempts_amount_check', 'midtrans_attempts_attempt_check',
		'midtrans_attempts_order_id_check', 'midtrans_attempts_state_check',
		'midtrans_attempts_invoice_id_fkey', 'midtrans_attempts_invoice_id_attempt_key',
		'midtrans_attempts_order_id_key', 'midtrans_transactions_attempt_id_fkey',
		'midtrans_transactions_payment_id_fkey', 'midtrans_transactions_transaction_id_key',
		'midtrans_unknown_ids_attempt_id_fkey', 'midtrans_refunds_amount_check',
		'midtrans_refunds_state_check', 'midtrans_refund_keys_refund_key_fkey',
		'midtrans_refunds_transaction_id_fkey', 'midtrans_events_source_check', 'midtrans_copies_event_id_fkey', 'midtrans_verdicts_event_id_fkey',
		'midtrans_jobs_kind_check', 'midtrans_jobs_attempt_id_fkey', 'midtrans_logs_event_check',
		'midtrans_events_money_check', 'midtrans_transactions_outlook_check']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
