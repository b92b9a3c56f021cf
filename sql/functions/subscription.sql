-- The states of a subscription. Accounts on routers follow by triggers of their own.

CREATE OR REPLACE FUNCTION subscription_lock(sub uuid) RETURNS subscriptions
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = sub FOR NO KEY UPDATE OF c, own;
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	PERFORM require_found(FOUND, 'subscription_unknown', 'Subscription not found.');
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

-- Into another state, and into the log, with the payment that put the line on, where one did.
DROP FUNCTION IF EXISTS subscription_set_status(subscriptions, text, text, text), subscription_switch_on(subscriptions, text, date, boolean),
	subscription_reconsider(uuid, text, date, boolean), customer_reconsider(uuid, date);
CREATE OR REPLACE FUNCTION subscription_set_status(subscription subscriptions, state text, because text, why text, payment uuid DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE subscriptions SET status = state, suspend_reason = because, updated_at = now() WHERE id = subscription.id;
	PERFORM billing_log(CASE state WHEN 'active' THEN 'activated' ELSE state END,
		format('%s is %s%s', subscription.mikrotik_username, state, ' (' || because || ')'),
		subscription.customer_id, subscription.id, NULL,
		jsonb_build_object('reason', why, 'payment_id', payment,
			'before', jsonb_build_object('status', subscription.status, 'suspend_reason', subscription.suspend_reason),
			'after', jsonb_build_object('status', state, 'suspend_reason', because)));
END $$;

-- Cut a line. One that is off already for debt or expiry, and is now off by hand, has a new span from today.
CREATE OR REPLACE FUNCTION subscription_switch_off(subscription subscriptions, state text, because text, why text, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF subscription.status <> 'active' AND because IN ('manual', 'pause') THEN
		PERFORM service_off_close(subscription, today, false);
	END IF;
	IF subscription.status = 'active' OR because IN ('manual', 'pause') THEN
		PERFORM service_off_open(subscription, coalesce(because, state), today);
	END IF;
	PERFORM subscription_set_status(subscription, state, because, why);
END $$;

-- Put a line on again: its span is closed, a pause that is planned stays so, and a cut for debt may cost a fee.
CREATE OR REPLACE FUNCTION subscription_switch_on(subscription subscriptions, why text, today date, with_fee boolean, payment uuid DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	o service_offs := service_off_now(subscription.id);
BEGIN
	PERFORM service_off_close(subscription, today, true);
	IF with_fee AND o.cause = 'debt' THEN
		PERFORM reactivation_charge(subscription, o, today);
	END IF;
	UPDATE subscriptions
	SET waits_first = false, begin_on = pause_from, gateway_holds = 0, gateway_held_on = NULL
	WHERE id = subscription.id;
	UPDATE subscriptions SET pause_from = NULL, pause_until = NULL, begin_on = NULL
	WHERE id = subscription.id AND (o.cause = 'pause' OR pause_until < today);
	PERFORM subscription_set_status(subscription, 'active', NULL, why, payment);
END $$;

/*
 * Is an open bill of the line past its grace on that day? A rolling prepaid line is
 * covered up to `until`, the end date that it has or would have.
 */
CREATE OR REPLACE FUNCTION is_line_past_grace(subscription subscriptions, until date, today date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (
		SELECT FROM open_invoices(subscription.customer_id, subscription.id) i, settings g, terms_of(subscription) t
		WHERE i.amount - i.paid_amount >= greatest(g.suspend_min_amount, 1)
		  AND CASE WHEN i.grants_days AND t.cycle = 'rolling' THEN greatest(i.due_date, until) ELSE i.due_date END + g.grace_days < today)
$$;

/*
 * After money, days or bills changed: only a suspension for debt, or until the
 * first payment, is lifted, and an expiry whose end date lies ahead again. A
 * line stays off while a bill is past its grace.
 */
CREATE OR REPLACE FUNCTION subscription_reconsider(sub uuid, why text, today date, with_fee boolean DEFAULT true, payment uuid DEFAULT NULL)
RETURNS void
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
	until := s.end_date + service_off_gain(s, today);
	IF (CASE WHEN s.suspend_reason = 'debt' THEN true
	         WHEN s.suspend_reason = 'new' THEN s.waits_first AND s.start_date <= today AND open_days(s.customer_id, s.id) = 0
	              AND s.end_date >= s.start_date
	         WHEN s.status = 'expired' THEN until >= today
	         ELSE false END) AND NOT is_line_past_grace(s, until, today) THEN
		PERFORM subscription_switch_on(s, why, today, with_fee, payment);
		PERFORM subscription_end_hold(x) FROM subscriptions x WHERE x.id = sub;
	END IF;
END $$;

-- A promise has no use where nothing is open any more.
CREATE OR REPLACE FUNCTION subscription_end_hold(subscription subscriptions) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF subscription.hold_until IS NULL AND subscription.gateway_holds = 0 OR subscription_has_debt(subscription) THEN
		RETURN;
	END IF;
	UPDATE subscriptions SET hold_until = CASE WHEN auto_renew OR is_postpaid THEN NULL ELSE hold_until END,
		gateway_holds = 0, gateway_held_on = NULL, updated_at = now()
	WHERE id = subscription.id;
END $$;

-- All lines of a customer that money may have freed; of a payment, where it is new.
CREATE OR REPLACE FUNCTION customer_reconsider(customer uuid, today date, payment uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM subscription_reconsider(id, 'what was owed is paid', today, true, payment) FROM (
		SELECT id FROM subscriptions
		WHERE customer_id = customer AND (suspend_reason IN ('debt', 'new') OR status = 'expired' OR hold_until IS NOT NULL OR gateway_holds > 0)
		  AND is_live
		ORDER BY seq OFFSET 0) lines;
END $$;

-- A due date was moved: where nothing is overdue any more, a suspension for debt is lifted.
CREATE OR REPLACE FUNCTION subscription_lift_debt(sub uuid, why text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF s.suspend_reason = 'debt' AND NOT EXISTS (SELECT FROM open_invoices(s.customer_id, sub) WHERE status = 'overdue') THEN
		PERFORM subscription_switch_on(s, why, today, true);
	END IF;
END $$;

-- Whether the subscription has open invoices, past due or not: a promise is given for them.
CREATE OR REPLACE FUNCTION subscription_has_debt(subscription subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM open_invoices(subscription.customer_id, subscription.id));
END $$;
