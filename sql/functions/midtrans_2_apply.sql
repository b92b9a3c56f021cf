/*
 * What Midtrans said is stored, then held against what is known (C:
 * midtrans_decide), then done, in one transaction with the customer, the
 * subscription and the invoice locked. `m` is the message with the decision:
 *	verdict, rows, deeds, attempt, amount, fee        what was decided
 *	transaction_id, status, fraud_status, ...         what was said
 */

/*
 * Store the message and lock what it is about. attempt_id NULL: the order is not ours.
 *
 * What a session plans while a table is empty it keeps: without the setting, here and in
 * midtrans_apply(), all of them were read from end to end for each message of a system's first
 * minute, and 300 a second were too many.
 */
CREATE OR REPLACE FUNCTION midtrans_hear(source text, ord text, tx text, body jsonb)
RETURNS TABLE (event_id bigint, attempt_id uuid, invoice_id uuid, expected bigint, had_200 boolean, elsewhere boolean,
	fresh boolean, status text, payment_status text, refunded bigint, charged bigint)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	a midtrans_attempts;
	t midtrans_transactions;
BEGIN
	event_id := midtrans_event_add(source, ord, tx, body);
	SELECT * INTO a FROM midtrans_attempts o WHERE o.order_id = ord;
	IF NOT FOUND THEN
		INSERT INTO midtrans_verdicts (event_id, verdict) VALUES (midtrans_hear.event_id, 'unknown_order')
		ON CONFLICT DO NOTHING;
		RETURN NEXT;
		RETURN;
	END IF;
	PERFORM invoice_lock(a.invoice_id);
	SELECT * INTO a FROM midtrans_attempts o WHERE o.id = a.id;
	SELECT * INTO t FROM midtrans_transactions o WHERE o.transaction_id = tx;
	IF source <> 'notification' AND t.attempt_id <> a.id THEN
		t := midtrans_move(t, a);
	END IF;
	attempt_id := a.id;
	invoice_id := a.invoice_id;
	expected := a.amount;
	had_200 := a.had_200 OR midtrans_heard_200(ord, event_id);
	elsewhere := a.calls = 0 OR coalesce(t.attempt_id <> a.id, false); -- 0: Midtrans had the order from others before
	fresh := coalesce(t.payment_id IS NOT NULL AND t.updated_at > now() - interval '1 minute', false);
	IF NOT elsewhere THEN
		status := t.transaction_status;
	END IF;
	IF t.attempt_id = a.id AND t.payment_id IS NOT NULL THEN
		SELECT p.status, coalesce(sum(r.amount), 0) - t.charged_back, t.charged_back INTO payment_status, refunded, charged
		FROM payments p LEFT JOIN refunds r ON r.payment_id = p.id WHERE p.id = t.payment_id GROUP BY p.status;
	END IF;
	RETURN NEXT;
END $$;

-- Was another notification with 200 stored, whatever became of it? Of one that could not be applied
-- (its invoice was locked for too long) a copy may come, altered, before Midtrans sends it again.
CREATE OR REPLACE FUNCTION midtrans_heard_200(ord text, event bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM midtrans_events e WHERE e.order_id = ord AND e.source = 'notification'
		AND e.body ->> 'status_code' = '200' AND e.id <> event);
END $$;

-- Midtrans names the transaction of another attempt: it is there by an unsigned word only, unless
-- Midtrans named that attempt, too.
CREATE OR REPLACE FUNCTION midtrans_move(t midtrans_transactions, a midtrans_attempts) RETURNS midtrans_transactions
LANGUAGE plpgsql AS $$
DECLARE
	moved midtrans_transactions;
BEGIN
	UPDATE midtrans_transactions SET attempt_id = a.id, transaction_status = 'claimed', updated_at = now()
	WHERE id = t.id AND NOT told AND payment_id IS NULL RETURNING * INTO moved;
	RETURN CASE WHEN FOUND THEN moved ELSE t END;
END $$;

-- A copy of what is there already is only counted. The signature is a secret as long as it can
-- be replayed.
CREATE OR REPLACE FUNCTION midtrans_event_add(src text, ord text, tx text, said jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	what  jsonb := said - 'signature_key';
	hash  bytea := sha256(convert_to(what::text, 'UTF8'));
	event bigint;
BEGIN
	INSERT INTO midtrans_events (source, order_id, transaction_id, body, body_hash, request_id)
	VALUES (src, ord, tx, what, hash, session_request())
	ON CONFLICT ON CONSTRAINT midtrans_events_body_key DO NOTHING RETURNING id INTO event;
	IF event IS NULL THEN
		SELECT id INTO event FROM midtrans_events WHERE (order_id, source, body_hash) = (ord, src, hash);
		INSERT INTO midtrans_copies AS c (event_id) VALUES (event)
		ON CONFLICT (event_id) DO UPDATE SET copies = c.copies + 1, last_at = now();
	END IF;
	RETURN event;
END $$;

-- ---- the deeds

CREATE OR REPLACE FUNCTION midtrans_apply(att uuid, event bigint, m jsonb, d date) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$ -- as midtrans_hear()
DECLARE
	a   midtrans_attempts;
	t   midtrans_transactions;
	pay uuid;
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE id = att;
	IF m -> 'deeds' ? 'book' THEN
		-- It is paid before the money pays anything: else its own page would be cancelled.
		PERFORM midtrans_attempt_becomes(a, m);
		pay := midtrans_book(a, m, d);
	END IF;
	IF m -> 'deeds' ? 'note' THEN
		t := midtrans_note(a, m, pay);
	END IF;
	IF m -> 'deeds' ?| '{refund,take}' THEN
		PERFORM midtrans_refund_book(t, m, d);
	END IF;
	IF m -> 'deeds' ? 'take' THEN
		PERFORM midtrans_charge_book(t, (m ->> 'charged')::bigint, d);
	END IF;
	IF m -> 'deeds' ?| '{void,chargeback}' THEN
		PERFORM midtrans_undo(t, CASE WHEN m -> 'deeds' ? 'void' THEN 'void' ELSE 'chargeback' END, m ->> 'status', d);
	END IF;
	IF m -> 'deeds' ?| '{refund,take,void,chargeback}' THEN
		PERFORM midtrans_refunds_end(t);
	END IF;
	IF m -> 'deeds' ? 'alert' THEN
		PERFORM midtrans_tell(a, m);
	END IF;
	IF NOT m -> 'deeds' ? 'book' OR m -> 'deeds' ? 'chargeback' THEN
		PERFORM midtrans_attempt_becomes(a, m);
	END IF;
	IF m -> 'deeds' ? 'confirm' AND NOT midtrans_repeats(att, event) THEN
		PERFORM gateway_job(att, 'confirm');
	END IF;
	IF m ->> 'source' <> 'notification' THEN
		PERFORM midtrans_told(a, m ->> 'transaction_id');
	END IF;
	PERFORM midtrans_verdict(a, event, m);
END $$;

-- A copy of what Midtrans was asked about a moment ago, or is to be asked about: whoever sends it again
-- and again makes us ask no oftener.
CREATE OR REPLACE FUNCTION midtrans_repeats(att uuid, event bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM midtrans_verdicts v WHERE v.event_id = event)
		AND EXISTS (SELECT FROM gateway_jobs j WHERE (j.attempt_id, j.kind) = (att, 'confirm')
			AND (j.done_at IS NULL OR j.created_at > now() - interval '1 minute'));
END $$;

-- Midtrans' own word: there is such a transaction, and it is of this attempt. Where nothing is noted
-- of it all the same (a status nobody knows), it has been asked for often enough.
CREATE OR REPLACE FUNCTION midtrans_told(a midtrans_attempts, tx text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	t midtrans_transactions;
BEGIN
	SELECT * INTO t FROM midtrans_transactions WHERE transaction_id = tx AND attempt_id = a.id;
	IF NOT FOUND THEN
		INSERT INTO midtrans_strangers (attempt_id, transaction_id, asks) VALUES (a.id, tx, midtrans_asks())
		ON CONFLICT (attempt_id, transaction_id) DO UPDATE SET asks = excluded.asks, asked_at = now();
		RETURN;
	END IF;
	DELETE FROM midtrans_strangers WHERE attempt_id = a.id AND transaction_id = tx;
	IF NOT t.told THEN
		UPDATE midtrans_transactions SET told = true WHERE id = t.id;
		PERFORM midtrans_revive(a.id) WHERE midtrans_is_live(t);
	END IF;
END $$;

-- One of its transactions may be paid after all: what was closed without it is open, and what is not
-- owed, or is paid by another, is to be cancelled.
CREATE OR REPLACE FUNCTION midtrans_revive(att uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	a midtrans_attempts;
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE id = att AND state IN ('paid', 'closed');
	UPDATE midtrans_attempts SET state = midtrans_live_state(att), closed_at = NULL, checks = 0,
		next_check_at = now() + interval '1 minute', updated_at = now()
	WHERE id = a.id AND state = 'closed';
	IF a.state = 'paid' OR a.state = 'closed' AND NOT midtrans_is_owed(a) THEN
		PERFORM gateway_job(att, 'cancel');
	END IF;
END $$;

-- People are told of all that Midtrans says, each thing once. What anybody can write into a copy must
-- not make one alert after the other: of notifications, each rule is told once.
CREATE OR REPLACE FUNCTION midtrans_tell(a midtrans_attempts, m jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF m ->> 'source' = 'notification' THEN
		UPDATE midtrans_attempts SET alerts = alerts || (m ->> 'rows') WHERE id = a.id AND m ->> 'rows' <> ALL(alerts);
		IF NOT FOUND THEN
			RETURN;
		END IF;
	END IF;
	PERFORM midtrans_alert(a, midtrans_alert_key(m), midtrans_alert_title(m ->> 'verdict', m ->> 'status'),
		format('Order %s over %s: Midtrans says %s over %s (rule %s).', a.order_id, rupiah(a.amount),
			m ->> 'status', coalesce(m ->> 'money', rupiah((m ->> 'gross')::bigint)), m ->> 'rows'));
END $$;

CREATE OR REPLACE FUNCTION midtrans_alert_key(m jsonb) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT concat_ws(':', m ->> 'rows', m ->> 'status', m ->> 'transaction_id', m ->> 'refund_total', nullif(m ->> 'charged', '0'))
$$;

CREATE OR REPLACE FUNCTION midtrans_alert_title(verdict text, status text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE verdict
		WHEN 'foreign' THEN 'Payment in another currency or of another merchant'
		WHEN 'odd_amount' THEN 'Payment of an amount that is no whole rupiah'
		WHEN 'misfit' THEN 'Notification that does not add up'
		WHEN 'unknown_status' THEN 'Payment with an unknown status'
		WHEN 'disagrees' THEN 'Midtrans and our books disagree'
		WHEN 'confirm' THEN 'Payment taken back, they say'
		ELSE CASE WHEN status LIKE '%refund' THEN 'Payment refunded'
		          WHEN status LIKE '%chargeback' THEN 'Payment charged back'
		          WHEN status = 'capture' THEN 'Card payment under review'
		          WHEN status = 'cancel' THEN 'Settled payment cancelled'
		          ELSE 'Payment of another amount' END
	END
$$;

-- The transaction as it is now, and the payment it has just become; times once known are kept.
CREATE OR REPLACE FUNCTION midtrans_note(a midtrans_attempts, m jsonb, pay uuid) RETURNS midtrans_transactions
LANGUAGE plpgsql AS $$
DECLARE
	t midtrans_transactions;
BEGIN
	INSERT INTO midtrans_transactions AS o (attempt_id, transaction_id, transaction_status, fraud_status, payment_type,
		bank, pay_code, gross_amount, fee, payment_id, transaction_time, settlement_time, expiry_time)
	VALUES (a.id, m ->> 'transaction_id', m ->> 'status', m ->> 'fraud_status', m ->> 'payment_type', m ->> 'bank',
		m ->> 'pay_code', (m ->> 'gross')::bigint, (m ->> 'fee')::bigint, pay, (m ->> 'transaction_time')::timestamptz,
		(m ->> 'settlement_time')::timestamptz, (m ->> 'expiry_time')::timestamptz)
	ON CONFLICT (transaction_id) DO UPDATE SET
		transaction_status = excluded.transaction_status,
		fraud_status = coalesce(excluded.fraud_status, o.fraud_status),
		payment_type = coalesce(excluded.payment_type, o.payment_type),
		bank = coalesce(excluded.bank, o.bank),
		pay_code = coalesce(excluded.pay_code, o.pay_code),
		gross_amount = excluded.gross_amount,
		fee = CASE WHEN o.payment_id IS NULL THEN excluded.fee ELSE o.fee END,
		payment_id = coalesce(o.payment_id, excluded.payment_id),
		transaction_time = coalesce(excluded.transaction_time, o.transaction_time),
		settlement_time = coalesce(excluded.settlement_time, o.settlement_time),
		expiry_time = coalesce(excluded.expiry_time, o.expiry_time),
		updated_at = now()
	RETURNING * INTO t;
	IF pay IS NULL AND t.payment_id IS NOT NULL THEN
		UPDATE payments SET midtrans_status = t.transaction_status, updated_at = now()
		WHERE id = t.payment_id AND midtrans_status IS DISTINCT FROM t.transaction_status;
	END IF;
	RETURN t;
END $$;

-- midtrans_hear() holds the locks.
CREATE OR REPLACE FUNCTION midtrans_book(a midtrans_attempts, m jsonb, d date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	SELECT * INTO i FROM invoices WHERE id = a.invoice_id;
	RETURN (SELECT payment_id FROM payment_take(i, jsonb_build_object('amount', (m ->> 'amount')::bigint,
		'fee', (m ->> 'fee')::bigint, 'method', m ->> 'method', 'source', 'midtrans',
		'reference', m ->> 'transaction_id', 'request_hash', a.order_id,
		'transaction_id', m ->> 'transaction_id', 'midtrans_transaction_id', m ->> 'transaction_id',
		'midtrans_status', m ->> 'status',
		'payment_date', coalesce(m ->> 'settlement_time', m ->> 'transaction_time')), d));
END $$;

/*
 * The payment is gone. A card's that was not settled goes so when all of it is
 * to be paid back: then it is a refund like any other, unless the debt is to
 * open again.
 */
CREATE OR REPLACE FUNCTION midtrans_undo(t midtrans_transactions, kind text, status text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	asked midtrans_refunds;
BEGIN
	UPDATE midtrans_refunds SET state = 'done'
	WHERE transaction_id = t.transaction_id AND state = 'asked' AND whole AND status = 'cancel' RETURNING * INTO asked;
	IF NOT asked.reopen THEN
		PERFORM midtrans_refund_one(t, asked.refund_key,
			(SELECT amount FROM payments WHERE id = t.payment_id) - midtrans_refunded(t) - t.charged_back, d);
		RETURN;
	END IF;
	PERFORM midtrans_act_for(asked.actor);
	PERFORM payment_reverse(t.payment_id, kind, coalesce(asked.reason, format('Midtrans says %s', status)), d);
	PERFORM midtrans_act_for(NULL);
END $$;

-- What Midtrans tells a program of, somebody may have asked for: then it is the deed of that person.
CREATE OR REPLACE FUNCTION midtrans_act_for(person text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF person IS NOT NULL THEN
		PERFORM set_config('isp.program', coalesce(session_actor(), ''), true), set_config('isp.actor', person, true);
	ELSIF current_setting('isp.program', true) <> '' THEN
		PERFORM set_config('isp.actor', current_setting('isp.program'), true), set_config('isp.program', '', true);
	END IF;
END $$;

/*
 * Every refund is announced several times, in lists that name all of them and
 * a sum over all. Each id is booked once, never more than the sum; what the
 * list does not name is booked as the rest.
 */
CREATE OR REPLACE FUNCTION midtrans_refund_book(t midtrans_transactions, m jsonb, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	whole bigint := (SELECT amount FROM payments WHERE id = t.payment_id) - t.charged_back;
	most  bigint := CASE WHEN m ->> 'status' = 'refund' THEN whole
	                     ELSE least(whole, coalesce((m ->> 'refund_total')::bigint, whole)) END;
	one   record;
BEGIN
	FOR one IN
		SELECT r.id, r.amount FROM jsonb_to_recordset(m -> 'refunds') AS r (id text, amount bigint)
		WHERE NOT EXISTS (SELECT FROM refunds WHERE refund_id = t.transaction_id || ':' || r.id)
	LOOP
		PERFORM midtrans_refund_one(t, one.id, least(one.amount, most - midtrans_refunded(t)), d);
	END LOOP;
	IF m ->> 'status' = 'refund' OR m ->> 'refund_total' IS NOT NULL THEN
		PERFORM midtrans_refund_one(t, NULL, most - midtrans_refunded(t), d);
	END IF;
END $$;

-- Nothing is left of the payment: what was asked for, and is not among what was made, will not be.
CREATE OR REPLACE FUNCTION midtrans_refunds_end(t midtrans_transactions) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE midtrans_refunds SET state = 'refused' WHERE transaction_id = t.transaction_id AND state = 'asked'
		AND EXISTS (SELECT FROM payments p WHERE p.id = t.payment_id AND p.status <> 'received');
END $$;

CREATE OR REPLACE FUNCTION midtrans_refunded(t midtrans_transactions) RETURNS bigint
LANGUAGE sql AS $$
	SELECT coalesce(sum(amount), 0)::bigint - t.charged_back FROM refunds WHERE payment_id = t.payment_id
$$;

-- Taken back in parts by the customer's bank, `total` so far: a sum of its own beside that of refunds.
CREATE OR REPLACE FUNCTION midtrans_charge_book(t midtrans_transactions, total bigint, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	whole bigint := (SELECT amount FROM payments WHERE id = t.payment_id);
	money bigint := least(total, whole - midtrans_refunded(t)) - t.charged_back;
BEGIN
	IF money > 0 THEN
		PERFORM payment_refund(t.payment_id, format('%s:charged back up to %s', t.transaction_id, t.charged_back + money),
			money, true, 'charged back in part', d);
		UPDATE midtrans_transactions SET charged_back = charged_back + money WHERE id = t.id;
	END IF;
END $$;

-- One that we asked for means what was asked for; without an id it is known by its amount.
CREATE OR REPLACE FUNCTION midtrans_refund_one(t midtrans_transactions, key text, money bigint, d date)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	asked midtrans_refunds;
BEGIN
	IF money <= 0 THEN
		RETURN;
	END IF;
	UPDATE midtrans_refunds SET state = 'done'
	WHERE transaction_id = t.transaction_id AND (refund_key = key OR key IS NULL AND amount = money AND state = 'asked')
	RETURNING * INTO asked;
	PERFORM midtrans_act_for(asked.actor);
	PERFORM payment_refund(t.payment_id,
		t.transaction_id || ':' || coalesce(asked.refund_key, key, 'up to ' || midtrans_refunded(t) + money),
		money, coalesce(asked.reopen, false), coalesce(asked.reason, 'at Midtrans'), d);
	PERFORM midtrans_act_for(NULL);
END $$;

/*
 * The attempt's new state. Paid by one of its transactions, it stays paid,
 * whatever becomes of the others; while one of them may still be paid, it is
 * not closed. What can still be paid though it is not owed any more, or beside
 * a payment, is to be cancelled.
 */
CREATE OR REPLACE FUNCTION midtrans_attempt_becomes(a midtrans_attempts, m jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	becomes text := CASE
		WHEN midtrans_is_paid(a.id) THEN 'paid'
		WHEN m ->> 'attempt' IN ('open', 'closed') THEN coalesce(midtrans_live_state(a.id),
			CASE WHEN a.state = 'closed' THEN 'closed' ELSE m ->> 'attempt' END)
		ELSE coalesce(m ->> 'attempt', a.state) END;
	news    boolean := m ->> 'verdict' = 'applied';
	rivals  boolean;
BEGIN
	IF NOT news AND (a.had_200 OR NOT (m ->> 'is_200')::boolean) THEN
		RETURN;
	END IF;
	UPDATE midtrans_attempts
	SET state = becomes, had_200 = had_200 OR (m ->> 'is_200')::boolean, updated_at = now(),
	    closed_at = CASE WHEN becomes IN ('paid', 'closed') THEN coalesce(closed_at, now()) END,
	    checks = CASE WHEN news THEN 0 ELSE checks END,
	    next_check_at = CASE WHEN news THEN now() + interval '1 minute' ELSE next_check_at END
	WHERE id = a.id
	RETURNING becomes = 'paid' AND EXISTS (SELECT FROM midtrans_transactions t WHERE t.attempt_id = a.id
		AND (t.transaction_id <> m ->> 'transaction_id' OR NOT m -> 'deeds' ? 'book') AND midtrans_is_live(t)) INTO rivals;
	IF rivals OR (becomes NOT IN ('paid', 'closed') AND NOT midtrans_is_owed(a)) THEN
		PERFORM gateway_job(a.id, 'cancel');
	END IF;
END $$;

/*
 * May this transaction still be paid? Not when Midtrans, asked often enough,
 * does not know it, and nobody but a notification has ever named it, or its
 * time is over.
 */
CREATE OR REPLACE FUNCTION midtrans_is_live(t midtrans_transactions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN t.payment_id IS NULL AND t.transaction_status IN ('pending', 'authorize', 'capture')
		AND NOT EXISTS (SELECT FROM midtrans_strangers s JOIN midtrans_attempts a ON a.id = s.attempt_id
			WHERE s.attempt_id = t.attempt_id AND s.transaction_id = t.transaction_id AND s.asks >= midtrans_asks()
			  AND (NOT t.told OR a.expires_at <= now()));
END $$;

-- So often Midtrans must have said that it knows no such thing: it may lag behind itself.
CREATE OR REPLACE FUNCTION midtrans_asks() RETURNS int
LANGUAGE sql IMMUTABLE AS $$
	SELECT 5
$$;

-- What an attempt is by its transactions that may still be paid; NULL: there is none.
CREATE OR REPLACE FUNCTION midtrans_live_state(att uuid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN bool_or(t.transaction_status = 'capture') THEN 'review' ELSE 'pending' END
	FROM midtrans_transactions t WHERE t.attempt_id = att AND midtrans_is_live(t) HAVING count(*) > 0
$$;

-- (in plpgsql, whose plans are kept: as SQL these would be planned anew in each call)
CREATE OR REPLACE FUNCTION midtrans_is_paid(att uuid) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM midtrans_transactions t JOIN payments p ON p.id = t.payment_id
		WHERE t.attempt_id = att AND p.status <> 'reversed');
END $$;

-- Is the amount of this attempt what is owed now?
CREATE OR REPLACE FUNCTION midtrans_is_owed(a midtrans_attempts) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM invoices WHERE id = a.invoice_id AND is_open AND amount - paid_amount = a.amount);
END $$;

-- Of a copy the first verdict stands; what follows from it all the same is done.
CREATE OR REPLACE FUNCTION midtrans_verdict(a midtrans_attempts, event bigint, m jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO midtrans_verdicts (event_id, verdict, detail) VALUES (event, m ->> 'verdict', 'row ' || (m ->> 'rows'))
	ON CONFLICT DO NOTHING;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	INSERT INTO midtrans_logs (invoice_id, order_id, transaction_id, event, status, response)
	VALUES (a.invoice_id, a.order_id, m ->> 'transaction_id',
		CASE m ->> 'source' WHEN 'status' THEN 'status_check' WHEN 'expire' THEN 'cancel' ELSE m ->> 'source' END,
		m ->> 'status', jsonb_strip_nulls(jsonb_build_object('verdict', m ->> 'verdict', 'rows', m ->> 'rows',
			'payment_type', m ->> 'payment_type', 'gross_amount', (m ->> 'gross')::bigint, 'event_id', event)));
END $$;
