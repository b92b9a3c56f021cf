-- The states of a subscription. Accounts on routers follow by triggers of their own.

-- ---- states

-- Into another state, and into the log.
CREATE OR REPLACE FUNCTION subscription_becomes(s subscriptions, state text, because text, why text) RETURNS void
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
CREATE OR REPLACE FUNCTION subscription_settled(s subscriptions, until date, d date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	state text := s.status;
	hold  date := s.hold_until;
BEGIN
	IF s.suspend_reason = 'debt' AND NOT subscription_is_overdue(s) THEN
		state := 'active';
		hold := NULL;
	ELSIF s.status = 'expired' AND until >= d THEN
		state := 'active';
	END IF;
	IF hold IS NOT NULL AND NOT subscription_owes(s) THEN
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

CREATE OR REPLACE FUNCTION subscription_is_overdue(s subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM open_invoices(s.customer_id, s.id) WHERE status = 'overdue');
END $$;

-- What a hold is given for: whatever is open, past due or not yet.
CREATE OR REPLACE FUNCTION subscription_owes(s subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM open_invoices(s.customer_id, s.id));
END $$;

-- From cancelled there is no way back.
CREATE OR REPLACE FUNCTION subscription_living(sub uuid) RETURNS subscriptions
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
	s subscriptions := subscription_living(sub);
BEGIN
	IF s.status = 'expired' THEN
		PERFORM raise_conflict('The subscription is expired.');
	END IF;
	IF s.suspend_reason = 'manual' THEN
		PERFORM raise_conflict('The subscription is suspended already.');
	END IF;
	PERFORM subscription_becomes(s, 'suspended', 'manual', reason);
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
	s := subscription_living(sub);
	IF s.status = 'active' THEN
		PERFORM raise_conflict('The subscription is active already.');
	END IF;
	UPDATE subscriptions
	SET resumed_on = d, hold_until = CASE WHEN subscription_owes(s) THEN coalesce(until, d) END,
	    gateway_holds = 0, gateway_held_on = NULL
	WHERE id = sub;
	PERFORM subscription_becomes(s, 'active', NULL, reason);
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
	PERFORM subscription_becomes(s, 'cancelled', NULL, reason);
	FOR i IN SELECT * FROM untouched_invoices(s, d) LOOP
		PERFORM invoice_void(i, 'the subscription was cancelled', d);
	END LOOP;
END $$;

-- Invoices nobody has paid on, of periods that have not begun.
CREATE OR REPLACE FUNCTION untouched_invoices(s subscriptions, d date) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT * FROM open_invoices(s.customer_id, s.id) WHERE paid_amount = 0 AND period_start > d ORDER BY period_start
$$;

-- Hidden, not deleted: every financial row stays.
CREATE OR REPLACE FUNCTION customer_archive(customer uuid, keep_credit boolean, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	c   customers := customer_lock(customer);
	sub uuid;
BEGIN
	IF c.archived_at IS NOT NULL THEN
		RETURN;
	END IF;
	IF c.credit > 0 AND NOT coalesce(keep_credit, false) THEN
		PERFORM raise_conflict(format('The customer has a credit of %s: pay it out first, or archive with keep_credit=1.',
			rupiah(c.credit)));
	END IF;
	FOR sub IN SELECT id FROM subscriptions WHERE customer_id = customer ORDER BY id LOOP
		PERFORM subscription_cancel(sub, 'the customer was archived', d);
	END LOOP;
	UPDATE customers SET archived_at = now(), updated_at = now() WHERE id = customer;
	PERFORM billing_log('archived', format('%s archived', c.name), customer, NULL, NULL,
		jsonb_build_object('credit', c.credit));
END $$;

-- ---- create and update

CREATE OR REPLACE FUNCTION subscription_create(input jsonb, d date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s      subscriptions;
	p      packages;
	misses text[] := customer_misses((input ->> 'customer_id')::uuid)
		|| package_misses((input ->> 'package_id')::uuid, NULL)
		|| router_misses((input ->> 'router_id')::uuid)
		|| username_misses(input ->> 'mikrotik_username', NULL)
		|| dates_misses((input ->> 'start_date')::date, (input ->> 'end_date')::date);
BEGIN
	SELECT * INTO p FROM packages WHERE id = (input ->> 'package_id')::uuid;
	PERFORM raise_invalid_all(misses || address_misses(p, input ->> 'remote_address'));
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

-- What is wrong with what was asked for, see field_error(): all of it is told at once.

-- Nothing is sold to the archived; who is sold something stays as he is until commit.
CREATE OR REPLACE FUNCTION customer_misses(customer uuid) RETURNS text[]
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM customers WHERE id = customer AND archived_at IS NULL FOR NO KEY UPDATE;
	RETURN field_error(NOT FOUND, 'customer_id', 'The selected customer id is invalid.');
END $$;

/*
 * The package asked for, held as it is until commit (it could become static
 * meanwhile). What is not sold any more is only kept: `has` is the package of
 * now. Asked for before any row that a change of packages touches is locked.
 */
CREATE OR REPLACE FUNCTION package_misses(package uuid, has uuid) RETURNS text[]
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

CREATE OR REPLACE FUNCTION router_misses(router uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(router IS NOT NULL AND NOT EXISTS (SELECT FROM router_settings WHERE id = router),
		'router_id', 'The selected router id is invalid.')
$$;

-- What the index would say, too late to be told with the rest.
CREATE OR REPLACE FUNCTION username_misses(username text, own uuid) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(EXISTS (SELECT FROM subscriptions
	                      WHERE mikrotik_username = username AND is_live AND id IS DISTINCT FROM own),
		'mikrotik_username', 'The mikrotik username has already been taken.')
$$;

CREATE OR REPLACE FUNCTION address_misses(p packages, address text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT field_error(p.type = 'static' AND address IS NULL,
		'remote_address', 'The remote address field is required for a static package.')
$$;

-- Both dates, or neither: then the package says how long.
CREATE OR REPLACE FUNCTION dates_misses(first_day date, last_day date) RETURNS text[]
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
	PERFORM raise_invalid_all(subscription_misses(s, input) || dates_misses(fresh.start_date, fresh.end_date)
		|| router_misses(fresh.router_id) || username_misses(fresh.mikrotik_username, sub)
		|| CASE WHEN package IS NOT NULL THEN package_misses(package, s.package_id) END);
	PERFORM subscription_living(sub);
	PERFORM end_date_is_free(s, fresh);
	UPDATE subscriptions
	SET mikrotik_username = fresh.mikrotik_username, mikrotik_password = fresh.mikrotik_password,
	    start_date = fresh.start_date, end_date = fresh.end_date, auto_renew = fresh.auto_renew,
	    router_id = fresh.router_id, local_address = fresh.local_address, remote_address = fresh.remote_address,
	    profile = fresh.profile, comment = fresh.comment, updated_at = now()
	WHERE id = sub;
	PERFORM subscription_update_log(s, fresh);
	PERFORM plan_change(fresh, p, coalesce(input ->> 'effective', 'now'), d) FROM packages p WHERE p.id = package;
	PERFORM raise_invalid_all(address_misses(has, is_now.remote_address))
	  FROM subscriptions is_now JOIN packages has ON has.id IN (is_now.package_id, is_now.next_package_id)
	 WHERE is_now.id = sub;
END $$;

-- What an update may name but never change.
CREATE OR REPLACE FUNCTION subscription_misses(s subscriptions, input jsonb) RETURNS text[]
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
CREATE OR REPLACE FUNCTION end_date_is_free(s subscriptions, fresh subscriptions) RETURNS void
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

-- ---- plan changes

CREATE OR REPLACE FUNCTION plan_change(s subscriptions, p packages, effective text, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF effective = 'next_period' THEN
		PERFORM plan_change_next(s, p, d);
	ELSIF p.id <> s.package_id THEN
		UPDATE subscriptions SET package_id = p.id, next_package_id = NULL, next_package_on = NULL, updated_at = now()
		 WHERE id = s.id;
		PERFORM invoices_reissue(s, ARRAY(SELECT o FROM untouched_invoices(s, d) o), p, d);
	ELSE
		RETURN;
	END IF;
	PERFORM billing_log('plan_changed', format('%s gets %s (%s)', s.mikrotik_username, p.name, effective),
		s.customer_id, s.id, NULL,
		jsonb_build_object('before', s.package_id, 'after', p.id, 'effective', effective));
END $$;

-- A next period that was billed at another package already is billed anew.
CREATE OR REPLACE FUNCTION plan_change_next(s subscriptions, p packages, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	old invoices[] := ARRAY(SELECT o FROM untouched_invoices(s, d) o WHERE o.period_start >= s.next_package_on);
BEGIN
	IF s.next_package_on < (SELECT coalesce(min(period_start), 'infinity') FROM unnest(old)) THEN
		PERFORM raise_conflict('The next period has been paid for with another package: change it when it has begun.');
	END IF;
	PERFORM invoices_reissue(s, old, p, d);
	UPDATE subscriptions
	   SET next_package_id = nullif(p.id, package_id), next_package_on = CASE WHEN p.id <> package_id THEN s.next_package_on END,
	       updated_at = now()
	 WHERE id = s.id;
END $$;

/*
 * Invoices nobody has paid on, of periods not begun, are replaced at the new
 * price and length; what followed on one of them follows on its successor. The
 * days of a first period were granted with it: they end where it ends now.
 */
CREATE OR REPLACE FUNCTION invoices_reissue(s subscriptions, old invoices[], p packages, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i      invoices;
	draft  invoices;
	before invoices; -- the one reissued last, as it was
BEGIN
	FOREACH i IN ARRAY old LOOP
		PERFORM invoice_void(i, 'reissued after a plan change', d);
	END LOOP;
	FOREACH i IN ARRAY old LOOP
		draft := reissue_draft(i, p, CASE i.period_start WHEN before.period_end + 1 THEN draft.period_end + 1
		                             ELSE i.period_start END, d);
		IF period_is_taken(s.id, draft.period_start, draft.period_end) THEN
			PERFORM raise_conflict('With this package the next period would overlap one already billed.');
		END IF;
		IF i.kind = 'first' THEN
			UPDATE subscriptions SET end_date = draft.period_end WHERE id = s.id AND end_date = i.period_end;
		END IF;
		PERFORM invoice_issue(draft, d);
		before := i;
	END LOOP;
END $$;

-- A first invoice stays due on its first day.
CREATE OR REPLACE FUNCTION reissue_draft(i invoices, p packages, first_day date, d date) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := i;
BEGIN
	draft.package_id := p.id;
	draft.amount := p.price;
	draft.period_start := first_day;
	draft.period_end := first_day + p.validity_days - 1;
	SELECT CASE i.kind WHEN 'first' THEN i.period_start ELSE greatest(s.end_date, d) END INTO draft.due_date
	FROM subscriptions s WHERE s.id = i.subscription_id;
	RETURN draft;
END $$;

-- The next period has just been billed at the next package: that is the package once the period has begun.
CREATE OR REPLACE FUNCTION next_package_billed(s subscriptions, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	first_day date := next_period_start(s.end_date, s.resumed_on);
BEGIN
	IF s.next_package_id IS NULL OR s.next_package_on IS NOT NULL THEN
		RETURN;
	END IF;
	IF first_day <= d THEN
		PERFORM next_package_begin(s);
	ELSE
		UPDATE subscriptions SET next_package_on = first_day WHERE id = s.id;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION next_package_begin(s subscriptions) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE subscriptions SET package_id = next_package_id, next_package_id = NULL, next_package_on = NULL, updated_at = now()
	 WHERE id = s.id;
	PERFORM billing_log('plan_changed', format('%s gets its next package', s.mikrotik_username), s.customer_id, s.id, NULL,
		jsonb_build_object('before', s.package_id, 'after', s.next_package_id, 'effective', 'next_period'));
END $$;
