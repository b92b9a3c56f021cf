-- A change of the fields of a subscription.

-- Present keys change; a null empties what may be empty.
CREATE OR REPLACE FUNCTION subscription_update(sub uuid, input jsonb, today date) RETURNS void
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
	PERFORM subscription_update_dates(s, input, today);
	PERFORM plan_change(sub, p, coalesce(input ->> 'effective', 'now'), false, today) FROM packages p WHERE p.id = package;
	PERFORM subscription_sync_mode(sub, today);
	PERFORM raise_invalid_all(address_errors(has, is_now.remote_address))
	  FROM subscriptions is_now JOIN packages has ON has.id IN (is_now.package_id, is_now.next_package_id)
	 WHERE is_now.id = sub;
END $$;

-- The start moves the days with it; the end date is moved by days.
CREATE OR REPLACE FUNCTION subscription_update_dates(subscription subscriptions, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	wanted    date := input ->> 'end_date';
	first_day date := input ->> 'start_date';
BEGIN
	IF first_day <> subscription.start_date THEN
		PERFORM subscription_start_move(subscription, first_day, today);
	END IF;
	IF wanted <> subscription.end_date THEN
		PERFORM require_operator_gift(subscription.id, (input ->> 'bounded')::boolean, wanted - subscription.end_date);
		PERFORM subscription_end_date_set(subscription.id, wanted, today);
	END IF;
END $$;

-- Move the start of a subscription that has no days and no bill yet. As at sign-up, its service is off before
-- the first day.
CREATE OR REPLACE FUNCTION subscription_start_move(subscription subscriptions, first_day date, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM service_days WHERE subscription_id = subscription.id) OR EXISTS (SELECT FROM invoices WHERE subscription_id = subscription.id) THEN
		PERFORM raise_invalid('start_date', 'fixed', 'The start date is fixed once days or bills exist: use POST /days of the subscription.');
	END IF;
	UPDATE subscriptions SET start_date = first_day, end_date = first_day - 1 WHERE id = subscription.id;
	IF first_day > today AND (subscription.status = 'active' OR subscription.suspend_reason = 'new') THEN
		UPDATE subscriptions SET begin_on = first_day WHERE id = subscription.id;
		PERFORM subscription_set_status(subscription, 'suspended', 'new', format('the service begins on %s', first_day)) WHERE subscription.status = 'active';
	ELSIF subscription.suspend_reason = 'new' THEN
		PERFORM subscription_switch_on(subscription, 'the service begins', today, false);
	END IF;
END $$;

/*
 * Follow a change of the mode, by the subscription's own field, its package or
 * the setting. Prepaid to postpaid: it counts as billed to where its open bills
 * would take it, and a next package begins with the first postpaid period. Its
 * days off, if it is off, are given back when it returns. Back: the days that are
 * billed so far stand in the ledger as days from the start, and the next run bills
 * the days used since with its period. They are billed now if it would not, since the
 * line is not renewed or is off, or if it would at the price of a next package.
 */
CREATE OR REPLACE FUNCTION subscription_sync_mode(sub uuid, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s       subscriptions := (SELECT own FROM subscriptions own WHERE own.id = sub);
	is_post boolean := (SELECT mode = 'postpaid' FROM terms_of(s));
BEGIN
	IF is_post = s.is_postpaid OR s.status = 'cancelled' THEN
		RETURN;
	END IF;
	IF is_post THEN
		UPDATE subscriptions
		SET is_postpaid = true, end_date = greatest(s.end_date + (SELECT days FROM open_days(s.customer_id, sub)),
		        (SELECT max(period_end) FROM invoices WHERE subscription_id = sub AND period_held IS NOT NULL)), closed_on = (service_off_now(sub)).from_day - 1, updated_at = now(),
		    next_package_on = CASE WHEN next_package_id IS NOT NULL THEN coalesce(next_package_on, next_period_start(s, today)) END
		WHERE id = sub;
		UPDATE invoices SET grants_days = false WHERE customer_id = s.customer_id AND subscription_id = sub AND is_open;
	ELSE
		IF NOT s.auto_renew OR s.closed_on IS NOT NULL OR s.next_package_on > s.end_date + 1 THEN
			PERFORM used_days_bill(s, today);
			UPDATE subscriptions SET next_package_id = s.next_package_id WHERE id = sub RETURNING * INTO s;
		END IF;
		INSERT INTO service_days (subscription_id, days, kind, reason, actor, entered_on)
		SELECT sub, n, CASE WHEN n > 0 THEN 'start' ELSE 'gift' END, 'billed while postpaid', session_actor(), today
		FROM (SELECT s.end_date - s.start_date + 1 - coalesce(sum(days), 0)::int AS n FROM service_days WHERE subscription_id = sub) l
		WHERE n <> 0;
		UPDATE subscriptions SET is_postpaid = false, closed_on = NULL, updated_at = now() WHERE id = sub;
	END IF;
END $$;

-- After the settings changed: all lines whose mode follows them. All are locked first: each is read again then, so that a payment
-- that switches one on meanwhile wins.
CREATE OR REPLACE FUNCTION subscriptions_follow_settings(today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	ids uuid[] := ARRAY(SELECT s.id FROM subscriptions s CROSS JOIN LATERAL terms_of(s) t
		WHERE s.is_live AND (t.mode = 'postpaid') <> s.is_postpaid);
BEGIN
	PERFORM subscriptions_lock(ids);
	PERFORM subscription_sync_mode(id, today) FROM unnest(ids) AS of_line (id);
END $$;

-- The errors in fields that an update may name but never change.
CREATE OR REPLACE FUNCTION subscription_errors(subscription subscriptions, input jsonb) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(input ->> 'status' <> subscription.status, 'status',
			'locked', format('The status is changed by POST /api/subscriptions/%s/suspend, /activate, /pause, /resume or /cancel.', subscription.id))
		|| field_error((input ->> 'customer_id')::uuid <> subscription.customer_id, 'customer_id',
			'fixed', 'A subscription cannot be given to another customer.')
$$;

-- The subscription with the keys of input; what may not be null keeps its value.
CREATE OR REPLACE FUNCTION subscription_with(subscription subscriptions, input jsonb) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	allowed CONSTANT text[] := '{mikrotik_username,mikrotik_password,auto_renew,
		router_id,local_address,remote_address,profile,comment,cycle,mode,billing_day,late_policy}';
	needed  CONSTANT text[] := '{mikrotik_username,mikrotik_password,auto_renew}';
BEGIN
	RETURN jsonb_populate_record(subscription, coalesce((
		SELECT jsonb_object_agg(key, value) FROM jsonb_each(input)
		WHERE key = ANY(allowed) AND NOT (key = ANY(needed) AND value = 'null')), '{}'));
END $$;

CREATE OR REPLACE FUNCTION subscription_update_log(subscription subscriptions, fresh subscriptions) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := to_jsonb(subscription) - 'mikrotik_password';
	after  jsonb := to_jsonb(fresh) - 'mikrotik_password';
BEGIN
	IF subscription IS NOT DISTINCT FROM fresh THEN
		RETURN;
	END IF;
	SELECT jsonb_object_agg(key, value), jsonb_object_agg(key, after -> key) INTO before, after
	FROM jsonb_each(before) WHERE value <> after -> key;
	PERFORM billing_log('updated', format('%s changed', subscription.mikrotik_username), subscription.customer_id, subscription.id, NULL,
		jsonb_build_object('before', before, 'after', after,
			'password_changed', subscription.mikrotik_password <> fresh.mikrotik_password));
END $$;
