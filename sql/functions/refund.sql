/*
 * Money was given back, by the gateway or by hand. The payment's own credit
 * goes first, then other credit of the customer (which takes over what the
 * payment paid). The rest is written off (the bill stays paid), or with
 * `reopen` becomes a debt again, newest due date first. The same refund_id
 * again changes nothing.
 */
CREATE OR REPLACE FUNCTION payment_refund(pay uuid, refund_id text, amount bigint, reopen boolean, reason text, today date,
	method text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p      payments := payment_lock(pay);
	keeps  bigint;
	fresh  text;
	undone uuid[] := '{}';
BEGIN
	IF is_refund_known(p, refund_id, amount) THEN
		RETURN;
	END IF;
	keeps := payment_refundable(p, amount) - amount;
	PERFORM allocations_take_over(p, amount - lot_credit(pay), today);
	IF reopen THEN
		undone := allocations_return(p, greatest(amount - lot_credit(pay), 0), 'refund', today);
	END IF;
	PERFORM refund_enter(p, amount, reason, today);
	INSERT INTO refunds (payment_id, refund_id, amount, reopen, reason, actor, refunded_on, method)
	VALUES (pay, refund_id, amount, reopen, reason, session_actor(), today, method);
	fresh := CASE WHEN keeps = 0 THEN 'refunded' ELSE p.status END;
	UPDATE payments SET status = fresh, updated_at = now() WHERE id = pay;
	PERFORM billing_log('refunded', format('%s of a payment of %s refunded', rupiah(amount), rupiah(p.amount)),
		p.customer_id, (SELECT subscription_id FROM invoices WHERE id = p.invoice_id), p.invoice_id,
		jsonb_build_object('payment_id', pay, 'refund_id', refund_id, 'amount', amount, 'reopen', reopen, 'reason', reason,
			'method', method, 'before', p.status, 'after', fresh));
	PERFORM debt_reopen(p.customer_id, undone, today);
END $$;

-- Money handed back by hand, whatever the payment's source; not while Midtrans may be giving it back. A request that comes
-- again under its Idempotency-Key is the same refund; its id holds the hash of the key, which nobody sees.
CREATE OR REPLACE FUNCTION payment_refund_by_hand(pay uuid, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p    payments := payment_lock(pay);
	hand text := 'hand-' || coalesce(encode(sha256(convert_to(input ->> 'idempotency_key', 'UTF8')), 'hex'), uuidv7()::text);
BEGIN
	IF EXISTS (SELECT FROM refunds r WHERE r.refund_id = hand AND (r.payment_id, r.amount, r.reopen, r.method, coalesce(r.reason, ''))
		<> (pay, (input ->> 'amount')::bigint, coalesce((input ->> 'reopen')::boolean, false), coalesce(input ->> 'method', 'cash'),
			coalesce(input ->> 'reason', ''))) THEN
		PERFORM raise_conflict('key_used', 'The Idempotency-Key has been used for another refund.');
	END IF;
	IF is_refund_known(p, hand, (input ->> 'amount')::bigint) THEN
		RETURN;
	END IF;
	IF EXISTS (SELECT FROM midtrans_refunds r JOIN midtrans_transactions t USING (transaction_id)
		WHERE t.payment_id = p.id AND r.state = 'requested') THEN
		PERFORM raise_conflict('refund_under_way', 'A refund of this payment is under way at Midtrans: its outcome comes first.');
	END IF;
	PERFORM payment_refund(pay, hand, (input ->> 'amount')::bigint, coalesce((input ->> 'reopen')::boolean, false),
		input ->> 'reason', today, coalesce(input ->> 'method', 'cash'));
END $$;

-- Let other lots with credit pay what this payment pays, up to `money`, oldest due date first: what it held is its
-- credit then. No bill changes.
CREATE OR REPLACE FUNCTION allocations_take_over(payment payments, money bigint, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	swap record;
BEGIN
	WHILE money > 0 LOOP
		SELECT a.invoice_id, l.payment_id, l.gift_id, least(money, l.remainder, a.held) AS part INTO swap
		FROM credit_lots(payment.customer_id) l,
		     (SELECT o.invoice_id, i.due_date, i.seq, sum(o.amount)::bigint AS held
		      FROM allocations o JOIN invoices i ON i.id = o.invoice_id WHERE o.payment_id = payment.id
		      GROUP BY o.invoice_id, i.due_date, i.seq HAVING sum(o.amount) > 0) a
		WHERE l.payment_id IS DISTINCT FROM payment.id
		ORDER BY a.due_date, a.seq, l.born LIMIT 1;
		EXIT WHEN NOT FOUND;
		money := money - swap.part;
		INSERT INTO allocations (invoice_id, payment_id, gift_id, amount, entered_on)
		VALUES (swap.invoice_id, payment.id, NULL, -swap.part, today), (swap.invoice_id, swap.payment_id, swap.gift_id, swap.part, today);
		PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'returned', swap.part, swap.invoice_id, 'other credit pays it', today);
		PERFORM credit_entry(payment.customer_id, swap.payment_id, swap.gift_id, 'applied', -swap.part, swap.invoice_id, NULL, today);
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION lot_credit(pay uuid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN coalesce((SELECT sum(amount) FROM customer_credits WHERE payment_id = pay), 0);
END $$;

-- Out of the lot; what it does not hold is a loss, and somebody should know.
CREATE OR REPLACE FUNCTION refund_enter(payment payments, money bigint, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lost bigint := money - lot_credit(payment.id);
BEGIN
	IF lost > 0 THEN
		PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'loss', lost, payment.invoice_id, reason, today);
		PERFORM payment_alert_lost(payment, 'refund_written_off', lost);
	END IF;
	PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'refunded', -money, payment.invoice_id, reason, today);
END $$;

CREATE OR REPLACE FUNCTION is_refund_known(payment payments, refund text, money bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	known refunds;
BEGIN
	SELECT * INTO known FROM refunds WHERE refund_id = refund;
	IF FOUND AND (known.payment_id, known.amount) <> (payment.id, money) THEN
		PERFORM raise_conflict('refund_id_used', 'The refund id has been used for another refund.');
	END IF;
	RETURN known.id IS NOT NULL;
END $$;

-- How much of a payment could still be refunded.
CREATE OR REPLACE FUNCTION payment_refundable(payment payments, money bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	most bigint;
BEGIN
	SELECT payment.amount - coalesce(sum(amount), 0) INTO most FROM refunds WHERE payment_id = payment.id;
	IF payment.status <> 'received' THEN
		PERFORM raise_conflict('payment_' || payment.status, format('The payment is %s already.', payment.status));
	END IF;
	IF money <= 0 OR money > most THEN
		PERFORM raise_invalid('amount', 'range', format('The amount must be from 1 to %s.', most),
			jsonb_build_object('min', 1, 'max', most));
	END IF;
	RETURN most;
END $$;
