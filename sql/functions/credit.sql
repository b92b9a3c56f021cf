/*
 * Money. It comes in lots: a payment or a gift. Allocations say what a lot
 * pays; what is left of it is the customer's credit, and the ledger
 * customer_credits tells how that came and went. For every lot, always:
 *
 *	amount - reversed - refunded - paid out + written off = allocated + credit
 */

-- One line of the ledger. A gift is a lot of its own, known by the id of its line.
CREATE OR REPLACE FUNCTION credit_entry(customer uuid, payment uuid, gift uuid, kind text, money bigint,
	invoice uuid, reason text, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	entry uuid := uuidv7();
BEGIN
	INSERT INTO customer_credits (id, customer_id, kind, amount, payment_id, gift_id, invoice_id, reason, actor, entered_on)
	VALUES (entry, customer, kind, money, payment, CASE kind WHEN 'gift' THEN entry ELSE gift END,
		invoice, reason, session_actor(), today);
	UPDATE customers SET credit = credit + money, updated_at = now() WHERE id = customer;
	RETURN entry;
END $$;

-- The lots a customer has something left of; `born` orders them by age: ids begin with the time of the payment or gift.
CREATE OR REPLACE FUNCTION credit_lots(customer uuid)
RETURNS TABLE (payment_id uuid, gift_id uuid, remainder bigint, born uuid)
LANGUAGE sql STABLE AS $$
	SELECT l.payment_id, l.gift_id, sum(l.amount)::bigint, coalesce(l.payment_id, l.gift_id)
	FROM customer_credits l
	WHERE l.customer_id = customer
	GROUP BY l.payment_id, l.gift_id
	HAVING sum(l.amount) > 0
$$;

/*
 * Use credit at once: the oldest lot pays the invoice due first, until the credit is used or all
 * invoices are paid. Invoices later than `newest` wait: a run issues them in the same chunk, and
 * the outcome must be that of issuing them one by one. payment: the one being booked, for the log.
 */
CREATE OR REPLACE FUNCTION credit_apply(customer uuid, today date, newest bigint DEFAULT 9223372036854775807, payment uuid DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	use record;
BEGIN
	WHILE (SELECT credit > 0 FROM customers WHERE id = customer) LOOP
		SELECT i AS invoice, l.payment_id, l.gift_id, least(l.remainder, i.amount - i.paid_amount) AS money INTO use
		FROM invoices i, credit_lots(customer) l
		WHERE i.customer_id = customer AND i.is_open AND i.seq <= newest
		ORDER BY i.due_date, i.seq, l.born LIMIT 1;
		EXIT WHEN NOT FOUND;
		PERFORM credit_entry(customer, use.payment_id, use.gift_id, 'applied', -use.money, (use.invoice).id, NULL, today);
		PERFORM allocate(use.invoice, use.payment_id, use.gift_id, use.money, 'credit', today, today);
	END LOOP;
	PERFORM customer_reconsider(customer, today, payment);
END $$;

-- Let a lot pay a part of an invoice. invoice is the row before this transaction. day: from when on it
-- is owed no more; a payment that is booked late counts from the day of payment on.
-- customer_reconsider() resumes the line, where it may, once all of the money has been used.
CREATE OR REPLACE FUNCTION allocate(invoice invoices, payment uuid, gift uuid, money bigint, method text, day date, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	effects jsonb := '{}';
BEGIN
	INSERT INTO allocations (invoice_id, payment_id, gift_id, amount, entered_on) VALUES (invoice.id, payment, gift, money, day);
	IF invoice.paid_amount + money < invoice.amount THEN
		UPDATE invoices
		SET paid_amount = paid_amount + money, midtrans_transaction_id = invoice.midtrans_transaction_id, updated_at = now()
		WHERE id = invoice.id;
	ELSE
		effects := invoice_settle(invoice, today);
	END IF;
	PERFORM billing_log(CASE WHEN invoice.paid_amount + money < invoice.amount THEN 'part_paid' ELSE 'paid' END,
		format('%s by %s for %s', rupiah(money), method, invoice.invoice_number),
		invoice.customer_id, invoice.subscription_id, invoice.id,
		effects || (SELECT jsonb_build_object('amount', money, 'payment_id', payment, 'gift_id', gift,
			'before', invoice_standing(invoice), 'after', invoice_standing(x)) FROM invoices x WHERE x.id = invoice.id));
	PERFORM invoice_attempts_cancel(invoice.id);
END $$;

/*
 * A gift or a payout under its Idempotency-Key, NULL for none: a request that comes again is answered with the first
 * entry, another one under the same key is refused. The keys have a table, since nobody may change a line of the ledger.
 */
CREATE OR REPLACE FUNCTION credit_enter_once(customer uuid, amount bigint, reason text, key text, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	hash  text := encode(sha256(convert_to(jsonb_build_array(customer, amount, reason)::text, 'UTF8')), 'hex');
	known credit_keys;
BEGIN
	IF key IS NULL THEN
		RETURN credit_enter(customer, amount, reason, today);
	END IF;
	PERFORM customer_lock(customer);
	SELECT * INTO known FROM credit_keys WHERE idempotency_key = key;
	IF NOT FOUND THEN
		INSERT INTO credit_keys VALUES (key, credit_enter(customer, amount, reason, today), hash)
		ON CONFLICT (idempotency_key) DO NOTHING RETURNING * INTO known;
	END IF;
	IF known.request_hash IS DISTINCT FROM hash THEN -- NULL: somebody has used the key for another customer just now
		PERFORM raise_conflict('key_used', 'The Idempotency-Key has been used for another gift or payout.');
	END IF;
	RETURN known.credit_id;
END $$;

-- A gift (+) or a payout (-), by an admin.
CREATE OR REPLACE FUNCTION credit_enter(customer uuid, amount bigint, reason text, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	c     customers := customer_lock(customer);
	entry uuid;
BEGIN
	IF amount = 0 THEN
		PERFORM raise_invalid('amount', 'not_zero', 'The amount must not be 0.');
	ELSIF amount > 0 THEN
		entry := credit_entry(customer, NULL, NULL, 'gift', amount, NULL, reason, today);
	ELSE
		entry := credit_pay_out(c, -amount, reason, today);
	END IF;
	PERFORM billing_log(CASE WHEN amount > 0 THEN 'gift' ELSE 'payout' END,
		format('%s of %s', CASE WHEN amount > 0 THEN 'Gift' ELSE 'Payout' END, rupiah(abs(amount))),
		customer, NULL, NULL,
		jsonb_build_object('amount', amount, 'reason', reason, 'before', c.credit, 'after', c.credit + amount));
	PERFORM credit_apply(customer, today);
	RETURN entry;
END $$;

-- Paid back in cash, from the oldest lots. Returns the last line of the ledger.
CREATE OR REPLACE FUNCTION credit_pay_out(customer customers, money bigint, reason text, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	lot   record;
	part  bigint;
	entry uuid;
BEGIN
	IF money > customer.credit THEN
		PERFORM raise_conflict('credit_too_small', format('The credit is %s, less than %s.', rupiah(customer.credit), rupiah(money)));
	END IF;
	FOR lot IN SELECT * FROM credit_lots(customer.id) ORDER BY born LOOP
		EXIT WHEN money = 0;
		part := least(lot.remainder, money);
		money := money - part;
		entry := credit_entry(customer.id, lot.payment_id, lot.gift_id, 'payout', -part, NULL, reason, today);
	END LOOP;
	RETURN entry;
END $$;
