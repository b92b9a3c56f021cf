-- What every rule of billing stands on: locks, the log, alerts, jobs for the gateway.

CREATE OR REPLACE FUNCTION rupiah(money bigint) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT 'Rp' || replace(to_char(money, 'FM999,999,999,999,999'), ',', '.')
$$;

/*
 * Locks. The customer's row is the mutex of all that is his: whoever touches
 * money or state takes it first, then the subscription, the invoice and, last,
 * the counter of invoice numbers. So two of us can never wait for each other,
 * and whatever is read after the lock stays true until commit.
 * NO KEY UPDATE excludes as FOR UPDATE does, but does not stop other tables
 * from referring to the row meanwhile.
 */
CREATE OR REPLACE FUNCTION customer_lock(customer uuid) RETURNS customers
LANGUAGE plpgsql AS $$
DECLARE
	found_customer customers;
BEGIN
	SELECT * INTO found_customer FROM customers WHERE id = customer FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM raise_not_found('Customer not found.');
	END IF;
	RETURN found_customer;
END $$;

CREATE OR REPLACE FUNCTION subscription_lock(sub uuid) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = sub FOR NO KEY UPDATE OF c, own;
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF NOT FOUND THEN
		PERFORM raise_not_found('Subscription not found.');
	END IF;
	RETURN s;
END $$;

CREATE OR REPLACE FUNCTION invoice_lock(inv uuid) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	PERFORM FROM invoices own
	  JOIN subscriptions s ON s.id = own.subscription_id
	  JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = inv FOR NO KEY UPDATE OF c, s, own;
	SELECT * INTO i FROM invoices WHERE id = inv;
	IF NOT FOUND THEN
		PERFORM raise_not_found('Invoice not found.');
	END IF;
	RETURN i;
END $$;

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

-- The same for a set, as the nightly run needs it: customer by customer, each before what is his.
CREATE OR REPLACE FUNCTION subscriptions_lock(subs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = ANY(subs) ORDER BY c.id, own.id FOR NO KEY UPDATE OF c, own;
END $$;

CREATE OR REPLACE FUNCTION invoices_lock(invs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM invoices own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = ANY(invs) ORDER BY c.id, own.id FOR NO KEY UPDATE OF c, own;
END $$;

-- Who did what and why, in the transaction that did it.
CREATE OR REPLACE FUNCTION billing_log(action text, message text, customer uuid, subscription uuid, invoice uuid,
	meta jsonb DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO billing_logs (action, message, customer_id, subscription_id, invoice_id, meta, actor, request_id)
	VALUES (action, message, customer, subscription, invoice, jsonb_strip_nulls(meta), session_actor(), session_request());
END $$;

-- An alert for people. The notifier finds out which channels want it.
CREATE OR REPLACE FUNCTION alert_raise(type text, severity text, title text, message text, meta jsonb DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	alert uuid;
BEGIN
	INSERT INTO alert_logs (type, severity, title, message, meta)
	VALUES (type, severity, title, message, meta) RETURNING id INTO alert;
	INSERT INTO message_outbox (alert_id) VALUES (alert);
	PERFORM pg_notify('messages', '');
	RETURN alert;
END $$;

-- Work for gateway-sync, to be done once; asked for while it is being done, it is done again. One row
-- for each kind: whoever repeats a message leaves no more of them.
CREATE OR REPLACE FUNCTION gateway_job(attempt uuid, job text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO gateway_jobs AS j (attempt_id, kind) VALUES (attempt, job)
	ON CONFLICT (attempt_id, kind) DO UPDATE SET generation = j.generation + 1, done_at = NULL,
		due_at = CASE WHEN j.done_at IS NULL THEN least(j.due_at, now()) ELSE now() END,
		attempts = CASE WHEN j.done_at IS NULL THEN j.attempts ELSE 0 END,
		created_at = CASE WHEN j.done_at IS NULL THEN j.created_at ELSE now() END;
	PERFORM pg_notify('gateway_jobs', '');
END $$;

-- What is owed has changed, so no open payment page may take the old amount.
CREATE OR REPLACE FUNCTION invoice_attempts_drop(inv uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM gateway_job(id, 'cancel') FROM midtrans_attempts
	WHERE invoice_id = inv AND state NOT IN ('paid', 'closed');
END $$;
