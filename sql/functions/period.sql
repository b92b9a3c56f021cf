/*
 * Periods: how long one lasts and what a part of one costs.
 *
 * Rolling periods follow one another. By the month they keep the day of month
 * of the first one (the anchor). A calendar period begins on the billing day;
 * the grid of billing days starts with the first one after sign-up. The days
 * between the grid and the first day of a period are a part.
 */

-- A day of the month that `day` lies in; its last day where it has fewer.
CREATE OR REPLACE FUNCTION month_day(day date, day_of_month int) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT least(date_trunc('month', day::timestamp)::date + day_of_month - 1,
		(date_trunc('month', day::timestamp) + interval '1 month')::date - 1)
$$;

CREATE OR REPLACE FUNCTION add_months(day date, months int, day_of_month int) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT month_day((date_trunc('month', day::timestamp) + make_interval(months => months))::date, day_of_month)
$$;

-- The first billing day at or after sign-up.
CREATE OR REPLACE FUNCTION grid_start(start_date date, billing_day int) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN extract(day FROM start_date)::int <= billing_day THEN month_day(start_date, billing_day)
	            ELSE add_months(start_date, 1, billing_day) END
$$;

-- Whole months from one billing day to the one at or before `day`.
CREATE OR REPLACE FUNCTION grid_months(grid date, day date, billing_day int) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT (extract(year FROM day)::int - extract(year FROM grid)::int) * 12
		+ extract(month FROM day)::int - extract(month FROM grid)::int
		- (extract(day FROM day)::int < billing_day)::int
$$;

-- The first day after the calendar period, or the part of one, that `day` lies in. (In plpgsql, as each postpaid line calls it each
-- night: a SQL function with a FROM is started anew for each call.)
CREATE OR REPLACE FUNCTION grid_next(start_date date, day date, months int, billing_day int) RETURNS date
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	grid constant date := grid_start(start_date, billing_day);
BEGIN
	RETURN CASE WHEN day < grid THEN grid
	            ELSE add_months(grid, (grid_months(grid, day, billing_day) / months + 1) * months, billing_day) END;
END $$;

/*
 * The terms of a subscription's next unbilled period: its package, and the
 * subscription's own policy or else the settings. A package by the day is
 * rolling and prepaid. A postpaid subscription has its next package from
 * next_package_on on; the periods before it are still to be billed at the
 * present one.
 */
CREATE OR REPLACE FUNCTION terms_of(package uuid, next_package uuid, next_from date, postpaid boolean, until date,
	own_cycle text, own_mode text, own_billing_day int, own_late_policy text)
RETURNS TABLE (package_id uuid, package_name text, price bigint, period_unit text, validity_days int, months int,
	cycle text, mode text, billing_day int, late_policy text)
LANGUAGE sql STABLE AS $$
	SELECT p.id, p.name, p.price, p.period_unit, p.validity_days, p.validity_months,
		CASE p.period_unit WHEN 'day' THEN 'rolling' ELSE coalesce(own_cycle, g.cycle) END,
		CASE p.period_unit WHEN 'day' THEN 'prepaid' ELSE coalesce(own_mode, g.mode) END,
		coalesce(own_billing_day, g.billing_day),
		CASE WHEN p.period_unit = 'month' AND coalesce(own_cycle, g.cycle) = 'calendar' THEN 'keep'
		     ELSE coalesce(own_late_policy, g.late_policy) END
	FROM packages p, settings g
	WHERE p.id = CASE WHEN postpaid AND next_from > until + 1 THEN package ELSE coalesce(next_package, package) END
$$;

-- The same of a row. The nightly run names the columns instead: to pass the row the planner would build it for each subscription.
CREATE OR REPLACE FUNCTION terms_of(subscription subscriptions)
RETURNS TABLE (package_id uuid, package_name text, price bigint, period_unit text, validity_days int, months int,
	cycle text, mode text, billing_day int, late_policy text)
LANGUAGE sql STABLE AS $$
	SELECT * FROM terms_of(subscription.package_id, subscription.next_package_id, subscription.next_package_on, subscription.is_postpaid,
		subscription.end_date, subscription.cycle, subscription.mode, subscription.billing_day, subscription.late_policy)
$$;

-- The last day of the period that begins on `day`.
CREATE OR REPLACE FUNCTION period_last(cycle text, period_unit text, validity_days int, months int, billing_day int,
	anchor_day int, start_date date, day date) RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE
		WHEN period_unit = 'day' THEN day + validity_days
		WHEN cycle = 'rolling' THEN add_months(day, months, coalesce(anchor_day, extract(day FROM day)::int))
		ELSE grid_next(start_date, day, months, billing_day) END - 1
$$;

-- Does a whole period begin on `day` and end on `last`?
CREATE OR REPLACE FUNCTION is_whole_period(cycle text, start_date date, billing_day int, months int, day date, last date)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT cycle = 'rolling' OR day >= grid_start(start_date, billing_day)
		AND extract(day FROM day)::int = billing_day
		AND last = add_months(day, months, billing_day) - 1
$$;

-- Up to the next multiple of what bills are rounded to.
CREATE OR REPLACE FUNCTION round_up(money numeric) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT (ceil(round(money, 6) / g.round_to) * g.round_to)::bigint FROM settings g
$$;

-- A part of a calendar period.
CREATE OR REPLACE FUNCTION part_price(price bigint, months int, billing_day int, day date, last date) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT round_up(price * months_share(day, last, billing_day) / months)
$$;

-- The days from `day` to `last` in months that begin on the billing day: of each its share, by the days of that month.
-- (In plpgsql, as each part of a month calls it at night: a SQL function with a FROM is started anew for each call.)
CREATE OR REPLACE FUNCTION months_share(day date, last date, billing_day int) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
	grid   constant date := add_months(day, -((extract(day FROM day)::int < billing_day)::int), billing_day);
	begins date := grid;
	ends   date;
	share  numeric;
BEGIN
	FOR n IN 0..grid_months(grid, last, billing_day) LOOP
		ends := add_months(grid, n + 1, billing_day) - 1;
		share := coalesce(share, 0) + (least(last, ends) - greatest(day, begins) + 1)::numeric / (ends - begins + 1);
		begins := ends + 1;
	END LOOP;
	RETURN share;
END $$;

-- Days sold at the price of a whole period of `length` days.
CREATE OR REPLACE FUNCTION days_price(price bigint, days int, length int) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT round_up(price::numeric * days / length)
$$;

-- Whether the exclusion constraint would refuse this period.
CREATE OR REPLACE FUNCTION is_period_taken(sub uuid, first_day date, last_day date) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (
		SELECT FROM invoices
		WHERE subscription_id = sub AND period_held && daterange(first_day, last_day, '[]'));
END $$;

/*
 * The first day of the next period: the day after what end_date would be if
 * every open bill of a period were paid today, and a line that is off were back.
 * That is a day before today where days before the cut have no bill (a bill was
 * deleted, nights were missed). Under the policy `keep` a bill from that day on
 * would sell days off that end_date also gets back: the next period begins with
 * the first day that has no bill instead, and the days off inside it are lost.
 */
CREATE OR REPLACE FUNCTION next_period_start(subscription subscriptions, today date) RETURNS date
LANGUAGE plpgsql STABLE AS $$
DECLARE
	first date := subscription.end_date + 1;
	back  date;
BEGIN
	IF subscription.is_postpaid THEN
		RETURN first;
	END IF;
	first := first + (SELECT days FROM open_days(subscription.customer_id, subscription.id));
	IF subscription.status = 'active' THEN
		RETURN first;
	END IF;
	back := first + service_off_gain(subscription, today);
	RETURN CASE WHEN back < today AND is_off_lost(subscription, service_off_now(subscription.id)) THEN first ELSE back END;
END $$;

-- Rolling months begin on the day of month of the first one, the anchor.
CREATE OR REPLACE FUNCTION is_rolling_month(period_unit text, cycle text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT period_unit = 'month' AND cycle = 'rolling'
$$;

-- The period of a bill sets the anchor of rolling months; one by the day, or of the calendar, ends it: rolling months that come
-- later begin with the first of them. A postpaid line is billed to its end.
CREATE OR REPLACE FUNCTION periods_follow(ids uuid[]) RETURNS void
LANGUAGE sql AS $$
	UPDATE subscriptions s
	SET anchor_day = CASE WHEN is_rolling_month(p.period_unit, coalesce(s.cycle, g.cycle))
	                      THEN coalesce(s.anchor_day, extract(day FROM i.period_start)::int) END,
	    end_date = CASE WHEN s.is_postpaid THEN greatest(s.end_date, i.period_end) ELSE s.end_date END
	FROM settings g, invoices i JOIN packages p ON p.id = i.package_id
	WHERE i.id = ANY(ids) AND s.id = i.subscription_id AND i.period_start IS NOT NULL
	  AND (s.is_postpaid OR is_rolling_month(p.period_unit, coalesce(s.cycle, g.cycle)) = (s.anchor_day IS NULL))
$$;

-- The anchor of the next period, which begins on first_day; NULL: that day is it. A line that is off gets days back, which set
-- the anchor anew; of several bills while it is off the later ones follow the first.
CREATE OR REPLACE FUNCTION next_anchor(subscription subscriptions, first_day date) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN subscription.status = 'active' OR subscription.is_postpaid OR first_day <= subscription.end_date + 1 + o.days
		OR EXISTS (SELECT FROM invoices i WHERE i.subscription_id = subscription.id AND i.period_end = first_day - 1 AND i.period_held IS NOT NULL)
		THEN subscription.anchor_day END
	FROM open_days(subscription.customer_id, subscription.id) o
$$;

-- The subscription with the anchor of its next period.
CREATE OR REPLACE FUNCTION subscription_anchored(subscription subscriptions, first_day date) RETURNS subscriptions
LANGUAGE plpgsql AS $$
BEGIN
	subscription.anchor_day := next_anchor(subscription, first_day);
	UPDATE subscriptions SET anchor_day = subscription.anchor_day WHERE id = subscription.id AND anchor_day <> coalesce(subscription.anchor_day, 0);
	RETURN subscription;
END $$;

-- The subscription as it was for a bill: with that bill's package, and none to come.
CREATE OR REPLACE FUNCTION subscription_as_billed(subscription subscriptions, invoice invoices) RETURNS subscriptions
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	subscription.package_id := invoice.package_id;
	subscription.next_package_id := NULL;
	RETURN subscription;
END $$;

-- The days that open bills of periods would add. A table of one row, which the planner makes a part of the caller's query: as a
-- value it was a query of its own for each of a night's subscriptions.
CREATE OR REPLACE FUNCTION open_days(customer uuid, sub uuid) RETURNS TABLE (days int)
LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(period_end - period_start + 1), 0)::int FROM invoices
	WHERE customer_id = customer AND subscription_id = sub AND is_open AND grants_days
$$;
