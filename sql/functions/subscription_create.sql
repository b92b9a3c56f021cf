-- New subscriptions, and the errors of their fields.

CREATE OR REPLACE FUNCTION subscription_create(input jsonb, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := (SELECT n FROM subscriptions_insert(ARRAY[input], today) n);
BEGIN
	PERFORM subscription_start(s, input, today);
	RETURN s.id;
END $$;

/*
 * The rows of new subscriptions, in the order of the inputs: each is a request's body. An import adds what no request may
 * name: id, and off, the cause for which the line is off already (the import opens its off period).
 */
CREATE OR REPLACE FUNCTION subscriptions_insert(inputs jsonb[], today date) RETURNS SETOF subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	ids uuid[] := ARRAY(SELECT coalesce((input ->> 'id')::uuid, uuidv7()) FROM unnest(inputs) WITH ORDINALITY AS i (input, n) ORDER BY n);
BEGIN
	PERFORM raise_invalid_all(subscription_new_errors(input)) FROM unnest(inputs) input;
	INSERT INTO subscriptions (id, customer_id, package_id, router_id, mikrotik_username, mikrotik_password,
		start_date, end_date, auto_renew, local_address, remote_address, profile, comment, cycle, mode, billing_day, late_policy,
		status, suspend_reason, begin_on)
	SELECT i.id, (input ->> 'customer_id')::uuid, (input ->> 'package_id')::uuid,
		(input ->> 'router_id')::uuid, input ->> 'mikrotik_username', input ->> 'mikrotik_password',
		d.first_day, d.first_day - 1,
		coalesce((input ->> 'auto_renew')::boolean, true),
		input ->> 'local_address', input ->> 'remote_address', input ->> 'profile', input ->> 'comment',
		input ->> 'cycle', input ->> 'mode', (input ->> 'billing_day')::int, input ->> 'late_policy',
		CASE WHEN input ? 'off' OR d.first_day > today THEN 'suspended' ELSE 'active' END,
		coalesce(input ->> 'off', CASE WHEN d.first_day > today THEN 'new' END),
		CASE WHEN d.first_day > today THEN d.first_day END
	  FROM unnest(ids, inputs) WITH ORDINALITY AS i (id, input, n)
	 CROSS JOIN LATERAL (SELECT coalesce((input ->> 'start_date')::date, today) AS first_day) d
	 ORDER BY n;
	UPDATE subscriptions s SET is_postpaid = true WHERE id = ANY (ids) AND (SELECT mode FROM terms_of(s)) = 'postpaid';
	INSERT INTO billing_logs (action, message, customer_id, subscription_id, meta, actor, request_id)
	SELECT 'created', format('%s with %s from %s', s.mikrotik_username, p.name, s.start_date), s.customer_id, s.id,
	       jsonb_strip_nulls(jsonb_build_object('package_id', p.id, 'start_date', s.start_date, 'end_date', input ->> 'end_date')),
	       session_actor(), session_request()
	  FROM unnest(ids, inputs) WITH ORDINALITY AS i (id, input, n)
	  JOIN subscriptions s USING (id)
	  JOIN packages p ON p.id = s.package_id
	 ORDER BY n;
	RETURN QUERY SELECT s.* FROM unnest(ids) WITH ORDINALITY AS i (id, n) JOIN subscriptions s USING (id) ORDER BY n;
END $$;

/*
 * The days and the bill of a new line. Dates without a bill are days paid for
 * elsewhere; dates with one are the first period; without dates a prepaid line
 * has its first period from today.
 */
CREATE OR REPLACE FUNCTION subscription_start(subscription subscriptions, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	last   date := input ->> 'end_date';
	billed boolean := coalesce((input ->> 'issue_invoice')::boolean, last IS NULL);
BEGIN
	IF NOT billed THEN
		PERFORM require_operator_days((input ->> 'bounded')::boolean, last - subscription.start_date + 1);
		PERFORM subscriptions_paid_elsewhere(ARRAY[subscription.id], ARRAY[last], today);
	ELSIF NOT subscription.is_postpaid THEN
		PERFORM first_payment_wait(subscription, today);
		SELECT * INTO subscription FROM subscriptions WHERE id = subscription.id;
		PERFORM first_issue(subscription, last, today);
	END IF;
END $$;

-- New lines were paid for elsewhere up to these days, or billed there: a postpaid line has no days of its own.
CREATE OR REPLACE FUNCTION subscriptions_paid_elsewhere(ids uuid[], last_days date[], today date) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO service_days (subscription_id, days, kind, reason, actor, entered_on)
	SELECT s.id, l.last - s.start_date + 1, 'start', 'paid elsewhere', session_actor(), today
	  FROM unnest(ids, last_days) WITH ORDINALITY AS l (id, last, n) JOIN subscriptions s USING (id)
	 WHERE NOT s.is_postpaid AND l.last >= s.start_date
	 ORDER BY n;
	UPDATE subscriptions s SET end_date = l.last, updated_at = now() FROM unnest(ids, last_days) AS l (id, last) WHERE s.id = l.id AND l.last IS NOT NULL
$$;

-- Keep the line off until its first bill is paid, if the setting says so: from its first day, which may have passed.
CREATE OR REPLACE FUNCTION first_payment_wait(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT (SELECT first_payment_first FROM settings) THEN
		RETURN;
	END IF;
	PERFORM service_off_open(subscription, 'new', subscription.start_date);
	UPDATE subscriptions SET status = 'suspended', suspend_reason = 'new', waits_first = true, begin_on = today + 1, updated_at = now() WHERE id = subscription.id;
END $$;

CREATE OR REPLACE FUNCTION first_issue(subscription subscriptions, last date, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := period_draft(subscription, subscription.start_date, today);
	lines bill_line[];
BEGIN
	SELECT * INTO draft.period_end, lines FROM first_lines(subscription, draft.period_end, last);
	draft.kind := 'first';
	draft.due_date := greatest(draft.due_date, today + (SELECT first_due_days FROM settings));
	RETURN invoice_issue(draft, bill_compose(subscription, lines, 1, draft.period_end - draft.period_start + 1, today), today);
END $$;

-- The first period: the dates that were given, or a whole one, or the part up to the billing day by setting first_period.
CREATE OR REPLACE FUNCTION first_lines(subscription subscriptions, natural_end date, given_end date, OUT last date, OUT lines bill_line[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
	t record;
	g settings;
BEGIN
	SELECT * INTO t FROM terms_of(subscription);
	SELECT * INTO g FROM settings;
	last := coalesce(given_end, natural_end);
	lines := ARRAY[period_line(subscription, subscription.start_date, last)];
	IF given_end IS NOT NULL AND given_end <> natural_end THEN
		lines := ARRAY[bill_line_new('part', part_text(t.package_name, subscription.start_date, last), 1,
			CASE t.cycle WHEN 'calendar' THEN part_price(t.price, t.months, t.billing_day, subscription.start_date, last)
			             ELSE days_price(t.price, last - subscription.start_date + 1, natural_end - subscription.start_date + 1) END, true)];
	ELSIF (lines[1]).kind = 'part' AND g.first_period = 'full' THEN
		lines := ARRAY[bill_line_new('part', (lines[1]).text, 1, t.price, true)];
	ELSIF (lines[1]).kind = 'part' AND g.first_period = 'merge' AND last - subscription.start_date + 1 < g.merge_days THEN
		last := grid_next(subscription.start_date, natural_end + 1, t.months, t.billing_day) - 1;
		lines := lines || period_line(subscription, natural_end + 1, last);
	END IF;
END $$;

-- The first bill as if it began on `day`: dates that were given keep their length, one paid ahead its periods.
CREATE OR REPLACE FUNCTION first_period(subscription subscriptions, invoice invoices, day date, OUT last date, OUT lines bill_line[], OUT due date)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	draft invoices;
	given date;
BEGIN
	subscription.anchor_day := NULL;
	IF invoice.kind = 'prepay' THEN
		SELECT a.last, a.lines INTO last, lines FROM periods_again(subscription, invoice.id, day, true) a;
		due := day + (SELECT first_due_days FROM settings);
		RETURN;
	END IF;
	draft := period_draft(subscription, invoice.period_start, day);
	IF (CASE (SELECT cycle FROM terms_of(subscription))
	    WHEN 'rolling' THEN EXISTS (SELECT FROM invoice_lines WHERE invoice_id = invoice.id AND kind = 'part')
	    -- (a bill that a change of package issued anew is not merged with the next period)
	    ELSE invoice.period_end NOT IN (draft.period_end, (first_lines(first_from(subscription, invoice.period_start), draft.period_end, NULL)).last) END) THEN
		given := day + (invoice.period_end - invoice.period_start);
	END IF;
	draft := period_draft(subscription, day, day);
	due := greatest(draft.due_date, day + (SELECT first_due_days FROM settings));
	SELECT f.last, f.lines INTO last, lines FROM first_lines(first_from(subscription, day), draft.period_end, given) f;
END $$;

CREATE OR REPLACE FUNCTION first_from(subscription subscriptions, day date) RETURNS subscriptions
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	subscription.start_date := day;
	RETURN subscription;
END $$;

-- The errors in the input, see field_error(): all at once.

CREATE OR REPLACE FUNCTION subscription_new_errors(input jsonb) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	p      packages;
	errors text[] := customer_errors((input ->> 'customer_id')::uuid)
		|| package_errors((input ->> 'package_id')::uuid, NULL)
		|| router_errors((input ->> 'router_id')::uuid)
		|| username_errors(input ->> 'mikrotik_username', NULL)
		|| dates_errors((input ->> 'start_date')::date, (input ->> 'end_date')::date);
BEGIN
	SELECT * INTO p FROM packages WHERE id = (input ->> 'package_id')::uuid;
	RETURN errors || address_errors(p, input ->> 'remote_address') || terms_errors(p, input ->> 'cycle', input ->> 'mode');
END $$;

CREATE OR REPLACE FUNCTION terms_errors(package packages, cycle text, mode text) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(package.period_unit = 'day' AND cycle = 'calendar', 'cycle', 'package_by_month', 'A calendar cycle needs a package by the month.')
		|| field_error(package.period_unit = 'day' AND mode = 'postpaid', 'mode', 'package_by_month', 'The postpaid mode needs a package by the month.')
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
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN field_error(router IS NOT NULL AND NOT EXISTS (SELECT FROM router_settings WHERE id = router),
		'router_id', 'unknown_reference', 'The selected router id is invalid.');
END $$;

-- The index would refuse it too, but too late to be reported with the rest.
CREATE OR REPLACE FUNCTION username_errors(username text, own uuid) RETURNS text[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN field_error(EXISTS (SELECT FROM subscriptions
	                      WHERE mikrotik_username = username AND is_live AND id IS DISTINCT FROM own),
		'mikrotik_username', 'taken', 'The mikrotik username has already been taken.');
END $$;

CREATE OR REPLACE FUNCTION address_errors(package packages, address text) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(package.type = 'static' AND address IS NULL,
		'remote_address', 'required', 'The remote address field is required for a static package.')
$$;

-- Both dates, or neither: then the package says how long.
CREATE OR REPLACE FUNCTION dates_errors(first_day date, last_day date) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error((first_day IS NULL) <> (last_day IS NULL),
			CASE WHEN first_day IS NULL THEN 'start_date' ELSE 'end_date' END,
			'together', 'The start date and the end date must be given together, or neither.')
		|| field_error(last_day < first_day, 'end_date', 'after', 'The end date must be a date after or equal to start date.')
$$;
