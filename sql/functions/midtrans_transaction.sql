-- Transactions: one order may see several, each with an id of its own.

-- Save the transaction as it is now; times once known are kept. Its payment, where there is one, was
-- booked just before, or by an earlier message.
CREATE OR REPLACE FUNCTION midtrans_transaction_save(of_attempt uuid, transaction text, status text, outlook text,
	fraud_status text, payment_type text, bank text, pay_code text, gross bigint, fee bigint,
	transaction_time timestamptz, settlement_time timestamptz, expiry_time timestamptz)
RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
	t midtrans_transactions;
BEGIN
	INSERT INTO midtrans_transactions AS o (attempt_id, transaction_id, transaction_status, outlook, fraud_status,
		payment_type, bank, pay_code, gross_amount, fee, payment_id, transaction_time, settlement_time, expiry_time)
	VALUES (of_attempt, transaction, status, outlook, fraud_status, payment_type, bank, pay_code, gross, fee,
		(SELECT id FROM payments WHERE (source, reference) = ('midtrans', transaction)),
		transaction_time, settlement_time, expiry_time)
	ON CONFLICT (transaction_id) DO UPDATE SET
		transaction_status = excluded.transaction_status,
		outlook = excluded.outlook,
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
	UPDATE payments SET midtrans_status = t.transaction_status, updated_at = now()
	WHERE id = t.payment_id AND midtrans_status IS DISTINCT FROM t.transaction_status;
END $$;

-- Midtrans names, for this attempt, a transaction that is stored with another one: it is moved here if
-- a notification alone put it there.
CREATE OR REPLACE FUNCTION midtrans_transaction_move(transaction_row midtrans_transactions, attempt midtrans_attempts)
RETURNS midtrans_transactions
LANGUAGE plpgsql AS $$
DECLARE
	moved midtrans_transactions;
BEGIN
	UPDATE midtrans_transactions SET attempt_id = attempt.id, transaction_status = 'moved', outlook = 'retry', updated_at = now()
	WHERE id = transaction_row.id AND NOT confirmed AND payment_id IS NULL RETURNING * INTO moved;
	RETURN CASE WHEN FOUND THEN moved ELSE transaction_row END;
END $$;

-- Midtrans itself named this transaction of this attempt. One that is not saved all the same (its status
-- is unknown to us) has been asked about often enough.
CREATE OR REPLACE FUNCTION midtrans_transaction_confirm(of_attempt uuid, transaction text) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	t midtrans_transactions;
BEGIN
	SELECT * INTO t FROM midtrans_transactions WHERE transaction_id = transaction AND attempt_id = of_attempt;
	IF NOT FOUND THEN
		INSERT INTO midtrans_unknown_ids (attempt_id, transaction_id, asks)
		VALUES (of_attempt, transaction, midtrans_asks_until_unknown())
		ON CONFLICT (attempt_id, transaction_id) DO UPDATE SET asks = excluded.asks, asked_at = now();
		RETURN;
	END IF;
	DELETE FROM midtrans_unknown_ids WHERE attempt_id = of_attempt AND transaction_id = transaction;
	IF NOT t.confirmed THEN
		UPDATE midtrans_transactions SET confirmed = true WHERE id = t.id;
		PERFORM midtrans_attempt_reopen(of_attempt) WHERE midtrans_transaction_is_open(t);
	END IF;
END $$;

/*
 * May this transaction still be paid? Not when Midtrans has answered often
 * enough that it does not know the id, and either only a notification has ever
 * named it or its time is over.
 */
CREATE OR REPLACE FUNCTION midtrans_transaction_is_open(transaction_row midtrans_transactions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN transaction_row.payment_id IS NULL AND transaction_row.outlook IN ('pending', 'review')
		AND NOT EXISTS (SELECT FROM midtrans_unknown_ids u JOIN midtrans_attempts a ON a.id = u.attempt_id
			WHERE u.attempt_id = transaction_row.attempt_id AND u.transaction_id = transaction_row.transaction_id
			  AND u.asks >= midtrans_asks_until_unknown() AND (NOT transaction_row.confirmed OR a.expires_at <= now()));
END $$;

-- So many answers "unknown" are believed: the API of Midtrans lags behind its notifications.
CREATE OR REPLACE FUNCTION midtrans_asks_until_unknown() RETURNS int
LANGUAGE sql IMMUTABLE AS $$
	SELECT 5
$$;

/*
 * The ids that notifications named as transactions of an attempt, and Midtrans
 * has not. If the message changed nothing, only the events have the id.
 */
CREATE OR REPLACE FUNCTION midtrans_unconfirmed_ids(attempt midtrans_attempts)
RETURNS TABLE (transaction_id text, first_named timestamptz, last_named timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT e.transaction_id, min(e.received_at), max(coalesce(c.last_at, e.received_at))
	FROM midtrans_events e
	JOIN midtrans_verdicts v ON v.event_id = e.id
	LEFT JOIN midtrans_copies c ON c.event_id = e.id
	LEFT JOIN midtrans_transactions t ON t.transaction_id = e.transaction_id
	WHERE e.order_id = attempt.order_id AND e.source = 'notification' AND t.confirmed IS NOT TRUE
	  AND (t.attempt_id = attempt.id OR v.verdict IN ('confirm', 'inconsistent')
	       AND coalesce(c.last_at, e.received_at) > now() - interval '3 days')
	GROUP BY e.transaction_id
$$;

-- Those worth asking about, with the number of answers "unknown" since a notification named them last.
-- However many there are, such an answer may be wrong: the id is asked about for three days.
CREATE OR REPLACE FUNCTION midtrans_unconfirmed_ids_to_ask(attempt midtrans_attempts)
RETURNS TABLE (transaction_id text, first_named timestamptz, asks int)
LANGUAGE sql STABLE AS $$
	SELECT i.transaction_id, i.first_named, CASE WHEN u.asked_at >= i.last_named THEN u.asks ELSE 0 END
	FROM midtrans_unconfirmed_ids(attempt) i
	LEFT JOIN midtrans_unknown_ids u ON u.attempt_id = attempt.id AND u.transaction_id = i.transaction_id
	WHERE (u.asked_at >= i.last_named) IS NOT TRUE OR i.last_named > now() - interval '3 days'
$$;

/*
 * The transactions to ask about by their own id: first all that Midtrans has
 * named (asks -1). The reader of one genuine notification can name any number of
 * others: of these, a few of the oldest and of the newest, those never asked
 * about (asks 0) first.
 */
CREATE OR REPLACE FUNCTION midtrans_transactions_to_ask(of_attempt uuid)
RETURNS TABLE (transaction_id text, status text, confirmed boolean, open boolean, captured boolean, asks int)
LANGUAGE sql STABLE AS $$
	WITH unconfirmed AS (
		SELECT c.transaction_id, c.asks, least(row_number() OVER (PARTITION BY c.asks ORDER BY c.first_named, c.transaction_id),
			row_number() OVER (PARTITION BY c.asks ORDER BY c.first_named DESC, c.transaction_id DESC)) AS place
		FROM midtrans_attempts a CROSS JOIN midtrans_unconfirmed_ids_to_ask(a) c
		WHERE a.id = of_attempt
		ORDER BY asks, place LIMIT 20
	), ids AS (
		SELECT t.transaction_id, -1 AS asks, 0 AS place FROM midtrans_transactions t WHERE t.attempt_id = of_attempt AND t.confirmed
		UNION ALL
		SELECT c.transaction_id, c.asks, c.place FROM unconfirmed c
	)
	SELECT i.transaction_id, t.transaction_status, coalesce(t.confirmed, false), coalesce(midtrans_transaction_is_open(t), false),
		coalesce(t.outlook = 'review' AND p.status = 'received', false), i.asks
	FROM ids i
	LEFT JOIN midtrans_transactions t ON t.transaction_id = i.transaction_id AND t.attempt_id = of_attempt
	LEFT JOIN payments p ON p.id = t.payment_id
	ORDER BY i.asks, i.place, t.created_at DESC
$$;

-- When a notification last named this transaction of an attempt.
CREATE OR REPLACE FUNCTION midtrans_named_at(of_attempt uuid, transaction text) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
	SELECT max(coalesce(c.last_at, e.received_at))
	FROM midtrans_attempts a
	JOIN midtrans_events e ON e.order_id = a.order_id AND e.source = 'notification' AND e.transaction_id = transaction
	LEFT JOIN midtrans_copies c ON c.event_id = e.id
	WHERE a.id = of_attempt
$$;

-- Midtrans answered that it does not know this id. It counts once a minute, so that a few clicks do not
-- make it final. People are alerted if its payment was booked on a notification alone.
CREATE OR REPLACE FUNCTION midtrans_unknown_id_count(of_attempt uuid, transaction text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO midtrans_unknown_ids AS u (attempt_id, transaction_id) VALUES (of_attempt, transaction)
	ON CONFLICT (attempt_id, transaction_id) DO UPDATE
	SET asks = CASE WHEN u.asked_at < midtrans_named_at(of_attempt, transaction) THEN 1 ELSE u.asks + 1 END, asked_at = now()
	WHERE u.asked_at < midtrans_named_at(of_attempt, transaction) OR u.asked_at <= now() - interval '1 minute';
	PERFORM midtrans_alert_once(a, 'unknown:' || transaction, 'payment_unknown',
		jsonb_build_object('amount', rupiah(p.amount), 'transaction', transaction))
	FROM midtrans_attempts a
	JOIN midtrans_transactions t ON t.attempt_id = a.id AND t.transaction_id = transaction AND NOT t.confirmed
	JOIN payments p ON p.id = t.payment_id AND p.status = 'received'
	WHERE a.id = of_attempt;
END $$;

-- ---- payments

-- Book what a transaction paid. midtrans_event_record() holds the locks.
CREATE OR REPLACE FUNCTION midtrans_payment_book(of_attempt uuid, transaction text, status text, amount bigint, fee bigint,
	method text, paid_at text, day date)
RETURNS uuid
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	a midtrans_attempts;
	i invoices;
BEGIN
	SELECT * INTO a FROM midtrans_attempts WHERE id = of_attempt;
	SELECT * INTO i FROM invoices WHERE id = a.invoice_id;
	RETURN (SELECT payment_id FROM payment_book_locked(i, jsonb_build_object('amount', amount, 'fee', fee, 'method', method,
		'bills', to_jsonb(a.invoice_id || a.bills), 'source', 'midtrans', 'reference', transaction, 'request_hash', a.order_id, 'transaction_id', transaction,
		'midtrans_transaction_id', transaction, 'midtrans_status', status, 'payment_date', paid_at), day));
END $$;

/*
 * Undo the payment of a transaction. A card's payment that had not settled is
 * cancelled when a whole refund of it was requested: then it is booked as that
 * refund, unless the debt is to open again.
 */
CREATE OR REPLACE FUNCTION midtrans_payment_undo(transaction text, kind text, status text, day date) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	t         midtrans_transactions;
	requested midtrans_refunds;
BEGIN
	SELECT * INTO t FROM midtrans_transactions WHERE transaction_id = transaction;
	UPDATE midtrans_refunds SET state = 'done'
	WHERE transaction_id = transaction AND state = 'requested' AND whole AND status = 'cancel' RETURNING * INTO requested;
	IF NOT requested.reopen THEN
		PERFORM midtrans_refund_settle(t, requested.refund_key,
			(SELECT r.most - r.refunded - t.charged_back FROM midtrans_returned(t) r), day);
		RETURN;
	END IF;
	PERFORM midtrans_set_actor(requested.actor);
	PERFORM payment_reverse(t.payment_id, kind, coalesce(requested.reason, format('Midtrans reports %s', status)), day);
	PERFORM midtrans_set_actor(NULL);
END $$;

-- Act in the name of the person who requested what Midtrans now reports; NULL: as the program again.
CREATE OR REPLACE FUNCTION midtrans_set_actor(person text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF person IS NOT NULL THEN
		PERFORM set_config('isp.program', coalesce(session_actor(), ''), true), set_config('isp.actor', person, true);
	ELSIF current_setting('isp.program', true) <> '' THEN
		PERFORM set_config('isp.actor', current_setting('isp.program'), true), set_config('isp.program', '', true);
	END IF;
END $$;
