-- What gateway-sync does: jobs at once, and asking about attempts until they are finally closed.

-- The next job that is due, and nobody else's for a while. What was never tried goes first: somebody
-- may be waiting, and an order that hangs has hung before.
CREATE OR REPLACE FUNCTION gateway_take() RETURNS SETOF gateway_jobs
LANGUAGE sql AS $$
	UPDATE gateway_jobs SET attempts = attempts + 1, due_at = now() + interval '2 minutes'
	WHERE id = (SELECT id FROM gateway_jobs WHERE done_at IS NULL AND due_at <= now()
	            ORDER BY attempts > 0, due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING *
$$;

CREATE OR REPLACE FUNCTION gateway_done(job bigint, gen int) RETURNS void
LANGUAGE sql AS $$
	UPDATE gateway_jobs
	SET done_at = CASE WHEN generation = gen THEN now() END, due_at = now(), last_error = NULL,
	    attempts = CASE WHEN generation = gen THEN attempts ELSE 0 END
	WHERE id = job
$$;

-- Again after 2, 4, 8 seconds and so on, at most 15 minutes, for ever; at once where it was asked for
-- meanwhile: that is another matter, which has not failed yet.
CREATE OR REPLACE FUNCTION gateway_failed(job bigint, gen int, why text) RETURNS void
LANGUAGE sql AS $$
	UPDATE gateway_jobs
	SET last_error = why, attempts = CASE WHEN generation = gen THEN attempts ELSE 0 END,
	    due_at = now() + CASE WHEN generation = gen THEN backoff(attempts, '1 second', '15 minutes') ELSE '0' END
	WHERE id = job
$$;

-- The attempt whose turn it is to be asked about, and nobody else's for a while.
CREATE OR REPLACE FUNCTION gateway_check_take() RETURNS SETOF uuid
LANGUAGE sql AS $$
	UPDATE midtrans_attempts SET next_check_at = now() + interval '2 minutes'
	WHERE id = (SELECT id FROM midtrans_attempts WHERE next_check_at <= now()
	            ORDER BY next_check_at LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING id
$$;

-- Milliseconds until something is due; at most half a minute.
CREATE OR REPLACE FUNCTION gateway_wait() RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT least(30000, greatest(0, ceil(1000 * extract(epoch FROM least(clock_timestamp() + interval '30 seconds',
		(SELECT min(due_at) FROM gateway_jobs WHERE done_at IS NULL),
		(SELECT min(next_check_at) FROM midtrans_attempts WHERE next_check_at IS NOT NULL)) - clock_timestamp()))))::bigint
$$;

-- How to ask about an attempt. over: its time is, and nothing has come of it yet.
CREATE OR REPLACE FUNCTION gateway_attempt(att uuid)
RETURNS TABLE (id uuid, order_id text, invoice_id uuid, snap_token text, state text, over boolean, live boolean, owed boolean)
LANGUAGE sql STABLE AS $$
	SELECT a.id, a.order_id, a.invoice_id, a.snap_token, a.state,
		a.expires_at <= now() AND a.state IN ('new', 'open', 'unknown', 'pending'),
		midtrans_live_state(a.id) IS NOT NULL, midtrans_is_owed(a)
	FROM midtrans_attempts a WHERE a.id = att
$$;

/*
 * What notifications named as transactions of an attempt, and Midtrans has not:
 * `heard` last. Of those that moved nothing the events alone know.
 */
CREATE OR REPLACE FUNCTION gateway_claims(a midtrans_attempts)
RETURNS TABLE (transaction_id text, first_heard timestamptz, heard timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT e.transaction_id, min(e.received_at), max(coalesce(c.last_at, e.received_at))
	FROM midtrans_events e
	JOIN midtrans_verdicts v ON v.event_id = e.id
	LEFT JOIN midtrans_copies c ON c.event_id = e.id
	LEFT JOIN midtrans_transactions t ON t.transaction_id = e.transaction_id
	WHERE e.order_id = a.order_id AND e.source = 'notification' AND t.told IS NOT TRUE
	  AND (t.attempt_id = a.id OR v.verdict IN ('confirm', 'misfit')
	       AND coalesce(c.last_at, e.received_at) > now() - interval '3 days')
	GROUP BY e.transaction_id
$$;

-- The claims that are worth asking about, and how often Midtrans has said, since the last was heard,
-- that it knows no such thing. That may be wrong, however often: for three days it is asked again.
CREATE OR REPLACE FUNCTION gateway_open_claims(a midtrans_attempts)
RETURNS TABLE (transaction_id text, first_heard timestamptz, asks int)
LANGUAGE sql STABLE AS $$
	SELECT c.transaction_id, c.first_heard, CASE WHEN s.asked_at >= c.heard THEN s.asks ELSE 0 END
	FROM gateway_claims(a) c
	LEFT JOIN midtrans_strangers s ON s.attempt_id = a.id AND s.transaction_id = c.transaction_id
	WHERE (s.asked_at >= c.heard) IS NOT TRUE OR c.heard > now() - interval '3 days'
$$;

/*
 * The transactions to ask about by their own id. Those that Midtrans has named
 * come first, all of them. Anybody who saw one genuine body can claim any
 * number of others: of claims, a few of the oldest and of the newest, those
 * never asked about (asks 0; -1: no claim) before the others.
 */
CREATE OR REPLACE FUNCTION gateway_transactions(att uuid)
RETURNS TABLE (transaction_id text, status text, told boolean, live boolean, captured boolean, asks int)
LANGUAGE sql STABLE AS $$
	WITH claims AS (
		SELECT c.transaction_id, c.asks, least(row_number() OVER (PARTITION BY c.asks ORDER BY c.first_heard, c.transaction_id),
			row_number() OVER (PARTITION BY c.asks ORDER BY c.first_heard DESC, c.transaction_id DESC)) AS place
		FROM midtrans_attempts a CROSS JOIN gateway_open_claims(a) c
		WHERE a.id = att
		ORDER BY asks, place LIMIT 20
	), named AS (
		SELECT t.transaction_id, -1 AS asks, 0 AS place FROM midtrans_transactions t WHERE t.attempt_id = att AND t.told
		UNION ALL
		SELECT c.transaction_id, c.asks, c.place FROM claims c
	)
	SELECT n.transaction_id, t.transaction_status, coalesce(t.told, false), coalesce(midtrans_is_live(t), false),
		coalesce(t.transaction_status = 'capture' AND p.status = 'received', false), n.asks
	FROM named n
	LEFT JOIN midtrans_transactions t ON t.transaction_id = n.transaction_id AND t.attempt_id = att
	LEFT JOIN payments p ON p.id = t.payment_id
	ORDER BY n.asks, n.place, t.created_at DESC
$$;

-- When a notification last named this transaction of an attempt.
CREATE OR REPLACE FUNCTION gateway_heard(att uuid, tx text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
	SELECT max(coalesce(c.last_at, e.received_at))
	FROM midtrans_attempts a
	JOIN midtrans_events e ON e.order_id = a.order_id AND e.source = 'notification' AND e.transaction_id = tx
	LEFT JOIN midtrans_copies c ON c.event_id = e.id
	WHERE a.id = att
$$;

-- Asked by this id, Midtrans knows nothing of the kind; that counts once a minute, or a few clicks would
-- be an answer for good. Where its money is booked already, on the word of a notification, people are
-- told.
CREATE OR REPLACE FUNCTION gateway_stranger(att uuid, tx text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO midtrans_strangers AS s (attempt_id, transaction_id) VALUES (att, tx)
	ON CONFLICT (attempt_id, transaction_id) DO UPDATE
	SET asks = CASE WHEN s.asked_at < gateway_heard(att, tx) THEN 1 ELSE s.asks + 1 END, asked_at = now()
	WHERE s.asked_at < gateway_heard(att, tx) OR s.asked_at <= now() - interval '1 minute';
	PERFORM midtrans_alert(a, 'unknown:' || tx, 'Midtrans does not know a payment in our books',
		format('A notification for order %s told of a payment of %s (%s). Midtrans, asked, knows no such thing.',
			a.order_id, rupiah(p.amount), tx))
	FROM midtrans_attempts a
	JOIN midtrans_transactions t ON t.attempt_id = a.id AND t.transaction_id = tx AND NOT t.told
	JOIN payments p ON p.id = t.payment_id AND p.status = 'received'
	WHERE a.id = att;
END $$;

/*
 * An attempt was asked about. Answered, all of it is applied: what ran out with
 * nothing under way is closed by our own clock, since nobody tells of it, and
 * what waited for a payment that is over waits no more. Answered or not, it is
 * asked about again, less and less often, until it is over for three days and
 * nothing is open of it; at once where there were more claims than one round
 * asks about, and from the beginning where it was finally closed before.
 */
CREATE OR REPLACE FUNCTION gateway_checked(att uuid, answered boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	a       midtrans_attempts;
	becomes text;
	pace    int;
	more    boolean := false;
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE id = att FOR UPDATE;
	pace := CASE WHEN a.next_check_at IS NULL THEN 0 ELSE a.checks END;
	becomes := a.state;
	IF answered THEN
		becomes := gateway_state(a);
		more := EXISTS (SELECT FROM gateway_transactions(att) t WHERE t.asks = 0);
	END IF;
	UPDATE midtrans_attempts
	SET state = becomes, checks = pace + CASE WHEN more THEN 0 ELSE 1 END,
	    closed_at = CASE WHEN becomes <> a.state AND becomes = 'closed' THEN now() ELSE a.closed_at END,
	    next_check_at = CASE WHEN more OR gateway_goes_on(a) THEN now() + backoff(CASE WHEN more THEN 0 ELSE pace END, '1 minute', '6 hours') END
	WHERE id = att;
END $$;

-- Is there anything to wait for?
CREATE OR REPLACE FUNCTION gateway_goes_on(a midtrans_attempts) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN a.closed_at IS NULL OR a.closed_at > now() - interval '3 days'
		OR EXISTS (SELECT FROM midtrans_refunds r JOIN midtrans_transactions t USING (transaction_id)
			WHERE t.attempt_id = a.id AND r.state = 'asked' AND r.created_at > now() - interval '30 days')
		OR EXISTS (SELECT FROM gateway_unconfirmed(a, now() - interval '3 days'));
END $$;

-- What an attempt is, now that Midtrans has told all of it.
CREATE OR REPLACE FUNCTION gateway_state(a midtrans_attempts) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF a.state IN ('paid', 'closed') OR midtrans_live_state(a.id) IS NOT NULL THEN
		RETURN a.state;
	END IF;
	IF a.expires_at <= now() OR a.state IN ('pending', 'review') AND EXISTS (SELECT FROM midtrans_transactions t
		WHERE t.attempt_id = a.id AND t.told AND t.transaction_status IN ('expire', 'cancel', 'failure'))
	THEN
		RETURN 'closed';
	END IF;
	RETURN CASE WHEN a.state IN ('pending', 'review') THEN 'open' ELSE a.state END;
END $$;

-- By hand, or because what it asked for is not owed any more. Answers how many payments under way
-- could not be ended: as long as there is one, it stays open. What Midtrans, asked, does not know is
-- none; should it know it later, midtrans_revive() opens it again.
CREATE OR REPLACE FUNCTION gateway_closed(att uuid) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	left_over bigint;
BEGIN
	SELECT count(*) INTO left_over FROM midtrans_transactions t WHERE t.attempt_id = att AND midtrans_is_live(t)
		AND (t.told OR NOT EXISTS (SELECT FROM midtrans_strangers s WHERE (s.attempt_id, s.transaction_id) = (att, t.transaction_id)));
	UPDATE midtrans_attempts SET state = 'closed', closed_at = now(), updated_at = now()
	WHERE id = att AND state NOT IN ('paid', 'closed') AND left_over = 0;
	RETURN left_over;
END $$;

-- "50000.00" or 50000, from where anybody may have written anything.
CREATE OR REPLACE FUNCTION gateway_sum(v jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN v #>> '{}' ~ '^[0-9]{1,12}(\.0{1,2})?$' THEN (v #>> '{}')::numeric::bigint END
$$;

-- What notifications have claimed since then of money that came or went; `said`: how much of it in all,
-- where it goes in parts.
CREATE OR REPLACE FUNCTION gateway_claimed(a midtrans_attempts, since timestamptz)
RETURNS TABLE (transaction_id text, status text, verdict text, said bigint)
LANGUAGE sql STABLE AS $$
	SELECT e.transaction_id, l.status, v.verdict, max(gateway_sum(e.body -> CASE l.status
		WHEN 'partial_refund' THEN 'refund_amount' WHEN 'partial_chargeback' THEN 'refund_chargeback_amount' END))
	FROM midtrans_events e
	JOIN midtrans_verdicts v ON v.event_id = e.id AND v.verdict IN ('confirm', 'misfit')
	LEFT JOIN midtrans_copies c ON c.event_id = e.id
	CROSS JOIN lower(e.body ->> 'transaction_status') AS l (status)
	WHERE e.order_id = a.order_id AND e.source = 'notification' AND coalesce(c.last_at, e.received_at) >= since
	GROUP BY e.transaction_id, l.status, v.verdict
$$;

-- What of it is not in our books. known: the transaction is one, by more than a notification's word.
CREATE OR REPLACE FUNCTION gateway_unconfirmed(a midtrans_attempts, since timestamptz)
RETURNS TABLE (transaction_id text, status text, verdict text, known boolean)
LANGUAGE sql STABLE AS $$
	SELECT e.transaction_id, e.status, e.verdict, coalesce(t.told OR p.id IS NOT NULL, false)
	FROM gateway_claimed(a, since) e
	LEFT JOIN midtrans_transactions t ON t.transaction_id = e.transaction_id AND t.attempt_id = a.id
	LEFT JOIN payments p ON p.id = t.payment_id
	WHERE CASE e.status
		WHEN 'settlement' THEN p.id IS NULL
		WHEN 'capture' THEN p.id IS NULL
		WHEN 'deny' THEN p.status = 'received'
		WHEN 'cancel' THEN p.status = 'received'
		WHEN 'refund' THEN coalesce(p.status, 'received') = 'received'
		WHEN 'chargeback' THEN coalesce(p.status, 'received') = 'received'
		WHEN 'partial_refund' THEN p.id IS NULL
			OR p.status = 'received' AND midtrans_refunded(t) < least(p.amount, coalesce(e.said, 1))
		WHEN 'partial_chargeback' THEN p.id IS NULL
			OR p.status = 'received' AND t.charged_back < least(p.amount, coalesce(e.said, 1))
		END
$$;

/*
 * A notification claimed that money came or went, and Midtrans, asked, knows
 * nothing of it: somebody forged it, or something is about to happen. Of
 * transactions that anybody may have made up, people are told once.
 */
CREATE OR REPLACE FUNCTION gateway_doubt(att uuid, since timestamptz) RETURNS void
LANGUAGE sql AS $$
	SELECT midtrans_alert(a, concat_ws(':', 'unconfirmed', e.status, CASE WHEN e.known THEN e.transaction_id END),
		'A notification was not confirmed',
		format('A notification for order %s said %s. Midtrans, asked, does not.', a.order_id, e.status))
	FROM midtrans_attempts a CROSS JOIN gateway_unconfirmed(a, since) e
	WHERE a.id = att AND e.verdict = 'confirm'
$$;

-- A refund was asked for, and who did so never learned what became of it, nor left a job behind.
CREATE OR REPLACE FUNCTION gateway_sweep_refunds() RETURNS void
LANGUAGE sql AS $$
	UPDATE midtrans_attempts a SET next_check_at = now(), checks = 0
	FROM midtrans_refunds r JOIN midtrans_transactions t USING (transaction_id)
	WHERE r.state = 'asked' AND r.created_at BETWEEN now() - interval '30 days' AND now() - interval '1 minute'
	  AND a.id = t.attempt_id AND a.next_check_at IS NULL
$$;

-- Every half minute: pages that ran out (once: what cannot be ended then is asked about like all
-- the rest), refunds nobody waits for, and messages of these days that were stored but never applied.
CREATE OR REPLACE FUNCTION gateway_sweep() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lost record;
BEGIN
	PERFORM gateway_sweep_refunds();
	PERFORM gateway_job(a.id, 'expire') FROM midtrans_attempts a
	WHERE a.state IN ('new', 'open', 'unknown', 'pending') AND a.expires_at < now() - interval '30 seconds'
	  AND a.next_check_at IS NOT NULL
	  AND NOT EXISTS (SELECT FROM gateway_jobs j WHERE j.attempt_id = a.id AND j.kind = 'expire');
	FOR lost IN
		INSERT INTO midtrans_verdicts (event_id, verdict, detail)
		SELECT e.id, 'confirm', 'was stored, but not applied' FROM midtrans_events e
		WHERE e.received_at BETWEEN now() - interval '3 days' AND now() - interval '30 seconds'
		  AND NOT EXISTS (SELECT FROM midtrans_verdicts v WHERE v.event_id = e.id)
		ON CONFLICT DO NOTHING RETURNING event_id
	LOOP
		PERFORM gateway_job(a.id, 'confirm') FROM midtrans_events e JOIN midtrans_attempts a ON a.order_id = e.order_id
		WHERE e.id = lost.event_id;
	END LOOP;
END $$;

-- ---- the nightly run

-- Attempts that may have paid what these subscriptions owe.
CREATE OR REPLACE FUNCTION gateway_debts(subs uuid[]) RETURNS TABLE (subscription_id uuid, attempt_id uuid)
LANGUAGE sql STABLE AS $$
	SELECT i.subscription_id, a.id FROM invoices i JOIN midtrans_attempts a ON a.invoice_id = i.id
	WHERE i.subscription_id = ANY(subs) AND i.status = 'overdue' AND a.next_check_at IS NOT NULL AND a.state <> 'paid'
	ORDER BY i.subscription_id, a.attempt
$$;

/*
 * Nobody could say whether it is paid: not tonight. After too many nights it
 * is, and people are told. A night counts once, however often it is run, and
 * so does one that is over; the count ends with an answer, a payment, or an
 * activation by hand.
 */
CREATE OR REPLACE FUNCTION gateway_hold(sub uuid, d date) RETURNS TABLE (held boolean, username text, customer_name text)
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions := subscription_lock(sub);
	again boolean := coalesce(d <= s.gateway_held_on, false);
	night int := s.gateway_holds + CASE WHEN again THEN 0 ELSE 1 END;
BEGIN
	held := night <= (SELECT hold_nights FROM settings);
	username := s.mikrotik_username;
	SELECT name INTO customer_name FROM customers WHERE id = s.customer_id;
	RETURN NEXT;
	IF again THEN
		RETURN;
	END IF;
	UPDATE subscriptions SET gateway_holds = night, gateway_held_on = d WHERE id = sub;
	IF held THEN
		PERFORM billing_log('held', format('%s is not suspended: Midtrans gave no answer', username), s.customer_id, sub,
			NULL, jsonb_build_object('night', night, 'date', d));
	ELSE
		PERFORM alert_raise('payment', 'warning', format('%s suspended without an answer', username),
			format('Midtrans has given no answer for %s nights. If %s has paid, the payment will be found later.',
				night - 1, customer_name),
			jsonb_build_object('subscription_id', sub, 'date', d));
	END IF;
END $$;

CREATE OR REPLACE FUNCTION gateway_answered(sub uuid) RETURNS void
LANGUAGE sql AS $$
	UPDATE subscriptions SET gateway_holds = 0, gateway_held_on = NULL WHERE id = sub AND gateway_holds > 0
$$;
