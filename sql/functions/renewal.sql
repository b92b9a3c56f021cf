-- The step renew of the nightly run: bills for periods, what follows from them, and next packages.

-- Bill these subscriptions first, so that a postpaid one pays for the days that it used with its present
-- package; then give those their next package whose day has come.
CREATE OR REPLACE FUNCTION billing_renew(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	report billing_report[];
BEGIN
	PERFORM subscriptions_lock(ids);
	report := periods_bill(ids, today);
	report := report || ARRAY(SELECT packages_begin(ids, today));
	RETURN QUERY SELECT * FROM unnest(report);
	RETURN QUERY SELECT * FROM report_skipped('renew', ids, ARRAY(SELECT DISTINCT subscription_id FROM unnest(report)));
END $$;

/*
 * Issue the bills that are due of these subscriptions, whose locks the caller
 * holds: of a prepaid one its next period, of a postpaid one each period or part
 * that has passed, one bill each, however many nights were missed.
 */
CREATE OR REPLACE FUNCTION periods_bill(ids uuid[], today date) RETURNS billing_report[]
LANGUAGE plpgsql AS $$
DECLARE
	made   record;
	report billing_report[] := '{}';
BEGIN
	PERFORM subscription_anchored(s, next_period_start(s, today)) FROM subscriptions s
	WHERE s.id = ANY(ids) AND s.status <> 'active' AND s.anchor_day IS NOT NULL AND NOT s.is_postpaid;
	LOOP
		SELECT * INTO made FROM renewals_issue(ids, today);
		IF made.followed IS NOT NULL THEN
			PERFORM renewals_follow_up(made.followed, today);
		END IF;
		report := report || made.issued;
		IF cardinality(made.issued) < cardinality(ids) THEN
			report := report || ARRAY(SELECT renewals_refused(ARRAY(
				SELECT unnest(ids) EXCEPT SELECT subscription_id FROM unnest(made.issued)), today));
		END IF;
		ids := ARRAY(SELECT s.id FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id
			WHERE i.id = ANY(made.followed) AND s.is_postpaid AND s.end_date < today - 1);
		EXIT WHEN ids = '{}';
	END LOOP;
	RETURN report;
END $$;

-- Give subscriptions their next package whose day has come.
CREATE OR REPLACE FUNCTION packages_begin(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	-- (few are due and the ids are many: OFFSET 0 makes the planner look for the few first)
	FOR s IN SELECT * FROM (SELECT * FROM packages_begin_due(today) OFFSET 0) due WHERE due.id = ANY(ids) ORDER BY due.seq LOOP
		PERFORM next_package_begin(s, today);
		RETURN QUERY SELECT 'renew', 'done', s.id, NULL::uuid, NULL::text, c.name, s.mikrotik_username, NULL::bigint,
			s.next_package_on, format('has the package %s from now on', p.name)
			FROM customers c, packages p WHERE c.id = s.customer_id AND p.id = s.next_package_id;
	END LOOP;
END $$;

/*
 * Issue the due bills of a chunk in one statement: it takes their numbers at
 * once, and gives them in the order of sign-up. `issued` are their report rows.
 * `followed` are the bills that renewals_follow_up() must see: those with extras,
 * credit of the customer, nothing to pay, a next package, a first month, and
 * postpaid ones. A charge to the customer stands on the first of the customer's
 * bills alone.
 */
CREATE OR REPLACE FUNCTION renewals_issue(ids uuid[], today date, OUT issued billing_report[], OUT followed uuid[])
LANGUAGE plpgsql AS $$
BEGIN
	WITH due AS MATERIALIZED (
		SELECT r.n, r.id, r.username, r.customer_id, r.package_id, r.kind, r.period_start, r.period_end, r.due_date, r.is_postpaid, c.name,
			r.is_followed OR c.credit > 0 AS is_followed, composed.bill, sums.amount, sums.subtotal, sums.discount, sums.tax_amount
		FROM (SELECT due.*, row_number() OVER (ORDER BY due.seq) AS n,
				row_number() OVER (PARTITION BY due.customer_id ORDER BY due.seq) = 1 AS is_first
			FROM renewals_due(today) due WHERE due.id = ANY(ids) AND due.fits) r
		JOIN customers c ON c.id = r.customer_id
		CROSS JOIN settings g
		-- Without OFFSET 0 the planner would copy these into each place that names them: seven taxes a bill.
		CROSS JOIN LATERAL (SELECT CASE WHEN c.tax_exempt THEN 0 ELSE tax_on((r.line).amount, g.tax_mode, g.tax_rate, g.tax_base) END AS tax OFFSET 0) t
		CROSS JOIN LATERAL (SELECT CASE WHEN r.has_extras
			THEN bill_compose(subscription_of(r.id), ARRAY[r.line], 1, r.period_end - r.period_start + 1, today, r.is_first)
			ELSE r.line || tax_lines(t.tax, g.tax_mode, g.tax_rate) END AS bill OFFSET 0) composed
		CROSS JOIN LATERAL (
			SELECT (r.line).amount + coalesce((composed.bill[2]).amount, 0) AS amount, (r.line).amount AS subtotal, 0::bigint AS discount, t.tax AS tax_amount
			WHERE NOT r.has_extras
			UNION ALL
			SELECT z.amount, z.subtotal, z.discount, z.tax_amount FROM bill_sums(composed.bill, r.customer_id) z WHERE r.has_extras) sums
	), counter AS (
		INSERT INTO invoice_counters AS c (day, last_number) SELECT today, count(*) FROM due HAVING count(*) > 0
		ON CONFLICT (day) DO UPDATE SET last_number = c.last_number + EXCLUDED.last_number
		RETURNING c.last_number - (SELECT count(*) FROM due) AS taken_before
	), b AS MATERIALIZED (
		SELECT due.*, uuidv7() AS bill_id, invoice_number(today, (taken_before + n)::int) FROM due, counter ORDER BY n
	), issue AS (
		INSERT INTO invoices (id, invoice_number, subscription_id, customer_id, package_id, kind, amount, subtotal, discount, tax_amount,
			period_start, period_end, grants_days, issued_on, due_date, first_due_date)
		SELECT bill_id, invoice_number, id, customer_id, package_id, kind, amount, subtotal, discount, tax_amount,
			period_start, period_end, NOT is_postpaid, today, due_date, due_date
		FROM b
	), line AS (
		INSERT INTO invoice_lines (invoice_id, position, kind, text, quantity, unit_price, amount, taxable, item_id, charge_id, taken)
		SELECT bill_id, position, (l).kind, (l).text, (l).quantity, (l).unit_price, (l).amount, (l).taxable, (l).item_id, (l).charge_id, (l).taken
		FROM (SELECT bill_id, generate_subscripts(bill, 1) AS position, unnest(bill) AS l FROM b) lines
	), log AS (
		INSERT INTO billing_logs (action, message, customer_id, subscription_id, invoice_id, meta, actor, request_id)
		SELECT 'issued', format('%s issued over %s, due %s', invoice_number, rupiah(amount), due_date),
			customer_id, id, bill_id,
			jsonb_build_object('kind', kind, 'amount', amount, 'period_start', period_start,
				'period_end', period_end, 'due_date', due_date),
			session_actor(), session_request()
		FROM b
	)
	SELECT coalesce(array_agg(ROW('renew', 'done', id, bill_id, invoice_number, name, username, amount, due_date,
			format('%s to %s', period_start, period_end))::billing_report), '{}'),
		array_agg(bill_id) FILTER (WHERE amount = 0 OR is_followed)
	INTO issued, followed
	FROM b;
END $$;

-- Do what follows from these bills: note the charges and items that they took in, the next packages and the anchors; then, one by
-- one, settle those that cost nothing, and let credit pay.
CREATE OR REPLACE FUNCTION renewals_follow_up(followed uuid[], today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
	s subscriptions;
BEGIN
	PERFORM bills_consume(followed, 1);
	FOR i IN SELECT x.* FROM invoices x JOIN subscriptions y ON y.id = x.subscription_id
		WHERE x.id = ANY(followed) AND y.next_package_id IS NOT NULL ORDER BY x.seq
	LOOP
		SELECT * INTO s FROM subscriptions WHERE id = i.subscription_id;
		PERFORM next_package_schedule(s, i.period_start, today);
	END LOOP;
	PERFORM periods_follow(followed);
	FOR i IN SELECT x.* FROM invoices x JOIN customers c ON c.id = x.customer_id
		WHERE x.id = ANY(followed) AND (x.amount = 0 OR c.credit > 0) ORDER BY x.seq
	LOOP
		PERFORM invoice_finish_issue(i, today);
	END LOOP;
END $$;

-- Report rows of due bills that were not issued because their period overlaps one that is billed already.
CREATE OR REPLACE FUNCTION renewals_refused(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE sql STABLE AS $$
	SELECT 'renew', 'refused', r.id, NULL::uuid, NULL::text, c.name, r.username, (r.line).amount, r.due_date,
		format('%s to %s overlaps a period already billed', r.period_start, r.period_end)
	FROM renewals_due(today) r
	JOIN customers c ON c.id = r.customer_id
	WHERE r.id = ANY(ids) AND NOT r.fits
	ORDER BY r.seq
$$;

-- ---- a period billed again

/*
 * A bill was cancelled by hand, and its period is to be billed again. The run
 * goes on after the last billed period, so it does that where the bill was the
 * newest. Otherwise the bill is issued again here, with its own package, number
 * of periods and agreed discount. It is not the first period that has no bill
 * yet, which the next package waits for; but where that package was to begin with
 * the cancelled bill (`begins_next`), it begins with this one.
 */
CREATE OR REPLACE FUNCTION period_bill_again(invoice invoices, begins_next boolean, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s       subscriptions;
	draft   invoices;
	base    bill_line[] := ARRAY(SELECT l FROM unnest(bill_lines_of(invoice.id)) l WHERE l.kind IN ('package', 'part'));
	periods int := periods_of(invoice.id);
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = invoice.subscription_id;
	IF invoice.period_start IS NULL OR NOT is_period_skipped(s, invoice) THEN
		RETURN;
	END IF;
	draft := period_draft(s, invoice.period_start, today);
	draft.kind := invoice.kind;
	draft.package_id := invoice.package_id;
	draft.period_end := invoice.period_end;
	draft.grants_days := invoice.grants_days;
	IF base = '{}' THEN
		base := ARRAY[period_line(s, invoice.period_start, invoice.period_end)];
	END IF;
	base := base || discount_agreed(invoice.id, (SELECT sum(l.amount)::bigint FROM unnest(base) l));
	PERFORM invoice_issue(draft, bill_compose(s, base, periods, invoice.period_end - invoice.period_start + 1, today), today);
	UPDATE subscriptions SET anchor_day = NULL WHERE id = s.id AND s.anchor_day IS NULL; -- the next period sets it
	PERFORM next_package_schedule(x, invoice.period_start, today) FROM subscriptions x WHERE x.id = s.id AND begins_next;
END $$;

/*
 * Would the run leave out the period of this cancelled bill? For a prepaid
 * subscription it does so if a later period is billed. A postpaid one always
 * pays for the days that it used: the run leaves them out if the days after them
 * are billed or were days off, and prices them wrongly if they were used with
 * another package than the present one.
 */
CREATE OR REPLACE FUNCTION is_period_skipped(subscription subscriptions, invoice invoices) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF subscription.is_postpaid THEN
		RETURN subscription.end_date >= invoice.period_start OR subscription.package_id <> invoice.package_id;
	END IF;
	RETURN subscription.is_live AND EXISTS (SELECT FROM invoices i
		WHERE i.subscription_id = subscription.id AND i.period_held IS NOT NULL AND i.period_start > invoice.period_start);
END $$;
