-- What gateway-sync does: jobs at once, and asking about attempts until they are finally closed.

-- The next job that is due, and nobody else's for a while.
CREATE OR REPLACE FUNCTION gateway_take() RETURNS SETOF gateway_jobs
LANGUAGE sql AS $$
	UPDATE gateway_jobs SET attempts = attempts + 1, due_at = now() + interval '2 minutes'
	WHERE id = (SELECT id FROM gateway_jobs WHERE done_at IS NULL AND due_at <= now()
	            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING *
$$;

CREATE OR REPLACE FUNCTION gateway_done(job bigint, gen int) RETURNS void
LANGUAGE sql AS $$
	UPDATE gateway_jobs
	SET done_at = CASE WHEN generation = gen THEN now() END, due_at = now(), last_error = NULL,
	    attempts = CASE WHEN generation = gen THEN attempts ELSE 0 END
	WHERE id = job
$$;

-- Again after 2, 4, 8 seconds and so on, at most 15 minutes, for ever.
CREATE OR REPLACE FUNCTION gateway_failed(job bigint, why text) RETURNS void
LANGUAGE sql AS $$
	UPDATE gateway_jobs SET last_error = why, due_at = now() + least(900, 2 ^ least(attempts, 10)) * interval '1 second'
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
	SELECT least(30000, greatest(0, ceil(1000 * extract(epoch FROM least(
		(SELECT min(due_at) FROM gateway_jobs WHERE done_at IS NULL),
		(SELECT min(next_check_at) FROM midtrans_attempts WHERE next_check_at IS NOT NULL)) - clock_timestamp()))))::bigint
$$;

-- How to ask about an attempt.
CREATE OR REPLACE FUNCTION gateway_attempt(att uuid)
RETURNS TABLE (id uuid, order_id text, snap_token text, state text, expired boolean, owed boolean)
LANGUAGE sql STABLE AS $$
	SELECT a.id, a.order_id, a.snap_token, a.state, a.expires_at <= now(), midtrans_is_owed(a)
	FROM midtrans_attempts a WHERE a.id = att
$$;

-- Its transactions, those that only an unconfirmed notification named included; the newest first.
CREATE OR REPLACE FUNCTION gateway_transactions(att uuid) RETURNS TABLE (transaction_id text, live boolean)
LANGUAGE sql STABLE AS $$
	SELECT s.transaction_id, s.live FROM (
		SELECT t.transaction_id, t.payment_id IS NULL AND t.transaction_status IN ('pending', 'authorize', 'capture') AS live,
			t.created_at AS since
		FROM midtrans_transactions t WHERE t.attempt_id = att
		UNION ALL
		SELECT e.transaction_id, false, max(e.received_at)
		FROM midtrans_attempts a
		JOIN midtrans_events e ON e.order_id = a.order_id AND e.received_at > now() - interval '3 days'
		JOIN midtrans_verdicts v ON v.event_id = e.id AND v.verdict = 'confirm'
		WHERE a.id = att AND NOT EXISTS (SELECT FROM midtrans_transactions o WHERE o.transaction_id = e.transaction_id)
		GROUP BY e.transaction_id) s
	ORDER BY s.since DESC LIMIT 20
$$;

/*
 * Midtrans answered, and all of it is applied. A page that expired with
 * nothing under way is closed by our own clock: nobody tells of it. Asked
 * again after 1, 2, 4 minutes ... 6 hours, until it is over for three days.
 */
CREATE OR REPLACE FUNCTION gateway_checked(att uuid) RETURNS void
LANGUAGE sql AS $$
	UPDATE midtrans_attempts a
	SET state = CASE WHEN ends THEN 'closed' ELSE a.state END,
	    closed_at = CASE WHEN ends THEN now() ELSE a.closed_at END,
	    checks = a.checks + 1,
	    next_check_at = CASE WHEN a.closed_at > now() - interval '3 days' OR a.closed_at IS NULL
	                         THEN now() + least(360, 2 ^ least(a.checks, 10)) * interval '1 minute' END
	FROM (SELECT o.id, o.expires_at <= now() AND o.state IN ('new', 'open', 'unknown', 'pending') AND NOT EXISTS (
			SELECT FROM gateway_transactions(o.id) t WHERE t.live) AS ends
	      FROM midtrans_attempts o WHERE o.id = att FOR UPDATE) now_is
	WHERE a.id = now_is.id
$$;

-- By hand, or because what it asked for is not owed any more.
CREATE OR REPLACE FUNCTION gateway_closed(att uuid) RETURNS void
LANGUAGE sql AS $$
	UPDATE midtrans_attempts SET state = 'closed', closed_at = now(), updated_at = now()
	WHERE id = att AND state NOT IN ('paid', 'closed', 'review')
$$;

/*
 * A notification claimed that money came or went, and Midtrans, asked, knows
 * nothing of it: somebody forged it, or something is about to happen.
 */
CREATE OR REPLACE FUNCTION gateway_doubt(att uuid, since timestamptz) RETURNS void
LANGUAGE sql AS $$
	SELECT midtrans_alert(a, 'unconfirmed:' || e.status, 'A notification was not confirmed',
		format('A notification for order %s said %s. Midtrans, asked, does not.', a.order_id, e.status))
	FROM midtrans_attempts a
	CROSS JOIN LATERAL (
		SELECT DISTINCT lower(o.body ->> 'transaction_status') AS status, o.transaction_id
		FROM midtrans_events o
		JOIN midtrans_verdicts v ON v.event_id = o.id AND v.verdict = 'confirm'
		LEFT JOIN midtrans_copies c ON c.event_id = o.id
		WHERE o.order_id = a.order_id AND coalesce(c.last_at, o.received_at) >= since) e
	LEFT JOIN midtrans_transactions t ON t.transaction_id = e.transaction_id AND t.attempt_id = a.id
	LEFT JOIN payments p ON p.id = t.payment_id
	WHERE a.id = att
	  AND CASE WHEN e.status IN ('settlement', 'capture') THEN p.id IS NULL
	           ELSE p.status = 'received' AND NOT EXISTS (SELECT FROM refunds WHERE payment_id = p.id) END
$$;

-- Every half minute: pages that ran out, and messages that were stored but never applied.
CREATE OR REPLACE FUNCTION gateway_sweep() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lost record;
BEGIN
	PERFORM gateway_job(a.id, 'expire') FROM midtrans_attempts a
	WHERE a.state IN ('new', 'open', 'unknown', 'pending') AND a.expires_at < now() - interval '30 seconds'
	  AND a.next_check_at IS NOT NULL
	  AND NOT EXISTS (SELECT FROM gateway_jobs j WHERE j.attempt_id = a.id AND j.kind = 'expire' AND j.done_at IS NULL);
	FOR lost IN
		INSERT INTO midtrans_verdicts (event_id, verdict, detail)
		SELECT e.id, 'confirm', 'was stored, but not applied' FROM midtrans_events e
		WHERE e.id > (SELECT coalesce(max(id), 0) - 5000 FROM midtrans_events)
		  AND e.received_at < now() - interval '30 seconds'
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

-- Nobody could say whether it is paid: not tonight. After too many nights it is, and people are told.
CREATE OR REPLACE FUNCTION gateway_hold(sub uuid, d date) RETURNS TABLE (held boolean, username text, customer_name text)
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock(sub);
BEGIN
	held := s.gateway_holds < (SELECT hold_nights FROM settings);
	username := s.mikrotik_username;
	SELECT name INTO customer_name FROM customers WHERE id = s.customer_id;
	UPDATE subscriptions SET gateway_holds = CASE WHEN held THEN gateway_holds + 1 ELSE 0 END WHERE id = sub;
	IF held THEN
		PERFORM billing_log('held', format('%s is not suspended: Midtrans gave no answer', username), s.customer_id, sub,
			NULL, jsonb_build_object('night', s.gateway_holds + 1, 'date', d));
	ELSE
		PERFORM alert_raise('payment', 'warning', format('%s suspended without an answer', username),
			format('Midtrans has given no answer for %s nights. If %s has paid, the payment will be found later.',
				s.gateway_holds, customer_name),
			jsonb_build_object('subscription_id', sub, 'date', d));
	END IF;
	RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION gateway_answered(sub uuid) RETURNS void
LANGUAGE sql AS $$
	UPDATE subscriptions SET gateway_holds = 0 WHERE id = sub AND gateway_holds > 0
$$;
