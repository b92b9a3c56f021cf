/*
 * The nightly run, in sets. Its caller, lib/billing, finds the candidates of a
 * step once (billing_candidates) and gives them to the function of the step in
 * chunks. Each chunk is one short transaction: it locks its candidates, tests
 * each again in a new statement, so that a payment that committed meanwhile
 * wins, acts, and returns a report row for each.
 *
 * A subscription has three reasons to stay on though it should be switched off.
 * hold_until is the last day on which a promise keeps it on, or the undoing of a
 * run. A router that cannot be reached holds it, at most three nights
 * (router_hold). So does Midtrans, where it gives no answer about an open payment
 * page (lib/billing).
 */

-- ---- candidates

/*
 * The next bill of each subscription that is to be issued today: prepaid
 * before the period begins (the first SELECT), postpaid once the period has
 * passed (the second one). A postpaid period ends early where the service went
 * off (closed_on) or the next package begins. A bill is never due before its day
 * of issue, and a first one not before first_due_days after it. `fits` is false
 * where the period overlaps one that is billed already: the run reports it as
 * refused, and a person must cancel one of the two bills. `is_followed`: the bill
 * has consequences, see renewals_issue().
 */
DROP FUNCTION IF EXISTS renewals_due(date); -- OR REPLACE cannot change its columns
CREATE OR REPLACE FUNCTION renewals_due(today date)
RETURNS TABLE (id uuid, seq bigint, customer_id uuid, package_id uuid, period_start date, period_end date, due_date date,
	kind text, line bill_line, has_extras boolean, is_followed boolean, is_postpaid boolean, username text, fits boolean)
LANGUAGE sql STABLE AS $$
	SELECT s.id, s.seq, s.customer_id, t.package_id, f.first_day, l.last_day,
		greatest(f.first_day - 1 + g.due_days, today, CASE WHEN f.first_day = s.start_date THEN today + g.first_due_days END),
		CASE WHEN f.first_day = s.start_date THEN 'first' ELSE 'renewal' END,
		CASE WHEN is_whole_period(t.cycle, s.start_date, t.billing_day, t.months, f.first_day, l.last_day)
		     THEN ROW('package', t.package_name, 1, t.price, t.price, true, NULL, NULL, NULL)::bill_line
		     WHEN f.first_day = s.start_date AND g.first_period = 'full'
		     THEN bill_line_new('part', part_text(t.package_name, f.first_day, l.last_day), 1, t.price, true)
		     ELSE period_line(subscription_of(s.id), f.first_day, l.last_day) END,
		x.has_extras, x.has_extras OR s.next_package_id IS NOT NULL OR (s.anchor_day IS NULL) = is_rolling_month(t.period_unit, t.cycle),
		false, s.mikrotik_username, billed.starts IS NULL
	FROM subscriptions s
	CROSS JOIN settings g
	CROSS JOIN LATERAL terms_of(s.package_id, s.next_package_id, s.next_package_on, s.is_postpaid, s.end_date, s.cycle, s.mode, s.billing_day,
		s.late_policy) t
	-- Without OFFSET 0 the planner would copy these two into each place that names them: five calls a row. It would build the
	-- whole row of each subscription if a function here took `s`: the few that need it read it again (subscription_of).
	CROSS JOIN LATERAL (SELECT CASE WHEN s.status = 'active' THEN s.end_date + 1 + o.days ELSE next_period_start(subscription_of(s.id), today) END AS first_day
		FROM open_days(s.customer_id, s.id) o OFFSET 0) f
	CROSS JOIN LATERAL (SELECT period_last(t.cycle, t.period_unit, t.validity_days, t.months, t.billing_day,
		CASE WHEN s.status = 'active' THEN s.anchor_day ELSE next_anchor(subscription_of(s.id), f.first_day) END, s.start_date, f.first_day) AS last_day OFFSET 0) l
	CROSS JOIN LATERAL bill_extras(s.customer_id, s.id, s.pending_days) x
	-- Reads the index on (subscription_id, period_end): as a rule no bill of the subscription ends so late.
	LEFT JOIN LATERAL (
		SELECT min(i.period_start) AS starts FROM invoices i
		WHERE i.subscription_id = s.id AND i.period_end >= f.first_day AND i.period_start <= l.last_day
		  AND i.period_held IS NOT NULL) billed ON true
	WHERE s.auto_renew AND NOT s.is_postpaid AND s.end_date < today + g.lead_days
	  AND (s.status = 'active' OR g.arrears = 'bill' AND (s.suspend_reason = 'debt' OR s.status = 'expired') AND t.late_policy = 'keep'
	       AND (SELECT count(*) FROM open_invoices(s.customer_id, s.id) o WHERE o.period_start IS NOT NULL) < g.arrears_max)
	  AND f.first_day - least(g.lead_days, l.last_day - f.first_day) <= today
	UNION ALL
	SELECT s.id, s.seq, s.customer_id, t.package_id, s.end_date + 1, l.last_day, today + g.postpaid_due_days,
		CASE WHEN s.end_date + 1 = s.start_date THEN 'first' ELSE 'renewal' END,
		CASE WHEN s.end_date + 1 = s.start_date AND g.first_period = 'full' AND l.last_day = l.natural_end
		     THEN ROW('package', t.package_name, 1, t.price, t.price, true, NULL, NULL, NULL)::bill_line
		     WHEN t.cycle = 'rolling' AND l.last_day < l.natural_end
		     THEN bill_line_new('part', part_text(t.package_name, s.end_date + 1, l.last_day), 1,
		          days_price(t.price, l.last_day - s.end_date, l.natural_end - s.end_date), true)
		     ELSE period_line(s, s.end_date + 1, l.last_day) END,
		x.has_extras, true, true, s.mikrotik_username, NOT is_period_taken(s.id, s.end_date + 1, l.last_day)
	FROM subscriptions s
	CROSS JOIN settings g
	CROSS JOIN LATERAL terms_of(s) t
	CROSS JOIN LATERAL (SELECT n.natural_end,
		least(n.natural_end, s.closed_on, CASE WHEN s.next_package_on > s.end_date + 1 THEN s.next_package_on - 1 END) AS last_day
		FROM (SELECT period_last(t.cycle, t.period_unit, t.validity_days, t.months, t.billing_day, s.anchor_day, s.start_date,
		      s.end_date + 1) AS natural_end) n) l
	CROSS JOIN LATERAL bill_extras(s.customer_id, s.id, s.pending_days) x
	WHERE s.is_postpaid AND s.end_date < today AND l.last_day < today AND l.last_day > s.end_date
	  AND (s.status = 'active' OR s.closed_on IS NOT NULL)
$$;

-- Subscriptions whose next package begins today or has begun. A postpaid one keeps its present package
-- until all days that it used with it are billed: those before next_package_on, or up to closed_on where
-- its service went off earlier.
CREATE OR REPLACE FUNCTION packages_begin_due(today date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM subscriptions
	WHERE next_package_on <= today AND is_live AND (NOT is_postpaid OR end_date >= least(next_package_on - 1, closed_on))
$$;

-- Subscriptions whose service begins, whose planned pause begins, or whose pause is over.
CREATE OR REPLACE FUNCTION begins_due(today date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM subscriptions WHERE begin_on <= today AND is_live
$$;

-- Is the bill past its due date, and not marked as overdue yet? The step overdue marks it.
CREATE OR REPLACE FUNCTION is_invoice_past_due(invoice invoices, today date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT invoice.is_open AND invoice.status = 'unpaid' AND invoice.due_date < today
$$;

-- Overdue bills that are to bear their late fee, once each.
CREATE OR REPLACE FUNCTION late_fees_due(today date) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT i.* FROM invoices i, settings g
	WHERE (g.late_fee > 0 OR g.late_fee_percent > 0) AND i.is_open AND i.status = 'overdue' AND i.late_fee_on IS NULL
	  AND i.due_date <= today - g.late_fee_days AND late_fee_base(i) > 0
$$;

-- Prepaid subscriptions that are not renewed, whose paid days are over and that hold_until does not keep on.
CREATE OR REPLACE FUNCTION expiries_due(today date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM subscriptions
	WHERE NOT auto_renew AND NOT is_postpaid AND end_date < today AND (status = 'active' OR suspend_reason = 'debt')
	  AND (hold_until IS NULL OR hold_until < today)
$$;

-- Does the setting no_suspend_days name today, as a date or as an English weekday?
CREATE OR REPLACE FUNCTION is_no_suspend_day(today date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT trim(lower(to_char(today, 'day'))) = ANY(no_suspend_days) OR today::text = ANY(no_suspend_days) FROM settings
$$;

-- Active subscriptions with an overdue bill past its grace that hold_until does not keep on; none on a day
-- without suspensions.
CREATE OR REPLACE FUNCTION debts_past_grace(today date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT s.* FROM subscriptions s
	WHERE s.status = 'active' AND (s.hold_until IS NULL OR s.hold_until < today) AND NOT is_no_suspend_day(today)
	  AND EXISTS (SELECT FROM open_invoices(s.customer_id, s.id) i, settings g
		WHERE i.status = 'overdue' AND is_bill_past_grace(i, (SELECT t.cycle FROM subscriptions x, terms_of(x) t WHERE x.id = s.id), s.end_date, g, today))
$$;

-- The same, without those that are held because their router cannot be reached: router-sync could not
-- switch them off.
CREATE OR REPLACE FUNCTION suspensions_due(today date) RETURNS SETOF subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM debts_past_grace(today) WHERE NOT is_router_held(router_held_on, router_holds, today)
$$;

-- The candidates of a step, in the order in which the run takes them.
CREATE OR REPLACE FUNCTION billing_candidates(step text, today date) RETURNS TABLE (n bigint, id uuid)
LANGUAGE plpgsql STABLE AS $$
BEGIN
	CASE step
	WHEN 'begin' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM begins_due(today) c ORDER BY c.seq;
	WHEN 'renew' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id
			FROM (SELECT r.seq, r.id FROM renewals_due(today) r
			      UNION ALL
			      SELECT b.seq, b.id FROM packages_begin_due(today) b
			      WHERE NOT EXISTS (SELECT FROM renewals_due(today) r WHERE r.id = b.id)) c
			ORDER BY c.seq;
	WHEN 'overdue' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM invoices c WHERE is_invoice_past_due(c, today) ORDER BY c.seq;
	WHEN 'late' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM late_fees_due(today) c ORDER BY c.seq;
	WHEN 'expire' THEN
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM expiries_due(today) c ORDER BY c.seq;
	WHEN 'suspend' THEN
		-- (the overdue bills are few beside the subscriptions, each of which would look for its own)
		RETURN QUERY SELECT row_number() OVER (ORDER BY c.seq), c.id FROM suspensions_due(today) c
			WHERE c.id = ANY(ARRAY(SELECT i.subscription_id FROM invoices i WHERE i.is_open AND i.status = 'overdue'))
			ORDER BY c.seq;
	END CASE;
END $$;

-- The most subscriptions that the step expire, or suspend, may switch off in one night. With more
-- candidates the step switches off none: a person must decide.
CREATE OR REPLACE FUNCTION billing_guard() RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT coalesce((SELECT suspend_guard FROM settings)::bigint,
		greatest(20, (SELECT count(*) FROM subscriptions WHERE status = 'active') / 10))
$$;

-- Raise the alert that a guarded step switched off nobody. billing_guard_alert_close closes it when the step is done.
CREATE OR REPLACE FUNCTION billing_guard_alert(step text, due bigint, max bigint, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM alert_raise_text('subscription', 'critical', 'night_guarded',
		jsonb_build_object('date', today, 'step', alert_word(step), 'due', due, 'most', max),
		jsonb_build_object('step', step, 'due', due, 'most', max, 'date', today), 'billing-guard:' || step);
END $$;

/*
 * Check the steps that a person lets the run do in spite of the guard, and
 * return them for billing_run(), which reads "expire,suspend". No `steps` stands
 * for all guarded ones.
 */
CREATE OR REPLACE FUNCTION guarded_steps_check(steps text[], today date) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	guarded text[] := guarded_steps(today);
BEGIN
	IF guarded = '{}' THEN
		PERFORM raise_conflict('run_not_guarded', format('No run of %s has a guarded step.', today));
	END IF;
	PERFORM raise_invalid_all(field_error(NOT steps <@ guarded, 'steps', 'not_guarded',
		format('The steps must be among those that are guarded today: %s.', array_to_string(guarded, ', '))));
	RETURN array_to_string(coalesce(nullif(steps, '{}'), guarded), ',');
END $$;

-- The guarded steps of today. A step is guarded if, in today's newest run that included it, the guard
-- stopped it. The report of a run that was limited to some steps names them in `only`.
CREATE OR REPLACE FUNCTION guarded_steps(today date) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT step FROM unnest('{expire,suspend}'::text[]) AS step
		WHERE (SELECT (r.counts -> step ->> 'guarded')::bigint > 0 FROM billing_runs r
		       WHERE r.business_date = today AND r.counts IS NOT NULL
		         AND (r.report ->> 'only' IS NULL OR step = ANY(string_to_array(r.report ->> 'only', ',')))
		       ORDER BY r.id DESC LIMIT 1))
$$;

-- ---- reports

-- Report rows of candidates to which the step did nothing. Candidates are subscriptions, or bills in the
-- steps overdue and late.
CREATE OR REPLACE FUNCTION report_rows(step text, outcome text, ids uuid[], detail text) RETURNS SETOF billing_report
LANGUAGE sql STABLE AS $$
	SELECT step, outcome, s.id, i.id, i.invoice_number, c.name, s.mikrotik_username, i.amount - i.paid_amount,
		coalesce(i.due_date, s.end_date), detail
	FROM unnest(ids) AS candidate(id)
	LEFT JOIN invoices i ON i.id = candidate.id
	JOIN subscriptions s ON s.id = coalesce(i.subscription_id, candidate.id)
	JOIN customers c ON c.id = s.customer_id
	ORDER BY s.seq
$$;

-- Report rows of candidates that a payment or a person changed meanwhile. There are none as a rule, so
-- the ids are compared only where their number differs.
CREATE OR REPLACE FUNCTION report_skipped(step text, ids uuid[], reported uuid[]) RETURNS SETOF billing_report
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF cardinality(reported) < cardinality(ids) THEN
		RETURN QUERY SELECT * FROM report_rows(step, 'skipped', ARRAY(SELECT unnest(ids) EXCEPT SELECT unnest(reported)),
			'changed meanwhile');
	END IF;
END $$;

-- ---- begin

-- Begin the service of these subscriptions, or their pause, or end their pause.
CREATE OR REPLACE FUNCTION billing_begin(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	s    subscriptions;
	done uuid[] := '{}';
BEGIN
	PERFORM subscriptions_lock(ids);
	FOR s IN SELECT * FROM begins_due(today) b WHERE b.id = ANY(ids) ORDER BY b.seq LOOP
		RETURN QUERY SELECT 'begin', 'done', s.id, NULL::uuid, NULL::text, c.name, s.mikrotik_username, NULL::bigint, today,
			subscription_begin(s, today) FROM customers c WHERE c.id = s.customer_id;
		done := done || s.id;
	END LOOP;
	RETURN QUERY SELECT * FROM report_skipped('begin', ids, done);
END $$;

-- Begin what is due today for one subscription: its service, its first bill, a pause or its end. Returns it in
-- words, for the report. A pause whose first day has come begins with the service: the line is not on, and not
-- billed, for a night.
CREATE OR REPLACE FUNCTION subscription_begin(subscription subscriptions, today date) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	done text;
BEGIN
	IF subscription.waits_first AND subscription.suspend_reason = 'new' THEN
		done := first_bill_begin(subscription, today);
	ELSIF subscription.suspend_reason = 'new' THEN
		PERFORM subscription_switch_on(subscription, 'the service begins', today, false);
		done := 'the service begins';
	ELSIF subscription.suspend_reason = 'pause' THEN
		PERFORM subscription_switch_on(subscription, 'the pause is over', today, false);
		done := 'the pause is over';
	END IF;
	SELECT * INTO subscription FROM subscriptions WHERE id = subscription.id;
	IF subscription.status = 'active' AND is_pause_day(subscription, today) THEN
		PERFORM subscription_pause_begin(subscription, 'a planned pause', today);
		RETURN 'the pause begins';
	ELSIF done IS NOT NULL THEN
		RETURN done;
	END IF;
	-- The pause is over already, or the service is off for another reason. When the service returns,
	-- subscription_switch_on() sets begin_on to the first day of a pause that is still planned.
	UPDATE subscriptions SET begin_on = NULL WHERE id = subscription.id;
	UPDATE subscriptions SET pause_from = NULL, pause_until = NULL WHERE id = subscription.id AND pause_until < today;
	RETURN 'there is nothing to begin';
END $$;

-- A subscription that waits for its first payment: a bill that is paid begins the service, an open one
-- moves to today, one that was deleted is issued again.
CREATE OR REPLACE FUNCTION first_bill_begin(subscription subscriptions, today date) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM subscription_reconsider(subscription.id, 'the service begins', today);
	IF (SELECT status FROM subscriptions WHERE id = subscription.id) = 'active' THEN
		RETURN 'the service begins';
	END IF;
	PERFORM first_bill_move(subscription, today);
	PERFORM first_bill_again(subscription, today);
	RETURN 'waits for its first payment';
END $$;

-- Move an untouched first bill to the day on which the service could begin now: its period, its due
-- date, and the anchor of rolling months. A calendar one costs the part from that day on.
CREATE OR REPLACE FUNCTION first_bill_move(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i     invoices;
	first record;
BEGIN
	UPDATE subscriptions SET begin_on = today + 1 WHERE id = subscription.id;
	SELECT * INTO i FROM open_invoices(subscription.customer_id, subscription.id) o WHERE is_first_bill(subscription, o) AND is_invoice_untouched(o) AND o.period_start <= today;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	SELECT * INTO first FROM first_period(subscription_as_billed(subscription, i), i, today);
	UPDATE invoices
	SET period_start = today, period_end = first.last, due_date = greatest(due_date, first.due), status = 'unpaid', updated_at = now()
	WHERE id = i.id RETURNING * INTO i;
	UPDATE subscriptions SET anchor_day = extract(day FROM today)::int WHERE id = subscription.id AND anchor_day IS NOT NULL;
	IF (SELECT cycle FROM terms_of(subscription)) = 'calendar' THEN
		PERFORM invoice_recompose(i, first.lines, periods_of(i.id), today);
	END IF;
END $$;

-- Issue the first bill of a subscription that has neither days nor a bill of a period, as if it signed up today:
-- its bill was deleted, and nothing else would ever begin its service. Dates that were given keep their length.
CREATE OR REPLACE FUNCTION first_bill_again(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := period_draft(subscription, greatest(subscription.start_date, today), today);
	old   invoices;
	first record;
BEGIN
	IF subscription.is_postpaid OR subscription.end_date >= subscription.start_date
	   OR EXISTS (SELECT FROM invoices WHERE subscription_id = subscription.id AND period_held IS NOT NULL) THEN
		RETURN;
	END IF;
	SELECT * INTO old FROM invoices WHERE subscription_id = subscription.id AND kind = 'first' ORDER BY seq DESC LIMIT 1;
	SELECT * INTO first FROM first_period(subscription, old, draft.period_start);
	draft.kind := 'first';
	draft.period_end := first.last;
	draft.due_date := greatest(draft.due_date, today + (SELECT first_due_days FROM settings));
	UPDATE subscriptions SET anchor_day = NULL WHERE id = subscription.id; -- the new bill sets it
	PERFORM next_package_schedule(subscription, draft.period_start, today);
	PERFORM invoice_issue(draft, bill_compose(subscription, first.lines, 1, draft.period_end - draft.period_start + 1, today), today);
END $$;

-- ---- overdue, late, expire, suspend

-- Mark bills past their due date as overdue.
CREATE OR REPLACE FUNCTION billing_overdue(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	report billing_report[];
BEGIN
	PERFORM invoices_lock(ids);
	WITH mark AS (
		UPDATE invoices i SET status = 'overdue', updated_at = now() WHERE i.id = ANY(ids) AND is_invoice_past_due(i, today)
		RETURNING i.id, i.seq, i.customer_id, i.subscription_id, i.invoice_number, i.due_date, i.amount - i.paid_amount AS owed
	), log AS (
		INSERT INTO billing_logs (action, message, customer_id, subscription_id, invoice_id, meta, actor, request_id)
		SELECT 'overdue', format('%s was due %s', invoice_number, due_date), customer_id, subscription_id, id,
			jsonb_build_object('due_date', due_date, 'date', today, 'before', 'unpaid', 'after', 'overdue'),
			session_actor(), session_request()
		FROM mark
	)
	SELECT coalesce(array_agg(ROW('overdue', 'done', s.id, i.id, i.invoice_number, c.name, s.mikrotik_username,
		i.owed, i.due_date, NULL)::billing_report ORDER BY i.seq), '{}')
	INTO report
	FROM mark i JOIN subscriptions s ON s.id = i.subscription_id JOIN customers c ON c.id = i.customer_id;
	RETURN QUERY SELECT * FROM unnest(report);
	RETURN QUERY SELECT * FROM report_skipped('overdue', ids, ARRAY(SELECT invoice_id FROM unnest(report)));
END $$;

-- Charge the late fee of these bills: on the next bill of the subscription, or on a bill of its own
-- where the subscription has ended.
CREATE OR REPLACE FUNCTION billing_late(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	report billing_report[];
BEGIN
	PERFORM invoices_lock(ids);
	report := ARRAY(
		SELECT ROW('late', 'done', s.id, i.id, i.invoice_number, c.name, s.mikrotik_username, late_fee_of(i), i.due_date, 'late fee')::billing_report
		FROM late_fees_due(today) i JOIN subscriptions s ON s.id = i.subscription_id JOIN customers c ON c.id = i.customer_id
		WHERE i.id = ANY(ids) ORDER BY i.seq);
	INSERT INTO charges (customer_id, subscription_id, kind, text, amount, entered_on, actor)
	SELECT s.customer_id, s.id, 'late_fee', bill_text('late_fee', l.invoice_number), l.amount, today, session_actor()
	FROM unnest(report) l JOIN subscriptions s ON s.id = l.subscription_id WHERE l.amount > 0;
	UPDATE invoices SET late_fee_on = today, updated_at = now() WHERE id IN (SELECT invoice_id FROM unnest(report));
	PERFORM billing_log('late_fee', format('%s late fee for %s', rupiah(l.amount), l.invoice_number), s.customer_id, s.id, l.invoice_id,
		jsonb_build_object('amount', l.amount, 'date', today))
	FROM unnest(report) l JOIN subscriptions s ON s.id = l.subscription_id;
	PERFORM charges_bill(s, today) FROM subscriptions s
	WHERE s.id IN (SELECT subscription_id FROM unnest(report)) AND s.status = 'cancelled';
	RETURN QUERY SELECT * FROM unnest(report);
	RETURN QUERY SELECT * FROM report_skipped('late', ids, ARRAY(SELECT invoice_id FROM unnest(report)));
END $$;

-- Switch off subscriptions that are not renewed. Cancel their open bills of periods that have not begun, and
-- pay the other open ones with the credit that this sets free. If no bill is cancelled nothing is reconsidered:
-- an end is no payment, and would put a line on again that has days off to get back.
CREATE OR REPLACE FUNCTION billing_expire(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	report billing_report[];
	done uuid[];
BEGIN
	PERFORM subscriptions_lock(ids);
	report := ARRAY(
		SELECT ROW('expire', 'done', s.id, NULL, NULL, c.name, s.mikrotik_username, NULL, s.end_date,
			'not renewed')::billing_report
		FROM expiries_due(today) s JOIN customers c ON c.id = s.customer_id
		WHERE s.id = ANY(ids) ORDER BY s.seq);
	done := ARRAY(SELECT subscription_id FROM unnest(report));
	PERFORM subscriptions_switch_off(done, 'expired', NULL, format('the service ended before %s', today), today);
	PERFORM future_bills_release(s, 'the line expired', today), credit_apply(s.customer_id, today)
	FROM subscriptions s WHERE s.id = ANY(done) AND EXISTS (SELECT FROM open_invoices(s.customer_id, s.id) o WHERE is_period_ahead(s, o, today));
	RETURN QUERY SELECT * FROM unnest(report);
	RETURN QUERY SELECT * FROM report_skipped('expire', ids, done);
END $$;

-- Switch off subscriptions for debt. Postpaid ones are billed tonight for the days that they used.
CREATE OR REPLACE FUNCTION billing_suspend(ids uuid[], today date) RETURNS SETOF billing_report
LANGUAGE plpgsql AS $$
DECLARE
	report billing_report[];
	done  uuid[];
	bills uuid[];
	used  uuid[];
BEGIN
	PERFORM subscriptions_lock(ids);
	SELECT coalesce(array_agg(ROW('suspend', 'done', d.id, i.id, i.invoice_number, c.name, d.mikrotik_username,
			i.amount - i.paid_amount, i.due_date, NULL)::billing_report ORDER BY d.seq), '{}'),
		coalesce(array_agg(d.id ORDER BY d.seq), '{}'), array_agg(i.id ORDER BY d.seq),
		array_agg(d.id) FILTER (WHERE d.is_postpaid)
	INTO report, done, bills, used
	FROM suspensions_due(today) d
	JOIN customers c ON c.id = d.customer_id
	CROSS JOIN LATERAL (
		SELECT * FROM open_invoices(d.customer_id, d.id) o WHERE o.status = 'overdue'
		ORDER BY o.due_date, o.seq LIMIT 1) i
	WHERE d.id = ANY(ids);
	PERFORM subscriptions_switch_off(done, 'suspended', 'debt', 'an invoice is overdue beyond grace', today, bills);
	IF used <> '{}' THEN
		report := report || periods_bill(used, today);
	END IF;
	RETURN QUERY SELECT * FROM unnest(report);
	RETURN QUERY SELECT * FROM report_skipped('suspend', ids, done);
END $$;

-- subscription_switch_off() for a set. `reason_code` is their suspend_reason, NULL where they expire;
-- `log_text` is for the person who reads the log. `bills` are the bills that they are suspended for, in
-- the same order as `subs`.
CREATE OR REPLACE FUNCTION subscriptions_switch_off(subs uuid[], state text, reason_code text, log_text text, today date, bills uuid[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	for_all jsonb := jsonb_strip_nulls(jsonb_build_object('reason', log_text,
		'after', jsonb_build_object('status', state, 'suspend_reason', reason_code)));
BEGIN
	WITH taken AS MATERIALIZED (
		SELECT s.id, s.customer_id, s.mikrotik_username, s.status, s.suspend_reason, bill
		FROM unnest(subs, bills) AS t (sub, bill) JOIN subscriptions s ON s.id = sub
	), metas AS ( -- one or two: a meta of its own for each row would cost as much as the row
		SELECT status, suspend_reason, for_all || jsonb_build_object('before',
			jsonb_strip_nulls(jsonb_build_object('status', status, 'suspend_reason', suspend_reason))) AS meta
		FROM taken GROUP BY status, suspend_reason
	), off AS (
		INSERT INTO service_offs (subscription_id, from_day, cause, run_id)
		SELECT id, today, coalesce(reason_code, state), nullif(current_setting('isp.run', true), '')::bigint
		FROM taken WHERE status = 'active'
	), log AS (
		INSERT INTO billing_logs (action, message, customer_id, subscription_id, invoice_id, meta, actor, request_id)
		SELECT state, format('%s is %s%s', mikrotik_username, state, ' (' || reason_code || ')'), customer_id, id, bill,
			meta, session_actor(), session_request()
		FROM taken JOIN metas ON (metas.status, coalesce(metas.suspend_reason, '')) = (taken.status, coalesce(taken.suspend_reason, ''))
	)
	UPDATE subscriptions
	SET status = state, suspend_reason = reason_code, closed_on = CASE WHEN is_postpaid THEN today - 1 ELSE closed_on END, updated_at = now()
	WHERE id = ANY(subs);
END $$;
