CREATE OR REPLACE FUNCTION payment_lock(pay uuid) RETURNS payments
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	PERFORM FROM payments own
	  JOIN invoices i ON i.id = own.invoice_id
	  JOIN subscriptions s ON s.id = i.subscription_id
	  JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = pay FOR NO KEY UPDATE OF c, s, i, own;
	SELECT * INTO p FROM payments WHERE id = pay;
	IF NOT FOUND THEN
		PERFORM raise_not_found('Payment not found.');
	END IF;
	RETURN p;
END $$;

/*
 * Book a payment. One round trip does all of it: the money, the invoice, the
 * subscription. (source, reference) is unique: the same request again, also
 * at the very same time, gets the first answer; another one under the same
 * reference is refused.
 */
CREATE OR REPLACE FUNCTION payment_book(input jsonb, d date)
RETURNS TABLE (payment_id uuid, invoice_id uuid, repeated boolean)
LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY SELECT * FROM payment_take(invoice_lock((input ->> 'invoice_id')::uuid), input, d);
END $$;

-- The same for who holds the invoice's locks. What people ask for may be refused today, though the
-- first answer was another: they are looked up first.
CREATE OR REPLACE FUNCTION payment_take(i invoices, input jsonb, d date)
RETURNS TABLE (payment_id uuid, invoice_id uuid, repeated boolean)
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	IF is_payment_manual(input) AND input ->> 'reference' IS NOT NULL THEN
		RETURN QUERY SELECT * FROM payment_repeated(input);
		IF FOUND THEN RETURN; END IF;
	END IF;
	p := payment_insert(i, input, payment_amount(i, input, d), d);
	IF p.id IS NULL THEN -- the gateway repeats itself, or somebody used the reference just now
		RETURN QUERY SELECT * FROM payment_repeated(input);
		RETURN;
	END IF;
	PERFORM payment_spend(p, i, d);
	RETURN QUERY SELECT p.id, p.invoice_id, false;
END $$;

CREATE OR REPLACE FUNCTION is_payment_manual(input jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(input ->> 'source', 'manual') = 'manual'
$$;

-- The payment this reference already stands for, if the same was asked then.
CREATE OR REPLACE FUNCTION payment_repeated(input jsonb)
RETURNS TABLE (payment_id uuid, invoice_id uuid, repeated boolean)
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	SELECT * INTO p FROM payments
	WHERE source = coalesce(input ->> 'source', 'manual') AND reference = input ->> 'reference';
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF p.request_hash IS DISTINCT FROM input ->> 'request_hash' THEN
		PERFORM raise_conflict('The reference has been used for another payment.');
	END IF;
	RETURN QUERY SELECT p.id, p.invoice_id, true;
END $$;

-- A date is one; a time is of some day of business.
CREATE OR REPLACE FUNCTION payment_day(moment text) RETURNS date
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN length(moment) = 10 THEN moment::date ELSE business_day(moment::timestamptz) END
$$;

-- What is received. People are held to what is owed; the gateway's money is there already.
CREATE OR REPLACE FUNCTION payment_amount(i invoices, input jsonb, d date) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	owed   bigint := i.amount - i.paid_amount;
	amount bigint := coalesce((input ->> 'amount')::bigint, owed);
BEGIN
	IF NOT is_payment_manual(input) THEN
		RETURN amount;
	END IF;
	IF NOT i.is_open THEN
		PERFORM raise_conflict(format('The invoice is %s.', i.status));
	END IF;
	IF amount <= 0 THEN
		PERFORM raise_invalid('amount', 'The amount must be greater than 0.');
	END IF;
	IF payment_day(input ->> 'payment_date') > d THEN
		PERFORM raise_invalid('payment_date', format('The payment date must not be later than %s.', d));
	END IF;
	IF amount > owed AND (input ->> 'surplus_to_credit')::boolean IS NOT TRUE THEN
		PERFORM raise_invalid('amount', format('The amount must not be greater than the outstanding %s.', owed));
	END IF;
	RETURN amount;
END $$;

-- id is NULL where the reference is taken.
CREATE OR REPLACE FUNCTION payment_insert(i invoices, input jsonb, amount bigint, d date) RETURNS payments
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	INSERT INTO payments (invoice_id, customer_id, amount, fee, method, source, reference, request_hash,
		transaction_id, midtrans_transaction_id, midtrans_status, midtrans_response,
		payment_date, received_on, notes)
	VALUES (i.id, i.customer_id, amount, coalesce((input ->> 'fee')::bigint, 0),
		coalesce(input ->> 'method', 'cash'), coalesce(input ->> 'source', 'manual'),
		input ->> 'reference', input ->> 'request_hash',
		input ->> 'transaction_id', input ->> 'midtrans_transaction_id', input ->> 'midtrans_status',
		input -> 'midtrans_response',
		coalesce((input ->> 'payment_date')::timestamptz, now()), d, input ->> 'notes')
	ON CONFLICT (source, reference) WHERE reference IS NOT NULL DO NOTHING
	RETURNING * INTO p;
	RETURN p;
END $$;

-- Its own invoice first; the rest is credit, and credit is used at once.
CREATE OR REPLACE FUNCTION payment_spend(p payments, i invoices, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	used bigint := 0;
BEGIN
	IF i.is_open THEN
		used := least(p.amount, i.amount - i.paid_amount);
		i.midtrans_transaction_id := coalesce(p.midtrans_transaction_id, i.midtrans_transaction_id);
		PERFORM allocate(i, p.id, NULL, used, p.method, d);
	END IF;
	IF p.amount > used THEN
		PERFORM credit_entry(p.customer_id, p.id, NULL, 'surplus', p.amount - used, i.id, NULL, d);
		PERFORM billing_log('surplus', format('%s more than %s needed', rupiah(p.amount - used), i.invoice_number),
			p.customer_id, i.subscription_id, i.id,
			jsonb_build_object('amount', p.amount - used, 'payment_id', p.id));
		PERFORM credit_apply(p.customer_id, d);
	END IF;
	PERFORM payment_alert(p, i);
END $$;

-- Money nobody expected: somebody should look whether to pay it back.
CREATE OR REPLACE FUNCTION payment_alert(p payments, i invoices) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	archived boolean;
BEGIN
	SELECT archived_at IS NOT NULL INTO archived FROM customers WHERE id = p.customer_id;
	IF archived OR NOT i.is_open THEN
		PERFORM alert_raise('payment', 'warning',
			format('Money for %s', CASE WHEN archived THEN 'an archived customer'
			                            ELSE format('a %s invoice', i.status) END),
			format('%s by %s arrived for %s. What no invoice needs is kept as credit.',
				rupiah(p.amount), p.method, i.invoice_number),
			jsonb_build_object('payment_id', p.id, 'invoice_id', i.id, 'customer_id', p.customer_id));
	END IF;
END $$;

/*
 * Take a payment back: what is left of its credit, then everything it paid,
 * newest first, so that end dates unwind step by step. Then other credit may
 * step in, and only who still owes is cut off.
 */
CREATE OR REPLACE FUNCTION payment_reverse(pay uuid, kind text, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p      payments := payment_lock(pay);
	gone   bigint;
	undone invoices[];
BEGIN
	PERFORM require_payment_reversible(p, kind);
	SELECT p.amount - coalesce(sum(amount), 0) INTO gone FROM refunds WHERE payment_id = pay;
	undone := allocations_return(p, p.amount, kind, d);
	PERFORM lot_close(p, gone, reason, d);
	INSERT INTO payment_reversals (payment_id, kind, amount, reason, actor, reversed_on)
	VALUES (pay, kind, gone, reason, session_actor(), d);
	UPDATE payments SET status = 'reversed', updated_at = now() WHERE id = pay;
	PERFORM billing_log('reversed', format('Payment of %s taken back (%s)', rupiah(gone), kind),
		p.customer_id, NULL, p.invoice_id,
		jsonb_build_object('payment_id', pay, 'amount', gone, 'kind', kind, 'reason', reason));
	IF kind <> 'reversal' THEN
		PERFORM payment_alert_lost(p, kind, gone);
	END IF;
	PERFORM debt_reopen(p.customer_id, undone, d);
END $$;

CREATE OR REPLACE FUNCTION require_payment_reversible(p payments, kind text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF p.status <> 'received' THEN
		PERFORM raise_conflict(format('The payment is %s already.', p.status));
	END IF;
	IF kind <> 'reversal' THEN
		RETURN; -- the gateway does not ask
	END IF;
	IF p.source <> 'manual' THEN
		PERFORM raise_conflict('A gateway payment cannot be deleted: refund it.');
	END IF;
	IF EXISTS (SELECT FROM customer_credits c WHERE c.payment_id = p.id AND c.kind = 'payout') THEN
		PERFORM raise_conflict('Some of this payment has been paid out already.');
	END IF;
END $$;

-- Give up to `money` of what a payment pays back to its credit. Answers the invoices that were paid, see invoice_unsettle().
CREATE OR REPLACE FUNCTION allocations_return(p payments, money bigint, reason text, d date) RETURNS invoices[]
LANGUAGE plpgsql AS $$
DECLARE
	held   record;
	part   bigint;
	was    invoices;
	undone invoices[] := '{}';
BEGIN
	FOR held IN
		SELECT invoice_id AS invoice, sum(amount)::bigint AS amount FROM allocations WHERE payment_id = p.id
		GROUP BY invoice_id HAVING sum(amount) > 0 ORDER BY max(id) DESC
	LOOP
		EXIT WHEN money = 0;
		part := least(held.amount, money);
		money := money - part;
		INSERT INTO allocations (invoice_id, payment_id, amount) VALUES (held.invoice, p.id, -part);
		PERFORM credit_entry(p.customer_id, p.id, NULL, 'returned', part, held.invoice, reason, d);
		was := invoice_unsettle(held.invoice, part, reason, d);
		IF was.id IS NOT NULL THEN
			undone := undone || was;
		END IF;
	END LOOP;
	RETURN undone;
END $$;

-- The money is gone. Where some of it was paid out before, the difference is a loss (or an
-- earlier loss is made good), so that nothing is left of the lot.
CREATE OR REPLACE FUNCTION lot_close(p payments, gone bigint, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lost bigint := gone - lot_credit(p.id);
BEGIN
	IF lost > 0 THEN
		PERFORM credit_entry(p.customer_id, p.id, NULL, 'loss', lost, NULL, reason, d);
	END IF;
	PERFORM credit_entry(p.customer_id, p.id, NULL, 'reversed', -gone, NULL, reason, d);
	IF lost < 0 THEN
		PERFORM credit_entry(p.customer_id, p.id, NULL, 'loss', lost, NULL, reason, d);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION payment_alert_lost(p payments, what text, money bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM alert_raise('payment', 'warning', format('Payment taken back: %s', what),
		format('%s of the payment %s is gone.', rupiah(money), coalesce(p.reference, p.id::text)),
		jsonb_build_object('payment_id', p.id, 'invoice_id', p.invoice_id, 'customer_id', p.customer_id,
			'amount', money));
END $$;

/*
 * Invoices are open again: other credit pays first, as if it had been there
 * before; what is then overdue beyond grace cuts off at once.
 */
CREATE OR REPLACE FUNCTION debt_reopen(customer uuid, undone invoices[], d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	PERFORM credit_apply(customer, d);
	PERFORM end_date_stands(u)
	FROM unnest(undone) u JOIN invoices i ON i.id = u.id
	WHERE i.status = 'paid' AND u.settled_end_date IS NOT NULL;
	FOR s IN
		SELECT * FROM subscriptions
		WHERE id IN (SELECT subscription_id FROM invoices
		             WHERE id IN (SELECT u.id FROM unnest(undone) u) AND is_open
		               AND due_date + (SELECT grace_days FROM settings) < d)
		  AND status = 'active' AND (hold_until IS NULL OR hold_until < d)
		ORDER BY seq
	LOOP
		PERFORM subscription_set_status(s, 'suspended', 'debt', 'the money for an overdue invoice is gone');
	END LOOP;
END $$;
