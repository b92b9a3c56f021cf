-- midtrans.sql: payment pages, messages of Midtrans, and the jobs they leave.

-- Make one page of an invoice, or one refund of an order, at a time. The lock belongs to the session,
-- since no transaction is open while Midtrans is called. lower(): a UUID may be written in capitals.
-- name: midtrans_lock(text)
SELECT pg_try_advisory_lock(hashtextextended('midtrans:' || lower($1), 0)) AS locked;

-- name: midtrans_lock_timeout_long()
SET lock_timeout = '8s';

-- name: midtrans_lock_timeout_reset()
SET lock_timeout = '5s';

-- name: midtrans_lock_wait(text)
SELECT pg_advisory_lock(hashtextextended('midtrans:' || lower($1), 0));

-- name: midtrans_unlock(text)
SELECT pg_advisory_unlock(hashtextextended('midtrans:' || lower($1), 0));

-- name: midtrans_page_find(uuid, text, boolean)
SELECT *, bills::text AS bill_ids FROM midtrans_page_find($1::uuid, $2, $3::boolean);

-- name: midtrans_attempt_add(uuid, uuid[], int, text, bigint)
SELECT midtrans_attempt_add($1::uuid, $2::uuid[], $3::int, $4, $5::bigint) AS id;

-- The order as Midtrans gets it. Its time is that of western Indonesia, and the current one: a repeated
-- create call must not prolong the page.
-- name: midtrans_order(uuid)
SELECT a.order_id, i.invoice_number AS number, i.id::text AS invoice_id, a.amount,
       c.name AS customer, c.email, c.phone,
       to_char(now() AT TIME ZONE '+07:00'::interval, 'YYYY-MM-DD HH24:MI:SS') || ' +0700' AS start_time,
       ceil(extract(epoch FROM a.expires_at - now()) / 60)::bigint AS minutes,
       to_json(s.enabled_payments)::text AS enabled
  FROM midtrans_attempts a
  JOIN invoices i ON i.id = a.invoice_id
  JOIN customers c ON c.id = i.customer_id
 CROSS JOIN settings s
 WHERE a.id = $1::uuid;

-- The lines on the bills of an order, oldest bill first; payments on them are taken off, so that the sum is the order's amount.
-- name: midtrans_order_items(uuid)
SELECT b.invoice_number || '/' || l.position AS id, l.text AS name, l.unit_price AS price, l.quantity
  FROM midtrans_attempts a
 CROSS JOIN midtrans_attempt_bills(a) b
 CROSS JOIN LATERAL (SELECT position, text, unit_price, quantity FROM invoice_lines WHERE invoice_id = b.id AND amount <> 0
                     UNION ALL SELECT 0, 'Sudah dibayar ' || b.invoice_number, -b.paid_amount, 1 WHERE b.paid_amount > 0) l
 WHERE a.id = $1::uuid
 ORDER BY b.due_date, b.seq, l.position = 0, l.position;

-- name: midtrans_attempt_record_answer(uuid, int, text, text, text, jsonb)
SELECT midtrans_attempt_record_answer($1::uuid, $2::int, $3, $4, $5, $6::jsonb) AS usable;

-- name: midtrans_event_record(text, text, text, jsonb, text, bigint)
SELECT * FROM midtrans_event_record($1, $2, $3, $4::jsonb, $5, $6::bigint);

-- name: midtrans_event_store(text, text, text, jsonb, text, bigint)
SELECT midtrans_event_store($1, $2, $3, $4::jsonb, $5, $6::bigint);

-- One statement for each action of a decision (lib/midtrans/event.c).

-- name: midtrans_payment_book(uuid, text, text, bigint, bigint, text, text)
SELECT midtrans_payment_book($1::uuid, $2, $3, $4::bigint, $5::bigint, $6, $7, business_today());

-- name: midtrans_transaction_save(uuid, text, text, text, text, text, text, text, bigint, bigint, timestamptz, timestamptz, timestamptz)
SELECT midtrans_transaction_save($1::uuid, $2, $3, $4, $5, $6, $7, $8, $9::bigint, $10::bigint, $11::timestamptz,
	$12::timestamptz, $13::timestamptz);

-- name: midtrans_refunds_book(text, boolean, bigint, jsonb)
SELECT midtrans_refunds_book($1, $2::boolean, $3::bigint, $4::jsonb, business_today());

-- name: midtrans_chargeback_book(text, bigint)
SELECT midtrans_chargeback_book($1, $2::bigint, business_today());

-- name: midtrans_payment_undo(text, text, text)
SELECT midtrans_payment_undo($1, $2, $3, business_today());

-- name: midtrans_refunds_refuse_rest(text)
SELECT midtrans_refunds_refuse_rest($1);

-- name: midtrans_decision_alert(uuid, boolean, text, text, text, text, text, bigint)
SELECT midtrans_decision_alert($1::uuid, $2::boolean, $3, $4, $5, $6, $7, $8::bigint);

-- name: midtrans_attempt_update(uuid, text, text, boolean, boolean, boolean)
SELECT midtrans_attempt_update($1::uuid, $2, $3, $4::boolean, $5::boolean, $6::boolean);

-- name: midtrans_job_add_confirm(uuid, bigint)
SELECT midtrans_job_add_confirm($1::uuid, $2::bigint);

-- name: midtrans_transaction_confirm(uuid, text)
SELECT midtrans_transaction_confirm($1::uuid, $2);

-- name: midtrans_decision_log(bigint, uuid, text, text, text, text, text, text, bigint)
SELECT midtrans_decision_log($1::bigint, $2::uuid, $3, $4, $5, $6, $7, $8, $9::bigint);

-- name: midtrans_attempt_by_order(text)
SELECT id FROM midtrans_attempts WHERE order_id = $1;

-- An attempt as it stands, for people.
-- name: midtrans_attempt_standing(uuid)
SELECT a.order_id, a.state AS attempt_state, a.amount, i.id AS invoice_id, i.invoice_number, i.status AS invoice_status,
       t.transaction_id, t.transaction_status, t.payment_type, t.bank, t.pay_code, t.expiry_time, t.gross_amount, t.fee
  FROM midtrans_attempts a
  JOIN invoices i ON i.id = a.invoice_id
  LEFT JOIN midtrans_transactions t ON t.attempt_id = a.id
 WHERE a.id = $1::uuid
 ORDER BY t.payment_id IS NULL, t.created_at DESC LIMIT 1;

-- name: midtrans_refund_begin(text, jsonb, boolean)
SELECT * FROM midtrans_refund_begin($1, $2::jsonb, $3::boolean);

-- name: midtrans_refund(text)
SELECT * FROM midtrans_refund($1);

-- Log the outcome of the call: accepted, refused, or unknown.
-- name: midtrans_refund_log(text, text, jsonb)
INSERT INTO midtrans_logs (invoice_id, order_id, transaction_id, event, status, request, response)
SELECT a.invoice_id, a.order_id, r.transaction_id, 'refund', $2,
       jsonb_build_object('refund_key', r.refund_key, 'amount', r.amount), $3::jsonb
  FROM midtrans_refunds r
  JOIN midtrans_transactions t ON t.transaction_id = r.transaction_id
  JOIN midtrans_attempts a ON a.id = t.attempt_id
 WHERE r.refund_key = $1;

-- name: midtrans_refund_refused(text)
UPDATE midtrans_refunds SET state = 'refused' WHERE refund_key = $1 AND state = 'requested';

-- name: midtrans_refund_deliver(text)
UPDATE midtrans_refunds SET result_delivered = true WHERE refund_key = $1 AND NOT result_delivered;

-- name: midtrans_job_take()
SELECT id, attempt_id, kind, generation, created_at::text AS since FROM midtrans_job_take();

-- name: midtrans_job_finish(bigint, int)
SELECT midtrans_job_finish($1::bigint, $2::int);

-- name: midtrans_job_fail(bigint, int, text)
SELECT midtrans_job_fail($1::bigint, $2::int, $3);

-- name: midtrans_check_take()
SELECT id FROM midtrans_check_take() AS id;

-- name: midtrans_work_wait()
SELECT midtrans_work_wait() AS ms;

-- name: midtrans_attempt_view(uuid)
SELECT * FROM midtrans_attempt_view($1::uuid);

-- name: midtrans_transactions_to_ask(uuid)
SELECT * FROM midtrans_transactions_to_ask($1::uuid);

-- name: midtrans_unknown_id_count(uuid, text)
SELECT midtrans_unknown_id_count($1::uuid, $2);

-- name: midtrans_check_finish(uuid, boolean)
SELECT midtrans_check_finish($1::uuid, $2::boolean);

-- name: midtrans_attempt_close(uuid)
SELECT midtrans_attempt_close($1::uuid) AS still_open;

-- name: midtrans_alert_unconfirmed(uuid, timestamptz)
SELECT midtrans_alert_unconfirmed($1::uuid, $2::timestamptz);

-- name: midtrans_job_add(uuid, text)
SELECT midtrans_job_add($1::uuid, $2);

-- name: midtrans_sweep()
SELECT midtrans_sweep();

-- Attempts not finally closed: all, or those whose check is due.
-- name: midtrans_attempts_unfinished(boolean)
SELECT id, order_id FROM midtrans_attempts
 WHERE next_check_at <= CASE WHEN $1::boolean THEN now() ELSE 'infinity' END
 ORDER BY next_check_at;

-- name: midtrans_attempts_of_debts(uuid[])
SELECT * FROM midtrans_attempts_of_debts($1::uuid[]);

-- name: midtrans_hold(uuid, date)
SELECT * FROM midtrans_hold($1::uuid, $2::date);

-- name: midtrans_hold_end(uuid)
SELECT midtrans_hold_end($1::uuid);

-- Payments for orders that are not ours, for ispctl check.
-- name: midtrans_unknown_orders()
SELECT order_id, gross_amount, utc_text(received_at) AS received_at FROM midtrans_unknown_orders();
