-- Money in, and money undone.

CREATE OR REPLACE FUNCTION payment_lock(pay uuid) RETURNS payments
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	PERFORM FROM payments own JOIN customers c ON c.id = own.customer_id WHERE own.id = pay FOR NO KEY UPDATE OF c;
	PERFORM FROM payments own
	  JOIN invoices i ON i.id = own.invoice_id
	  JOIN subscriptions s ON s.id = i.subscription_id
	  WHERE own.id = pay FOR NO KEY UPDATE OF s, i;
	PERFORM FROM payments own WHERE own.id = pay FOR NO KEY UPDATE;
	SELECT * INTO p FROM payments WHERE id = pay;
	PERFORM require_found(FOUND, 'payment_unknown', 'Payment not found.');
	RETURN p;
END $$;

/*
 * Book a payment. One round trip does all of it: the money, the invoices, the
 * subscriptions. A person's Idempotency-Key replays the first answer; so does
 * the gateway's reference. A payment without an invoice is a deposit:
 * payment_book_locked() gets a row of invoices that has only the customer.
 */
CREATE OR REPLACE FUNCTION payment_book(input jsonb, today date)
RETURNS TABLE (payment_id uuid, invoice_id uuid, repeated boolean)
LANGUAGE plpgsql AS $$
DECLARE
	deposit invoices;
BEGIN
	IF (input ->> 'customer_id')::uuid
	   <> (SELECT v.customer_id FROM invoices v WHERE v.id = (input ->> 'invoice_id')::uuid) THEN
		PERFORM raise_invalid('customer_id', 'unknown_reference', 'The selected customer id is invalid: the invoice is another customer''s.');
	END IF;
	IF input ->> 'invoice_id' IS NOT NULL THEN
		RETURN QUERY SELECT * FROM payment_book_locked(invoice_lock((input ->> 'invoice_id')::uuid), input, today);
		RETURN;
	END IF;
	IF NOT EXISTS (SELECT FROM customers WHERE id = (input ->> 'customer_id')::uuid) THEN
		PERFORM raise_invalid('customer_id', 'unknown_reference', 'The selected customer id is invalid.');
	END IF;
	deposit.customer_id := (customer_lock((input ->> 'customer_id')::uuid)).id;
	deposit.is_open := false;
	RETURN QUERY SELECT * FROM payment_book_locked(deposit, input, today);
END $$;

-- The same for a caller that has locked the invoice, or for a deposit the customer; a deposit's invoice has no id.
CREATE OR REPLACE FUNCTION payment_book_locked(invoice invoices, input jsonb, today date)
RETURNS TABLE (payment_id uuid, invoice_id uuid, repeated boolean)
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	IF is_payment_manual(input) AND input ->> 'idempotency_key' IS NOT NULL THEN
		RETURN QUERY SELECT * FROM payment_repeated(input);
		IF FOUND THEN RETURN; END IF;
	END IF;
	IF is_payment_manual(input) THEN
		PERFORM require_payment_new(invoice, input, today);
	END IF;
	p := payment_insert(invoice, input, payment_amount(invoice, input, today), today);
	IF p.id IS NULL THEN -- the gateway repeats itself, or somebody used the key just now
		RETURN QUERY SELECT * FROM payment_repeated(input);
		RETURN;
	END IF;
	PERFORM payment_allocate(p, invoice, coalesce(ARRAY(SELECT jsonb_array_elements_text(input -> 'bills')::uuid), '{}'), today);
	RETURN QUERY SELECT p.id, p.invoice_id, false;
END $$;

CREATE OR REPLACE FUNCTION is_payment_manual(input jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(input ->> 'source', 'manual') = 'manual'
$$;

-- The payment that this key, or the gateway's reference, already stands for.
CREATE OR REPLACE FUNCTION payment_repeated(input jsonb)
RETURNS TABLE (payment_id uuid, invoice_id uuid, repeated boolean)
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	SELECT * INTO p FROM payments
	WHERE CASE WHEN is_payment_manual(input) THEN idempotency_key = input ->> 'idempotency_key'
	           ELSE source = 'midtrans' AND reference = input ->> 'reference' END;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF p.request_hash IS DISTINCT FROM input ->> 'request_hash' THEN
		PERFORM raise_conflict('key_used', 'The Idempotency-Key has been used for another payment.');
	END IF;
	RETURN QUERY SELECT p.id, p.invoice_id, true;
END $$;

-- Two clicks make one payment: the same invoice, amount, reference and day within 10 minutes is refused.
CREATE OR REPLACE FUNCTION require_payment_new(invoice invoices, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	first payments;
BEGIN
	IF (input ->> 'duplicate')::boolean THEN
		RETURN;
	END IF;
	SELECT * INTO first FROM payments p
	WHERE p.customer_id = invoice.customer_id AND p.invoice_id IS NOT DISTINCT FROM invoice.id AND p.source = 'manual' AND p.status = 'received'
	  AND p.amount = coalesce((input ->> 'amount')::bigint, invoice.amount - invoice.paid_amount)
	  AND p.reference IS NOT DISTINCT FROM input ->> 'reference'
	  AND business_day(p.payment_date) = coalesce(payment_day(input ->> 'payment_date'), today)
	  AND p.created_at > clock_timestamp() - interval '10 minutes'
	ORDER BY p.seq DESC LIMIT 1;
	IF FOUND AND (invoice.id IS NULL OR invoice.is_open) THEN
		PERFORM raise_conflict('payment_duplicate', format('The same payment was booked at %s (%s). Send duplicate: true to book it again.',
			to_char(first.created_at, 'HH24:MI:SS'), first.id));
	END IF;
END $$;

-- The business day of a payment from the request's payment_date: a date, or a moment with time and zone.
CREATE OR REPLACE FUNCTION payment_day(moment text) RETURNS date
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN length(moment) = 10 THEN moment::date ELSE business_day(moment::timestamptz) END
$$;

/*
 * The moment of a payment, from the request's payment_date. A moment is taken as
 * given. A date, or none for `today`, becomes now if it is the present business
 * day, else noon of that date, which is the same date in every zone of the country.
 */
CREATE OR REPLACE FUNCTION payment_moment(moment text, today date) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN length(moment) > 10 THEN moment::timestamptz
	            WHEN business_day(now()) = day THEN now()
	            ELSE day_noon(day) END
	FROM (SELECT coalesce(payment_day(moment), today) AS day) given
$$;

-- The amount received. A person's amount is checked against the outstanding; the gateway's is booked as it is,
-- since Midtrans has the money already.
CREATE OR REPLACE FUNCTION payment_amount(invoice invoices, input jsonb, today date) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	owed   bigint := invoice.amount - invoice.paid_amount;
	amount bigint := coalesce((input ->> 'amount')::bigint, owed);
BEGIN
	IF NOT is_payment_manual(input) THEN
		RETURN amount;
	END IF;
	IF invoice.id IS NOT NULL AND NOT invoice.is_open THEN
		PERFORM raise_conflict('invoice_' || invoice.status, format('The invoice is %s.', invoice.status));
	END IF;
	IF amount IS NULL OR amount <= 0 THEN
		PERFORM raise_invalid('amount', 'min', 'The amount must be greater than 0.', '{"min": 1}');
	END IF;
	PERFORM require_payment_day(payment_day(input ->> 'payment_date'), (input ->> 'bounded')::boolean, today);
	IF amount > owed AND (input ->> 'surplus_to_credit')::boolean IS NOT TRUE THEN
		PERFORM raise_invalid('amount', 'max', format('The amount must not be greater than the outstanding %s.', owed),
			jsonb_build_object('max', owed));
	END IF;
	RETURN amount;
END $$;

CREATE OR REPLACE FUNCTION require_payment_day(day date, bounded boolean, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF day > today THEN
		PERFORM raise_invalid('payment_date', 'future', format('The payment date must not be later than %s.', today));
	END IF;
	IF bounded AND day < today - 1 THEN
		PERFORM raise_denied('payment_date_bound', 'An operator may date a payment today or yesterday.');
	END IF;
END $$;

-- id is NULL where the key or the gateway's reference is taken.
CREATE OR REPLACE FUNCTION payment_insert(invoice invoices, input jsonb, amount bigint, today date) RETURNS payments
LANGUAGE plpgsql AS $$
DECLARE
	p payments;
BEGIN
	INSERT INTO payments (invoice_id, invoice_number, customer_id, amount, fee, method, source, reference, idempotency_key,
		request_hash, transaction_id, midtrans_transaction_id, midtrans_status, midtrans_response,
		payment_date, received_on, notes, actor)
	VALUES (invoice.id, invoice.invoice_number, invoice.customer_id, amount, coalesce((input ->> 'fee')::bigint, 0),
		coalesce(input ->> 'method', 'cash'), coalesce(input ->> 'source', 'manual'),
		input ->> 'reference', input ->> 'idempotency_key', input ->> 'request_hash',
		input ->> 'transaction_id', input ->> 'midtrans_transaction_id', input ->> 'midtrans_status',
		input -> 'midtrans_response',
		payment_moment(input ->> 'payment_date', today), today, input ->> 'notes', session_actor())
	ON CONFLICT DO NOTHING
	RETURNING * INTO p;
	RETURN p;
END $$;

-- Allocate a payment to its own invoice and to `bills`, those due first before the others. The rest is credit,
-- and credit is used at once. The transaction of an online payment is noted on each bill that it pays.
CREATE OR REPLACE FUNCTION payment_allocate(payment payments, invoice invoices, bills uuid[], today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	rest bigint := payment.amount;
	part bigint;
	bill invoices;
BEGIN
	FOR bill IN SELECT * FROM invoices WHERE id = ANY(bills || invoice.id) AND is_open ORDER BY due_date, seq LOOP
		EXIT WHEN rest = 0;
		part := least(rest, bill.amount - bill.paid_amount);
		rest := rest - part;
		bill.midtrans_transaction_id := coalesce(payment.midtrans_transaction_id, bill.midtrans_transaction_id);
		PERFORM allocate(bill, payment.id, NULL, part, payment.method,
			greatest(bill.issued_on, least(business_day(payment.payment_date), today)), today);
	END LOOP;
	IF rest > 0 THEN
		PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'surplus', rest, invoice.id, NULL, today);
		PERFORM billing_log('surplus', format('%s more than %s needed', rupiah(rest), coalesce(invoice.invoice_number, 'bills')),
			payment.customer_id, invoice.subscription_id, invoice.id, jsonb_build_object('amount', rest, 'payment_id', payment.id));
	END IF;
	PERFORM credit_apply(payment.customer_id, today, payment => payment.id);
	PERFORM payment_alert(payment, invoice);
END $$;

-- Alert on money that nobody expected: somebody should look whether to pay it back.
CREATE OR REPLACE FUNCTION payment_alert(payment payments, invoice invoices) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	archived boolean;
BEGIN
	SELECT archived_at IS NOT NULL INTO archived FROM customers WHERE id = payment.customer_id;
	IF archived OR invoice.id IS NOT NULL AND NOT invoice.is_open THEN
		PERFORM alert_raise_text('payment', 'warning', CASE WHEN archived THEN 'money_archived' ELSE 'money_closed' END,
			jsonb_build_object('amount', rupiah(payment.amount), 'method', alert_word(payment.method), 'status', alert_word(invoice.status),
				'invoice', coalesce(invoice.invoice_number, '-')),
			jsonb_build_object('payment_id', payment.id, 'invoice_id', invoice.id, 'customer_id', payment.customer_id));
	END IF;
END $$;

-- Change the notes, all that people may change of a payment.
CREATE OR REPLACE FUNCTION payment_update(pay uuid, input jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p payments := payment_lock(pay);
BEGIN
	IF NOT input ? 'notes' OR p.notes IS NOT DISTINCT FROM input ->> 'notes' THEN
		RETURN;
	END IF;
	UPDATE payments SET notes = input ->> 'notes', updated_at = now() WHERE id = pay;
	PERFORM billing_log('updated', format('Notes of a payment of %s changed', rupiah(p.amount)), p.customer_id,
		(SELECT subscription_id FROM invoices WHERE id = p.invoice_id), p.invoice_id,
		jsonb_build_object('payment_id', pay, 'before', jsonb_build_object('notes', p.notes),
			'after', jsonb_build_object('notes', input ->> 'notes')));
END $$;

/*
 * Undo a payment: return its allocations to its credit, newest due date first,
 * and then remove all of that credit. Then other credit of the customer pays
 * the reopened bills, and only a line that still owes past its grace is switched off.
 */
CREATE OR REPLACE FUNCTION payment_reverse(pay uuid, kind text, reason text, today date, bounded boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p      payments := payment_lock(pay);
	gone   bigint;
	undone uuid[];
BEGIN
	PERFORM require_payment_reversible(p, kind, today, bounded);
	SELECT p.amount - coalesce(sum(amount), 0) INTO gone FROM refunds WHERE payment_id = pay;
	undone := allocations_return(p, p.amount, kind, today);
	PERFORM lot_close(p, gone, reason, today);
	INSERT INTO payment_reversals (payment_id, kind, amount, reason, actor, reversed_on)
	VALUES (pay, kind, gone, reason, session_actor(), today);
	UPDATE payments SET status = 'reversed', updated_at = now() WHERE id = pay;
	PERFORM billing_log('reversed', format('Payment of %s taken back (%s)', rupiah(gone), kind),
		p.customer_id, (SELECT subscription_id FROM invoices WHERE id = p.invoice_id), p.invoice_id,
		jsonb_build_object('payment_id', pay, 'amount', gone, 'kind', kind, 'reason', reason,
			'before', p.status, 'after', 'reversed'));
	IF kind <> 'reversal' THEN
		PERFORM payment_alert_lost(p, kind, gone);
	END IF;
	PERFORM debt_reopen(p.customer_id, undone, today);
END $$;

-- A void or a chargeback has happened at Midtrans, so it is booked; a person's reversal may be refused.
CREATE OR REPLACE FUNCTION require_payment_reversible(payment payments, kind text, today date, bounded boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF payment.status <> 'received' THEN
		PERFORM raise_conflict('payment_' || payment.status, format('The payment is %s already.', payment.status));
	END IF;
	IF kind <> 'reversal' THEN
		RETURN;
	END IF;
	IF payment.source <> 'manual' THEN
		PERFORM raise_conflict('payment_is_gateway', 'A gateway payment cannot be deleted: refund it.');
	END IF;
	IF bounded AND (payment.received_on = today AND payment.method = 'cash' AND payment.actor = session_actor()) IS NOT TRUE THEN
		PERFORM raise_denied('payment_undo_bound', 'An operator may undo only a cash payment booked by the same person on the same day.');
	END IF;
	IF EXISTS (SELECT FROM customer_credits c WHERE c.payment_id = payment.id AND c.kind = 'payout') THEN
		PERFORM raise_conflict('payment_paid_out', 'Some of this payment has been paid out already.');
	END IF;
END $$;

-- Move up to `money` from the bills that a payment pays back into its credit, newest due date first. Returns
-- those of the bills that had been paid in full.
CREATE OR REPLACE FUNCTION allocations_return(payment payments, money bigint, reason text, today date) RETURNS uuid[]
LANGUAGE plpgsql AS $$
DECLARE
	held   record;
	part   bigint;
	undone uuid[] := '{}';
BEGIN
	FOR held IN
		SELECT a.invoice_id AS invoice, sum(a.amount)::bigint AS amount
		FROM allocations a JOIN invoices i ON i.id = a.invoice_id WHERE a.payment_id = payment.id
		GROUP BY a.invoice_id, i.due_date, i.seq HAVING sum(a.amount) > 0 ORDER BY i.due_date DESC, i.seq DESC
	LOOP
		EXIT WHEN money = 0;
		part := least(held.amount, money);
		money := money - part;
		INSERT INTO allocations (invoice_id, payment_id, amount, entered_on) VALUES (held.invoice, payment.id, -part, today);
		PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'returned', part, held.invoice, reason, today);
		IF invoice_unsettle(held.invoice, part, reason, today) THEN
			undone := undone || held.invoice;
		END IF;
	END LOOP;
	RETURN undone;
END $$;

-- Remove the money of an undone payment from its lot. If the lot has less, since a part was paid out
-- before, a loss fills it up first; if it has more, since an earlier loss had filled it up, that loss is
-- booked back. So nothing is left of the lot.
CREATE OR REPLACE FUNCTION lot_close(payment payments, gone bigint, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lost bigint := gone - lot_credit(payment.id);
BEGIN
	IF lost > 0 THEN
		PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'loss', lost, NULL, reason, today);
	END IF;
	PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'reversed', -gone, NULL, reason, today);
	IF lost < 0 THEN
		PERFORM credit_entry(payment.customer_id, payment.id, NULL, 'loss', lost, NULL, reason, today);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION payment_alert_lost(payment payments, what text, money bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM alert_raise_text('payment', 'warning', 'payment_lost',
		jsonb_build_object('what', alert_word(what), 'amount', rupiah(money), 'reference', coalesce(payment.reference, payment.id::text)),
		jsonb_build_object('payment_id', payment.id, 'invoice_id', payment.invoice_id, 'customer_id', payment.customer_id,
			'amount', money));
END $$;

/*
 * Pay bills that are open again from other credit of the customer. Switch off at
 * once each line on which one of them stays open past its grace; the log names
 * the one that was due first.
 */
CREATE OR REPLACE FUNCTION debt_reopen(customer uuid, undone uuid[], today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s    subscriptions;
	bill uuid;
BEGIN
	PERFORM credit_apply(customer, today);
	FOR s IN
		SELECT * FROM subscriptions
		WHERE id IN (SELECT subscription_id FROM invoices WHERE id = ANY(undone) AND is_open)
		  AND status = 'active' AND (hold_until IS NULL OR hold_until < today)
		ORDER BY seq
	LOOP
		SELECT i.id INTO bill FROM bills_past_grace(s, s.end_date, today) i ORDER BY i.due_date, i.seq LIMIT 1;
		IF FOUND THEN
			PERFORM subscriptions_switch_off(ARRAY[s.id], 'suspended', 'debt', 'the money for an overdue invoice is gone', today, ARRAY[bill]);
		END IF;
	END LOOP;
END $$;
