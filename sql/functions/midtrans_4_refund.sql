/*
 * Refunds that people ask for. Each is stored under the key Midtrans knows it
 * by before Midtrans is called, and whatever becomes of the call, there is no
 * other until it is known what became of this one.
 */

-- The refund that is asked for: one that was asked for before, or a new one (fresh). `input` holds
-- amount (null: all that is left), reopen, reason, key (Idempotency-Key, or null); waited: another was
-- under way when this was asked for.
CREATE OR REPLACE FUNCTION midtrans_refund_begin(ord text, input jsonb, waited boolean)
RETURNS TABLE (refund_key text, fresh boolean)
LANGUAGE plpgsql AS $$
DECLARE
	a midtrans_attempts;
	q midtrans_refunds;
	hash text := encode(sha256(convert_to((input - 'key' || jsonb_build_object('order_id', ord))::text, 'UTF8')), 'hex');
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE order_id = ord;
	IF NOT FOUND THEN
		PERFORM raise_not_found('There is no such order.');
	END IF;
	PERFORM invoice_lock(a.invoice_id);
	q := midtrans_refund_by_key(input ->> 'key', hash);
	IF q.refund_key IS NULL AND waited THEN
		PERFORM raise_conflict('A refund of this order is under way.');
	END IF;
	IF q.refund_key IS NULL THEN
		q := midtrans_refund_open(a, input);
	END IF;
	fresh := q.refund_key IS NULL;
	IF fresh THEN
		q := midtrans_refund_add(a, input);
	END IF;
	PERFORM midtrans_refund_key(q, input ->> 'key', hash);
	refund_key := q.refund_key;
	RETURN NEXT;
END $$;

-- What was asked for under this key; what was refused then may be asked for anew.
CREATE OR REPLACE FUNCTION midtrans_refund_by_key(key text, hash text) RETURNS midtrans_refunds
LANGUAGE plpgsql AS $$
DECLARE
	k midtrans_refund_keys;
	q midtrans_refunds;
BEGIN
	SELECT * INTO k FROM midtrans_refund_keys WHERE idempotency_key = key;
	SELECT * INTO q FROM midtrans_refunds WHERE refund_key = k.refund_key AND state <> 'refused';
	IF q.refund_key IS NOT NULL AND k.request_hash <> hash THEN
		PERFORM raise_conflict('The Idempotency-Key has been used for another refund.');
	END IF;
	RETURN q;
END $$;

-- From now on the key means this refund. Another order's may have taken it at the same time.
CREATE OR REPLACE FUNCTION midtrans_refund_key(q midtrans_refunds, key text, hash text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF key IS NULL THEN
		RETURN;
	END IF;
	INSERT INTO midtrans_refund_keys AS k (idempotency_key, refund_key, request_hash) VALUES (key, q.refund_key, hash)
	ON CONFLICT (idempotency_key) DO UPDATE SET refund_key = excluded.refund_key, request_hash = excluded.request_hash
		WHERE k.refund_key = excluded.refund_key
		   OR EXISTS (SELECT FROM midtrans_refunds r WHERE r.refund_key = k.refund_key AND r.state = 'refused');
	IF NOT FOUND THEN
		PERFORM raise_conflict('The Idempotency-Key has been used for another refund.');
	END IF;
END $$;

/*
 * The refund whose outcome nobody was told: its answer was lost, and whoever
 * asks for the very same means it, for a day. Any other has to wait for it,
 * unless it is known by now.
 */
CREATE OR REPLACE FUNCTION midtrans_refund_open(a midtrans_attempts, input jsonb) RETURNS midtrans_refunds
LANGUAGE plpgsql AS $$
DECLARE
	q midtrans_refunds;
BEGIN
	SELECT r.* INTO q FROM midtrans_refunds r JOIN midtrans_transactions t USING (transaction_id)
	WHERE t.attempt_id = a.id
	  AND (r.state = 'asked' OR r.state = 'done' AND NOT r.told AND r.created_at > now() - interval '1 day')
	ORDER BY r.state, NOT midtrans_refund_is(r, input), r.created_at LIMIT 1;
	IF midtrans_refund_is(q, input) THEN
		RETURN q;
	END IF;
	IF q.state = 'asked' THEN
		PERFORM raise_conflict(format('A refund of %s is under way. Ask for the very same again, without another key, '
			'to learn what became of it.', rupiah(q.amount)));
	END IF;
	RETURN NULL;
END $$;

-- Is this what is asked for? A key that is new says: no, another one.
CREATE OR REPLACE FUNCTION midtrans_refund_is(q midtrans_refunds, input jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(CASE WHEN input ->> 'amount' IS NULL THEN q.whole ELSE q.amount = (input ->> 'amount')::bigint END
		AND q.reopen = coalesce((input ->> 'reopen')::boolean, false)
		AND q.reason IS NOT DISTINCT FROM input ->> 'reason' AND input ->> 'key' IS NULL, false)
$$;

-- Of several payments of an order the first that so much can be taken of.
CREATE OR REPLACE FUNCTION midtrans_refund_add(a midtrans_attempts, input jsonb) RETURNS midtrans_refunds
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
	WHERE t.attempt_id = a.id
	ORDER BY least(b.most, coalesce((input ->> 'amount')::bigint, 1)) DESC, y.seq LIMIT 1;
	IF NOT FOUND THEN
		PERFORM raise_conflict('Nothing of this order can be refunded.');
	END IF;
	money := coalesce((input ->> 'amount')::bigint, p.most);
	IF money > p.most THEN
		PERFORM raise_invalid('amount', format('The amount must not be greater than %s.', p.most));
	END IF;
	INSERT INTO midtrans_refunds (refund_key, transaction_id, amount, fee, whole, reopen, reason, actor)
	VALUES ('isp-' || gen_random_uuid(), p.transaction_id, money, CASE WHEN money = p.most THEN p.fee ELSE 0 END,
		money = p.most, coalesce((input ->> 'reopen')::boolean, false), input ->> 'reason', session_actor())
	ON CONFLICT (transaction_id) WHERE state = 'asked' DO NOTHING RETURNING * INTO q;
	IF q.refund_key IS NULL THEN
		PERFORM raise_conflict('A refund of this order is under way.');
	END IF;
	RETURN q;
END $$;

-- What is asked of Midtrans, and whether the payment is a card's that is not settled yet.
CREATE OR REPLACE FUNCTION midtrans_refund(key text)
RETURNS TABLE (attempt_id uuid, order_id text, transaction_id text, refund_key text, gross bigint, whole boolean,
	reason text, state text, captured boolean)
LANGUAGE sql STABLE AS $$
	SELECT a.id, a.order_id, r.transaction_id, r.refund_key, r.amount + r.fee, r.whole, r.reason, r.state,
		t.transaction_status = 'capture'
	FROM midtrans_refunds r
	JOIN midtrans_transactions t ON t.transaction_id = r.transaction_id
	JOIN midtrans_attempts a ON a.id = t.attempt_id
	WHERE r.refund_key = key
$$;
