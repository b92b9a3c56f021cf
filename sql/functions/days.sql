/*
 * The ledger of service days of prepaid subscriptions, and the off periods of
 * all subscriptions: a row of service_offs holds the days on which the service
 * of one subscription was off, from from_day to the day before back_on.
 *
 *	end_date = start_date - 1 + the sum of service_days
 *
 * Each off period that has ended has a row of kind off in the ledger: all of
 * its days but those of service_off_lost(). A period and the days off inside it
 * have rows of their own, so end_date does not depend on the order in which bills
 * are paid.
 */

-- Enter days into the ledger, and move end_date by them. After given days and days off the next
-- period begins on another day of the month, so the anchor of rolling months is cleared: the next bill
-- sets it to its own first day. A settled period sets the count of promises to 0: an expired subscription
-- may have promises_max of them after each period. `until_day` is the last day that a gift of the policy
-- `restart` makes up for. A subscription that has become postpaid keeps its end_date, the last billed day: what
-- its ledger gets is a period of its prepaid time that is undone.
CREATE OR REPLACE FUNCTION service_days_add(sub uuid, day_count int, what text, invoice uuid, off bigint, reason text, today date,
	until_day date DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF day_count = 0 THEN
		RETURN;
	END IF;
	INSERT INTO service_days (subscription_id, days, kind, invoice_id, off_id, reason, actor, entered_on, until_day)
	VALUES (sub, day_count, what, invoice, off, reason, session_actor(), today, until_day);
	UPDATE subscriptions
	SET end_date = CASE WHEN is_postpaid THEN end_date ELSE end_date + day_count END,
	    anchor_day = CASE WHEN what IN ('gift', 'off') THEN NULL ELSE anchor_day END,
	    promises = CASE WHEN what = 'period' AND day_count > 0 THEN 0 ELSE promises END, updated_at = now()
	WHERE id = sub;
END $$;

-- ---- off periods

-- Begin an off period of the subscription today; a postpaid one is billed up to the day before.
CREATE OR REPLACE FUNCTION service_off_open(subscription subscriptions, cause text, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO service_offs (subscription_id, from_day, cause, run_id)
	VALUES (subscription.id, greatest(today, subscription.start_date), cause, nullif(current_setting('isp.run', true), '')::bigint);
	IF subscription.is_postpaid THEN
		UPDATE subscriptions SET closed_on = today - 1 WHERE id = subscription.id;
	END IF;
END $$;

-- The off period that has not ended; its id is NULL where the service is on.
CREATE OR REPLACE FUNCTION service_off_now(sub uuid) RETURNS service_offs
LANGUAGE plpgsql STABLE AS $$
DECLARE
	o service_offs;
BEGIN
	SELECT * INTO o FROM service_offs WHERE subscription_id = sub AND back_on IS NULL AND struck_at IS NULL;
	RETURN o;
END $$;

/*
 * Are days of the off period lost, that is not added to end_date, where they
 * were sold? Under the policy `keep` the billed dates stay as they are. A rolling
 * subscription keeps its billed dates only when it was off for debt or expired. A
 * calendar one keeps them whatever the cause: for days off by hand or paused the
 * customer gets a discount instead (pending_days). Days before the service began
 * at all (cause `new`) are always added.
 */
CREATE OR REPLACE FUNCTION is_off_lost(subscription subscriptions, service_off service_offs) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT t.late_policy = 'keep' AND service_off.cause <> 'new' AND (t.cycle <> 'rolling' OR service_off.cause IN ('debt', 'expired'))
	FROM terms_of(subscription) t
$$;

-- The days of an off period that are lost if the service returns today: those inside a billed period, or inside
-- the days given at the start.
CREATE OR REPLACE FUNCTION service_off_lost(subscription subscriptions, service_off service_offs, today date) RETURNS int
LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF NOT is_off_lost(subscription, service_off) THEN
		RETURN 0;
	END IF;
	RETURN days_sold(subscription.id, subscription.start_date, daterange(service_off.from_day, greatest(today, service_off.from_day)));
END $$;

-- How many of these days bills that are not cancelled, or the days given at the start, cover.
CREATE OR REPLACE FUNCTION days_sold(sub uuid, start_date date, days daterange) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(upper(part) - lower(part)), 0)::int
	FROM (SELECT unnest(range_agg(held) * datemultirange(days_sold.days)) AS part
		FROM (SELECT period_held AS held FROM invoices WHERE subscription_id = sub AND period_held && days_sold.days
		      UNION ALL
		      SELECT daterange(NULL, start_date + (SELECT coalesce(sum(d.days), 0)::int FROM service_days d
				WHERE d.subscription_id = sub AND d.kind = 'start'))) sold) parts
$$;

-- Does a bill that is not cancelled, or the days given at the start, cover `day`?
CREATE OR REPLACE FUNCTION is_day_sold(sub uuid, start_date date, day date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT days_sold(sub, start_date, daterange(day, day, '[]')) = 1
$$;

-- The days that a return of the service today would add to end_date.
CREATE OR REPLACE FUNCTION service_off_gain(subscription subscriptions, today date) RETURNS int
LANGUAGE plpgsql STABLE AS $$
DECLARE
	o service_offs := service_off_now(subscription.id);
BEGIN
	IF o.id IS NULL OR subscription.is_postpaid OR today <= o.from_day THEN
		RETURN 0;
	END IF;
	RETURN today - o.from_day - service_off_lost(subscription, o, today);
END $$;

-- End the off period, if there is one: the days off are given back as the late policy says. A postpaid
-- subscription has no ledger of days that could give them back: lost_days is all of them, and no bill
-- has them. Those up to end_date were billed before it became postpaid: they are a discount.
-- `is_on_again` is false where another off period follows at once: the policy `restart` then gives nothing.
CREATE OR REPLACE FUNCTION service_off_close(subscription subscriptions, today date, is_on_again boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	o    service_offs := service_off_now(subscription.id);
	t    record;
	lost int;
	back date;
BEGIN
	IF o.id IS NULL THEN
		RETURN;
	END IF;
	back := greatest(today, o.from_day);
	SELECT * INTO t FROM terms_of(subscription);
	lost := CASE WHEN subscription.is_postpaid THEN back - o.from_day ELSE service_off_lost(subscription, o, back) END;
	UPDATE service_offs SET back_on = back, lost_days = lost WHERE id = o.id;
	IF subscription.is_postpaid THEN
		PERFORM service_off_close_postpaid(subscription, back, today);
		IF NOT is_off_lost(subscription, o) OR o.cause IN ('manual', 'pause') THEN
			PERFORM pending_days_add(subscription.id, greatest(least(back, subscription.end_date + 1) - o.from_day, 0), today);
		END IF;
		RETURN;
	END IF;
	PERFORM service_days_add(subscription.id, back - o.from_day - lost, 'off', NULL, o.id, format('off from %s, back on %s', o.from_day, back), today);
	IF t.cycle = 'calendar' AND o.cause IN ('manual', 'pause') THEN
		PERFORM pending_days_add(subscription.id, lost, today);
	ELSIF is_on_again AND t.cycle = 'rolling' AND t.late_policy = 'restart' AND o.cause IN ('debt', 'expired') THEN
		PERFORM service_restart_gift(subscription, o, today);
	END IF;
END $$;

-- Bill a postpaid subscription for all days used before its service went off, with one bill for each
-- period that has such days. Its next period begins on the day of return. A service that was switched
-- off and on again on one day has lost no day (back - 1 is closed_on): its running period goes on, where it was
-- not billed up to the cut.
CREATE OR REPLACE FUNCTION service_off_close_postpaid(subscription subscriptions, back date, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF back - 1 > subscription.closed_on AND subscription.end_date < subscription.closed_on THEN
		PERFORM periods_bill(ARRAY[subscription.id], today);
	END IF;
	UPDATE subscriptions
	SET end_date = CASE WHEN back - 1 > subscription.closed_on THEN greatest(end_date, back - 1) ELSE end_date END,
	    anchor_day = CASE WHEN back - 1 > subscription.closed_on OR end_date = subscription.closed_on AND month_day(back, anchor_day) <> back
	                      THEN NULL ELSE anchor_day END, closed_on = NULL
	WHERE id = subscription.id;
END $$;

/*
 * Policy `restart`: after end_date the customer was still served until the cut,
 * and the period that is paid late begins on the day after end_date. Give those
 * days back, at most grace_days of them, so that the customer gets a whole period
 * from the day of payment. They are counted up to the due date and grace of the
 * oldest bill settled during the off period: later days were served for another
 * reason, such as a promise; so were days before the end date as it is without
 * what was paid since the cut. Rows of service_days and service_offs take their
 * ids from one sequence, so a row with a higher id was entered after the off
 * period had begun.
 */
CREATE OR REPLACE FUNCTION service_restart_gift(subscription subscriptions, service_off service_offs, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	grace int := (SELECT grace_days FROM settings);
	paid  invoices;
	first date;
	last  date;
	n     int;
BEGIN
	SELECT i.* INTO paid FROM invoices i JOIN service_days l ON l.invoice_id = i.id
	WHERE l.subscription_id = subscription.id AND l.kind = 'period' AND l.id > service_off.id AND l.days > 0 AND i.status = 'paid'
	ORDER BY i.first_due_date, i.seq LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	SELECT subscription.start_date + coalesce(sum(days), 0)::int INTO first FROM service_days
	WHERE subscription_id = subscription.id AND NOT (kind IN ('period', 'off') AND id > service_off.id);
	last := least(paid.first_due_date + grace, today - 1);
	SELECT count(*) INTO n FROM generate_series(first, last, interval '1 day') AS g(moment)
	WHERE is_restart_day(subscription, paid.id, service_off.id, moment::date);
	PERFORM service_days_add(subscription.id, least(n, grace), 'gift', paid.id, NULL, 'a whole period from the day of payment', today, last);
END $$;

/*
 * Is `day` one that `restart` gives back? All of these must hold:
 *
 *	it lies after the end_date of that day (the present one may differ: a payment may have been undone since),
 *	the service was not off,
 *	the customer had no promise for it,
 *	no earlier gift of `restart` has made up for it,
 *	no other bill that was settled after the off period `off_id` had begun pays for it.
 */
CREATE OR REPLACE FUNCTION is_restart_day(subscription subscriptions, paid uuid, off_id bigint, day date) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT day >= subscription.start_date + (SELECT coalesce(sum(days), 0)::int FROM service_days
	                              WHERE subscription_id = subscription.id AND entered_on <= day)
		AND NOT EXISTS (SELECT FROM service_offs WHERE subscription_id = subscription.id AND struck_at IS NULL
		                AND daterange(from_day, back_on, '[)') @> day)
		AND NOT EXISTS (SELECT FROM promises WHERE subscription_id = subscription.id AND day BETWEEN from_day AND until)
		AND NOT EXISTS (SELECT FROM service_days WHERE subscription_id = subscription.id AND until_day >= day)
		AND NOT EXISTS (SELECT FROM service_days l JOIN invoices i ON i.id = l.invoice_id
		                WHERE l.subscription_id = subscription.id AND l.kind = 'period' AND l.id > is_restart_day.off_id AND i.status = 'paid'
		                  AND i.id <> paid AND i.period_held @> day)
$$;

-- ---- days by hand

-- Give days to a subscription, or take given days back.
CREATE OR REPLACE FUNCTION subscription_days_add(sub uuid, days int, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM subscription_days_enter(subscription_lock_live(sub), days, reason, today);
	PERFORM subscription_reconsider(sub, CASE WHEN days > 0 THEN 'days were given' ELSE 'days were taken back' END, today);
END $$;

/*
 * The same without switching the service on. Open bills of periods that have not
 * begun move by the same days. A calendar or postpaid subscription gets the days as
 * a discount on a bill.
 */
CREATE OR REPLACE FUNCTION subscription_days_enter(subscription subscriptions, days int, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	t record;
BEGIN
	IF days IS NULL OR days = 0 THEN
		PERFORM raise_invalid('days', 'not_zero', 'The days must not be 0.');
	END IF;
	SELECT * INTO t FROM terms_of(subscription);
	IF t.cycle = 'calendar' OR subscription.is_postpaid THEN
		PERFORM pending_days_add(subscription.id, days, today);
	ELSE
		PERFORM require_days_removable(subscription, days, today);
		PERFORM service_days_add(subscription.id, days, 'gift', NULL, NULL, reason, today);
		PERFORM open_periods_move(subscription, days, today);
	END IF;
	PERFORM billing_log('days', format('%s days %s', abs(days), CASE WHEN days > 0 THEN 'given' ELSE 'taken back' END),
		subscription.customer_id, subscription.id, NULL, jsonb_build_object('days', days, 'reason', reason,
			'before', jsonb_build_object('end_date', subscription.end_date, 'pending_days', subscription.pending_days),
			'after', (SELECT jsonb_build_object('end_date', x.end_date, 'pending_days', x.pending_days)
				FROM subscriptions x WHERE x.id = subscription.id)));
END $$;

-- The bound is of a person and a subscription, from its newest bill of a period on, and not of one act: ten small gifts would pass
-- it. Days that the same person took back make room.
CREATE OR REPLACE FUNCTION require_operator_gift(sub uuid, bounded boolean, days int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF bounded AND days > 0 THEN
		PERFORM subscription_lock_live(sub);
		PERFORM require_operator_days(true, days + greatest(coalesce(sum((meta ->> 'days')::int), 0), 0)::int) FROM billing_logs
		WHERE subscription_id = sub AND action = 'days' AND actor IS NOT DISTINCT FROM session_actor()
		  AND id > coalesce((SELECT id FROM invoices WHERE subscription_id = sub AND period_held IS NOT NULL ORDER BY id DESC LIMIT 1),
			'00000000-0000-0000-0000-000000000000');
	END IF;
END $$;

-- Refuse to take back more days than days_removable() allows.
CREATE OR REPLACE FUNCTION require_days_removable(subscription subscriptions, day_count int, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	removable int;
BEGIN
	IF day_count < 0 THEN
		removable := days_removable(subscription, today);
		IF day_count + removable < 0 THEN
			PERFORM raise_invalid('days', 'min', format('Only given days can be taken back: %s of them are left.', removable),
				jsonb_build_object('min', -removable));
		END IF;
	END IF;
END $$;

/*
 * How many given days may be taken back: those that no fixed period follows. A
 * period is fixed once it has begun or its bill is paid. The next period, of an
 * open bill or not billed yet, moves when days are taken back, and may not reach
 * into the last fixed one: so no more days can be taken than lie in the gap
 * between the end of the last fixed period and the start of the next one.
 */
CREATE OR REPLACE FUNCTION days_removable(subscription subscriptions, today date) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT greatest(least((SELECT coalesce(sum(days), 0) FROM service_days WHERE subscription_id = subscription.id AND kind = 'gift'),
		coalesce((SELECT min(period_start) FROM open_periods_after(subscription, fixed, today)), next_period_start(subscription, today)) - fixed - 1), 0)::int
	FROM periods_fixed_until(subscription.id, today) fixed
$$;

-- The last day of the periods that are fixed; NULL: there is none.
CREATE OR REPLACE FUNCTION periods_fixed_until(sub uuid, today date) RETURNS date
LANGUAGE sql STABLE AS $$
	SELECT max(period_end) FROM invoices
	WHERE subscription_id = sub AND period_held IS NOT NULL AND NOT (is_open AND grants_days AND period_start > today)
$$;

-- The open bills of periods that have not begun and that no fixed one follows.
CREATE OR REPLACE FUNCTION open_periods_after(subscription subscriptions, fixed date, today date) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT * FROM open_invoices(subscription.customer_id, subscription.id) WHERE period_start > greatest(today, fixed) AND grants_days
$$;

-- Move the open bills of periods that have not begun and that no fixed one follows. After each UPDATE no two
-- periods of a subscription may overlap: so days given move the latest period first, and days taken back the
-- earliest first. A bill is never due before its day of issue.
CREATE OR REPLACE FUNCTION open_periods_move(subscription subscriptions, days int, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i   invoices;
	due date;
BEGIN
	FOR i IN SELECT * FROM open_periods_after(subscription, periods_fixed_until(subscription.id, today), today)
	         ORDER BY sign(days) * (today - period_start) LOOP
		due := greatest(i.due_date + days, least(i.due_date, i.issued_on));
		UPDATE invoices
		SET period_start = period_start + days, period_end = period_end + days, due_date = due,
		    status = CASE WHEN due >= today THEN 'unpaid' ELSE status END, updated_at = now()
		WHERE id = i.id;
		UPDATE subscriptions SET next_package_on = next_package_on + days WHERE id = subscription.id AND next_package_on = i.period_start;
	END LOOP;
END $$;

-- Give or take the days that make end_date the wanted date. A subscription that they switch on, because it has
-- expired or is off for debt, is switched on first, so that its days off are given back before the difference is counted.
-- One that they do not switch on stays off: its days off come on top when it returns.
CREATE OR REPLACE FUNCTION subscription_end_date_set(sub uuid, wanted date, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions := subscription_lock_live(sub);
	t record;
BEGIN
	SELECT * INTO t FROM terms_of(s);
	IF t.cycle = 'calendar' OR s.is_postpaid THEN
		PERFORM raise_invalid('end_date', 'use_days', 'The end date follows from the calendar: use POST /days of the subscription.');
	END IF;
	IF s.status = 'expired' AND wanted >= today OR s.suspend_reason = 'debt' AND NOT is_line_past_grace(s, wanted, today) THEN
		PERFORM subscription_switch_on(s, 'the end date was moved', today, s.suspend_reason = 'debt');
		s := subscription_lock_live(sub);
	END IF;
	IF wanted <> s.end_date THEN
		PERFORM subscription_days_enter(s, wanted - s.end_date, 'end date moved', today);
	END IF;
	IF s.status <> 'expired' AND s.suspend_reason IS DISTINCT FROM 'debt' THEN
		PERFORM subscription_reconsider(sub, 'the end date was moved', today);
	END IF;
END $$;

-- ---- days as a discount

-- Give days to a calendar or postpaid subscription: they are a discount on its untouched open bill, else
-- on its next bill. Its open bills are due as many days later. `days` < 0 takes back days that no bill
-- has as a discount yet.
CREATE OR REPLACE FUNCTION pending_days_add(sub uuid, days int, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
	i invoices;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	IF s.pending_days + days < 0 THEN
		PERFORM raise_invalid('days', 'min', format('Only given days can be taken back: %s of them are left.', s.pending_days),
			jsonb_build_object('min', -s.pending_days));
	END IF;
	UPDATE subscriptions SET pending_days = pending_days + days, updated_at = now() WHERE id = sub;
	UPDATE invoices SET due_date = due_date + days, status = CASE WHEN due_date + days >= today THEN 'unpaid' ELSE status END, updated_at = now()
	WHERE customer_id = s.customer_id AND subscription_id = sub AND is_open AND period_start IS NOT NULL AND days > 0;
	SELECT * INTO i FROM open_invoices(s.customer_id, sub) o WHERE o.period_start IS NOT NULL AND is_invoice_untouched(o)
	ORDER BY o.seq DESC LIMIT 1;
	IF FOUND AND days > 0 THEN
		PERFORM invoice_rewrite_days(i, today);
	END IF;
END $$;

-- Turn the pending days of a subscription that ends into credit. A day is worth what it takes off a bill: the price of the
-- service on its last bill, with the discount that was agreed for paying ahead, divided by the days of that bill's period.
CREATE OR REPLACE FUNCTION pending_days_to_credit(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i       invoices;
	service bigint;
	money   bigint;
BEGIN
	SELECT * INTO i FROM invoices WHERE subscription_id = subscription.id AND period_held IS NOT NULL ORDER BY period_end DESC LIMIT 1;
	IF subscription.pending_days = 0 OR NOT FOUND THEN
		RETURN;
	END IF;
	SELECT sum(l.amount) INTO service FROM unnest(bill_lines_of(i.id)) l WHERE l.kind IN ('package', 'part', 'item') OR is_discount_agreed(l);
	money := days_price(service, subscription.pending_days, i.period_end - i.period_start + 1);
	UPDATE subscriptions SET pending_days = 0 WHERE id = subscription.id;
	IF money > 0 THEN
		PERFORM credit_entry(subscription.customer_id, NULL, NULL, 'gift', money, NULL, format('%s days not used', subscription.pending_days), today);
		PERFORM credit_apply(subscription.customer_id, today);
	END IF;
END $$;
