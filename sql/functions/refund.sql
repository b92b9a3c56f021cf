/*
 * The gateway paid back. The payment's own credit goes first. The rest is
 * written off (the invoice stays paid), or with `reopen` becomes a debt again.
 * The same refund_id again changes nothing.
 */
CREATE OR REPLACE FUNCTION payment_refund(pay uuid, refund_id text, amount bigint, reopen boolean, reason text, d date)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p      payments := payment_lock(pay);
	keeps  bigint;
	undone invoices[] := '{}';
BEGIN
	IF is_refund_known(p, refund_id, amount) THEN
		RETURN;
	END IF;
	keeps := payment_refundable(p, amount) - amount;
	IF reopen THEN
		undone := allocations_return(p, greatest(amount - lot_credit(pay), 0), 'refund', d);
	END IF;
	PERFORM refund_enter(p, amount, reason, d);
	INSERT INTO refunds (payment_id, refund_id, amount, reopen, reason, actor, refunded_on)
	VALUES (pay, refund_id, amount, reopen, reason, session_actor(), d);
	UPDATE payments SET status = CASE WHEN keeps = 0 THEN 'refunded' ELSE status END, updated_at = now() WHERE id = pay;
	PERFORM billing_log('refunded', format('%s of a payment of %s refunded', rupiah(amount), rupiah(p.amount)),
		p.customer_id, NULL, p.invoice_id,
		jsonb_build_object('payment_id', pay, 'refund_id', refund_id, 'amount', amount, 'reopen', reopen, 'reason', reason));
	PERFORM debt_reopen(p.customer_id, undone, d);
END $$;

CREATE OR REPLACE FUNCTION lot_credit(pay uuid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN coalesce((SELECT sum(amount) FROM customer_credits WHERE payment_id = pay), 0);
END $$;

-- Out of the lot; what it does not hold is a loss, and somebody should know.
CREATE OR REPLACE FUNCTION refund_enter(p payments, money bigint, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lost bigint := money - lot_credit(p.id);
BEGIN
	IF lost > 0 THEN
		PERFORM credit_entry(p.customer_id, p.id, NULL, 'loss', lost, p.invoice_id, reason, d);
		PERFORM payment_alert_lost(p, 'refund written off', lost);
	END IF;
	PERFORM credit_entry(p.customer_id, p.id, NULL, 'refunded', -money, p.invoice_id, reason, d);
END $$;

CREATE OR REPLACE FUNCTION is_refund_known(p payments, refund text, money bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	known refunds;
BEGIN
	SELECT * INTO known FROM refunds WHERE refund_id = refund;
	IF FOUND AND (known.payment_id, known.amount) <> (p.id, money) THEN
		PERFORM raise_conflict('The refund id has been used for another refund.');
	END IF;
	RETURN known.id IS NOT NULL;
END $$;

-- How much of a payment could still be refunded.
CREATE OR REPLACE FUNCTION payment_refundable(p payments, money bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	most bigint;
BEGIN
	SELECT p.amount - coalesce(sum(amount), 0) INTO most FROM refunds WHERE payment_id = p.id;
	IF p.status <> 'received' THEN
		PERFORM raise_conflict(format('The payment is %s already.', p.status));
	END IF;
	IF money <= 0 OR money > most THEN
		PERFORM raise_invalid('amount', format('The amount must be from 1 to %s.', most));
	END IF;
	RETURN most;
END $$;
