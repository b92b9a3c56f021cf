-- Acts of people on a subscription: suspend, pause, resume, activate on a promise, cancel.

-- Suspend a subscription by hand. One that is off for debt or expired is then off by hand, so that a payment
-- does not lift what a person decided.
CREATE OR REPLACE FUNCTION subscription_suspend(sub uuid, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock_live(sub);
BEGIN
	IF s.suspend_reason IN ('manual', 'pause') THEN
		PERFORM raise_conflict('subscription_suspended', 'The subscription is suspended already.');
	END IF;
	PERFORM future_bills_release(s, 'the line is off by hand', today);
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	PERFORM subscription_switch_off(s, 'suspended', 'manual', reason, today);
	PERFORM credit_apply(s.customer_id, today);
END $$;

-- Is the period of the bill still to begin after today? The first period of a subscription that waits for its
-- first payment begins with that payment.
CREATE OR REPLACE FUNCTION is_period_ahead(subscription subscriptions, invoice invoices, today date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT invoice.period_start > today OR is_first_bill(subscription, invoice)
$$;

-- Does the subscription wait for the payment of this bill? One that was paid ahead from the first period on has taken the
-- first bill in.
CREATE OR REPLACE FUNCTION is_first_bill(subscription subscriptions, invoice invoices) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT subscription.waits_first AND invoice.kind IN ('first', 'prepay')
$$;

-- Cancel the open bills of periods that have not begun. Money paid on them becomes credit.
CREATE OR REPLACE FUNCTION future_bills_release(subscription subscriptions, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	FOR i IN SELECT * FROM open_invoices(subscription.customer_id, subscription.id) o WHERE is_period_ahead(subscription, o, today) ORDER BY seq DESC LOOP
		PERFORM invoice_release(i, reason, today);
	END LOOP;
END $$;

-- Pause a subscription from one day to another, both off; without `until` it is off until POST /resume.
CREATE OR REPLACE FUNCTION subscription_pause(sub uuid, from_day date, until date, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s   subscriptions := subscription_lock_live(sub);
	was jsonb := jsonb_build_object('from', s.pause_from, 'until', s.pause_until);
BEGIN
	from_day := coalesce(from_day, today);
	PERFORM raise_invalid_all(field_error(from_day < today, 'from', 'after', format('The from field must be a date from %s on.', today))
		|| field_error(until < from_day, 'until', 'after', 'The until field must be a date after or equal to from.'));
	IF s.suspend_reason IN ('manual', 'pause') THEN
		PERFORM raise_conflict('subscription_suspended', 'The subscription is suspended already.');
	END IF;
	UPDATE subscriptions SET pause_from = from_day, pause_until = until, updated_at = now(),
		begin_on = CASE WHEN from_day <= today THEN until + 1 WHEN s.suspend_reason = 'new' THEN begin_on ELSE from_day END
	WHERE id = sub RETURNING * INTO s;
	IF from_day > today THEN
		PERFORM billing_log('pause_planned', format('%s pauses from %s', s.mikrotik_username, from_day), s.customer_id, sub, NULL,
			jsonb_build_object('reason', reason, 'before', was,
				'after', jsonb_build_object('from', from_day, 'until', until)));
	ELSE
		PERFORM subscription_pause_begin(s, coalesce(reason, 'paused'), today);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION subscription_pause_begin(subscription subscriptions, log_text text, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM future_bills_release(subscription, 'the line is paused', today);
	UPDATE subscriptions SET begin_on = pause_until + 1 WHERE id = subscription.id RETURNING * INTO subscription;
	PERFORM subscription_switch_off(subscription, 'suspended', 'pause', log_text, today);
	PERFORM credit_apply(subscription.customer_id, today);
END $$;

-- Does a planned pause cover today?
CREATE OR REPLACE FUNCTION is_pause_day(subscription subscriptions, today date) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(today BETWEEN subscription.pause_from AND coalesce(subscription.pause_until, 'infinity'), false)
$$;

-- Call off a planned pause, or end one that has begun.
CREATE OR REPLACE FUNCTION subscription_resume(sub uuid, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock_live(sub);
BEGIN
	IF s.pause_from IS NOT NULL AND coalesce(s.pause_until >= today, true) AND s.suspend_reason IS DISTINCT FROM 'pause' THEN
		UPDATE subscriptions SET pause_from = NULL, pause_until = NULL, updated_at = now(),
			begin_on = CASE WHEN s.suspend_reason = 'new' THEN begin_on END
		WHERE id = sub;
		PERFORM billing_log('pause_called_off', format('%s does not pause from %s', s.mikrotik_username, s.pause_from),
			s.customer_id, sub, NULL, jsonb_build_object('reason', reason,
				'before', jsonb_build_object('from', s.pause_from, 'until', s.pause_until), 'after', '{}'::jsonb));
	ELSIF s.suspend_reason = 'pause' THEN
		PERFORM subscription_switch_on(s, coalesce(reason, 'resumed'), today, false);
	ELSE
		PERFORM raise_conflict('subscription_not_paused', 'The subscription is not paused.');
	END IF;
END $$;

/*
 * Switch the service on by hand. With open bills, and for an expired
 * subscription, that is a promise: it holds up to `until`, then the run acts
 * again. A promise of an active subscription is noted before the run would
 * suspend it.
 */
CREATE OR REPLACE FUNCTION subscription_activate(sub uuid, until date, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	IF until < today OR until > today + 14 THEN
		PERFORM raise_invalid('until', 'range', format('The until field must be a date from %s to %s.', today, today + 14),
			jsonb_build_object('min', today, 'max', today + 14));
	END IF;
	s := subscription_lock_live(sub);
	IF s.status = 'active' AND (until IS NULL OR NOT subscription_has_debt(s)) THEN
		PERFORM raise_conflict('subscription_active', 'The subscription is active already.');
	END IF;
	IF s.suspend_reason = 'new' AND s.start_date > today THEN
		PERFORM raise_conflict('service_not_begun', format('The service begins on %s.', s.start_date));
	END IF;
	IF s.status = 'expired' OR subscription_has_debt(s) THEN
		PERFORM promise_make(s, coalesce(until, today), reason, today);
	END IF;
	IF s.status <> 'active' THEN
		PERFORM subscription_switch_on(s, reason, today, true);
	END IF;
END $$;

-- Note a promise, and count it on each overdue bill; at most promises_max for one bill, and for an expired
-- subscription without a bill since its last period.
CREATE OR REPLACE FUNCTION promise_make(subscription subscriptions, until date, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	max_promises int := (SELECT promises_max FROM settings);
	full_bill text;
BEGIN
	SELECT o.invoice_number INTO full_bill FROM open_invoices(subscription.customer_id, subscription.id) o
	WHERE o.status = 'overdue' AND o.promises >= max_promises ORDER BY o.due_date LIMIT 1;
	IF full_bill IS NOT NULL OR subscription.status = 'expired' AND NOT subscription_has_debt(subscription) AND subscription.promises >= max_promises THEN
		PERFORM raise_conflict('promises_max', format('%s promises have been made already%s.', max_promises, ' for ' || full_bill));
	END IF;
	UPDATE invoices SET promises = promises + 1, updated_at = now()
	WHERE customer_id = subscription.customer_id AND subscription_id = subscription.id AND status = 'overdue';
	UPDATE subscriptions SET hold_until = until, promises = promises + (status = 'expired')::int,
		gateway_holds = 0, gateway_held_on = NULL, updated_at = now() WHERE id = subscription.id;
	INSERT INTO promises (subscription_id, from_day, until, reason, actor) VALUES (subscription.id, today, until, reason, session_actor());
	PERFORM billing_log('promised', format('%s stays on until %s', subscription.mikrotik_username, until), subscription.customer_id, subscription.id, NULL,
		jsonb_build_object('until', until, 'reason', reason, 'before', jsonb_build_object('hold_until', subscription.hold_until),
			'after', jsonb_build_object('hold_until', until)));
END $$;

-- ---- the end

-- End a subscription: cancel its bills of periods not begun, settle what is pending, and switch it off.
CREATE OR REPLACE FUNCTION subscription_cancel(sub uuid, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions := subscription_lock(sub);
	ahead invoices[];
BEGIN
	IF s.status = 'cancelled' THEN
		RETURN;
	END IF;
	ahead := ARRAY(SELECT v FROM invoices v WHERE subscription_id = sub AND is_period_ahead(s, v, today) AND status <> 'cancelled' ORDER BY seq DESC);
	UPDATE subscriptions
	SET cancelled_at = now(), begin_on = NULL, closed_on = CASE WHEN is_postpaid THEN coalesce(closed_on, today) END
	WHERE id = sub RETURNING * INTO s;
	-- (first: credit that pays what was owed must not switch the line on once more, for a fee)
	PERFORM subscription_set_status(s, 'cancelled', NULL, reason);
	-- (first: credit that comes from the bills ahead would pay the bill that this lowers or cancels)
	PERFORM last_bill_prorate(s, today);
	PERFORM invoice_release(i, 'the subscription was cancelled', today) FROM unnest(ahead) i;
	SELECT * INTO s FROM subscriptions WHERE id = sub; -- with the days that a bill has let go
	PERFORM pending_days_to_credit(s, today);
	PERFORM charges_bill(s, today);
	PERFORM credit_apply(s.customer_id, today);
END $$;

-- Setting prorate_last, calendar: an untouched bill of the running period is lowered to the part that was used; one of which
-- nothing was used is cancelled. Charges that wait for a bill have one of their own.
CREATE OR REPLACE FUNCTION last_bill_prorate(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i    invoices;
	last date := coalesce((service_off_now(subscription.id)).from_day - 1, today);
BEGIN
	SELECT * INTO i FROM open_invoices(subscription.customer_id, subscription.id) o
	WHERE o.grants_days AND today BETWEEN o.period_start AND o.period_end AND last < o.period_end AND is_invoice_untouched(o);
	IF NOT FOUND OR (SELECT cycle FROM terms_of(subscription)) <> 'calendar' OR NOT (SELECT prorate_last FROM settings) THEN
		RETURN;
	END IF;
	PERFORM charges_bill(subscription, today);
	IF last < i.period_start THEN
		PERFORM invoice_void(i, 'nothing of its period was used', today);
	ELSE
		PERFORM invoice_shorten(subscription, i, last, today);
	END IF;
END $$;

-- Make an issued bill anew, over the part of its period that was used, at its share of the price.
CREATE OR REPLACE FUNCTION invoice_shorten(subscription subscriptions, invoice invoices, last date, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	t       record;
	share   bigint;
	periods int := 0;
	day     date := invoice.period_start;
BEGIN
	SELECT * INTO t FROM terms_of(subscription);
	SELECT round_up(sum(l.amount) * months_share(day, last, t.billing_day) / months_share(day, invoice.period_end, t.billing_day)) INTO share
	FROM unnest(bill_lines_of(invoice.id)) l WHERE l.kind IN ('package', 'part') OR is_discount_agreed(l);
	WHILE day <= last LOOP
		periods := periods + 1;
		day := (period_draft(subscription, day, today)).period_end + 1;
	END LOOP;
	UPDATE invoices SET period_end = last WHERE id = invoice.id RETURNING * INTO invoice;
	PERFORM invoice_recompose(invoice, ARRAY[bill_line_new('part', part_text(p.name, invoice.period_start, last), 1, share, true)], least(periods, periods_of(invoice.id)), today)
	FROM packages p WHERE p.id = invoice.package_id;
END $$;
