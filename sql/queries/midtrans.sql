-- midtrans.sql: payment pages, messages of the gateway, and the work they leave.

-- One page at a time is made for an invoice, one refund of an order; whoever comes second waits for
-- the first, or does not. The lock is of the session: no transaction is open while Midtrans is called.
-- An id is the same one in capitals.
-- name: gateway_lock(text)
SELECT pg_try_advisory_lock(hashtextextended('midtrans:' || lower($1), 0)) AS locked;

-- name: gateway_patience()
SET lock_timeout = '8s';

-- name: gateway_impatience()
SET lock_timeout = '5s';

-- name: gateway_lock_wait(text)
SELECT pg_advisory_lock(hashtextextended('midtrans:' || lower($1), 0));

-- name: gateway_unlock(text)
SELECT pg_advisory_unlock(hashtextextended('midtrans:' || lower($1), 0));

-- name: midtrans_page(uuid, boolean)
SELECT * FROM midtrans_page($1::uuid, $2::boolean);

-- name: midtrans_attempt_add(uuid, int, text, bigint)
SELECT midtrans_attempt_add($1::uuid, $2::int, $3, $4::bigint) AS id;

-- What the page says. Midtrans wants the time of western Indonesia, and that of now: what is asked for
-- again after a while lives no longer for that.
-- name: midtrans_order(uuid)
SELECT a.order_id, i.invoice_number AS number, i.id::text AS invoice_id, a.amount,
       coalesce('Internet ' || p.name || ' ', '') || i.invoice_number AS item, c.name AS customer, c.email, c.phone,
       to_char(now() AT TIME ZONE '+07:00'::interval, 'YYYY-MM-DD HH24:MI:SS') || ' +0700' AS start_time,
       ceil(extract(epoch FROM a.expires_at - now()) / 60)::bigint AS minutes,
       to_json(s.enabled_payments)::text AS enabled
  FROM midtrans_attempts a
  JOIN invoices i ON i.id = a.invoice_id
  JOIN customers c ON c.id = i.customer_id
  LEFT JOIN packages p ON p.id = i.package_id
 CROSS JOIN settings s
 WHERE a.id = $1::uuid;

-- name: midtrans_attempt_made(uuid, int, text, text, text, jsonb)
SELECT midtrans_attempt_made($1::uuid, $2::int, $3, $4, $5, $6::jsonb) AS usable;

-- name: midtrans_hear(text, text, text, jsonb)
SELECT * FROM midtrans_hear($1, $2, $3, $4::jsonb);

-- name: midtrans_event_add(text, text, text, jsonb)
SELECT midtrans_event_add($1, $2, $3, $4::jsonb);

-- name: midtrans_apply(uuid, bigint, jsonb)
SELECT midtrans_apply($1::uuid, $2::bigint, $3::jsonb, business_today());

-- name: midtrans_by_order(text)
SELECT id FROM midtrans_attempts WHERE order_id = $1;

-- For people: an attempt as it stands.
-- name: midtrans_standing(uuid)
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

-- What became of the call: accepted, refused, or unknown.
-- name: midtrans_refund_log(text, text, jsonb)
INSERT INTO midtrans_logs (invoice_id, order_id, transaction_id, event, status, request, response)
SELECT a.invoice_id, a.order_id, r.transaction_id, 'refund', $2,
       jsonb_build_object('refund_key', r.refund_key, 'amount', r.amount), $3::jsonb
  FROM midtrans_refunds r
  JOIN midtrans_transactions t ON t.transaction_id = r.transaction_id
  JOIN midtrans_attempts a ON a.id = t.attempt_id
 WHERE r.refund_key = $1;

-- name: midtrans_refund_refused(text)
UPDATE midtrans_refunds SET state = 'refused' WHERE refund_key = $1 AND state = 'asked';

-- name: midtrans_refund_told(text)
UPDATE midtrans_refunds SET told = true WHERE refund_key = $1 AND NOT told;

-- name: gateway_take()
SELECT id, attempt_id, kind, generation, created_at::text AS since FROM gateway_take();

-- name: gateway_done(bigint, int)
SELECT gateway_done($1::bigint, $2::int);

-- name: gateway_failed(bigint, int, text)
SELECT gateway_failed($1::bigint, $2::int, $3);

-- name: gateway_check_take()
SELECT id FROM gateway_check_take() AS id;

-- name: gateway_wait()
SELECT gateway_wait() AS ms;

-- name: gateway_attempt(uuid)
SELECT * FROM gateway_attempt($1::uuid);

-- name: gateway_transactions(uuid)
SELECT * FROM gateway_transactions($1::uuid);

-- name: gateway_stranger(uuid, text)
SELECT gateway_stranger($1::uuid, $2);

-- name: gateway_checked(uuid, boolean)
SELECT gateway_checked($1::uuid, $2::boolean);

-- name: gateway_closed(uuid)
SELECT gateway_closed($1::uuid) AS live;

-- name: gateway_doubt(uuid, timestamptz)
SELECT gateway_doubt($1::uuid, $2::timestamptz);

-- name: gateway_job(uuid, text)
SELECT gateway_job($1::uuid, $2);

-- name: gateway_sweep()
SELECT gateway_sweep();

-- Not finally closed; all, or those whose turn it is.
-- name: gateway_unfinished(boolean)
SELECT id, order_id FROM midtrans_attempts
 WHERE next_check_at <= CASE WHEN $1::boolean THEN now() ELSE 'infinity' END
 ORDER BY next_check_at;

-- name: gateway_debts(uuid[])
SELECT * FROM gateway_debts($1::uuid[]);

-- name: gateway_hold(uuid, date)
SELECT * FROM gateway_hold($1::uuid, $2::date);

-- name: gateway_answered(uuid)
SELECT gateway_answered($1::uuid);
