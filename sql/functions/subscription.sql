CREATE OR REPLACE FUNCTION subscription_lock(sub uuid) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = sub FOR NO KEY UPDATE OF c, own;
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF NOT FOUND THEN
		PERFORM raise_not_found('Subscription not found.');
	END IF;
	RETURN s;
END $$;

-- The same for a set, as the nightly run needs it: customer by customer, each before what is his.
CREATE OR REPLACE FUNCTION subscriptions_lock(subs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = ANY(subs) ORDER BY c.id, own.id FOR NO KEY UPDATE OF c, own;
END $$;

-- The states of a subscription. Accounts on routers follow by triggers of their own.

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

/*
 * An invoice was settled, service is granted to `until`. Who was cut off for
 * debt is back when nothing else is overdue; who had expired, when the service
 * reaches to today. Answers before and after, for the log.
 */
CREATE OR REPLACE FUNCTION subscription_resume_if_paid(s subscriptions, until date, d date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	state text := s.status;
	hold  date := s.hold_until;
BEGIN
	IF s.suspend_reason = 'debt' AND NOT subscription_has_overdue(s) THEN
		state := 'active';
		hold := NULL;
	ELSIF s.status = 'expired' AND until >= d THEN
		state := 'active';
	END IF;
	IF hold IS NOT NULL AND NOT subscription_has_debt(s) THEN
		hold := NULL;
	END IF;
	IF (state, until, hold, 0) IS DISTINCT FROM (s.status, s.end_date, s.hold_until, s.gateway_holds) THEN
		UPDATE subscriptions
		SET status = state, suspend_reason = CASE WHEN state <> 'active' THEN s.suspend_reason END,
		    end_date = until, hold_until = hold, gateway_holds = 0, gateway_held_on = NULL, updated_at = now()
		WHERE id = s.id;
	END IF;
	RETURN jsonb_build_object('before', jsonb_build_object('status', s.status, 'end_date', s.end_date),
		'after', jsonb_build_object('status', state, 'end_date', until));
END $$;

CREATE OR REPLACE FUNCTION subscription_has_overdue(s subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM open_invoices(s.customer_id, s.id) WHERE status = 'overdue');
END $$;

-- What a hold is given for: whatever is open, past due or not yet.
CREATE OR REPLACE FUNCTION subscription_has_debt(s subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM open_invoices(s.customer_id, s.id));
END $$;

-- From cancelled there is no way back.
CREATE OR REPLACE FUNCTION subscription_lock_live(sub uuid) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock(sub);
BEGIN
	IF s.status = 'cancelled' THEN
		PERFORM raise_conflict('The subscription is cancelled.');
	END IF;
	RETURN s;
END $$;

-- By hand. Debt gives way to it, so that a payment does not lift what a person decided.
CREATE OR REPLACE FUNCTION subscription_suspend(sub uuid, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock_live(sub);
BEGIN
	IF s.status = 'expired' THEN
		PERFORM raise_conflict('The subscription is expired.');
	END IF;
	IF s.suspend_reason = 'manual' THEN
		PERFORM raise_conflict('The subscription is suspended already.');
	END IF;
	PERFORM subscription_set_status(s, 'suspended', 'manual', reason);
END $$;

-- What is open is not forgotten: it holds off the suspend step until `until` and no longer.
CREATE OR REPLACE FUNCTION subscription_activate(sub uuid, until date, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	IF until < d OR until > d + 14 THEN
		PERFORM raise_invalid('until', format('The until field must be a date from %s to %s.', d, d + 14));
	END IF;
	s := subscription_lock_live(sub);
	IF s.status = 'active' THEN
		PERFORM raise_conflict('The subscription is active already.');
	END IF;
	UPDATE subscriptions
	SET resumed_on = d, hold_until = CASE WHEN subscription_has_debt(s) THEN coalesce(until, d) END,
	    gateway_holds = 0, gateway_held_on = NULL
	WHERE id = sub;
	PERFORM subscription_set_status(s, 'active', NULL, reason);
END $$;

CREATE OR REPLACE FUNCTION subscription_cancel(sub uuid, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock(sub);
	i invoices;
BEGIN
	IF s.status = 'cancelled' THEN
		RETURN;
	END IF;
	UPDATE subscriptions SET cancelled_at = now() WHERE id = sub;
	PERFORM subscription_set_status(s, 'cancelled', NULL, reason);
	FOR i IN SELECT * FROM untouched_invoices(s, d) LOOP
		PERFORM invoice_void(i, 'the subscription was cancelled', d);
	END LOOP;
END $$;

-- Invoices nobody has paid on, of periods that have not begun.
CREATE OR REPLACE FUNCTION untouched_invoices(s subscriptions, d date) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT * FROM open_invoices(s.customer_id, s.id) WHERE paid_amount = 0 AND period_start > d ORDER BY period_start
$$;

CREATE OR REPLACE FUNCTION subscription_create(input jsonb, d date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s      subscriptions;
	p      packages;
	misses text[] := customer_errors((input ->> 'customer_id')::uuid)
		|| package_errors((input ->> 'package_id')::uuid, NULL)
		|| router_errors((input ->> 'router_id')::uuid)
		|| username_errors(input ->> 'mikrotik_username', NULL)
		|| dates_errors((input ->> 'start_date')::date, (input ->> 'end_date')::date);
BEGIN
	SELECT * INTO p FROM packages WHERE id = (input ->> 'package_id')::uuid;
	PERFORM raise_invalid_all(misses || address_errors(p, input ->> 'remote_address'));
	INSERT INTO subscriptions (id, customer_id, package_id, router_id, mikrotik_username, mikrotik_password,
		start_date, end_date, auto_renew, local_address, remote_address, profile, comment)
	VALUES (coalesce((input ->> 'id')::uuid, uuidv7()), (input ->> 'customer_id')::uuid, p.id,
		(input ->> 'router_id')::uuid, input ->> 'mikrotik_username', input ->> 'mikrotik_password',
		coalesce((input ->> 'start_date')::date, d), coalesce((input ->> 'end_date')::date, d + p.validity_days - 1),
		coalesce((input ->> 'auto_renew')::boolean, true),
		input ->> 'local_address', input ->> 'remote_address', input ->> 'profile', input ->> 'comment')
	RETURNING * INTO s;
	PERFORM billing_log('created', format('%s with %s from %s to %s', s.mikrotik_username, p.name, s.start_date, s.end_date),
		s.customer_id, s.id, NULL,
		jsonb_build_object('package_id', p.id, 'start_date', s.start_date, 'end_date', s.end_date));
	IF (input ->> 'issue_invoice')::boolean THEN
		PERFORM invoice_issue(first_draft(s, p), d);
	END IF;
	RETURN s.id;
END $$;

/*
 * The package asked for, held as it is until commit (it could become static
 * meanwhile). What is not sold any more is only kept: `has` is the package of
 * now. Asked for before any row that a change of packages touches is locked.
 */
CREATE OR REPLACE FUNCTION package_errors(package uuid, has uuid) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
	p packages;
BEGIN
	SELECT * INTO p FROM packages WHERE id = package FOR SHARE;
	IF NOT FOUND THEN
		RETURN field_error(true, 'package_id', 'The selected package id is invalid.');
	END IF;
	RETURN field_error(NOT p.is_active AND p.id IS DISTINCT FROM has, 'package_id',
		format('The package %s is not sold any more.', p.name));
END $$;

CREATE OR REPLACE FUNCTION router_errors(router uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(router IS NOT NULL AND NOT EXISTS (SELECT FROM router_settings WHERE id = router),
		'router_id', 'The selected router id is invalid.')
$$;

-- What the index would say, too late to be told with the rest.
CREATE OR REPLACE FUNCTION username_errors(username text, own uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(EXISTS (SELECT FROM subscriptions
	                      WHERE mikrotik_username = username AND is_live AND id IS DISTINCT FROM own),
		'mikrotik_username', 'The mikrotik username has already been taken.')
$$;

CREATE OR REPLACE FUNCTION address_errors(p packages, address text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT field_error(p.type = 'static' AND address IS NULL,
		'remote_address', 'The remote address field is required for a static package.')
$$;

-- Both dates, or neither: then the package says how long.
CREATE OR REPLACE FUNCTION dates_errors(first_day date, last_day date) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT field_error((first_day IS NULL) <> (last_day IS NULL),
			CASE WHEN first_day IS NULL THEN 'start_date' ELSE 'end_date' END,
			'The start date and the end date must be given together, or neither.')
		|| field_error(last_day < first_day, 'end_date', 'The end date must be a date after or equal to start date.')
$$;

CREATE OR REPLACE FUNCTION first_draft(s subscriptions, p packages) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices;
BEGIN
	draft.subscription_id := s.id;
	draft.customer_id := s.customer_id;
	draft.package_id := p.id;
	draft.kind := 'first';
	draft.amount := p.price;
	draft.period_start := s.start_date;
	draft.period_end := s.end_date;
	draft.due_date := s.start_date;
	RETURN draft;
END $$;

-- Present keys change; a null empties what may be empty.
CREATE OR REPLACE FUNCTION subscription_update(sub uuid, input jsonb, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s       subscriptions := subscription_lock(sub);
	fresh   subscriptions := subscription_with(s, input);
	package uuid := input ->> 'package_id';
BEGIN
	PERFORM raise_invalid_all(subscription_errors(s, input) || dates_errors(fresh.start_date, fresh.end_date)
		|| router_errors(fresh.router_id) || username_errors(fresh.mikrotik_username, sub)
		|| CASE WHEN package IS NOT NULL THEN package_errors(package, s.package_id) END);
	PERFORM subscription_lock_live(sub);
	PERFORM require_end_date_free(s, fresh);
	UPDATE subscriptions
	SET mikrotik_username = fresh.mikrotik_username, mikrotik_password = fresh.mikrotik_password,
	    start_date = fresh.start_date, end_date = fresh.end_date, auto_renew = fresh.auto_renew,
	    router_id = fresh.router_id, local_address = fresh.local_address, remote_address = fresh.remote_address,
	    profile = fresh.profile, comment = fresh.comment, updated_at = now()
	WHERE id = sub;
	PERFORM subscription_update_log(s, fresh);
	PERFORM plan_change(fresh, p, coalesce(input ->> 'effective', 'now'), d) FROM packages p WHERE p.id = package;
	PERFORM raise_invalid_all(address_errors(has, is_now.remote_address))
	  FROM subscriptions is_now JOIN packages has ON has.id IN (is_now.package_id, is_now.next_package_id)
	 WHERE is_now.id = sub;
END $$;

-- What an update may name but never change.
CREATE OR REPLACE FUNCTION subscription_errors(s subscriptions, input jsonb) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(input ->> 'status' <> s.status, 'status',
			format('The status is changed by POST /api/subscriptions/%s/suspend, /activate or /cancel.', s.id))
		|| field_error((input ->> 'customer_id')::uuid <> s.customer_id, 'customer_id',
			'A subscription cannot be given to another customer.')
$$;

-- s with the keys of input; what may not be null keeps its value.
CREATE OR REPLACE FUNCTION subscription_with(s subscriptions, input jsonb) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	allowed CONSTANT text[] := '{mikrotik_username,mikrotik_password,start_date,end_date,auto_renew,
		router_id,local_address,remote_address,profile,comment}';
	needed  CONSTANT text[] := '{mikrotik_username,mikrotik_password,start_date,end_date,auto_renew}';
BEGIN
	RETURN jsonb_populate_record(s, coalesce((
		SELECT jsonb_object_agg(key, value) FROM jsonb_each(input)
		WHERE key = ANY(allowed) AND NOT (key = ANY(needed) AND value = 'null')), '{}'));
END $$;

-- Days may be given away; days somebody paid for may not be taken.
CREATE OR REPLACE FUNCTION require_end_date_free(s subscriptions, fresh subscriptions) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	paid_to date;
BEGIN
	SELECT max(period_end) INTO paid_to FROM invoices WHERE subscription_id = s.id AND status = 'paid';
	IF fresh.end_date <> s.end_date AND fresh.end_date < paid_to THEN
		PERFORM raise_conflict(format('Service is paid until %s: the end date cannot be earlier.', paid_to));
	END IF;
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

-- subscription_set_status() for a set.
CREATE OR REPLACE FUNCTION subscriptions_set_status(subs uuid[], state text, because text, why text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	for_all jsonb := jsonb_strip_nulls(jsonb_build_object('reason', why,
		'after', jsonb_build_object('status', state, 'suspend_reason', because)));
BEGIN
	INSERT INTO billing_logs (action, message, customer_id, subscription_id, meta, actor, request_id)
	SELECT state, format('%s is %s%s', mikrotik_username, state, ' (' || because || ')'), customer_id, id,
		for_all || jsonb_build_object('before',
			jsonb_strip_nulls(jsonb_build_object('status', status, 'suspend_reason', suspend_reason))),
		session_actor(), session_request()
	FROM subscriptions WHERE id = ANY(subs);
	UPDATE subscriptions SET status = state, suspend_reason = because, updated_at = now() WHERE id = ANY(subs);
END $$;
