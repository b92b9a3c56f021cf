/*
 * The account of a customer. A bill raises what is owed, a payment lowers it;
 * the sum up to a day is what was owed on it, less the credit.
 */
CREATE OR REPLACE FUNCTION account_moves(customer uuid)
RETURNS TABLE (day date, type text, text text, amount bigint, id uuid, at timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT issued_on, 'invoice', invoice_number, amount, id, created_at FROM invoices WHERE customer_id = customer
	UNION ALL
	SELECT coalesce((l.meta ->> 'date')::date, business_day(l.created_at)), 'cancelled', i.invoice_number, -i.amount, i.id, l.created_at
	FROM invoices i
	JOIN LATERAL (SELECT meta, created_at FROM billing_logs WHERE invoice_id = i.id AND action = 'invoice_cancelled'
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
