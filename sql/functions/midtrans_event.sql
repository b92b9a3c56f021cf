/*
 * Messages of Midtrans. C reads a message (lib/midtrans/message.c), records it
 * here, decides (decide.c), and runs one of these functions for each action
 * (event.c), all in one transaction with the invoice locked.
 *
 * The entry functions have SET enable_seqscan = off: a session keeps the plan
 * that it made while a table was empty, and would read whole tables for each
 * message of a system's first minute.
 */

-- Record a message and lock what it is about. attempt_id NULL: the order is not ours. refunded: by Midtrans; by_hand: beside it.
CREATE OR REPLACE FUNCTION midtrans_event_record(source text, message_order text, message_transaction text, body jsonb,
	money text, claimed_amount bigint)
RETURNS TABLE (event_id bigint, attempt_id uuid, invoice_id uuid, expected bigint, had_200 boolean, is_other_order boolean,
	just_booked boolean, status text, payment_status text, refunded bigint, by_hand bigint, charged_back bigint)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	a midtrans_attempts;
	t midtrans_transactions;
BEGIN
	event_id := midtrans_event_store(source, message_order, message_transaction, body, money, claimed_amount);
	SELECT * INTO a FROM midtrans_attempts o WHERE o.order_id = message_order;
	IF NOT FOUND THEN
		PERFORM midtrans_event_unknown_order(event_id);
		RETURN NEXT;
		RETURN;
	END IF;
	PERFORM invoice_lock(a.invoice_id);
	SELECT * INTO a FROM midtrans_attempts o WHERE o.id = a.id;
	SELECT * INTO t FROM midtrans_transactions o WHERE o.transaction_id = message_transaction;
	IF source <> 'notification' AND t.attempt_id <> a.id THEN
		t := midtrans_transaction_move(t, a);
	END IF;
	attempt_id := a.id;
	invoice_id := a.invoice_id;
	expected := a.amount;
	had_200 := a.had_200 OR midtrans_event_had_200(message_order, event_id);
	-- calls 0: another system had used the order_id before us
	is_other_order := a.calls = 0 OR coalesce(t.attempt_id <> a.id, false);
	just_booked := coalesce(t.payment_id IS NOT NULL AND t.updated_at > now() - interval '1 minute', false);
	IF NOT is_other_order THEN
		status := t.transaction_status;
	END IF;
	IF t.attempt_id = a.id AND t.payment_id IS NOT NULL THEN
		SELECT p.status, r.refunded, r.by_hand, t.charged_back INTO payment_status, refunded, by_hand, charged_back
		FROM payments p, midtrans_returned(t) r WHERE p.id = t.payment_id;
	END IF;
	RETURN NEXT;
END $$;

-- Store a message; a copy is only counted. The signature is left out: it stays usable for replays.
CREATE OR REPLACE FUNCTION midtrans_event_store(source text, message_order text, message_transaction text, body jsonb,
	money text, claimed_amount bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	unsigned jsonb := body - 'signature_key';
	hash     bytea := sha256(convert_to(unsigned::text, 'UTF8'));
	event    bigint;
BEGIN
	INSERT INTO midtrans_events (source, order_id, transaction_id, body, body_hash, money, claimed_amount, request_id)
	VALUES (source, message_order, message_transaction, unsigned, hash, money, claimed_amount, session_request())
	ON CONFLICT ON CONSTRAINT midtrans_events_body_key DO NOTHING RETURNING id INTO event;
	IF event IS NULL THEN
		SELECT e.id INTO event FROM midtrans_events e
		WHERE (e.order_id, e.source, e.body_hash) = (message_order, midtrans_event_store.source, hash);
		INSERT INTO midtrans_copies AS c (event_id) VALUES (event)
		ON CONFLICT (event_id) DO UPDATE SET copies = c.copies + 1, last_at = now();
	END IF;
	RETURN event;
END $$;

-- Has another notification of this order a 200, whatever became of it? One that could not be applied
-- (its invoice was locked for too long) counts: an altered copy may come before Midtrans sends it again.
CREATE OR REPLACE FUNCTION midtrans_event_had_200(message_order text, event bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM midtrans_events e WHERE e.order_id = message_order AND e.source = 'notification'
		AND e.body ->> 'status_code' = '200' AND e.id <> event);
END $$;

-- A well-signed message of an order that is not ours. If it reports a payment, people must find out
-- whose: it is logged, and an alert names it, at most one an hour.
CREATE OR REPLACE FUNCTION midtrans_event_unknown_order(event bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	e midtrans_events;
BEGIN
	INSERT INTO midtrans_verdicts (event_id, verdict) VALUES (event, 'unknown_order') ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	SELECT * INTO e FROM midtrans_events WHERE id = event;
	IF e.money IS DISTINCT FROM 'received' THEN
		RETURN;
	END IF;
	INSERT INTO midtrans_logs (order_id, transaction_id, event, status, response)
	VALUES (e.order_id, e.transaction_id, 'notification', e.body ->> 'transaction_status',
		jsonb_build_object('verdict', 'unknown_order', 'gross_amount', e.body ->> 'gross_amount', 'event_id', event));
	PERFORM alert_resolve(l.key) FROM alert_logs l
	WHERE l.key = 'midtrans:unknown_order' AND l.resolved_at IS NULL AND l.created_at <= now() - interval '1 hour';
	PERFORM alert_raise_text('payment', 'warning', 'order_unknown', jsonb_build_object(
			'currency', coalesce(e.body ->> 'currency', 'IDR'), 'amount', e.body ->> 'gross_amount', 'order', e.order_id),
		jsonb_build_object('order_id', e.order_id, 'event_id', event), 'midtrans:unknown_order');
END $$;

-- Payments of these 30 days for orders that are not ours, for ispctl check.
CREATE OR REPLACE FUNCTION midtrans_unknown_orders() RETURNS TABLE (order_id text, gross_amount text, received_at timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT e.order_id, e.body ->> 'gross_amount', e.received_at
	FROM midtrans_events e JOIN midtrans_verdicts v ON v.event_id = e.id AND v.verdict = 'unknown_order'
	WHERE e.money = 'received' AND e.received_at > now() - interval '30 days'
	ORDER BY e.received_at
$$;

-- Log the decision. A copy keeps its first verdict; its actions are done all the same.
CREATE OR REPLACE FUNCTION midtrans_decision_log(event bigint, of_attempt uuid, verdict text, rows text, source text,
	transaction text, status text, payment_type text, gross bigint)
RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
	INSERT INTO midtrans_verdicts (event_id, verdict, detail) VALUES (event, verdict, 'row ' || rows) ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	INSERT INTO midtrans_logs (invoice_id, order_id, transaction_id, event, status, response)
	SELECT a.invoice_id, a.order_id, transaction,
		CASE source WHEN 'status' THEN 'status_check' WHEN 'expire' THEN 'cancel' ELSE source END, status,
		jsonb_strip_nulls(jsonb_build_object('verdict', verdict, 'rows', rows, 'payment_type', payment_type,
			'gross_amount', gross, 'event_id', event))
	FROM midtrans_attempts a WHERE a.id = of_attempt;
END $$;

-- Raise the alert of a decision, each thing once. Anybody can alter a copy of a notification, so
-- notifications raise one alert for each rule and attempt.
CREATE OR REPLACE FUNCTION midtrans_decision_alert(of_attempt uuid, is_notification boolean, rows text, alert_key text,
	text_name text, status text, foreign_money text, gross bigint)
RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	a midtrans_attempts;
BEGIN
	IF is_notification THEN
		UPDATE midtrans_attempts SET alerts = alerts || rows WHERE id = of_attempt AND rows <> ALL(alerts);
		IF NOT FOUND THEN
			RETURN;
		END IF;
	END IF;
	SELECT * INTO a FROM midtrans_attempts WHERE id = of_attempt;
	PERFORM midtrans_alert_once(a, alert_key, text_name, jsonb_build_object('amount', rupiah(a.amount), 'status', status,
		'gross', coalesce(foreign_money, rupiah(gross)), 'rule', rows));
END $$;

-- Raise an alert about an attempt, once for each key.
CREATE OR REPLACE FUNCTION midtrans_alert_once(attempt midtrans_attempts, alert_key text, text_name text, fields jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE midtrans_attempts SET alerts = alerts || alert_key WHERE id = attempt.id AND alert_key <> ALL(alerts);
	IF FOUND THEN
		PERFORM alert_raise_text('payment', 'warning', text_name, fields || jsonb_build_object('order', attempt.order_id),
			jsonb_build_object('order_id', attempt.order_id, 'invoice_id', attempt.invoice_id, 'attempt_id', attempt.id));
	END IF;
END $$;

-- ---- money that notifications report and Midtrans has not confirmed

-- Reports since then, by transaction and kind of money. claimed_amount: how much so far, where it moves
-- in parts.
CREATE OR REPLACE FUNCTION midtrans_claimed_money(attempt midtrans_attempts, since timestamptz)
RETURNS TABLE (transaction_id text, status text, money text, verdict text, claimed_amount bigint)
LANGUAGE sql STABLE AS $$
	SELECT e.transaction_id, lower(e.body ->> 'transaction_status'), e.money, v.verdict, max(e.claimed_amount)
	FROM midtrans_events e
	JOIN midtrans_verdicts v ON v.event_id = e.id AND v.verdict IN ('confirm', 'inconsistent')
	LEFT JOIN midtrans_copies c ON c.event_id = e.id
	WHERE e.order_id = attempt.order_id AND e.source = 'notification' AND e.money IS NOT NULL
	  AND coalesce(c.last_at, e.received_at) >= since
	GROUP BY 1, 2, 3, 4
$$;

-- Those of them that are not booked. known: more than a notification proves the transaction.
CREATE OR REPLACE FUNCTION midtrans_unconfirmed_money(attempt midtrans_attempts, since timestamptz)
RETURNS TABLE (transaction_id text, status text, verdict text, known boolean)
LANGUAGE sql STABLE AS $$
	SELECT e.transaction_id, e.status, e.verdict, coalesce(t.confirmed OR p.id IS NOT NULL, false)
	FROM midtrans_claimed_money(attempt, since) e
	LEFT JOIN midtrans_transactions t ON t.transaction_id = e.transaction_id AND t.attempt_id = attempt.id
	LEFT JOIN payments p ON p.id = t.payment_id
	WHERE CASE e.money
		WHEN 'received' THEN p.id IS NULL
		WHEN 'undone' THEN p.status = 'received'
		WHEN 'returned' THEN coalesce(p.status, 'received') = 'received'
		WHEN 'refunded' THEN p.id IS NULL
			OR p.status = 'received' AND (SELECT r.refunded < least(r.most, coalesce(e.claimed_amount, 1)) FROM midtrans_returned(t) r)
		WHEN 'charged_back' THEN p.id IS NULL
			OR p.status = 'received' AND t.charged_back < least(p.amount, coalesce(e.claimed_amount, 1))
		END
$$;

-- Alert to what notifications reported and Midtrans, asked, does not confirm: somebody forged it, or
-- something is about to happen. All transactions that nothing else proves share one alert.
CREATE OR REPLACE FUNCTION midtrans_alert_unconfirmed(of_attempt uuid, since timestamptz) RETURNS void
LANGUAGE sql AS $$
	SELECT midtrans_alert_once(a, concat_ws(':', 'unconfirmed', e.status, CASE WHEN e.known THEN e.transaction_id END),
		'notice_unconfirmed', jsonb_build_object('status', e.status))
	FROM midtrans_attempts a CROSS JOIN midtrans_unconfirmed_money(a, since) e
	WHERE a.id = of_attempt AND e.verdict = 'confirm'
$$;
