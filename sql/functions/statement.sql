/*
 * The account of a customer. A bill raises what is owed, a payment lowers it;
 * the sum up to a day is what was owed on it, less the credit.
 */
CREATE OR REPLACE FUNCTION account_moves(customer uuid)
RETURNS TABLE (day date, type text, text text, amount bigint, id uuid, at timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT issued_on, 'invoice', invoice_number, amount, id, created_at FROM invoices WHERE customer_id = customer
	UNION ALL
	SELECT i.cancelled_on, 'cancelled', i.invoice_number, -i.amount, i.id, l.created_at
	FROM invoices i
	JOIN LATERAL (SELECT created_at FROM billing_logs WHERE invoice_id = i.id AND action = 'invoice_cancelled'
	              ORDER BY created_at DESC LIMIT 1) l ON true
	WHERE i.customer_id = customer AND i.status = 'cancelled'
	UNION ALL
	SELECT business_day(payment_date), 'payment', concat_ws(' ', method, reference), -amount, id, created_at
	FROM payments WHERE customer_id = customer
	UNION ALL
	SELECT r.reversed_on, 'reversal', concat_ws(' ', p.method, r.reason), r.amount, r.id, r.created_at
	FROM payment_reversals r JOIN payments p ON p.id = r.payment_id WHERE p.customer_id = customer
	UNION ALL
	SELECT r.refunded_on, 'refund', concat_ws(' ', p.method, r.reason), r.amount, r.id, r.created_at
	FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.customer_id = customer
	UNION ALL
	SELECT entered_on, kind, reason, -amount, id, created_at
	FROM customer_credits WHERE customer_id = customer AND kind IN ('gift', 'payout', 'loss')
$$;

CREATE OR REPLACE FUNCTION customer_statement(customer uuid, first_day date, last_day date) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	WITH moved AS (
		SELECT m.*, sum(m.amount) OVER (ORDER BY m.day, m.at, m.id)::bigint AS balance FROM account_moves(customer) m
	)
	SELECT jsonb_build_object('customer_id', c.id, 'customer', c.name, 'from', first_day, 'to', last_day,
		'opening', coalesce((SELECT sum(amount) FROM moved WHERE day < first_day), 0),
		'rows', coalesce((SELECT jsonb_agg(jsonb_build_object('day', day, 'type', type, 'text', text, 'amount', amount,
				'balance', balance, 'id', id) ORDER BY day, at, id)
			FROM moved WHERE day BETWEEN first_day AND last_day), '[]'),
		'closing', coalesce((SELECT sum(amount) FROM moved WHERE day <= last_day), 0))
	FROM customers c WHERE c.id = customer
$$;

/*
 * The debt of customers at the end of a day on all bills issued up to it, by the
 * age of each on that day. A bill that is open now, or that money or a
 * cancellation has changed since, may have been owed then; no other can.
 */
CREATE OR REPLACE FUNCTION receivables(day date)
RETURNS TABLE (customer_id uuid, customer text, phone text, bills bigint, not_due bigint, days_0_30 bigint, days_31_60 bigint,
	days_61_90 bigint, days_over_90 bigint, total bigint)
LANGUAGE sql STABLE AS $$
	WITH candidates AS (
		SELECT id FROM invoices WHERE is_open
		UNION SELECT invoice_id FROM allocations WHERE entered_on > day
		UNION SELECT id FROM invoices WHERE cancelled_on > day
	), owed AS (
		SELECT i.customer_id, day - i.due_date AS age, i.amount - coalesce((
			SELECT sum(a.amount) FROM allocations a WHERE a.invoice_id = i.id AND a.entered_on <= day), 0)::bigint AS money
		FROM candidates JOIN invoices i USING (id)
		WHERE i.issued_on <= day AND (i.status <> 'cancelled' OR i.cancelled_on > day)
	)
	SELECT c.id, c.name, c.phone, count(*), coalesce(sum(o.money) FILTER (WHERE o.age < 0), 0)::bigint,
		coalesce(sum(o.money) FILTER (WHERE o.age BETWEEN 0 AND 30), 0)::bigint,
		coalesce(sum(o.money) FILTER (WHERE o.age BETWEEN 31 AND 60), 0)::bigint,
		coalesce(sum(o.money) FILTER (WHERE o.age BETWEEN 61 AND 90), 0)::bigint,
		coalesce(sum(o.money) FILTER (WHERE o.age > 90), 0)::bigint, sum(o.money)::bigint
	FROM owed o JOIN customers c ON c.id = o.customer_id
	WHERE o.money > 0
	GROUP BY c.id ORDER BY c.name, c.id
$$;
