/*
 * The nightly run, in sets. Its caller finds the candidates of a step once
 * (billing_candidates), and works them off in chunks, each a short transaction
 * of its own: lock, test again, act, report. "Again" is a new statement after
 * the lock, so a payment that committed meanwhile wins.
 */

/*
 * Subscriptions whose next period is to be billed on d: nobody was billed for
 * its first day yet. `fits` is false where its end would overlap a period
 * billed already: that is for people to sort out.
 */
CREATE OR REPLACE FUNCTION renewals_due(d date)
RETURNS TABLE (id uuid, seq bigint, customer_id uuid, package_id uuid, amount bigint,
	period_start date, period_end date, due_date date, fits boolean)
LANGUAGE sql STABLE AS $$
	SELECT s.id, s.seq, s.customer_id, n.id, n.price,
		t.first_day, t.last_day, greatest(s.end_date, d), billed.starts IS NULL
	FROM subscriptions s
	JOIN packages p ON p.id = s.package_id
	JOIN packages n ON n.id = coalesce(s.next_package_id, s.package_id)
	CROSS JOIN LATERAL (SELECT next_period_start(s.end_date, s.resumed_on) AS first_day) f
	CROSS JOIN LATERAL (SELECT f.first_day, f.first_day + n.validity_days - 1 AS last_day) t
	-- (one look into an index by the end of periods, which holds nothing that late as a rule)
	LEFT JOIN LATERAL (
		SELECT min(i.period_start) AS starts FROM invoices i
		WHERE i.subscription_id = s.id AND i.period_end >= t.first_day AND i.period_start <= t.last_day
		  AND i.period_held IS NOT NULL) billed ON true
	WHERE s.auto_renew AND s.status = 'active'
	  AND s.end_date <= d + (SELECT lead_days FROM settings)
	  AND s.end_date <= d + p.validity_days - 1
	  AND (billed.starts > t.first_day) IS NOT FALSE
$$;

-- Subscriptions whose period billed at the next package has begun on d.
CREATE OR REPLACE FUNCTION packages_begin_due(d date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM subscriptions WHERE next_package_on <= d AND is_live
$$;

CREATE OR REPLACE FUNCTION is_invoice_late(i invoices, d date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT i.is_open AND i.status = 'unpaid' AND i.due_date < d
$$;

CREATE OR REPLACE FUNCTION expiries_due(d date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM subscriptions WHERE status IN ('active', 'suspended') AND NOT auto_renew AND end_date < d
$$;

CREATE OR REPLACE FUNCTION suspensions_due(d date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM subscriptions s
	WHERE s.status = 'active' AND (s.hold_until IS NULL OR s.hold_until < d)
	  AND EXISTS (SELECT FROM open_invoices(s.customer_id, s.id) i
		WHERE i.status = 'overdue' AND i.due_date < d - (SELECT grace_days FROM settings))
$$;

-- In the order in which they must be worked off.
CREATE OR REPLACE FUNCTION billing_candidates(step text, d date) RETURNS TABLE (n bigint, id uuid)
LANGUAGE plpgsql STABLE AS $$
BEGIN
	CASE step
	WHEN 'renew' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id
			FROM (SELECT r.seq, r.id FROM renewals_due(d) r
			      UNION ALL
			      SELECT b.seq, b.id FROM packages_begin_due(d) b
			      WHERE NOT EXISTS (SELECT FROM renewals_due(d) r WHERE r.id = b.id)) c
			ORDER BY c.seq;
	WHEN 'overdue' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM invoices c WHERE is_invoice_late(c, d) ORDER BY c.seq;
	WHEN 'expire' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM expiries_due(d) c ORDER BY c.seq;
	WHEN 'suspend' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM suspensions_due(d) c ORDER BY c.seq;
	END CASE;
END $$;

-- Lines of candidates to whom nothing was done: subscriptions, or invoices of the overdue step.
CREATE OR REPLACE FUNCTION billing_lines(step text, outcome text, ids uuid[], detail text) RETURNS SETOF billing_report
LANGUAGE sql STABLE AS $$
	SELECT step, outcome, s.id, i.id, i.invoice_number, c.name, s.mikrotik_username, i.amount - i.paid_amount,
		coalesce(i.due_date, s.end_date), detail
	FROM unnest(ids) AS told(id)
	LEFT JOIN invoices i ON i.id = told.id
	JOIN subscriptions s ON s.id = coalesce(i.subscription_id, told.id)
	JOIN customers c ON c.id = s.customer_id
	ORDER BY s.seq
$$;

-- Of all others somebody was faster. (As a rule there are none: no set is searched for them.)
CREATE OR REPLACE FUNCTION billing_skipped(step text, ids uuid[], told uuid[]) RETURNS SETOF billing_report
LANGUAGE sql STABLE AS $$
	SELECT * FROM billing_lines(step, 'skipped', CASE WHEN cardinality(told) < cardinality(ids)
		THEN ARRAY(SELECT unnest(ids) EXCEPT SELECT unnest(told)) END, 'changed meanwhile')
$$;

CREATE OR REPLACE FUNCTION billing_renew(ids uuid[], d date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	made  record;
	lines billing_report[];
BEGIN
	PERFORM subscriptions_lock(ids);
	lines := ARRAY(SELECT packages_begin(ids, d));
	SELECT * INTO made FROM renewals_issue(ids, d);
	PERFORM renewals_follow_up(ARRAY(SELECT subscription_id FROM unnest(made.lines)), made.covered, d);
	lines := lines || made.lines;
	IF cardinality(lines) < cardinality(ids) THEN
		lines := lines || ARRAY(SELECT renewals_refused(ids, d));
	END IF;
	RETURN QUERY SELECT * FROM unnest(lines);
	RETURN QUERY SELECT * FROM billing_skipped('renew', ids, ARRAY(SELECT DISTINCT subscription_id FROM unnest(lines)));
END $$;

-- Before anything is billed, so that it is billed at what they have.
CREATE OR REPLACE FUNCTION packages_begin(ids uuid[], d date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	-- (they are few and the ids are many: OFFSET 0 has the few looked for first)
	FOR s IN SELECT * FROM (SELECT * FROM packages_begin_due(d) OFFSET 0) due WHERE due.id = ANY(ids) ORDER BY due.seq LOOP
		PERFORM next_package_begin(s);
		RETURN QUERY SELECT 'renew', 'done', s.id, NULL::uuid, NULL::text, c.name, s.mikrotik_username, NULL::bigint,
			s.next_package_on, format('has the package %s from now on', p.name)
			FROM customers c, packages p WHERE c.id = s.customer_id AND p.id = s.next_package_id;
	END LOOP;
END $$;

/*
 * All invoices of a chunk: their numbers are taken at once, and given in the
 * order of subscriptions. `covered` are those that cost nothing, or whose
 * customer has credit.
 */
CREATE OR REPLACE FUNCTION renewals_issue(ids uuid[], d date, OUT lines billing_report[], OUT covered uuid[])
LANGUAGE plpgsql AS $$
BEGIN
	WITH due AS MATERIALIZED (
		SELECT r.*, row_number() OVER (ORDER BY r.seq) AS n FROM renewals_due(d) r WHERE r.id = ANY(ids) AND r.fits
	), counter AS (
		INSERT INTO invoice_counters AS c (day, last_number) SELECT d, count(*) FROM due HAVING count(*) > 0
		ON CONFLICT (day) DO UPDATE SET last_number = c.last_number + EXCLUDED.last_number
		RETURNING c.last_number - (SELECT count(*) FROM due) AS taken_before
	), issue AS (
		INSERT INTO invoices (invoice_number, subscription_id, customer_id, package_id, kind, amount,
			period_start, period_end, issued_on, due_date)
		SELECT invoice_number(d, (taken_before + n)::int), due.id, customer_id, package_id, 'renewal', amount,
			period_start, period_end, d, due_date
		FROM due, counter ORDER BY n
		RETURNING id, subscription_id, customer_id, invoice_number, kind, amount, period_start, period_end, due_date
	), log AS (
		INSERT INTO billing_logs (action, message, customer_id, subscription_id, invoice_id, meta, actor, request_id)
		SELECT 'issued', format('%s issued over %s, due %s', invoice_number, rupiah(amount), due_date),
			customer_id, subscription_id, id,
			jsonb_build_object('kind', kind, 'amount', amount, 'period_start', period_start,
				'period_end', period_end, 'due_date', due_date),
			session_actor(), session_request()
		FROM issue
	)
	SELECT coalesce(array_agg(ROW('renew', 'done', s.id, i.id, i.invoice_number, c.name, s.mikrotik_username, i.amount,
			i.due_date, format('%s to %s', i.period_start, i.period_end))::billing_report ORDER BY s.seq), '{}'),
		array_agg(i.id) FILTER (WHERE i.amount = 0 OR c.credit > 0)
	INTO lines, covered
	FROM issue i JOIN subscriptions s ON s.id = i.subscription_id JOIN customers c ON c.id = i.customer_id;
END $$;

-- For the few it concerns: the package of the next period, what costs nothing, and credit.
CREATE OR REPLACE FUNCTION renewals_follow_up(subs uuid[], covered uuid[], d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	PERFORM next_package_billed(s, d) FROM subscriptions s WHERE s.id = ANY(subs) AND s.next_package_id IS NOT NULL;
	FOR i IN SELECT * FROM invoices WHERE id = ANY(covered) ORDER BY seq LOOP
		PERFORM invoice_finish_issue(i, d);
	END LOOP;
END $$;

-- Still due, though all that fitted was billed.
CREATE OR REPLACE FUNCTION renewals_refused(ids uuid[], d date) RETURNS SETOF billing_report
LANGUAGE sql STABLE AS $$
	SELECT 'renew', 'refused', r.id, NULL::uuid, NULL::text, c.name, s.mikrotik_username, r.amount, r.due_date,
		format('%s to %s overlaps a period already billed', r.period_start, r.period_end)
	FROM renewals_due(d) r
	JOIN subscriptions s ON s.id = r.id
	JOIN customers c ON c.id = r.customer_id
	WHERE r.id = ANY(ids)
	ORDER BY r.seq
$$;

CREATE OR REPLACE FUNCTION billing_overdue(ids uuid[], d date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	lines billing_report[];
BEGIN
	PERFORM invoices_lock(ids);
	WITH mark AS (
		UPDATE invoices i SET status = 'overdue', updated_at = now() WHERE i.id = ANY(ids) AND is_invoice_late(i, d)
		RETURNING i.*
	), log AS (
		INSERT INTO billing_logs (action, message, customer_id, subscription_id, invoice_id, meta, actor, request_id)
		SELECT 'overdue', format('%s was due %s', invoice_number, due_date), customer_id, subscription_id, id,
			jsonb_build_object('due_date', due_date, 'date', d), session_actor(), session_request()
		FROM mark
	)
	SELECT coalesce(array_agg(ROW('overdue', 'done', s.id, i.id, i.invoice_number, c.name, s.mikrotik_username,
		i.amount - i.paid_amount, i.due_date, NULL)::billing_report ORDER BY i.seq), '{}')
	INTO lines
	FROM mark i JOIN subscriptions s ON s.id = i.subscription_id JOIN customers c ON c.id = i.customer_id;
	RETURN QUERY SELECT * FROM unnest(lines);
	RETURN QUERY SELECT * FROM billing_skipped('overdue', ids, ARRAY(SELECT invoice_id FROM unnest(lines)));
END $$;

CREATE OR REPLACE FUNCTION billing_expire(ids uuid[], d date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	lines billing_report[];
	done uuid[];
BEGIN
	PERFORM subscriptions_lock(ids);
	lines := ARRAY(
		SELECT ROW('expire', 'done', s.id, NULL, NULL, c.name, s.mikrotik_username, NULL, s.end_date,
			'not renewed')::billing_report
		FROM expiries_due(d) s JOIN customers c ON c.id = s.customer_id
		WHERE s.id = ANY(ids) ORDER BY s.seq);
	done := ARRAY(SELECT subscription_id FROM unnest(lines));
	PERFORM subscriptions_set_status(done, 'expired', NULL, format('the service ended before %s', d));
	RETURN QUERY SELECT * FROM unnest(lines);
	RETURN QUERY SELECT * FROM billing_skipped('expire', ids, done);
END $$;

CREATE OR REPLACE FUNCTION billing_suspend(ids uuid[], d date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	lines billing_report[];
	done uuid[];
BEGIN
	PERFORM subscriptions_lock(ids);
	lines := ARRAY(
		SELECT ROW('suspend', 'done', s.id, i.id, i.invoice_number, c.name, s.mikrotik_username,
			i.amount - i.paid_amount, i.due_date, NULL)::billing_report
		FROM suspensions_due(d) s
		JOIN customers c ON c.id = s.customer_id
		CROSS JOIN LATERAL (
			SELECT * FROM open_invoices(s.customer_id, s.id) o WHERE o.status = 'overdue'
			ORDER BY o.due_date, o.seq LIMIT 1) i
		WHERE s.id = ANY(ids) ORDER BY s.seq);
	done := ARRAY(SELECT subscription_id FROM unnest(lines));
	PERFORM subscriptions_set_status(done, 'suspended', 'debt', 'an invoice is overdue beyond grace');
	RETURN QUERY SELECT * FROM unnest(lines);
	RETURN QUERY SELECT * FROM billing_skipped('suspend', ids, done);
END $$;
