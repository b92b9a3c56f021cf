/*
 * Refunds. One that a person requests is stored under the key that Midtrans
 * will know it by before Midtrans is called; no other refund of the payment
 * begins before its outcome is known.
 */

-- Find the refund that a request means, or make a new one (fresh). input has amount (null: all that is
-- left), reopen, reason, key (Idempotency-Key, or null); waited: another refund was under way when this
-- one was requested.
CREATE OR REPLACE FUNCTION midtrans_refund_begin(of_order text, input jsonb, waited boolean)
RETURNS TABLE (refund_key text, fresh boolean)
LANGUAGE plpgsql AS $$
DECLARE
	a midtrans_attempts;
	q midtrans_refunds;
	hash text := encode(sha256(convert_to((input - 'key' || jsonb_build_object('order_id', of_order))::text, 'UTF8')), 'hex');
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE order_id = of_order;
	PERFORM require_found(FOUND, 'order_unknown', 'There is no such order.');
	PERFORM invoice_lock(a.invoice_id);
	q := midtrans_refund_by_key(input ->> 'key', hash);
	IF q.refund_key IS NULL AND waited THEN
		PERFORM raise_conflict('refund_under_way', 'A refund of this order is under way.');
	END IF;
	IF q.refund_key IS NULL THEN
		q := midtrans_refund_open(a, input);
	END IF;
	fresh := q.refund_key IS NULL;
	IF fresh THEN
		q := midtrans_refund_add(a, input);
	END IF;
	PERFORM midtrans_refund_bind_key(q, input ->> 'key', hash);
	refund_key := q.refund_key;
	RETURN NEXT;
END $$;

-- The refund requested under this key; a refused one may be requested anew.
CREATE OR REPLACE FUNCTION midtrans_refund_by_key(key text, hash text) RETURNS midtrans_refunds
LANGUAGE plpgsql AS $$
DECLARE
	k midtrans_refund_keys;
	q midtrans_refunds;
BEGIN
	SELECT * INTO k FROM midtrans_refund_keys WHERE idempotency_key = key;
	SELECT * INTO q FROM midtrans_refunds WHERE refund_key = k.refund_key AND state <> 'refused';
	IF q.refund_key IS NOT NULL AND k.request_hash <> hash THEN
		PERFORM raise_conflict('key_used', 'The Idempotency-Key has been used for another refund.');
	END IF;
	RETURN q;
END $$;

-- Bind the key to this refund; another order may have taken it at the same time.
CREATE OR REPLACE FUNCTION midtrans_refund_bind_key(refund midtrans_refunds, key text, hash text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF key IS NULL THEN
		RETURN;
	END IF;
	INSERT INTO midtrans_refund_keys AS k (idempotency_key, refund_key, request_hash) VALUES (key, refund.refund_key, hash)
	ON CONFLICT (idempotency_key) DO UPDATE SET refund_key = excluded.refund_key, request_hash = excluded.request_hash
		WHERE k.refund_key = excluded.refund_key
		   OR EXISTS (SELECT FROM midtrans_refunds r WHERE r.refund_key = k.refund_key AND r.state = 'refused');
	IF NOT FOUND THEN
		PERFORM raise_conflict('key_used', 'The Idempotency-Key has been used for another refund.');
	END IF;
END $$;

/*
 * The refund whose outcome was not delivered to the person who requested it: a
 * lost answer. For a day the very same request means it; a different request
 * has to wait until its outcome is known.
 */
CREATE OR REPLACE FUNCTION midtrans_refund_open(attempt midtrans_attempts, input jsonb) RETURNS midtrans_refunds
LANGUAGE plpgsql AS $$
DECLARE
	q midtrans_refunds;
BEGIN
	SELECT r.* INTO q FROM midtrans_refunds r JOIN midtrans_transactions t USING (transaction_id)
	WHERE t.attempt_id = attempt.id
	  AND (r.state = 'requested' OR r.state = 'done' AND NOT r.result_delivered AND r.created_at > now() - interval '1 day')
	ORDER BY r.state, NOT midtrans_refund_matches(r, input), r.created_at LIMIT 1;
	IF midtrans_refund_matches(q, input) THEN
		RETURN q;
	END IF;
	IF q.state = 'requested' THEN
		PERFORM raise_conflict('refund_under_way', format('A refund of %s is under way. Ask for the very same again, without another key, '
			'to learn its outcome.', rupiah(q.amount)));
	END IF;
	RETURN NULL;
END $$;

-- Does this refund match the request? A new key means another refund.
CREATE OR REPLACE FUNCTION midtrans_refund_matches(refund midtrans_refunds, input jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(CASE WHEN input ->> 'amount' IS NULL THEN refund.whole ELSE refund.amount = (input ->> 'amount')::bigint END
		AND refund.reopen = coalesce((input ->> 'reopen')::boolean, false)
		AND refund.reason IS NOT DISTINCT FROM input ->> 'reason' AND input ->> 'key' IS NULL, false)
$$;

-- Choose among several payments of an order the first that has so much left to refund.
CREATE OR REPLACE FUNCTION midtrans_refund_add(attempt midtrans_attempts, input jsonb) RETURNS midtrans_refunds
LANGUAGE plpgsql AS $$
DECLARE
	p     record;
	money bigint;
	q     midtrans_refunds;
BEGIN
	SELECT t.transaction_id, t.fee, b.most INTO p
	FROM midtrans_transactions t
	JOIN payments y ON y.id = t.payment_id AND y.status = 'received'
	CROSS JOIN LATERAL (SELECT y.amount - coalesce(sum(r.amount), 0)::bigint AS most FROM refunds r WHERE r.payment_id = y.id) b
	WHERE t.attempt_id = attempt.id
	ORDER BY least(b.most, coalesce((input ->> 'amount')::bigint, 1)) DESC, y.seq LIMIT 1;
	IF NOT FOUND THEN
		PERFORM raise_conflict('nothing_to_refund', 'Nothing of this order can be refunded.');
	END IF;
	money := coalesce((input ->> 'amount')::bigint, p.most);
	IF money > p.most THEN
		PERFORM raise_invalid('amount', 'max', format('The amount must not be greater than %s.', p.most),
			jsonb_build_object('max', p.most));
	END IF;
	INSERT INTO midtrans_refunds (refund_key, transaction_id, amount, fee, whole, reopen, reason, actor)
	VALUES ('isp-' || gen_random_uuid(), p.transaction_id, money, CASE WHEN money = p.most THEN p.fee ELSE 0 END,
		money = p.most, coalesce((input ->> 'reopen')::boolean, false), input ->> 'reason', session_actor())
	ON CONFLICT (transaction_id) WHERE state = 'requested' DO NOTHING RETURNING * INTO q;
	IF q.refund_key IS NULL THEN
		PERFORM raise_conflict('refund_under_way', 'A refund of this order is under way.');
	END IF;
	RETURN q;
END $$;

-- The refund for C. captured: a payment by card that has not settled yet.
CREATE OR REPLACE FUNCTION midtrans_refund(key text)
RETURNS TABLE (attempt_id uuid, order_id text, transaction_id text, refund_key text, gross bigint, whole boolean,
	reason text, state text, captured boolean)
LANGUAGE sql STABLE AS $$
	SELECT a.id, a.order_id, r.transaction_id, r.refund_key, r.amount + r.fee, r.whole, r.reason, r.state,
		t.outlook = 'review'
	FROM midtrans_refunds r
	JOIN midtrans_transactions t ON t.transaction_id = r.transaction_id
	JOIN midtrans_attempts a ON a.id = t.attempt_id
	WHERE r.refund_key = key
$$;

-- ---- refunds that Midtrans reports

/*
 * Book the refunds of a message. Each one is reported several times, in a list
 * of all of them with their total. Each id is booked once, at most up to the
 * total; a rest that the list does not name is booked without an id. Money
 * handed back by hand is in none of them. is_whole: all of the payment went back.
 */
CREATE OR REPLACE FUNCTION midtrans_refunds_book(transaction text, is_whole boolean, refund_total bigint, reported jsonb, day date)
RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	t      midtrans_transactions;
	whole  bigint;
	most   bigint;
	refund record;
BEGIN
	SELECT * INTO t FROM midtrans_transactions WHERE transaction_id = transaction;
	whole := (midtrans_returned(t)).most - t.charged_back;
	most := CASE WHEN is_whole THEN whole ELSE least(whole, coalesce(refund_total, whole)) END;
	FOR refund IN
		SELECT r.id, r.amount FROM jsonb_to_recordset(reported) AS r (id text, amount bigint)
		WHERE NOT EXISTS (SELECT FROM refunds WHERE refund_id = t.transaction_id || ':' || r.id)
	LOOP
		PERFORM midtrans_refund_settle(t, refund.id, least(refund.amount, most - (midtrans_returned(t)).refunded), day);
	END LOOP;
	IF is_whole OR refund_total IS NOT NULL THEN
		PERFORM midtrans_refund_settle(t, NULL, most - (midtrans_returned(t)).refunded, day);
	END IF;
END $$;

-- Nothing is left of the payment: a requested refund that is not among those made will not be made.
CREATE OR REPLACE FUNCTION midtrans_refunds_refuse_rest(transaction text) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
	UPDATE midtrans_refunds r SET state = 'refused' WHERE r.transaction_id = transaction AND r.state = 'requested'
		AND EXISTS (SELECT FROM midtrans_transactions t JOIN payments p ON p.id = t.payment_id
			WHERE t.transaction_id = transaction AND p.status <> 'received');
END $$;

/*
 * The money of a transaction that went back so far. Midtrans counts its own refunds alone, so each
 * comparison with a sum that Midtrans reports takes its figures from here: refunded, at Midtrans,
 * without the parts that the customer's bank took back; by_hand, by people, of which Midtrans knows
 * nothing; most, what is left of the payment beside by_hand.
 */
CREATE OR REPLACE FUNCTION midtrans_returned(transaction_row midtrans_transactions,
	OUT refunded bigint, OUT by_hand bigint, OUT most bigint)
LANGUAGE sql STABLE AS $$
	SELECT r.total - r.by_hand - transaction_row.charged_back, r.by_hand, p.amount - r.by_hand
	FROM (SELECT coalesce(sum(amount), 0)::bigint AS total,
		coalesce(sum(amount) FILTER (WHERE refund_id LIKE 'hand-%'), 0)::bigint AS by_hand
	      FROM refunds WHERE payment_id = transaction_row.payment_id) r
	LEFT JOIN payments p ON p.id = transaction_row.payment_id
$$;

-- Book what the customer's bank took back in parts, total so far: a sum of its own beside that of refunds.
CREATE OR REPLACE FUNCTION midtrans_chargeback_book(transaction text, total bigint, day date) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	t     midtrans_transactions;
	money bigint;
BEGIN
	SELECT * INTO t FROM midtrans_transactions WHERE transaction_id = transaction;
	SELECT least(total, r.most - r.refunded) - t.charged_back INTO money FROM midtrans_returned(t) r;
	IF money > 0 THEN
		PERFORM payment_refund(t.payment_id, format('%s:charged back up to %s', t.transaction_id, t.charged_back + money),
			money, true, 'charged back in part', day);
		UPDATE midtrans_transactions SET charged_back = charged_back + money WHERE id = t.id;
	END IF;
END $$;

-- Book one refund; a requested one keeps its reason and actor. Without an id it is found by its amount.
CREATE OR REPLACE FUNCTION midtrans_refund_settle(transaction_row midtrans_transactions, key text, money bigint, day date)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	requested midtrans_refunds;
BEGIN
	IF money <= 0 THEN
		RETURN;
	END IF;
	UPDATE midtrans_refunds SET state = 'done'
	WHERE transaction_id = transaction_row.transaction_id
	  AND (refund_key = key OR key IS NULL AND amount = money AND state = 'requested')
	RETURNING * INTO requested;
	PERFORM midtrans_set_actor(requested.actor);
	PERFORM payment_refund(transaction_row.payment_id,
		transaction_row.transaction_id || ':' || coalesce(requested.refund_key, key, 'refunds up to ' || (midtrans_returned(transaction_row)).refunded + money),
		money, coalesce(requested.reopen, false), coalesce(requested.reason, 'at Midtrans'), day);
	PERFORM midtrans_set_actor(NULL);
END $$;
