/*
 * Laws of money, days, periods and states, checked on the live data. No row
 * means that all of them hold. Each law is one function of the table at the
 * end; being STABLE, all see the same snapshot.
 */

/*
 * Per customer, and in sum where subject is "all":
 * payments - reversals - refunds - payouts + gifts (and losses) = paid + credit.
 */
CREATE OR REPLACE FUNCTION check_money() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	WITH movement (customer_id, money_in, money_used) AS (
		SELECT customer_id, amount, 0 FROM payments
		UNION ALL SELECT p.customer_id, -r.amount, 0 FROM payment_reversals r JOIN payments p ON p.id = r.payment_id
		UNION ALL SELECT p.customer_id, -r.amount, 0 FROM refunds r JOIN payments p ON p.id = r.payment_id
		UNION ALL SELECT customer_id, amount, 0 FROM customer_credits WHERE kind IN ('payout', 'gift', 'loss')
		UNION ALL SELECT customer_id, 0, paid_amount FROM invoices
		UNION ALL SELECT id, 0, credit FROM customers
	)
	SELECT coalesce('customer ' || customer_id, 'all'), format('%s came in, %s is accounted for%s', sum(money_in), sum(money_used),
		'; last: ' || money_rows(customer_id))
	FROM movement GROUP BY GROUPING SETS ((customer_id), ()) HAVING sum(money_in) <> sum(money_used)
$$;

-- The newest rows of money of a customer, each with its day: a person begins to look there.
CREATE OR REPLACE FUNCTION money_rows(customer uuid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT string_agg(format('%s %s %s of %s', day, what, id, amount), ', ' ORDER BY at DESC)
	FROM (
		SELECT 'payment' AS what, id::text, amount, received_on AS day, created_at AS at FROM payments WHERE customer_id = customer
		UNION ALL SELECT 'reversal', r.id::text, -r.amount, r.reversed_on, r.created_at
			FROM payment_reversals r JOIN payments p ON p.id = r.payment_id WHERE p.customer_id = customer
		UNION ALL SELECT 'refund', r.id::text, -r.amount, r.refunded_on, r.created_at
			FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE p.customer_id = customer
		UNION ALL SELECT kind, id::text, amount, entered_on, created_at FROM customer_credits WHERE customer_id = customer
		UNION ALL SELECT 'allocation to ' || i.invoice_number || ', row', a.id::text, a.amount, a.entered_on, a.created_at
			FROM allocations a JOIN invoices i ON i.id = a.invoice_id WHERE i.customer_id = customer
		ORDER BY at DESC LIMIT 5) newest
$$;

-- The same for every lot: what it was, less what left it, is what it pays and what is left.
CREATE OR REPLACE FUNCTION check_lots() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	WITH movement (payment_id, gift_id, money_in, paid, remainder) AS (
		SELECT id, NULL::uuid, amount, 0::bigint, 0::bigint FROM payments
		UNION ALL SELECT payment_id, NULL, -amount, 0, 0 FROM payment_reversals
		UNION ALL SELECT payment_id, NULL, -amount, 0, 0 FROM refunds
		UNION ALL SELECT payment_id, gift_id, CASE WHEN kind IN ('payout', 'gift', 'loss') THEN amount ELSE 0 END, 0, amount
			FROM customer_credits
		UNION ALL SELECT payment_id, gift_id, 0, amount, 0 FROM allocations
	), lot AS (
		SELECT coalesce('payment ' || payment_id, 'gift ' || gift_id) AS subject, payment_id,
			sum(money_in) AS money_in, sum(paid) AS paid, sum(remainder) AS remainder
		FROM movement GROUP BY payment_id, gift_id
	)
	SELECT subject, format('%s in it, %s pays invoices, %s is credit', money_in, paid, remainder) FROM lot
	WHERE money_in <> paid + remainder OR remainder < 0 OR paid < 0
	UNION ALL
	SELECT subject, format('is reversed, but pays %s and holds %s', paid, remainder)
	FROM lot JOIN payments p ON p.id = lot.payment_id
	WHERE p.status = 'reversed' AND (paid <> 0 OR remainder <> 0)
$$;

CREATE OR REPLACE FUNCTION check_credit() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT 'customer ' || c.id, format('credit is %s, its ledger says %s', c.credit, coalesce(l.total, 0))
	FROM customers c
	LEFT JOIN (SELECT customer_id, sum(amount) AS total FROM customer_credits GROUP BY customer_id) l ON l.customer_id = c.id
	WHERE c.credit <> coalesce(l.total, 0) OR c.credit < 0
	UNION ALL
	SELECT 'customer ' || c.id, format('has a credit of %s beside the open invoice %s', c.credit, i.invoice_number)
	FROM customers c JOIN invoices i ON i.customer_id = c.id AND i.is_open
	WHERE c.credit > 0
$$;

CREATE OR REPLACE FUNCTION check_invoices() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT i.invoice_number, format('paid_amount is %s, its allocations say %s', i.paid_amount, coalesce(a.total, 0))
	FROM invoices i
	LEFT JOIN (SELECT invoice_id, sum(amount) AS total FROM allocations GROUP BY invoice_id) a ON a.invoice_id = i.id
	WHERE i.paid_amount <> coalesce(a.total, 0)
	UNION ALL
	SELECT invoice_number, format('is %s with %s of %s paid', status, paid_amount, amount)
	FROM invoices
	WHERE CASE status WHEN 'cancelled' THEN paid_amount <> 0 ELSE (status = 'paid') <> (paid_amount = amount) END
	UNION ALL
	SELECT invoice_number, format('is %s and was cancelled on %s', status, coalesce(cancelled_on::text, 'no day'))
	FROM invoices WHERE (status = 'cancelled') <> (cancelled_on IS NOT NULL)
$$;

/*
 * The law of days, of lines that are prepaid: end_date is what the ledger says;
 * each closed span has its days, less those lost; a lost day lies inside a
 * period billed or given at the start; each settled period stands in the
 * ledger once.
 */
CREATE OR REPLACE FUNCTION check_days() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT 'subscription ' || s.id, format('ends on %s, its ledger says %s; last: %s', s.end_date, s.start_date - 1 + coalesce(l.days, 0),
		coalesce(day_rows_of(s.id), 'no row'))
	FROM subscriptions s
	LEFT JOIN (SELECT subscription_id, sum(days)::int AS days FROM service_days GROUP BY subscription_id) l ON l.subscription_id = s.id
	WHERE NOT s.is_postpaid AND s.end_date <> s.start_date - 1 + coalesce(l.days, 0)
	UNION ALL
	SELECT 'subscription ' || s.id, format('was off from %s to %s less %s lost days, its ledger gives back %s', o.from_day, o.back_on,
		o.lost_days, coalesce(l.days, 0))
	FROM service_offs o
	JOIN subscriptions s ON s.id = o.subscription_id AND NOT s.is_postpaid
	LEFT JOIN (SELECT off_id, sum(days)::int AS days FROM service_days WHERE kind = 'off' GROUP BY off_id) l ON l.off_id = o.id
	WHERE o.back_on IS NOT NULL AND o.struck_at IS NULL AND o.back_on - o.from_day - o.lost_days <> coalesce(l.days, 0)
	UNION ALL
	SELECT 'subscription ' || s.id, format('lost %s days from %s on, of which %s were sold', o.lost_days, o.from_day, sold.n)
	FROM service_offs o
	JOIN subscriptions s ON s.id = o.subscription_id AND NOT s.is_postpaid AND o.lost_days > 0
	CROSS JOIN LATERAL (SELECT count(*) AS n FROM generate_series(o.from_day, o.back_on - 1, interval '1 day') AS day
		WHERE is_day_sold(s.id, s.start_date, day::date)
		   OR EXISTS (SELECT FROM invoices i WHERE i.subscription_id = s.id AND day::date BETWEEN i.period_start AND i.period_end)) sold
	WHERE o.lost_days > sold.n AND o.struck_at IS NULL
	  -- (days off of a time as postpaid: they are in the days from the start that stand for that time)
	  AND NOT EXISTS (SELECT FROM service_days d WHERE d.subscription_id = s.id AND d.reason = 'billed while postpaid' AND d.entered_on >= o.back_on)
	  AND NOT EXISTS (SELECT FROM invoices i WHERE i.subscription_id = s.id AND i.period_start IS NOT NULL AND NOT i.grants_days)
	UNION ALL
	SELECT i.invoice_number, format('of %s to %s is %s, and stands in the ledger with %s days of %s', i.period_start, i.period_end, i.status,
		coalesce(l.days, 0), i.period_end - i.period_start + 1)
	FROM invoices i
	LEFT JOIN (SELECT invoice_id, sum(days)::int AS days FROM service_days WHERE kind = 'period' GROUP BY invoice_id) l ON l.invoice_id = i.id
	WHERE coalesce(l.days, 0) <> CASE WHEN i.status = 'paid' AND i.grants_days THEN i.period_end - i.period_start + 1 ELSE 0 END
	  AND (i.grants_days OR l.days IS NOT NULL)
	UNION ALL
	SELECT 'subscription ' || s.id, format('is %s with%s an open span off', s.status, CASE WHEN o.id IS NULL THEN 'out' END)
	FROM subscriptions s
	LEFT JOIN service_offs o ON o.subscription_id = s.id AND o.back_on IS NULL AND o.struck_at IS NULL
	WHERE s.is_live AND (s.status = 'active') <> (o.id IS NULL) AND NOT (s.suspend_reason = 'new' AND o.id IS NULL)
$$;

-- The newest rows of a line's ledger of days: a person begins to look there.
CREATE OR REPLACE FUNCTION day_rows_of(sub uuid) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT string_agg(format('%s %s %s (row %s%s)', entered_on, kind, days, id, ', ' || reason), ', ' ORDER BY id DESC)
	FROM (SELECT * FROM service_days WHERE subscription_id = sub ORDER BY id DESC LIMIT 5) newest
$$;

-- A bill is its lines.
CREATE OR REPLACE FUNCTION check_lines() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT i.invoice_number, format('amounts to %s, its lines to %s', i.amount, coalesce(l.total, 0))
	FROM invoices i
	LEFT JOIN (SELECT invoice_id, sum(amount)::bigint AS total FROM invoice_lines GROUP BY invoice_id) l ON l.invoice_id = i.id
	WHERE i.amount <> coalesce(l.total, 0)
	UNION ALL
	SELECT 'line of ' || l.invoice_id, 'has no bill' FROM invoice_lines l
	WHERE NOT EXISTS (SELECT FROM invoices i WHERE i.id = l.invoice_id)
$$;

/*
 * A report, no breach: lines that are on and owe more days today than the due
 * dates and grace of their open bills allow, with the reason.
 */
CREATE OR REPLACE FUNCTION check_days_owed(today date) RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT 'subscription ' || s.id, format('%s owes %s days on %s: %s', s.mikrotik_username, today - s.end_date, today, CASE
		WHEN s.hold_until >= today THEN format('a promise until %s', s.hold_until)
		WHEN s.gateway_holds > 0 THEN 'held while Midtrans gave no answer'
		WHEN is_router_held(s.router_held_on, s.router_holds, today) THEN 'held while its router is away'
		WHEN is_no_suspend_day(today) THEN 'nobody is cut today'
		WHEN EXISTS (SELECT FROM billing_logs l WHERE l.subscription_id = s.id AND l.action = 'undone') THEN 'money was undone'
		WHEN NOT EXISTS (SELECT FROM billing_runs WHERE business_date = today AND finished_at IS NOT NULL) THEN 'no night was run'
		ELSE 'more lines were due than the guard lets the night cut' END)
	FROM subscriptions s CROSS JOIN settings g
	WHERE s.status = 'active' AND NOT s.is_postpaid AND s.end_date < today
	  AND today - s.end_date > coalesce((SELECT max(i.due_date) - s.end_date FROM open_invoices(s.customer_id, s.id) i WHERE i.grants_days), 0) + g.grace_days
$$;

CREATE OR REPLACE FUNCTION check_periods() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT invoice_number, format('bills from %s what is billed to %s', period_start, billed_to)
	FROM (SELECT invoice_number, period_start, max(period_end) OVER (PARTITION BY subscription_id
	             ORDER BY period_start, seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS billed_to
	      FROM invoices WHERE status <> 'cancelled' AND period_start IS NOT NULL) p
	WHERE period_start <= billed_to
$$;

-- The numbers of each day run from 1 to the counter without a gap, in the right form.
CREATE OR REPLACE FUNCTION check_numbers() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	WITH used AS (
		SELECT issued_on AS day, count(DISTINCT split_part(invoice_number, '-', 3)::int) AS n,
			min(split_part(invoice_number, '-', 3)::int) AS first, max(split_part(invoice_number, '-', 3)::int) AS last
		FROM invoices WHERE invoice_number ~ '^INV-\d{8}-\d{4,9}$' GROUP BY issued_on
	)
	SELECT 'day ' || coalesce(u.day, c.day), format('%s numbers from %s to %s, the counter says %s', u.n, u.first, u.last, c.last_number)
	FROM used u FULL JOIN invoice_counters c ON c.day = u.day
	WHERE (u.n, u.first, u.last) IS DISTINCT FROM (c.last_number::bigint, 1, c.last_number)
	UNION ALL
	SELECT invoice_number, format('is no number of %s', issued_on) FROM invoices
	WHERE invoice_number !~ ('^INV-' || to_char(issued_on, 'YYYYMMDD') || '-(\d{4}|[1-9]\d{4,8})$')
$$;

CREATE OR REPLACE FUNCTION check_states() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT 'subscription ' || id, format('is %s for the reason %s', status, coalesce(suspend_reason, 'none'))
	FROM subscriptions WHERE (status = 'suspended') <> (suspend_reason IS NOT NULL)
	UNION ALL
	SELECT 'subscription ' || s.id, 'is of an archived customer, but not cancelled'
	FROM subscriptions s JOIN customers c ON c.id = s.customer_id
	WHERE c.archived_at IS NOT NULL AND s.is_live
$$;

-- The subscription names the customer, and the invoice its number; invoices and payments only repeat them.
CREATE OR REPLACE FUNCTION check_owners() RETURNS TABLE (subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT i.invoice_number, 'is of another customer than its subscription'
	FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id WHERE i.customer_id <> s.customer_id
	UNION ALL
	SELECT 'payment ' || p.id, 'is of another customer than its invoice'
	FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE p.customer_id <> i.customer_id
	UNION ALL
	SELECT 'payment ' || p.id, format('is found by %s, but its invoice is %s', p.invoice_number, i.invoice_number)
	FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE p.invoice_number IS DISTINCT FROM i.invoice_number
	UNION ALL
	SELECT 'allocation ' || a.id, 'pays for another customer'
	FROM allocations a
	JOIN invoices i ON i.id = a.invoice_id
	LEFT JOIN payments p ON p.id = a.payment_id
	LEFT JOIN customer_credits g ON g.id = a.gift_id
	WHERE i.customer_id <> coalesce(p.customer_id, g.customer_id)
$$;

-- Totals of lists, and the sum of all payments, are kept by triggers; here they are counted. A trigger's argument names
-- the column that hides a row.
CREATE OR REPLACE FUNCTION check_row_counts() RETURNS TABLE (subject text, detail text)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	kept       record;
	rows_there bigint;
	money      bigint;
BEGIN
	FOR kept IN
		SELECT c.table_name, sum(c.n) AS n, sum(c.amount) AS money, bool_or(t.tgfoid = 'row_sum_insert'::regproc) AS is_summed,
			split_part(max(encode(t.tgargs, 'escape')), '\000', 1) AS hidden_by
		FROM row_counts c
		JOIN pg_trigger t ON t.tgrelid = to_regclass(c.table_name) AND t.tgname = 'row_count_insert'
		GROUP BY c.table_name
	LOOP
		EXECUTE format('SELECT count(*) AS n, %s AS money FROM %I',
				CASE WHEN kept.is_summed THEN 'coalesce(sum(amount), 0)::bigint' ELSE '0::bigint' END, kept.table_name)
			|| CASE WHEN kept.hidden_by <> '' THEN format(' WHERE %I IS NULL', kept.hidden_by) ELSE '' END INTO rows_there, money;
		IF kept.n <> rows_there THEN
			RETURN QUERY SELECT 'table ' || kept.table_name, format('%s rows, the counter says %s', rows_there, kept.n);
		END IF;
		IF kept.money <> money THEN
			RETURN QUERY SELECT 'table ' || kept.table_name, format('%s in all, the counter says %s',
				rupiah(money), rupiah(kept.money::bigint));
		END IF;
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION check_invariants() RETURNS TABLE (rule text, subject text, detail text)
LANGUAGE sql STABLE AS $$
	SELECT 'money', * FROM check_money()
	UNION ALL SELECT 'lot', * FROM check_lots()
	UNION ALL SELECT 'credit', * FROM check_credit()
	UNION ALL SELECT 'invoice', * FROM check_invoices()
	UNION ALL SELECT 'days', * FROM check_days()
	UNION ALL SELECT 'lines', * FROM check_lines()
	UNION ALL SELECT 'period', * FROM check_periods()
	UNION ALL SELECT 'number', * FROM check_numbers()
	UNION ALL SELECT 'state', * FROM check_states()
	UNION ALL SELECT 'owner', * FROM check_owners()
	UNION ALL SELECT 'row_count', * FROM check_row_counts()
$$;
