-- Attempts to be paid: one order at Midtrans each. An invoice has many, and all of them stay valid for
-- money that arrives.

-- ---- pages

-- The attempts that pay an invoice, alone or among others.
CREATE OR REPLACE FUNCTION midtrans_attempts_of_bill(invoice uuid) RETURNS SETOF midtrans_attempts
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY SELECT * FROM midtrans_attempts WHERE invoice_id = invoice
	UNION ALL SELECT * FROM midtrans_attempts WHERE bills <> '{}' AND bills @> ARRAY[invoice];
END $$;

-- The bills that an attempt pays and that are open still, oldest first: money settles them in this order.
CREATE OR REPLACE FUNCTION midtrans_attempt_bills(attempt midtrans_attempts) RETURNS SETOF invoices
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN QUERY SELECT * FROM invoices WHERE id = ANY(attempt.invoice_id || attempt.bills) AND is_open ORDER BY due_date, seq;
END $$;

-- The amount of an invoice that can be paid online now; 409 when nothing can.
CREATE OR REPLACE FUNCTION midtrans_amount_owed(invoice invoices) RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT invoice.is_open THEN
		PERFORM raise_conflict('invoice_' || invoice.status, format('The invoice is %s.', invoice.status));
	END IF;
	IF invoice.amount <= invoice.paid_amount THEN
		PERFORM raise_conflict('invoice_nothing_owed', 'Nothing is owed on the invoice.');
	END IF;
	RETURN invoice.amount - invoice.paid_amount;
END $$;

-- Refuse more than so many tokens a minute for one invoice.
CREATE OR REPLACE FUNCTION midtrans_check_token_limit(invoice uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	wait int;
BEGIN
	wait := throttle_take('invoice-tokens:' || invoice, (SELECT invoice_tokens_per_minute FROM settings));
	IF wait > 0 THEN
		PERFORM raise_throttled('Too many payment attempts. Please wait a minute.', wait);
	END IF;
END $$;

/*
 * The attempt whose page pays what is owed on the bills of the scope now
 * (invoice_scope), or attempt_id NULL and the number of the next attempt. Two
 * scopes of the same bills share one attempt: nobody is to pay both. While
 * there is no token yet, calls includes the create call that is about to be
 * made. counts: this request counts against the limit.
 */
CREATE OR REPLACE FUNCTION midtrans_page_find(invoice uuid, scope text, counts boolean)
RETURNS TABLE (invoice_number text, owed bigint, bills uuid[], attempt_id uuid, attempt int, order_id text, snap_token text,
	redirect_url text, calls int)
LANGUAGE plpgsql AS $$
DECLARE
	i invoices := invoice_lock(invoice);
	a midtrans_attempts;
BEGIN
	invoice_number := i.invoice_number;
	PERFORM midtrans_amount_owed(i);
	bills := ARRAY(SELECT o.id FROM invoice_scope(invoice, scope) o WHERE o.id <> invoice ORDER BY o.id);
	owed := invoice_scope_owed(invoice, scope);
	IF counts THEN
		PERFORM midtrans_check_token_limit(invoice);
	END IF;
	SELECT * INTO a FROM midtrans_attempts t
	WHERE t.invoice_id = invoice AND t.bills = midtrans_page_find.bills AND t.amount = owed AND t.state NOT IN ('paid', 'closed')
	  AND CASE WHEN t.snap_token IS NOT NULL THEN t.expires_at > now() + interval '1 minute'
	           -- to be created yet: Midtrans accepts no expiry below five minutes
	           ELSE t.state IN ('new', 'unknown') AND t.expires_at > now() + interval '6 minutes' END
	ORDER BY t.attempt DESC LIMIT 1;
	IF FOUND AND a.snap_token IS NULL THEN
		UPDATE midtrans_attempts t SET calls = t.calls + 1, state = 'unknown', updated_at = now()
		WHERE id = a.id RETURNING * INTO a;
	END IF;
	attempt_id := a.id;
	attempt := coalesce(a.attempt, (SELECT max(t.attempt) FROM midtrans_attempts t WHERE t.invoice_id = invoice) + 1, 1);
	order_id := a.order_id;
	snap_token := a.snap_token;
	redirect_url := a.redirect_url;
	calls := a.calls;
	RETURN NEXT;
END $$;

-- A new attempt, stored before Midtrans is called: whatever becomes of the call, its money is known.
CREATE OR REPLACE FUNCTION midtrans_attempt_add(invoice uuid, bills uuid[], number int, new_order_id text, owed bigint) RETURNS uuid
LANGUAGE sql AS $$
	INSERT INTO midtrans_attempts (invoice_id, bills, attempt, order_id, amount, calls, expires_at, next_check_at)
	SELECT invoice, bills, number, new_order_id, owed, 1, now() + attempt_minutes * interval '1 minute', now() + interval '2 minutes'
	FROM settings
	RETURNING id
$$;

/*
 * Record the outcome of the create call: a token, a refusal that closes the
 * attempt, or no answer. sent counts the calls that may have reached Midtrans
 * and made this order: with 0 there is no order of ours to ask about.
 *
 * The invoice may have been settled or cancelled during the call, when there was
 * no page to end: then the page is ended now. Both hold the invoice's lock, so
 * one of them sees the other. Returns whether the page may be handed out.
 */
CREATE OR REPLACE FUNCTION midtrans_attempt_record_answer(of_attempt uuid, sent int, token text, url text, new_state text,
	answer jsonb)
RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	a      midtrans_attempts;
	usable boolean;
BEGIN
	PERFORM invoice_lock((SELECT invoice_id FROM midtrans_attempts WHERE id = of_attempt));
	UPDATE midtrans_attempts t
	SET snap_token = coalesce(token, snap_token), redirect_url = coalesce(url, redirect_url), updated_at = now(),
	    calls = sent,
	    state = CASE WHEN t.state IN ('new', 'unknown') THEN new_state ELSE t.state END,
	    closed_at = CASE WHEN t.state IN ('new', 'unknown') AND new_state = 'closed' THEN now() ELSE closed_at END,
	    next_check_at = CASE WHEN sent > 0 OR new_state <> 'closed' THEN next_check_at END
	WHERE id = of_attempt RETURNING * INTO a;
	usable := token IS NOT NULL AND a.state NOT IN ('paid', 'closed') AND midtrans_attempt_is_owed(a);
	IF usable THEN
		UPDATE invoices SET payment_url = url, midtrans_order_id = a.order_id, updated_at = now()
		WHERE id = a.invoice_id;
	ELSIF token IS NOT NULL THEN
		PERFORM midtrans_job_add(a.id, 'cancel');
	END IF;
	INSERT INTO midtrans_logs (invoice_id, order_id, event, status, request, response)
	VALUES (a.invoice_id, a.order_id, 'create', new_state, jsonb_build_object('amount', a.amount, 'call', a.calls), answer);
	RETURN usable;
END $$;

-- ---- states

-- The attempt for C. expired: its time is over, and it is neither paid nor closed yet.
CREATE OR REPLACE FUNCTION midtrans_attempt_view(of_attempt uuid)
RETURNS TABLE (id uuid, order_id text, invoice_id uuid, snap_token text, state text, expired boolean, has_open boolean,
	owed boolean)
LANGUAGE sql STABLE AS $$
	SELECT a.id, a.order_id, a.invoice_id, a.snap_token, a.state,
		a.expires_at <= now() AND a.state IN ('new', 'open', 'unknown', 'pending'),
		midtrans_attempt_open_state(a.id) IS NOT NULL, midtrans_attempt_is_owed(a)
	FROM midtrans_attempts a WHERE a.id = of_attempt
$$;

-- The state that its open transactions give an attempt; NULL: it has none.
CREATE OR REPLACE FUNCTION midtrans_attempt_open_state(of_attempt uuid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN bool_or(t.outlook = 'review') THEN 'review' ELSE 'pending' END
	FROM midtrans_transactions t WHERE t.attempt_id = of_attempt AND midtrans_transaction_is_open(t) HAVING count(*) > 0
$$;

-- (in plpgsql, whose plans are kept: as SQL the next two would be planned anew in each call)
CREATE OR REPLACE FUNCTION midtrans_attempt_is_paid(of_attempt uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM midtrans_transactions t JOIN payments p ON p.id = t.payment_id
		WHERE t.attempt_id = of_attempt AND p.status <> 'reversed');
END $$;

-- Is the amount of this attempt what is owed now?
CREATE OR REPLACE FUNCTION midtrans_attempt_is_owed(attempt midtrans_attempts) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN attempt.amount = coalesce((SELECT sum(amount - paid_amount) FROM midtrans_attempt_bills(attempt)), 0);
END $$;

/*
 * Update the attempt after a message about one of its transactions. Paid by one
 * of them, it stays paid whatever becomes of the others; with an open one, it is
 * not closed. A transaction still open beside a payment, or though its amount is
 * not owed any more, is cancelled. news: the message was applied; books: it
 * books a payment.
 */
CREATE OR REPLACE FUNCTION midtrans_attempt_update(of_attempt uuid, transaction text, new_state text, news boolean,
	is_200 boolean, books boolean)
RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	a           midtrans_attempts;
	becomes     text;
	open_beside boolean;
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE id = of_attempt;
	IF NOT news AND (a.had_200 OR NOT is_200) THEN
		RETURN;
	END IF;
	becomes := CASE
		WHEN midtrans_attempt_is_paid(a.id) THEN 'paid'
		WHEN new_state IN ('open', 'closed') THEN coalesce(midtrans_attempt_open_state(a.id),
			CASE WHEN a.state = 'closed' THEN 'closed' ELSE new_state END)
		ELSE coalesce(new_state, a.state) END;
	UPDATE midtrans_attempts
	SET state = becomes, had_200 = had_200 OR is_200, updated_at = now(),
	    closed_at = CASE WHEN becomes IN ('paid', 'closed') THEN coalesce(closed_at, now()) END,
	    checks = CASE WHEN news THEN 0 ELSE checks END,
	    next_check_at = CASE WHEN news THEN now() + interval '1 minute' ELSE next_check_at END
	WHERE id = a.id
	RETURNING becomes = 'paid' AND EXISTS (SELECT FROM midtrans_transactions t WHERE t.attempt_id = a.id
		AND (t.transaction_id <> transaction OR NOT books) AND midtrans_transaction_is_open(t)) INTO open_beside;
	IF open_beside OR (becomes NOT IN ('paid', 'closed') AND NOT midtrans_attempt_is_owed(a)) THEN
		PERFORM midtrans_job_add(a.id, 'cancel');
	END IF;
END $$;

-- A transaction turned out to be open: a closed attempt is open again, and cancelled where its amount
-- is not owed or another transaction has paid.
CREATE OR REPLACE FUNCTION midtrans_attempt_reopen(of_attempt uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	a midtrans_attempts;
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE id = of_attempt AND state IN ('paid', 'closed');
	UPDATE midtrans_attempts SET state = midtrans_attempt_open_state(of_attempt), closed_at = NULL, checks = 0,
		next_check_at = now() + interval '1 minute', updated_at = now()
	WHERE id = a.id AND state = 'closed';
	IF a.state = 'paid' OR a.state = 'closed' AND NOT midtrans_attempt_is_owed(a) THEN
		PERFORM midtrans_job_add(of_attempt, 'cancel');
	END IF;
END $$;

-- Close an attempt after its transactions were ended. Returns how many could not be ended: with one of
-- them it stays open. Those that Midtrans does not know do not count; should it know one later,
-- midtrans_attempt_reopen() follows.
CREATE OR REPLACE FUNCTION midtrans_attempt_close(of_attempt uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	still_open bigint;
BEGIN
	SELECT count(*) INTO still_open FROM midtrans_transactions t
	WHERE t.attempt_id = of_attempt AND midtrans_transaction_is_open(t)
	  AND (t.confirmed OR NOT EXISTS (SELECT FROM midtrans_unknown_ids u
		WHERE (u.attempt_id, u.transaction_id) = (of_attempt, t.transaction_id)));
	UPDATE midtrans_attempts SET state = 'closed', closed_at = now(), updated_at = now()
	WHERE id = of_attempt AND state NOT IN ('paid', 'closed') AND still_open = 0;
	RETURN still_open;
END $$;

-- ---- checks

-- Take the attempt whose check is due, and keep it from other workers for a while.
CREATE OR REPLACE FUNCTION midtrans_check_take() RETURNS SETOF uuid
LANGUAGE sql AS $$
	UPDATE midtrans_attempts SET next_check_at = now() + interval '2 minutes'
	WHERE id = (SELECT id FROM midtrans_attempts WHERE next_check_at <= now()
	            ORDER BY next_check_at LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING id
$$;

/*
 * Finish a check. Answered: an attempt that expired with nothing open is closed,
 * since Midtrans sends no notification of that, and one that waited for a
 * transaction that has ended waits no more. Answered or not, the next check
 * follows after 1, 2, 4 minutes and so on, at most 6 hours, until the attempt has
 * been over for three days with nothing open; at once where there are more
 * unconfirmed ids than one check asks about; and from 1 minute on where it had
 * been finally closed.
 */
CREATE OR REPLACE FUNCTION midtrans_check_finish(of_attempt uuid, answered boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	a       midtrans_attempts;
	becomes text;
	pace    int;
	more    boolean := false;
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE id = of_attempt FOR UPDATE;
	pace := CASE WHEN a.next_check_at IS NULL THEN 0 ELSE a.checks END;
	becomes := a.state;
	IF answered THEN
		becomes := midtrans_attempt_state_now(a);
		more := EXISTS (SELECT FROM midtrans_transactions_to_ask(of_attempt) t WHERE t.asks = 0);
	END IF;
	UPDATE midtrans_attempts
	SET state = becomes, checks = pace + CASE WHEN more THEN 0 ELSE 1 END,
	    closed_at = CASE WHEN becomes <> a.state AND becomes = 'closed' THEN now() ELSE a.closed_at END,
	    next_check_at = CASE WHEN more OR midtrans_attempt_needs_checks(a)
		THEN now() + backoff(CASE WHEN more THEN 0 ELSE pace END, '1 minute', '6 hours') END
	WHERE id = of_attempt;
END $$;

-- Can anything still happen to this attempt?
CREATE OR REPLACE FUNCTION midtrans_attempt_needs_checks(attempt midtrans_attempts) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN attempt.closed_at IS NULL OR attempt.closed_at > now() - interval '3 days'
		OR EXISTS (SELECT FROM midtrans_refunds r JOIN midtrans_transactions t USING (transaction_id)
			WHERE t.attempt_id = attempt.id AND r.state = 'requested' AND r.created_at > now() - interval '30 days')
		OR EXISTS (SELECT FROM midtrans_unconfirmed_money(attempt, now() - interval '3 days'));
END $$;

-- The state of an attempt after Midtrans has answered all questions about it.
CREATE OR REPLACE FUNCTION midtrans_attempt_state_now(attempt midtrans_attempts) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF attempt.state IN ('paid', 'closed') OR midtrans_attempt_open_state(attempt.id) IS NOT NULL THEN
		RETURN attempt.state;
	END IF;
	IF attempt.expires_at <= now() OR attempt.state IN ('pending', 'review') AND EXISTS (SELECT FROM midtrans_transactions t
		WHERE t.attempt_id = attempt.id AND t.confirmed AND t.outlook = 'ended')
	THEN
		RETURN 'closed';
	END IF;
	RETURN CASE WHEN attempt.state IN ('pending', 'review') THEN 'open' ELSE attempt.state END;
END $$;

-- ---- the nightly run

-- The attempts that may have paid what these subscriptions owe.
CREATE OR REPLACE FUNCTION midtrans_attempts_of_debts(subscriptions uuid[])
RETURNS TABLE (subscription_id uuid, attempt_id uuid)
LANGUAGE sql STABLE AS $$
	SELECT i.subscription_id, a.id FROM invoices i CROSS JOIN midtrans_attempts_of_bill(i.id) a
	WHERE i.subscription_id = ANY(subscriptions) AND i.status = 'overdue' AND a.next_check_at IS NOT NULL
	  AND a.state <> 'paid'
	ORDER BY i.subscription_id, a.attempt
$$;

/*
 * Midtrans did not answer whether a subscription's debt is paid: spare it tonight,
 * at most hold_nights nights, then alert. A night counts once, however often it
 * is run, and so does a past one; an answer, a payment, or an activation by hand
 * ends the count.
 */
CREATE OR REPLACE FUNCTION midtrans_hold(subscription uuid, day date)
RETURNS TABLE (held boolean, username text, customer_name text)
LANGUAGE plpgsql AS $$
DECLARE
	s       subscriptions := subscription_lock(subscription);
	counted boolean := coalesce(day <= s.gateway_held_on, false);
	night   int := s.gateway_holds + CASE WHEN counted THEN 0 ELSE 1 END;
BEGIN
	held := night <= (SELECT hold_nights FROM settings);
	username := s.mikrotik_username;
	SELECT name INTO customer_name FROM customers WHERE id = s.customer_id;
	RETURN NEXT;
	IF counted THEN
		RETURN;
	END IF;
	UPDATE subscriptions SET gateway_holds = night, gateway_held_on = day WHERE id = subscription;
	IF held THEN
		PERFORM billing_log('held', format('%s is not suspended: Midtrans gave no answer', username), s.customer_id,
			subscription, NULL, jsonb_build_object('night', night, 'date', day));
	ELSE
		PERFORM alert_raise_text('payment', 'warning', 'cut_unanswered',
			jsonb_build_object('username', username, 'nights', night - 1, 'customer', customer_name),
			jsonb_build_object('subscription_id', subscription, 'date', day));
	END IF;
END $$;

CREATE OR REPLACE FUNCTION midtrans_hold_end(subscription uuid) RETURNS void
LANGUAGE sql AS $$
	UPDATE subscriptions SET gateway_holds = 0, gateway_held_on = NULL WHERE id = subscription AND gateway_holds > 0
$$;
