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

-- A subscription as a row. A query over many subscriptions calls this where it needs the row of a few: it builds the row of
-- each one of them if it names the row itself.
CREATE OR REPLACE FUNCTION subscription_of(sub uuid) RETURNS subscriptions
LANGUAGE sql STABLE AS $$
	SELECT * FROM subscriptions WHERE id = sub
$$;

-- Lock a set of subscriptions in one order, each customer before its own subscriptions, so that two callers
-- cannot wait for each other.
CREATE OR REPLACE FUNCTION subscriptions_lock(subs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM subscriptions own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = ANY(subs) ORDER BY c.id, own.id FOR NO KEY UPDATE OF c, own;
END $$;

-- Lock a subscription that is not cancelled: a cancelled one can never be changed again.
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

-- Change the state of a subscription, and log it. `reason_code` is its suspend_reason; `log_text` is for the person who
-- reads the log.
CREATE OR REPLACE FUNCTION subscription_set_status(subscription subscriptions, state text, reason_code text, log_text text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE subscriptions SET status = state, suspend_reason = reason_code, updated_at = now() WHERE id = subscription.id;
	PERFORM subscription_log_status(subscription, state, reason_code, log_text);
END $$;

-- `subscription` is the row before the change; `payment` or `bill` is what caused it, where one of them did.
CREATE OR REPLACE FUNCTION subscription_log_status(subscription subscriptions, state text, reason_code text, log_text text,
	payment uuid DEFAULT NULL, bill uuid DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
	SELECT billing_log(CASE state WHEN 'active' THEN 'activated' ELSE state END,
		format('%s is %s%s', subscription.mikrotik_username, state, ' (' || reason_code || ')'),
		subscription.customer_id, subscription.id, bill,
		jsonb_build_object('reason', log_text, 'payment_id', payment,
			'before', jsonb_build_object('status', subscription.status, 'suspend_reason', subscription.suspend_reason),
			'after', jsonb_build_object('status', state, 'suspend_reason', reason_code)))
$$;

-- Switch the service of a subscription off. One that is off already, for debt or expiry, and is now off by
-- hand or paused, begins another off period today.
CREATE OR REPLACE FUNCTION subscription_switch_off(subscription subscriptions, state text, reason_code text, log_text text, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF subscription.status <> 'active' AND reason_code IN ('manual', 'pause') THEN
		PERFORM service_off_close(subscription, today, false);
	END IF;
	IF subscription.status = 'active' OR reason_code IN ('manual', 'pause') THEN
		PERFORM service_off_open(subscription, coalesce(reason_code, state), today);
	END IF;
	PERFORM subscription_set_status(subscription, state, reason_code, log_text);
END $$;

-- Switch the service of a subscription on again: end its off period, keep a pause that is still to come, and
-- charge the reactivation fee if it was off for debt and `with_fee` is set. `payment` or `bill` is what caused it. A service
-- whose first day is to come waits for that day, as at sign-up.
CREATE OR REPLACE FUNCTION subscription_switch_on(subscription subscriptions, log_text text, today date, with_fee boolean,
	payment uuid DEFAULT NULL, bill uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	o      service_offs := service_off_now(subscription.id);
	paused boolean := coalesce(o.cause = 'pause' OR subscription.pause_until < today, false); -- its pause is over
	fresh  subscriptions;
BEGIN
	PERFORM service_off_close(subscription, today, true);
	IF with_fee AND o.cause = 'debt' THEN
		PERFORM reactivation_charge(subscription, o, today);
	END IF;
	UPDATE subscriptions
	SET status = CASE WHEN start_date > today THEN 'suspended' ELSE 'active' END, suspend_reason = CASE WHEN start_date > today THEN 'new' END,
	    waits_first = false, gateway_holds = 0, gateway_held_on = NULL,
	    pause_from = CASE WHEN NOT paused THEN pause_from END, pause_until = CASE WHEN NOT paused THEN pause_until END,
	    begin_on = CASE WHEN start_date > today THEN start_date WHEN NOT paused THEN pause_from END, updated_at = now()
	WHERE id = subscription.id RETURNING * INTO fresh;
	PERFORM subscription_log_status(subscription, fresh.status, fresh.suspend_reason, log_text, payment, bill);
END $$;

/*
 * Is an open bill past its grace today (contract 5.4)? The grace of a
 * period bill of a rolling prepaid subscription begins when the paid and given
 * days end, on `until`: no service is switched off on such a day.
 */
CREATE OR REPLACE FUNCTION is_bill_past_grace(invoice invoices, cycle text, until date, g settings, today date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT invoice.amount - invoice.paid_amount >= greatest(g.suspend_min_amount, 1) AND invoice.due_date < today - g.grace_days
		AND (NOT invoice.grants_days OR until < today - g.grace_days OR cycle = 'calendar')
$$;

-- The open bills of a subscription that are past their grace today, if its end date is `until`.
CREATE OR REPLACE FUNCTION bills_past_grace(subscription subscriptions, until date, today date) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT i.* FROM open_invoices(subscription.customer_id, subscription.id) i, settings g
	WHERE is_bill_past_grace(i, (SELECT cycle FROM terms_of(subscription)), until, g, today)
$$;

CREATE OR REPLACE FUNCTION is_line_past_grace(subscription subscriptions, until date, today date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM bills_past_grace(subscription, until, today))
$$;

/*
 * Money, days or bills of the subscription have changed: switch its service on
 * if it was off for debt, until its first payment, or expired and its end date
 * lies ahead again. It stays off while a bill is past its grace. `payment` is
 * the one that paid, `bill` the one that was changed.
 */
CREATE OR REPLACE FUNCTION subscription_reconsider(sub uuid, log_text text, today date, with_fee boolean DEFAULT true,
	payment uuid DEFAULT NULL, bill uuid DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions;
	until date;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF s.status = 'active' THEN
		PERFORM subscription_end_hold(s, today);
		RETURN;
	END IF;
	until := s.end_date + service_off_gain(s, today);
	IF (CASE WHEN s.suspend_reason = 'debt' THEN true
	         WHEN s.suspend_reason = 'new' THEN s.waits_first AND s.start_date <= today AND (SELECT days FROM open_days(s.customer_id, s.id)) = 0
	              AND s.end_date >= s.start_date
	         WHEN s.status = 'expired' THEN until >= today
	         ELSE false END) AND NOT is_line_past_grace(s, until, today) THEN
		PERFORM subscription_switch_on(s, log_text, today, with_fee, payment, bill);
	END IF;
	PERFORM subscription_end_hold(x, today) FROM subscriptions x WHERE x.id = sub;
END $$;

-- End a promise, and the count of nights held for Midtrans, once no bill of the subscription is open. A line that has expired
-- and is on by its promise alone keeps it.
CREATE OR REPLACE FUNCTION subscription_end_hold(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF subscription.hold_until IS NULL AND subscription.gateway_holds = 0 OR subscription_has_debt(subscription) THEN
		RETURN;
	END IF;
	UPDATE subscriptions SET hold_until = CASE WHEN auto_renew OR is_postpaid OR end_date >= today THEN NULL ELSE hold_until END,
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

-- The due date of a bill was moved on. It lifts a suspension for debt only where nothing is overdue any more; what else may be on
-- is so at once.
CREATE OR REPLACE FUNCTION subscription_lift_debt(invoice invoices, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_of(invoice.subscription_id);
BEGIN
	IF s.suspend_reason IS DISTINCT FROM 'debt' OR NOT EXISTS (SELECT FROM open_invoices(s.customer_id, s.id) WHERE status = 'overdue') THEN
		PERFORM subscription_reconsider(s.id, format('%s is due on %s', invoice.invoice_number, invoice.due_date), today,
			bill => invoice.id);
	END IF;
END $$;

-- Has the subscription open invoices, past due or not? A promise is given for them.
CREATE OR REPLACE FUNCTION subscription_has_debt(subscription subscriptions) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM open_invoices(subscription.customer_id, subscription.id));
END $$;
