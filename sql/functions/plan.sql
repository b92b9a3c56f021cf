-- Changes of the package.

/*
 * Give the subscription another package, now or from the next period on. Now:
 * unpaid bills of periods that have not begun are issued again at the new price
 * and length. `prorate`: the difference between both prices for the unused days
 * of the paid period is billed or credited.
 */
CREATE OR REPLACE FUNCTION plan_change(sub uuid, package packages, effective text, prorate boolean, today date,
	OUT effective_from date, OUT lines bill_line[], OUT amount bigint, OUT credit bigint)
LANGUAGE plpgsql AS $$
DECLARE
	s      subscriptions;
	unused record;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	lines := '{}';
	amount := 0;
	credit := 0;
	effective_from := today;
	IF effective = 'next_period' THEN
		effective_from := plan_change_next(s, package, today);
	ELSIF package.id = s.package_id THEN
		RETURN;
	ELSE
		-- (looked at before a bill that is issued again is paid by credit, and has days in the ledger, too)
		SELECT * INTO unused FROM unused_days(s, today);
		PERFORM plan_change_now(s, package, today);
		IF prorate THEN
			SELECT * INTO lines, amount, credit FROM plan_prorate(s, package, unused.bills, unused.days, today);
		END IF;
	END IF;
	PERFORM billing_log('plan_changed', format('%s gets %s (%s)', s.mikrotik_username, package.name, effective),
		s.customer_id, s.id, NULL,
		jsonb_build_object('before', s.package_id, 'after', package.id, 'effective', effective, 'from', effective_from));
END $$;

-- POST /change: change the package, and return what follows from it.
CREATE OR REPLACE FUNCTION subscription_change(sub uuid, input jsonb, today date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	s      subscriptions := subscription_lock_live(sub);
	p      packages;
	answer jsonb;
BEGIN
	SELECT * INTO p FROM packages WHERE id = (input ->> 'package_id')::uuid;
	PERFORM raise_invalid_all(package_errors((input ->> 'package_id')::uuid, s.package_id)
		|| address_errors(p, s.remote_address) || terms_errors(p, s.cycle, s.mode));
	SELECT jsonb_build_object('effective_from', c.effective_from, 'amount', c.amount, 'credit', c.credit,
		'lines', (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', l.kind, 'text', l.text, 'quantity', l.quantity,
			'unit_price', l.unit_price, 'amount', l.amount)), '[]') FROM unnest(c.lines) l)) INTO answer
	FROM plan_change(sub, p, coalesce(input ->> 'effective', 'now'), coalesce((input ->> 'prorate')::boolean, false), today) c;
	PERFORM subscription_sync_mode(sub, today);
	RETURN answer || jsonb_build_object('end_date', (SELECT end_date FROM subscriptions WHERE id = sub));
END $$;

-- The same; with `dry_run` the change is undone and only the answer stays.
CREATE OR REPLACE FUNCTION subscription_change_answer(sub uuid, input jsonb, today date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
BEGIN
	answer := subscription_change(sub, input, today);
	IF (input ->> 'dry_run')::boolean THEN
		RAISE EXCEPTION USING ERRCODE = 'ISDRY', MESSAGE = answer::text;
	END IF;
	RETURN answer;
EXCEPTION WHEN SQLSTATE 'ISDRY' THEN
	RETURN SQLERRM::jsonb;
END $$;

-- Give the package now. Cancel the unpaid bills of periods that have not begun, and issue each again with
-- this package.
CREATE OR REPLACE FUNCTION plan_change_now(subscription subscriptions, package packages, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	old invoices[] := ARRAY(SELECT o FROM unpaid_invoices_ahead(subscription, today) o);
	i   invoices;
BEGIN
	FOREACH i IN ARRAY old LOOP
		PERFORM invoice_void(i, 'reissued after a plan change', today);
	END LOOP;
	IF subscription.is_postpaid THEN
		PERFORM used_days_bill(subscription, today);
	END IF;
	UPDATE subscriptions SET package_id = package.id, next_package_id = NULL, next_package_on = NULL, updated_at = now() WHERE id = subscription.id;
	PERFORM invoices_reissue(subscription.id, old, today);
END $$;

-- Bill a postpaid subscription for the days before `today`, at the price of the package that it used on
-- them. Its next period begins on `today`. periods_bill() bills a running period before its end only where
-- closed_on ends it: so closed_on is set for this call, and then put back.
CREATE OR REPLACE FUNCTION used_days_bill(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE subscriptions SET closed_on = coalesce(closed_on, today - 1), next_package_id = NULL, next_package_on = NULL WHERE id = subscription.id;
	PERFORM periods_bill(ARRAY[subscription.id], today);
	UPDATE subscriptions SET closed_on = subscription.closed_on, anchor_day = CASE WHEN subscription.end_date < today - 1 THEN NULL ELSE anchor_day END
	WHERE id = subscription.id;
END $$;

-- The unpaid bills of periods that have not begun, which a change of the package cancels and issues again.
-- Unlike is_invoice_untouched(), a payment page does not keep a bill: its attempts are cancelled with it.
CREATE OR REPLACE FUNCTION unpaid_invoices_ahead(subscription subscriptions, today date) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT * FROM open_invoices(subscription.customer_id, subscription.id) o
	WHERE paid_amount = 0 AND is_period_ahead(subscription, o, today)
	ORDER BY period_start
$$;

-- Give the package from the next period on, and return the first day of that period. An earlier change may
-- have billed that period with another next package: then its bill is issued again if it is unpaid, and the
-- change is refused if it is paid. next_package_on stays NULL until the period is billed, because its first
-- day may still move: next_package_schedule() sets it.
CREATE OR REPLACE FUNCTION plan_change_next(subscription subscriptions, package packages, today date) RETURNS date
LANGUAGE plpgsql AS $$
DECLARE
	old invoices[] := ARRAY(SELECT o FROM unpaid_invoices_ahead(subscription, today) o WHERE o.period_start >= subscription.next_package_on);
	i   invoices;
BEGIN
	IF subscription.is_postpaid THEN
		RETURN plan_change_next_postpaid(subscription, package, today);
	END IF;
	IF subscription.next_package_on < (SELECT coalesce(min(period_start), 'infinity') FROM unnest(old)) THEN
		PERFORM raise_conflict('period_paid', 'The next period has been paid for with another package: change it when it has begun.');
	END IF;
	FOREACH i IN ARRAY old LOOP
		PERFORM invoice_void(i, 'reissued after a plan change', today);
	END LOOP;
	UPDATE subscriptions
	   SET next_package_id = nullif(package.id, package_id), next_package_on = CASE WHEN package.id <> package_id AND old = '{}' THEN next_package_on END,
	       updated_at = now()
	 WHERE id = subscription.id;
	PERFORM invoices_reissue(subscription.id, old, today);
	SELECT * INTO subscription FROM subscriptions WHERE id = subscription.id;
	RETURN coalesce(subscription.next_package_on, next_period_start(subscription, today));
END $$;

/*
 * Postpaid: the running period is used with the present package and will be
 * billed at it, so the next package begins on the day after that period. No
 * period runs while the subscription is off, or while days that are billed
 * already lie ahead: the next package begins then with the next unbilled day.
 */
CREATE OR REPLACE FUNCTION plan_change_next_postpaid(subscription subscriptions, package packages, today date) RETURNS date
LANGUAGE plpgsql AS $$
DECLARE
	next_day date;
BEGIN
	UPDATE subscriptions SET next_package_id = NULL, next_package_on = NULL WHERE id = subscription.id;
	-- After missed nights the oldest unbilled period has passed, and would be taken for the running one.
	PERFORM periods_bill(ARRAY[subscription.id], today);
	SELECT * INTO subscription FROM subscriptions WHERE id = subscription.id;
	next_day := CASE WHEN subscription.closed_on IS NULL AND subscription.end_date < today
		THEN (period_draft(subscription, subscription.end_date + 1, today)).period_end + 1
		ELSE greatest(subscription.end_date + 1, today) END;
	UPDATE subscriptions
	SET next_package_id = nullif(package.id, package_id), next_package_on = CASE WHEN package.id <> package_id THEN next_day END, updated_at = now()
	WHERE id = subscription.id;
	RETURN next_day;
END $$;

/*
 * Issue cancelled bills again, one after the other, with the package that the
 * subscription has by now. Each keeps its due date and its items.
 */
CREATE OR REPLACE FUNCTION invoices_reissue(sub uuid, old invoices[], today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions;
	i     invoices;
	draft invoices;
	lines bill_line[];
BEGIN
	FOREACH i IN ARRAY old LOOP
		SELECT * INTO s FROM subscriptions WHERE id = sub;
		s := subscription_anchored(s, next_period_start(s, today));
		draft := period_draft(s, next_period_start(s, today), today);
		draft.kind := i.kind;
		SELECT * INTO draft.period_end, lines FROM periods_again(s, i.id, draft.period_start, is_first_bill(s, i));
		draft.due_date := greatest(i.due_date, today);
		draft.notes := i.notes;
		IF is_period_taken(sub, draft.period_start, draft.period_end) THEN
			PERFORM raise_conflict('period_overlaps', 'With this package the next period would overlap one already billed.');
		END IF;
		PERFORM next_package_schedule(s, draft.period_start, today);
		PERFORM invoice_issue(draft, bill_compose(s, lines, periods_of(i.id), draft.period_end - draft.period_start + 1, today), today);
	END LOOP;
END $$;

-- The lines of as many periods as a cancelled bill was over, with the discount that was agreed for paying ahead.
CREATE OR REPLACE FUNCTION periods_again(subscription subscriptions, inv uuid, first_day date, is_first boolean, OUT last date, OUT lines bill_line[])
LANGUAGE plpgsql STABLE AS $$
BEGIN
	SELECT * INTO last, lines FROM periods_ahead(subscription, first_day, periods_of(inv), is_first);
	lines := lines || discount_agreed(inv, (SELECT sum(l.amount)::bigint FROM unnest(lines) l));
END $$;

-- A discount agreed with the customer for this bill: others come from an item (item_id) or from pending days (taken).
CREATE OR REPLACE FUNCTION is_discount_agreed(line bill_line) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN line.kind = 'discount' AND num_nonnulls(line.item_id, line.taken) = 0;

-- The agreed discounts of a bill as one line of at most `price`.
CREATE OR REPLACE FUNCTION discount_agreed(inv uuid, price bigint) RETURNS bill_line[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT bill_line_new('discount', min(l.text), 1, - least(- sum(l.amount)::bigint, price), true)
		FROM unnest(bill_lines_of(inv)) l WHERE is_discount_agreed(l) HAVING count(*) > 0)
$$;

-- The number of periods that a bill pays for: 1, or for a bill paid ahead the sum of the quantities of its
-- package lines.
CREATE OR REPLACE FUNCTION periods_of(inv uuid) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT CASE i.kind WHEN 'prepay' THEN (SELECT coalesce(sum(quantity), 1)::int FROM invoice_lines WHERE invoice_id = inv AND kind IN ('package', 'part'))
		ELSE 1 END
	FROM invoices i WHERE i.id = inv
$$;

/*
 * Compare the price of the paid days that are left with the new package and with
 * the one at which they were sold. The customer pays a difference by a bill, or
 * gets it as credit. Given days have no price.
 */
CREATE OR REPLACE FUNCTION plan_prorate(subscription subscriptions, package packages, bills uuid[], days int[], today date,
	OUT lines bill_line[], OUT amount bigint, OUT credit bigint)
LANGUAGE plpgsql AS $$
DECLARE
	more  numeric;
	count int := (SELECT sum(d) FROM unnest(days) d);
	draft invoices := invoice_draft(subscription, 'change');
BEGIN
	lines := '{}';
	amount := 0;
	SELECT coalesce(sum(period_reprice(subscription, u.bill, package) * u.days / (i.period_end - i.period_start + 1)), 0) INTO more
	FROM unnest(bills, plan_prorate.days) u (bill, days) JOIN invoices i ON i.id = u.bill;
	credit := greatest(floor(- round(more, 6)), 0);
	IF credit > 0 THEN
		PERFORM credit_entry(subscription.customer_id, NULL, NULL, 'gift', credit, NULL, format('change to %s: %s days left', package.name, count), today);
		PERFORM credit_apply(subscription.customer_id, today);
	ELSIF round_up(more) > 0 THEN
		lines := bill_taxed(ARRAY[bill_line_new('part', bill_text('change', package.name, count::text), 1, round_up(more), true)], subscription.customer_id);
		SELECT sum(l.amount) INTO amount FROM unnest(lines) l;
		draft.package_id := package.id;
		draft.due_date := today + (SELECT first_due_days FROM settings);
		PERFORM invoice_issue(draft, lines, today);
	END IF;
END $$;

-- Note the price of a bill's whole period at the new package: it counts from now on. Return what that is more.
CREATE OR REPLACE FUNCTION period_reprice(subscription subscriptions, inv uuid, package packages) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
	i     invoices;
	price bigint;
BEGIN
	SELECT * INTO i FROM invoices WHERE id = inv;
	price := period_price(subscription, i, package);
	UPDATE invoices SET changed_price = price WHERE id = inv;
	RETURN service_price(inv, price) - service_price(inv, coalesce(i.changed_price,
		(SELECT sum(l.amount)::bigint FROM invoice_lines l WHERE l.invoice_id = inv AND l.kind IN ('package', 'part'))));
END $$;

-- The price of the period of a bill with another package: whole periods, and the part that is left of one.
CREATE OR REPLACE FUNCTION period_price(subscription subscriptions, invoice invoices, package packages) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT floor(n.periods)::bigint * package.price + round_up((n.periods - floor(n.periods)) * package.price)
	FROM (SELECT round(CASE package.period_unit WHEN 'day' THEN (invoice.period_end - invoice.period_start + 1)::numeric / package.validity_days
		ELSE period_months(subscription, invoice) / package.validity_months END, 14) AS periods) n
$$;

/*
 * The months that a bill pays for. A rolling bill of whole periods says so
 * itself: 28 February to 30 March may be a month. A part that cost the whole
 * price counts as a whole period.
 */
CREATE OR REPLACE FUNCTION period_months(subscription subscriptions, invoice invoices) RETURNS numeric
LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN c.is_calendar AND NOT (g.first_period = 'full' AND (invoice.kind = 'first' OR invoice.period_start = subscription.start_date))
		THEN months_share(invoice.period_start, invoice.period_end, coalesce(subscription.billing_day, g.billing_day))
		WHEN c.is_calendar OR p.period_unit = 'month' AND NOT EXISTS (SELECT FROM invoice_lines l WHERE l.invoice_id = invoice.id AND l.kind = 'part')
		THEN p.validity_months * periods_of(invoice.id)
		ELSE months_share(invoice.period_start, invoice.period_end, extract(day FROM invoice.period_start)::int) END
	FROM settings g, packages p, LATERAL (SELECT p.period_unit = 'month' AND coalesce(subscription.cycle, g.cycle) = 'calendar' AS is_calendar) c
	WHERE p.id = invoice.package_id
$$;

-- The price of the periods and items of a bill if its package cost so much: a change of the package keeps its discounts.
CREATE OR REPLACE FUNCTION service_price(inv uuid, price bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
	rest bigint := price - least(price, (SELECT - coalesce(sum(l.amount), 0) FROM unnest(bill_lines_of(inv)) l WHERE is_discount_agreed(l)));
	used record;
BEGIN
	rest := rest + (SELECT coalesce(sum(l.amount), 0) FROM unnest(bill_lines_of(inv)) l WHERE l.kind = 'item');
	FOR used IN SELECT i AS item, l.taken FROM unnest(bill_lines_of(inv)) WITH ORDINALITY l JOIN subscription_items i ON i.id = l.item_id
	            WHERE l.kind = 'discount' ORDER BY l.ordinality LOOP
		rest := rest - item_discount(used.item, used.taken, periods_of(inv), rest);
	END LOOP;
	RETURN rest;
END $$;

/*
 * The paid days from today on: the bills that they are of, and how many each. The
 * days of a subscription that has become postpaid end with those of bills that are
 * not in the ledger: they were open when its mode changed. A bill of those has
 * unused days if it has been paid since; the days before it are those of the ledger.
 */
CREATE OR REPLACE FUNCTION unused_days(subscription subscriptions, today date, OUT bills uuid[], OUT days int[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
	left_over int := subscription.end_date - today + 1 + service_off_gain(subscription, today);
BEGIN
	SELECT array_agg(v.id) FILTER (WHERE v.status = 'paid'), array_agg(u.n) FILTER (WHERE v.status = 'paid'), left_over - coalesce(sum(u.n), 0)
	INTO bills, days, left_over
	FROM invoices v CROSS JOIN LATERAL (SELECT v.period_end - greatest(v.period_start, today) + 1 AS n) u
	WHERE subscription.is_postpaid AND v.subscription_id = subscription.id AND v.period_held IS NOT NULL AND NOT v.grants_days
	  AND v.period_end >= today;
	SELECT unused_days.bills || u.bills, unused_days.days || u.days INTO bills, days FROM unused_paid_days(subscription, left_over) u;
END $$;

-- The paid days among the last `left_over` days of the ledger: the bills that they are of, and how many each. Days that were
-- taken back are days given before, never paid ones.
CREATE OR REPLACE FUNCTION unused_paid_days(subscription subscriptions, left_over int, OUT bills uuid[], OUT days int[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
	lot  record;
	part int;
BEGIN
	FOR lot IN SELECT * FROM service_day_lots(subscription.id) LOOP
		EXIT WHEN left_over <= 0;
		part := least(left_over, lot.days);
		left_over := left_over - part;
		IF lot.invoice_id IS NOT NULL THEN
			bills := bills || lot.invoice_id;
			days := days || part;
		END IF;
	END LOOP;
END $$;

/*
 * The days of the ledger in lots, the last ones first: by their place in the
 * line's time, whatever the order of payment. A bill has the place of its
 * period; days given have that after all that stood in the ledger then, and
 * those given for a bill that of its period, as they make up for days before it.
 * All rows of a bill's period are one lot with that bill; a period that was
 * undone has no days left and no lot. Each row of days given is a lot without a
 * bill, of what is kept of it. Days off are left out: they move the days of the
 * other lots.
 */
CREATE OR REPLACE FUNCTION service_day_lots(sub uuid) RETURNS TABLE (invoice_id uuid, days int)
LANGUAGE sql STABLE AS $$
	SELECT bill, sum(l.days)::int
	FROM (SELECT d.id, d.kind, CASE d.kind WHEN 'gift' THEN coalesce(kept.days, 0) ELSE d.days END AS days,
	             CASE d.kind WHEN 'period' THEN d.invoice_id END AS bill,
	             coalesce(i.period_start, s.start_date + (sum(d.days) OVER (ORDER BY d.id) - greatest(d.days, 0))::int) AS place,
	             CASE WHEN d.kind = 'period' THEN 1 WHEN d.invoice_id IS NULL THEN 2 ELSE 0 END AS rank
	      FROM service_days d JOIN subscriptions s ON s.id = d.subscription_id LEFT JOIN invoices i ON i.id = d.invoice_id
	      LEFT JOIN gift_days_kept(sub) kept ON kept.id = d.id
	      WHERE d.subscription_id = sub) l
	WHERE l.kind <> 'off'
	GROUP BY bill, CASE WHEN bill IS NULL THEN l.id END
	HAVING sum(l.days) <> 0
	ORDER BY max(place) DESC, max(rank) DESC, max(l.id) DESC
$$;

-- The days that are kept of each row of days given: a row of days taken back takes from the newest ones before it.
CREATE OR REPLACE FUNCTION gift_days_kept(sub uuid) RETURNS TABLE (id bigint, days int)
LANGUAGE sql STABLE AS $$
	SELECT g.id, greatest(min(g.total) OVER (ORDER BY g.id ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) - (g.total - greatest(g.days, 0)), 0)::int
	FROM (SELECT d.id, d.days, sum(d.days) OVER (ORDER BY d.id) AS total FROM service_days d WHERE d.subscription_id = sub AND d.kind = 'gift') g
$$;

-- Note the day on which the next package begins, when the first period with it is billed: it is the first day
-- of that period. If the period has begun already, give the package at once. Before that bill, a prepaid
-- subscription has a next_package_id without a next_package_on.
CREATE OR REPLACE FUNCTION next_package_schedule(subscription subscriptions, first_day date, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF subscription.next_package_id IS NULL OR subscription.next_package_on IS NOT NULL THEN
		RETURN;
	END IF;
	IF first_day <= today THEN
		PERFORM next_package_begin(subscription, today);
	ELSE
		UPDATE subscriptions SET next_package_on = first_day WHERE id = subscription.id;
	END IF;
END $$;

-- Give the next package now. The months of a rolling postpaid subscription begin on next_package_on from now
-- on: where they began on another day so far, the anchor is cleared, and the next bill sets it. A package by
-- the day makes a subscription prepaid (subscription_sync_mode).
CREATE OR REPLACE FUNCTION next_package_begin(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE subscriptions
	SET package_id = next_package_id, next_package_id = NULL, next_package_on = NULL, updated_at = now(),
	    anchor_day = CASE WHEN is_postpaid AND month_day(next_package_on, anchor_day) <> next_package_on THEN NULL ELSE anchor_day END
	WHERE id = subscription.id;
	PERFORM billing_log('plan_changed', format('%s gets its next package', subscription.mikrotik_username), subscription.customer_id, subscription.id, NULL,
		jsonb_build_object('before', subscription.package_id, 'after', subscription.next_package_id, 'effective', 'next_period'));
	PERFORM subscription_sync_mode(subscription.id, today);
END $$;
