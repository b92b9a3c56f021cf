-- The states of a subscription. Accounts on routers follow by triggers of their own.

CREATE OR REPLACE FUNCTION subscription_lock(sub uuid) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = sub FOR NO KEY UPDATE OF c, own;
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF NOT FOUND THEN
		PERFORM raise_not_found('subscription_unknown', 'Subscription not found.');
	END IF;
	RETURN s;
END $$;

-- The same for a set, as the nightly run needs it: customer by customer, each before its own rows.
CREATE OR REPLACE FUNCTION subscriptions_lock(subs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = ANY(subs) ORDER BY c.id, own.id FOR NO KEY UPDATE OF c, own;
END $$;

-- From cancelled there is no way back.
CREATE OR REPLACE FUNCTION subscription_lock_live(sub uuid) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock(sub);
BEGIN
	IF s.status = 'cancelled' THEN
		PERFORM raise_conflict('subscription_cancelled', 'The subscription is cancelled.');
	END IF;
	RETURN s;
END $$;

-- ---- on and off

-- Into another state, and into the log.
CREATE OR REPLACE FUNCTION subscription_set_status(s subscriptions, state text, because text, why text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE subscriptions SET status = state, suspend_reason = because, updated_at = now() WHERE id = s.id;
	PERFORM billing_log(CASE state WHEN 'active' THEN 'activated' ELSE state END,
		format('%s is %s%s', s.mikrotik_username, state, ' (' || because || ')'),
		s.customer_id, s.id, NULL,
		jsonb_build_object('reason', why,
			'before', jsonb_build_object('status', s.status, 'suspend_reason', s.suspend_reason),
			'after', jsonb_build_object('status', state, 'suspend_reason', because)));
END $$;

-- Cut a line. One that is off already for debt or expiry, and is now off by hand, has a new span from today.
CREATE OR REPLACE FUNCTION subscription_switch_off(s subscriptions, state text, because text, why text, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF s.status <> 'active' AND because IN ('manual', 'pause') THEN
		PERFORM service_off_close(s, d, false);
	END IF;
	IF s.status = 'active' OR because IN ('manual', 'pause') THEN
		PERFORM service_off_open(s, coalesce(because, state), d);
	END IF;
	PERFORM subscription_set_status(s, state, because, why);
END $$;

-- Put a line on again: its span is closed, and a cut for debt may cost a fee.
CREATE OR REPLACE FUNCTION subscription_switch_on(s subscriptions, why text, d date, with_fee boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	o service_offs := service_off_now(s.id);
BEGIN
	PERFORM service_off_close(s, d, true);
	IF with_fee AND o.cause = 'debt' THEN
		PERFORM reactivation_charge(s, o, d);
	END IF;
	UPDATE subscriptions
	SET waits_first = false, pause_from = NULL, pause_until = NULL, begin_on = NULL, gateway_holds = 0, gateway_held_on = NULL
	WHERE id = s.id;
	PERFORM subscription_set_status(s, 'active', NULL, why);
END $$;

/*
 * Is an open bill of the line past its grace on d? A rolling prepaid line is
 * covered up to `until`, the end date that it has or would have.
 */
CREATE OR REPLACE FUNCTION is_line_past_grace(s subscriptions, until date, d date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (
		SELECT FROM open_invoices(s.customer_id, s.id) i, settings g, terms_of(s) t
		WHERE i.amount - i.paid_amount >= greatest(g.suspend_min_amount, 1)
		  AND CASE WHEN i.grants_days AND t.cycle = 'rolling' THEN greatest(i.due_date, until) ELSE i.due_date END + g.grace_days < d)
$$;

/*
 * After money, days or bills changed: only a suspension for debt, or until the
 * first payment, is lifted, and an expiry whose end date lies ahead again. A
 * line stays off while a bill is past its grace.
 */
CREATE OR REPLACE FUNCTION subscription_reconsider(sub uuid, why text, d date, with_fee boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions;
	until date;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF s.status = 'active' THEN
		PERFORM subscription_end_hold(s);
		RETURN;
	END IF;
	until := s.end_date + service_off_gain(s, d);
	IF (CASE WHEN s.suspend_reason = 'debt' THEN true
	         WHEN s.suspend_reason = 'new' THEN s.waits_first AND s.start_date <= d AND open_days(s.customer_id, s.id) = 0
	              AND s.end_date >= s.start_date
	         WHEN s.status = 'expired' THEN until >= d
	         ELSE false END) AND NOT is_line_past_grace(s, until, d) THEN
		PERFORM subscription_switch_on(s, why, d, with_fee);
		PERFORM subscription_end_hold(x) FROM subscriptions x WHERE x.id = sub;
	END IF;
END $$;

-- A promise has no use where nothing is open any more.
CREATE OR REPLACE FUNCTION subscription_end_hold(s subscriptions) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF s.hold_until IS NULL AND s.gateway_holds = 0 OR subscription_has_debt(s) THEN
		RETURN;
	END IF;
	UPDATE subscriptions SET hold_until = CASE WHEN auto_renew OR is_postpaid THEN NULL ELSE hold_until END,
		gateway_holds = 0, gateway_held_on = NULL, updated_at = now()
	WHERE id = s.id;
END $$;

-- All lines of a customer that money may have freed.
CREATE OR REPLACE FUNCTION customer_reconsider(customer uuid, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM subscription_reconsider(id, 'what was owed is paid', d) FROM (
		SELECT id FROM subscriptions
		WHERE customer_id = customer AND (suspend_reason IN ('debt', 'new') OR status = 'expired' OR hold_until IS NOT NULL OR gateway_holds > 0)
		  AND is_live
		ORDER BY seq OFFSET 0) lines;
END $$;

-- A due date was moved: where nothing is overdue any more, a suspension for debt is lifted.
CREATE OR REPLACE FUNCTION subscription_lift_debt(sub uuid, why text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF s.suspend_reason = 'debt' AND NOT EXISTS (SELECT FROM open_invoices(s.customer_id, sub) WHERE status = 'overdue') THEN
		PERFORM subscription_switch_on(s, why, d, true);
	END IF;
END $$;

-- Whether the subscription has open invoices, past due or not: a promise is given for them.
CREATE OR REPLACE FUNCTION subscription_has_debt(s subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM open_invoices(s.customer_id, s.id));
END $$;

-- ---- by hand

-- Debt gives way to it, so that a payment does not lift what a person decided.
CREATE OR REPLACE FUNCTION subscription_suspend(sub uuid, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock_live(sub);
BEGIN
	IF s.suspend_reason IN ('manual', 'pause') THEN
		PERFORM raise_conflict('subscription_suspended', 'The subscription is suspended already.');
	END IF;
	PERFORM future_bills_release(s, 'the line is off by hand', d);
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	PERFORM subscription_switch_off(s, 'suspended', 'manual', reason, d);
END $$;

-- Open bills of periods not begun are cancelled; what was paid on them is credit.
CREATE OR REPLACE FUNCTION future_bills_release(s subscriptions, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	FOR i IN SELECT * FROM open_invoices(s.customer_id, s.id) WHERE period_start > d ORDER BY seq DESC LOOP
		PERFORM invoice_release(i, reason, d);
	END LOOP;
END $$;

-- Off from one day to another, both included; without `until` up to POST /resume.
CREATE OR REPLACE FUNCTION subscription_pause(sub uuid, from_day date, until date, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s   subscriptions := subscription_lock_live(sub);
	was jsonb := jsonb_build_object('from', s.pause_from, 'until', s.pause_until);
BEGIN
	from_day := coalesce(from_day, d);
	PERFORM raise_invalid_all(field_error(from_day < d, 'from', 'after', format('The from field must be a date from %s on.', d))
		|| field_error(until < from_day, 'until', 'after', 'The until field must be a date after or equal to from.'));
	IF s.suspend_reason IN ('manual', 'pause') THEN
		PERFORM raise_conflict('subscription_suspended', 'The subscription is suspended already.');
	END IF;
	UPDATE subscriptions SET pause_from = from_day, pause_until = until, updated_at = now(),
		begin_on = CASE WHEN from_day > d THEN from_day ELSE until + 1 END
	WHERE id = sub RETURNING * INTO s;
	IF from_day > d THEN
		PERFORM billing_log('pause_planned', format('%s pauses from %s', s.mikrotik_username, from_day), s.customer_id, sub, NULL,
			jsonb_build_object('reason', reason, 'before', was,
				'after', jsonb_build_object('from', from_day, 'until', until)));
	ELSE
		PERFORM subscription_pause_begin(s, coalesce(reason, 'paused'), d);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION subscription_pause_begin(s subscriptions, why text, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM future_bills_release(s, 'the line is paused', d);
	UPDATE subscriptions SET begin_on = pause_until + 1 WHERE id = s.id RETURNING * INTO s;
	PERFORM subscription_switch_off(s, 'suspended', 'pause', why, d);
END $$;

-- A pause that is planned is called off; one that runs ends.
CREATE OR REPLACE FUNCTION subscription_resume(sub uuid, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock_live(sub);
BEGIN
	IF s.status = 'active' AND s.pause_from IS NOT NULL THEN
		UPDATE subscriptions SET pause_from = NULL, pause_until = NULL, begin_on = NULL, updated_at = now() WHERE id = sub;
		PERFORM billing_log('pause_called_off', format('%s does not pause from %s', s.mikrotik_username, s.pause_from),
			s.customer_id, sub, NULL, jsonb_build_object('reason', reason,
				'before', jsonb_build_object('from', s.pause_from, 'until', s.pause_until), 'after', '{}'::jsonb));
	ELSIF s.suspend_reason = 'pause' THEN
		PERFORM subscription_switch_on(s, coalesce(reason, 'resumed'), d, false);
	ELSE
		PERFORM raise_conflict('subscription_not_paused', 'The subscription is not paused.');
	END IF;
END $$;

/*
 * On by hand. With debt open, and for an expired line, that is a promise: it
 * holds up to `until`, then the run acts again. An active line can have one
 * noted before it is cut.
 */
CREATE OR REPLACE FUNCTION subscription_activate(sub uuid, until date, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	IF until < d OR until > d + 14 THEN
		PERFORM raise_invalid('until', 'range', format('The until field must be a date from %s to %s.', d, d + 14));
	END IF;
	s := subscription_lock_live(sub);
	IF s.status = 'active' AND (until IS NULL OR NOT subscription_has_debt(s)) THEN
		PERFORM raise_conflict('subscription_active', 'The subscription is active already.');
	END IF;
	IF s.suspend_reason = 'new' AND s.start_date > d THEN
		PERFORM raise_conflict('service_not_begun', format('The service begins on %s.', s.start_date));
	END IF;
	IF s.status = 'expired' OR subscription_has_debt(s) THEN
		PERFORM promise_make(s, coalesce(until, d), reason, d);
	END IF;
	IF s.status <> 'active' THEN
		PERFORM subscription_switch_on(s, reason, d, true);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION promise_make(s subscriptions, until date, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	most int := (SELECT promises_max FROM settings);
	full_bill text;
BEGIN
	SELECT o.invoice_number INTO full_bill FROM open_invoices(s.customer_id, s.id) o
	WHERE o.status = 'overdue' AND o.promises >= most ORDER BY o.due_date LIMIT 1;
	IF full_bill IS NOT NULL OR s.status = 'expired' AND NOT subscription_has_debt(s) AND s.promises >= most THEN
		PERFORM raise_conflict('promises_max', format('%s promises have been made already%s.', most, ' for ' || full_bill));
	END IF;
	UPDATE invoices SET promises = promises + 1, updated_at = now()
	WHERE customer_id = s.customer_id AND subscription_id = s.id AND status = 'overdue';
	UPDATE subscriptions SET hold_until = until, promises = promises + (status = 'expired')::int,
		gateway_holds = 0, gateway_held_on = NULL, updated_at = now() WHERE id = s.id;
	INSERT INTO promises (subscription_id, from_day, until, reason, actor) VALUES (s.id, d, until, reason, session_actor());
	PERFORM billing_log('promised', format('%s stays on until %s', s.mikrotik_username, until), s.customer_id, s.id, NULL,
		jsonb_build_object('until', until, 'reason', reason, 'before', jsonb_build_object('hold_until', s.hold_until),
			'after', jsonb_build_object('hold_until', until)));
END $$;

-- ---- the end

CREATE OR REPLACE FUNCTION subscription_cancel(sub uuid, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock(sub);
	i invoices;
BEGIN
	IF s.status = 'cancelled' THEN
		RETURN;
	END IF;
	FOR i IN SELECT * FROM invoices WHERE subscription_id = sub AND period_start > d AND status <> 'cancelled' ORDER BY seq DESC LOOP
		PERFORM invoice_release(i, 'the subscription was cancelled', d);
	END LOOP;
	PERFORM last_bill_prorate(s, d);
	UPDATE subscriptions
	SET cancelled_at = now(), begin_on = NULL, closed_on = CASE WHEN is_postpaid THEN coalesce(closed_on, d) END
	WHERE id = sub RETURNING * INTO s;
	PERFORM pending_days_to_credit(s, d);
	PERFORM charges_bill(s, d);
	PERFORM subscription_set_status(s, 'cancelled', NULL, reason);
	PERFORM credit_apply(s.customer_id, d);
END $$;

-- Calendar, where the setting says so: of a begun period nobody has paid for only the used part stays due.
CREATE OR REPLACE FUNCTION last_bill_prorate(s subscriptions, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
	t record;
	last date := coalesce((service_off_now(s.id)).from_day - 1, d);
BEGIN
	SELECT * INTO t FROM terms_of(s);
	SELECT * INTO i FROM open_invoices(s.customer_id, s.id) o
	WHERE o.grants_days AND last BETWEEN o.period_start AND o.period_end - 1 AND is_invoice_untouched(o);
	IF NOT FOUND OR t.cycle <> 'calendar' OR NOT (SELECT prorate_last FROM settings) THEN
		RETURN;
	END IF;
	UPDATE invoices SET period_end = last WHERE id = i.id RETURNING * INTO i;
	PERFORM invoice_set_lines(i, bill_compose(s, ARRAY[bill_line_new('part', part_text(t.package_name, i.period_start, last), 1,
		part_price(t.price, t.months, t.billing_day, i.period_start, last), true)], 1, last - i.period_start + 1, d), d);
END $$;

-- ---- create

CREATE OR REPLACE FUNCTION subscription_create(input jsonb, d date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s      subscriptions;
	p      packages;
	errors text[] := customer_errors((input ->> 'customer_id')::uuid)
		|| package_errors((input ->> 'package_id')::uuid, NULL)
		|| router_errors((input ->> 'router_id')::uuid)
		|| username_errors(input ->> 'mikrotik_username', NULL)
		|| dates_errors((input ->> 'start_date')::date, (input ->> 'end_date')::date);
BEGIN
	SELECT * INTO p FROM packages WHERE id = (input ->> 'package_id')::uuid;
	PERFORM raise_invalid_all(errors || address_errors(p, input ->> 'remote_address') || terms_errors(p, input ->> 'cycle', input ->> 'mode'));
	INSERT INTO subscriptions (id, customer_id, package_id, router_id, mikrotik_username, mikrotik_password,
		start_date, end_date, auto_renew, local_address, remote_address, profile, comment, cycle, mode, billing_day, late_policy,
		status, suspend_reason, begin_on)
	VALUES (coalesce((input ->> 'id')::uuid, uuidv7()), (input ->> 'customer_id')::uuid, p.id,
		(input ->> 'router_id')::uuid, input ->> 'mikrotik_username', input ->> 'mikrotik_password',
		coalesce((input ->> 'start_date')::date, d), coalesce((input ->> 'start_date')::date, d) - 1,
		coalesce((input ->> 'auto_renew')::boolean, true),
		input ->> 'local_address', input ->> 'remote_address', input ->> 'profile', input ->> 'comment',
		input ->> 'cycle', input ->> 'mode', (input ->> 'billing_day')::int, input ->> 'late_policy',
		CASE WHEN (input ->> 'start_date')::date > d THEN 'suspended' ELSE 'active' END,
		CASE WHEN (input ->> 'start_date')::date > d THEN 'new' END,
		CASE WHEN (input ->> 'start_date')::date > d THEN (input ->> 'start_date')::date END)
	RETURNING * INTO s;
	UPDATE subscriptions SET is_postpaid = (SELECT mode = 'postpaid' FROM terms_of(s)) WHERE id = s.id RETURNING * INTO s;
	PERFORM billing_log('created', format('%s with %s from %s', s.mikrotik_username, p.name, s.start_date),
		s.customer_id, s.id, NULL,
		jsonb_build_object('package_id', p.id, 'start_date', s.start_date, 'end_date', input ->> 'end_date'));
	PERFORM subscription_start(s, input, d);
	RETURN s.id;
END $$;

/*
 * The days and the bill of a new line. Dates without a bill are days paid for
 * elsewhere; dates with one are the first period; without dates a prepaid line
 * has its first period from today.
 */
CREATE OR REPLACE FUNCTION subscription_start(s subscriptions, input jsonb, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	last   date := input ->> 'end_date';
	billed boolean := coalesce((input ->> 'issue_invoice')::boolean, last IS NULL);
BEGIN
	IF s.is_postpaid THEN
		UPDATE subscriptions SET end_date = coalesce(last, end_date) WHERE id = s.id;
	ELSIF NOT billed THEN
		PERFORM require_operator_days((input ->> 'bounded')::boolean, last - s.start_date + 1);
		PERFORM service_days_add(s.id, last - s.start_date + 1, 'start', NULL, NULL, 'paid elsewhere', d) WHERE last IS NOT NULL;
	ELSE
		PERFORM first_payment_wait(s, d);
		SELECT * INTO s FROM subscriptions WHERE id = s.id;
		PERFORM first_issue(s, last, d);
	END IF;
END $$;

-- Keep the line off until its first bill is paid, if the setting says so.
CREATE OR REPLACE FUNCTION first_payment_wait(s subscriptions, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT (SELECT first_payment_first FROM settings) THEN
		RETURN;
	END IF;
	IF s.status = 'active' THEN
		PERFORM service_off_open(s, 'new', d);
	END IF;
	UPDATE subscriptions SET status = 'suspended', suspend_reason = 'new', waits_first = true, begin_on = d + 1, updated_at = now() WHERE id = s.id;
END $$;

CREATE OR REPLACE FUNCTION first_issue(s subscriptions, last date, d date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := period_draft(s, s.start_date, d);
	lines bill_line[];
BEGIN
	SELECT * INTO draft.period_end, lines FROM first_lines(s, draft.period_end, last);
	draft.kind := 'first';
	draft.due_date := greatest(draft.due_date, d + (SELECT first_due_days FROM settings));
	RETURN invoice_issue(draft, bill_compose(s, lines, 1, draft.period_end - draft.period_start + 1, d), d);
END $$;

-- The first period: the dates that were given, or a whole one, or the part up to the billing day by setting first_period.
CREATE OR REPLACE FUNCTION first_lines(s subscriptions, natural_end date, given_end date, OUT last date, OUT lines bill_line[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
	t record;
	g settings;
BEGIN
	SELECT * INTO t FROM terms_of(s);
	SELECT * INTO g FROM settings;
	last := coalesce(given_end, natural_end);
	lines := ARRAY[period_line(s, s.start_date, last)];
	IF given_end IS NOT NULL AND given_end <> natural_end THEN
		lines := ARRAY[bill_line_new('part', part_text(t.package_name, s.start_date, last), 1,
			CASE t.cycle WHEN 'calendar' THEN part_price(t.price, t.months, t.billing_day, s.start_date, last)
			             ELSE days_price(t.price, last - s.start_date + 1, natural_end - s.start_date + 1) END, true)];
	ELSIF (lines[1]).kind = 'part' AND g.first_period = 'full' THEN
		lines := ARRAY[bill_line_new('part', (lines[1]).text, 1, t.price, true)];
	ELSIF (lines[1]).kind = 'part' AND g.first_period = 'merge' AND last - s.start_date + 1 < g.merge_days THEN
		last := grid_next(s.start_date, natural_end + 1, t.months, t.billing_day) - 1;
		lines := lines || period_line(s, natural_end + 1, last);
	END IF;
END $$;

-- The errors in the input, see field_error(): all at once.

CREATE OR REPLACE FUNCTION terms_errors(p packages, cycle text, mode text) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(p.period_unit = 'day' AND cycle = 'calendar', 'cycle', 'package_by_month', 'A calendar cycle needs a package by the month.')
		|| field_error(p.period_unit = 'day' AND mode = 'postpaid', 'mode', 'package_by_month', 'The postpaid mode needs a package by the month.')
$$;

/*
 * Lock the chosen package until commit (it could become static meanwhile).
 * A package that is not sold any more can only be kept: `has` is the present
 * one. Call it before any row that a change of packages touches is locked.
 */
CREATE OR REPLACE FUNCTION package_errors(package uuid, has uuid) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	p packages;
BEGIN
	SELECT * INTO p FROM packages WHERE id = package FOR SHARE;
	IF NOT FOUND THEN
		RETURN field_error(true, 'package_id', 'unknown_reference', 'The selected package id is invalid.');
	END IF;
	RETURN field_error(NOT p.is_active AND p.id IS DISTINCT FROM has, 'package_id',
		'not_sold', format('The package %s is not sold any more.', p.name));
END $$;

CREATE OR REPLACE FUNCTION router_errors(router uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(router IS NOT NULL AND NOT EXISTS (SELECT FROM router_settings WHERE id = router),
		'router_id', 'unknown_reference', 'The selected router id is invalid.')
$$;

-- The index would refuse it too, but too late to be reported with the rest.
CREATE OR REPLACE FUNCTION username_errors(username text, own uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(EXISTS (SELECT FROM subscriptions
	                      WHERE mikrotik_username = username AND is_live AND id IS DISTINCT FROM own),
		'mikrotik_username', 'taken', 'The mikrotik username has already been taken.')
$$;

CREATE OR REPLACE FUNCTION address_errors(p packages, address text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT field_error(p.type = 'static' AND address IS NULL,
		'remote_address', 'required', 'The remote address field is required for a static package.')
$$;

-- Both dates, or neither: then the package says how long.
CREATE OR REPLACE FUNCTION dates_errors(first_day date, last_day date) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT field_error((first_day IS NULL) <> (last_day IS NULL),
			CASE WHEN first_day IS NULL THEN 'start_date' ELSE 'end_date' END,
			'together', 'The start date and the end date must be given together, or neither.')
		|| field_error(last_day < first_day, 'end_date', 'after', 'The end date must be a date after or equal to start date.')
$$;

-- ---- update

-- Present keys change; a null empties what may be empty.
CREATE OR REPLACE FUNCTION subscription_update(sub uuid, input jsonb, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s       subscriptions := subscription_lock(sub);
	fresh   subscriptions := subscription_with(s, input);
	package uuid := input ->> 'package_id';
BEGIN
	PERFORM raise_invalid_all(subscription_errors(s, input)
		|| CASE WHEN input ->> 'end_date' IS NOT NULL
			THEN dates_errors(coalesce((input ->> 'start_date')::date, s.start_date), (input ->> 'end_date')::date) END
		|| router_errors(fresh.router_id) || username_errors(fresh.mikrotik_username, sub)
		|| (SELECT terms_errors(p, fresh.cycle, fresh.mode) FROM packages p WHERE p.id = coalesce(package, s.package_id))
		|| CASE WHEN package IS NOT NULL THEN package_errors(package, s.package_id) END);
	PERFORM subscription_lock_live(sub);
	UPDATE subscriptions
	SET mikrotik_username = fresh.mikrotik_username, mikrotik_password = fresh.mikrotik_password,
	    auto_renew = fresh.auto_renew, router_id = fresh.router_id, local_address = fresh.local_address,
	    remote_address = fresh.remote_address, profile = fresh.profile, comment = fresh.comment,
	    cycle = fresh.cycle, mode = fresh.mode, billing_day = fresh.billing_day, late_policy = fresh.late_policy, updated_at = now()
	WHERE id = sub;
	PERFORM subscription_update_log(s, fresh);
	PERFORM subscription_update_dates(s, input, d);
	PERFORM plan_change(sub, p, coalesce(input ->> 'effective', 'now'), false, d) FROM packages p WHERE p.id = package;
	PERFORM subscription_sync_mode(sub, d);
	PERFORM raise_invalid_all(address_errors(has, is_now.remote_address))
	  FROM subscriptions is_now JOIN packages has ON has.id IN (is_now.package_id, is_now.next_package_id)
	 WHERE is_now.id = sub;
END $$;

-- The start moves the days with it; the end date is moved by days.
CREATE OR REPLACE FUNCTION subscription_update_dates(s subscriptions, input jsonb, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	wanted    date := input ->> 'end_date';
	first_day date := input ->> 'start_date';
BEGIN
	IF first_day <> s.start_date THEN
		IF EXISTS (SELECT FROM service_days WHERE subscription_id = s.id) OR EXISTS (SELECT FROM invoices WHERE subscription_id = s.id) THEN
			PERFORM raise_invalid('start_date', 'fixed', 'The start date is fixed once days or bills exist: use POST /days of the subscription.');
		END IF;
		UPDATE subscriptions SET start_date = first_day, end_date = first_day - 1 WHERE id = s.id;
	END IF;
	IF wanted <> s.end_date THEN
		PERFORM require_operator_days((input ->> 'bounded')::boolean, wanted - s.end_date);
		PERFORM subscription_end_date_set(s.id, wanted, d);
	END IF;
END $$;

/*
 * The line's mode has changed, by its own field, its package or the setting.
 * Prepaid to postpaid: it is billed to where its open bills would take it.
 * Back: what was billed so far stands as days from the start.
 */
CREATE OR REPLACE FUNCTION subscription_sync_mode(sub uuid, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s  subscriptions;
	is_post boolean;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	SELECT mode = 'postpaid' INTO is_post FROM terms_of(s);
	IF is_post = s.is_postpaid OR s.status = 'cancelled' THEN
		RETURN;
	END IF;
	IF is_post THEN
		UPDATE subscriptions
		SET is_postpaid = true, end_date = next_period_start(s, d) - 1, closed_on = (service_off_now(sub)).from_day - 1, updated_at = now()
		WHERE id = sub;
		UPDATE invoices SET grants_days = false WHERE customer_id = s.customer_id AND subscription_id = sub AND is_open;
	ELSE
		INSERT INTO service_days (subscription_id, days, kind, reason, actor, entered_on)
		SELECT sub, n, CASE WHEN n > 0 THEN 'start' ELSE 'gift' END, 'billed while postpaid', session_actor(), d
		FROM (SELECT s.end_date - s.start_date + 1 - coalesce(sum(days), 0)::int AS n FROM service_days WHERE subscription_id = sub) l
		WHERE n <> 0;
		UPDATE subscriptions SET is_postpaid = false, closed_on = NULL, updated_at = now() WHERE id = sub;
	END IF;
END $$;

-- After the settings changed: all lines whose mode follows them.
CREATE OR REPLACE FUNCTION subscriptions_follow_settings(d date) RETURNS void
LANGUAGE sql AS $$
	SELECT subscription_sync_mode(s.id, d) FROM subscriptions s CROSS JOIN LATERAL terms_of(s) t
	WHERE s.is_live AND (t.mode = 'postpaid') <> s.is_postpaid
$$;

-- The errors in fields that an update may name but never change.
CREATE OR REPLACE FUNCTION subscription_errors(s subscriptions, input jsonb) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(input ->> 'status' <> s.status, 'status',
			'locked', format('The status is changed by POST /api/subscriptions/%s/suspend, /activate, /pause, /resume or /cancel.', s.id))
		|| field_error((input ->> 'customer_id')::uuid <> s.customer_id, 'customer_id',
			'fixed', 'A subscription cannot be given to another customer.')
$$;

-- s with the keys of input; what may not be null keeps its value.
CREATE OR REPLACE FUNCTION subscription_with(s subscriptions, input jsonb) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	allowed CONSTANT text[] := '{mikrotik_username,mikrotik_password,auto_renew,
		router_id,local_address,remote_address,profile,comment,cycle,mode,billing_day,late_policy}';
	needed  CONSTANT text[] := '{mikrotik_username,mikrotik_password,auto_renew}';
BEGIN
	RETURN jsonb_populate_record(s, coalesce((
		SELECT jsonb_object_agg(key, value) FROM jsonb_each(input)
		WHERE key = ANY(allowed) AND NOT (key = ANY(needed) AND value = 'null')), '{}'));
END $$;

CREATE OR REPLACE FUNCTION subscription_update_log(s subscriptions, fresh subscriptions) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := to_jsonb(s) - 'mikrotik_password';
	after  jsonb := to_jsonb(fresh) - 'mikrotik_password';
BEGIN
	IF s IS NOT DISTINCT FROM fresh THEN
		RETURN;
	END IF;
	SELECT jsonb_object_agg(key, value), jsonb_object_agg(key, after -> key) INTO before, after
	FROM jsonb_each(before) WHERE value <> after -> key;
	PERFORM billing_log('updated', format('%s changed', s.mikrotik_username), s.customer_id, s.id, NULL,
		jsonb_build_object('before', before, 'after', after,
			'password_changed', s.mikrotik_password <> fresh.mikrotik_password));
END $$;
