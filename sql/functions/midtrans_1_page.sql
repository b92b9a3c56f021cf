-- Payment pages. What is owed is asked for in an attempt; an invoice has many, and all of them
-- stay valid for money that comes in.

-- People are told once of each thing about an attempt.
CREATE OR REPLACE FUNCTION midtrans_alert(a midtrans_attempts, what text, title text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE midtrans_attempts SET alerts = alerts || what WHERE id = a.id AND what <> ALL(alerts);
	IF FOUND THEN
		PERFORM alert_raise('payment', 'warning', title, message,
			jsonb_build_object('order_id', a.order_id, 'invoice_id', a.invoice_id, 'attempt_id', a.id));
	END IF;
END $$;

-- What of an invoice can be paid online now; 409 when nothing.
CREATE OR REPLACE FUNCTION midtrans_owed(i invoices) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT i.is_open THEN
		PERFORM raise_conflict(format('The invoice is %s.', i.status));
	END IF;
	IF i.amount <= i.paid_amount THEN
		PERFORM raise_conflict('Nothing is owed on the invoice.');
	END IF;
	RETURN i.amount - i.paid_amount;
END $$;

-- At most so many tokens a minute for one invoice.
CREATE OR REPLACE FUNCTION midtrans_throttle(inv uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	wait int;
BEGIN
	wait := throttle_take('invoice-tokens:' || inv, (SELECT invoice_tokens_per_minute FROM settings));
	IF wait > 0 THEN
		PERFORM raise_throttled('Too many payment attempts. Please wait a minute.', wait);
	END IF;
END $$;

/*
 * The attempt that a payment page for the invoice belongs to: the open one over
 * what is owed now, or attempt_id NULL and the number of the next. calls counts
 * the create call about to be made where there is no token yet.
 */
CREATE OR REPLACE FUNCTION midtrans_page(inv uuid, counts boolean)
RETURNS TABLE (invoice_number text, owed bigint, attempt_id uuid, attempt int, order_id text, snap_token text,
	redirect_url text, calls int)
LANGUAGE plpgsql AS $$
DECLARE
	i invoices := invoice_lock(inv);
	a midtrans_attempts;
BEGIN
	invoice_number := i.invoice_number;
	owed := midtrans_owed(i);
	IF counts THEN
		PERFORM midtrans_throttle(inv);
	END IF;
	SELECT * INTO a FROM midtrans_attempts t
	WHERE t.invoice_id = inv AND t.amount = owed AND t.state NOT IN ('paid', 'closed')
	  AND CASE WHEN t.snap_token IS NOT NULL THEN t.expires_at > now() + interval '1 minute'
	           -- to be made yet: Midtrans makes none for less than five minutes
	           ELSE t.state IN ('new', 'unknown') AND t.expires_at > now() + interval '6 minutes' END
	ORDER BY t.attempt DESC LIMIT 1;
	IF FOUND AND a.snap_token IS NULL THEN
		UPDATE midtrans_attempts t SET calls = t.calls + 1, state = 'unknown', updated_at = now()
		WHERE id = a.id RETURNING * INTO a;
	END IF;
	attempt_id := a.id;
	attempt := coalesce(a.attempt, (SELECT max(t.attempt) FROM midtrans_attempts t WHERE t.invoice_id = inv) + 1, 1);
	order_id := a.order_id;
	snap_token := a.snap_token;
	redirect_url := a.redirect_url;
	calls := a.calls;
	RETURN NEXT;
END $$;

-- A new attempt, stored before Midtrans is called: whatever becomes of the call, its money is known.
CREATE OR REPLACE FUNCTION midtrans_attempt_add(inv uuid, n int, ord text, owed bigint) RETURNS uuid
LANGUAGE sql AS $$
	INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, calls, expires_at, next_check_at)
	SELECT inv, n, ord, owed, 1, now() + attempt_minutes * interval '1 minute', now() + interval '2 minutes'
	FROM settings
	RETURNING id
$$;

/*
 * The create call was answered: with a token, with a refusal that ends the
 * attempt, or not at all. What never left us, or was somebody else's already, is
 * no call: only an order that one of ours may have made can be taken for ours, and
 * is worth asking about.
 *
 * While the call was under way the invoice may have been settled or cancelled,
 * when there was no page yet that could be ended: then it is now. Who does that
 * holds the invoice as we do, so either finds the other's doing. Answers
 * whether there is a page that may be handed out.
 */
CREATE OR REPLACE FUNCTION midtrans_attempt_made(att uuid, sent int, token text, url text, result text, said jsonb)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	a      midtrans_attempts;
	usable boolean;
BEGIN
	PERFORM invoice_lock((SELECT invoice_id FROM midtrans_attempts WHERE id = att));
	UPDATE midtrans_attempts t
	SET snap_token = coalesce(token, snap_token), redirect_url = coalesce(url, redirect_url), updated_at = now(),
	    calls = sent,
	    state = CASE WHEN t.state IN ('new', 'unknown') THEN result ELSE t.state END,
	    closed_at = CASE WHEN t.state IN ('new', 'unknown') AND result = 'closed' THEN now() ELSE closed_at END,
	    next_check_at = CASE WHEN sent > 0 OR result <> 'closed' THEN next_check_at END
	WHERE id = att RETURNING * INTO a;
	usable := token IS NOT NULL AND a.state NOT IN ('paid', 'closed') AND midtrans_is_owed(a);
	IF usable THEN
		UPDATE invoices SET payment_url = url, midtrans_order_id = a.order_id, updated_at = now()
		WHERE id = a.invoice_id;
	ELSIF token IS NOT NULL THEN
		PERFORM gateway_job(a.id, 'cancel');
	END IF;
	INSERT INTO midtrans_logs (invoice_id, order_id, event, status, request, response)
	VALUES (a.invoice_id, a.order_id, 'create', result, jsonb_build_object('amount', a.amount, 'call', a.calls), said);
	RETURN usable;
END $$;
