/*
 * The lines of a bill. Its amount is the sum of its lines; they are frozen
 * once money or a payment page touched it.
 */

CREATE OR REPLACE FUNCTION bill_line_new(kind text, text text, quantity int, unit_price bigint, taxable boolean)
RETURNS bill_line
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT ROW(kind, text, quantity, unit_price, quantity * unit_price, taxable, NULL, NULL, NULL)::bill_line
$$;

-- The text of a line that no person wrote, in the language of messages: customers read it on the bill, on its page and at Midtrans.
CREATE OR REPLACE FUNCTION bill_text(name text, VARIADIC parts text[] DEFAULT '{}') RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT format(CASE g.message_language WHEN 'en' THEN t.en ELSE t.id END, VARIADIC parts)
	FROM settings g, (VALUES
		('part', '%s, %s to %s', '%s, %s s.d. %s'),
		('days', '%s days', 'Potongan %s hari'),
		('discount', 'Discount', 'Diskon'),
		('charge', 'Charge', 'Biaya'),
		('difference', 'Difference', 'Selisih'),
		('change', 'Change to %s, %s days', 'Ganti ke %s, %s hari'),
		('late_fee', 'Late fee for %s', 'Denda keterlambatan %s'),
		('opening', 'Open in %s', 'Sisa tagihan dari %s'),
		('reactivation', 'Reactivation', 'Biaya penyambungan kembali')) t (name, en, id)
	WHERE t.name = bill_text.name
$$;

CREATE OR REPLACE FUNCTION bill_day(day date) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT to_char(day, CASE message_language WHEN 'en' THEN 'YYYY-MM-DD' ELSE 'DD-MM-YYYY' END) FROM settings
$$;

-- Has the line anything beside its package: extras, discounts, charges, days as money? One row, as open_days() gives.
CREATE OR REPLACE FUNCTION bill_extras(customer uuid, sub uuid, pending_days int) RETURNS TABLE (has_extras boolean)
LANGUAGE sql STABLE AS $$
	SELECT bill_extras.pending_days > 0
		OR EXISTS (SELECT FROM subscription_items WHERE subscription_id = sub AND removed_at IS NULL)
		OR EXISTS (SELECT FROM charges WHERE customer_id = customer AND invoice_id IS NULL)
$$;

-- The items that a bill of periods issued today takes in, each with how many of those periods it lasts.
CREATE OR REPLACE FUNCTION items_due(sub uuid, periods int, today date)
RETURNS TABLE (item subscription_items, times int)
LANGUAGE sql STABLE AS $$
	SELECT i, least(items_due.periods, coalesce(i.periods - i.billed, items_due.periods))
	FROM subscription_items i
	WHERE i.subscription_id = sub AND i.removed_at IS NULL AND i.from_day <= today AND (i.periods IS NULL OR i.billed < i.periods)
	ORDER BY i.from_day, i.id
$$;

/*
 * The lines of a bill over periods: the package or a part of it, extras,
 * charges, discounts, tax. `length` is the days of the period, by which
 * pending days have their price. Without `shared`, what is charged to the
 * customer and no line waits: another bill of this moment takes it.
 */
CREATE OR REPLACE FUNCTION bill_compose(subscription subscriptions, base bill_line[], periods int, length int, today date, shared boolean DEFAULT true)
RETURNS bill_line[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
	lines   bill_line[] := base;
	service bigint;
BEGIN
	lines := lines || ARRAY(
		SELECT ROW('item', (u.item).text, (u.item).quantity * u.times, (u.item).amount, (u.item).quantity * u.times * (u.item).amount,
			true, (u.item).id, NULL, u.times)::bill_line
		FROM items_due(subscription.id, periods, today) u WHERE (u.item).kind = 'item');
	SELECT sum(amount) INTO service FROM unnest(lines);
	lines := lines || charge_lines(subscription.customer_id, subscription.id, shared);
	lines := lines || discount_lines(subscription, service, periods, length, today);
	RETURN bill_taxed(lines, subscription.customer_id);
END $$;

-- Charges that no bill has taken yet: of the line and, where `shared`, of the customer.
CREATE OR REPLACE FUNCTION charge_lines(customer uuid, sub uuid, shared boolean DEFAULT true) RETURNS bill_line[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(
		SELECT ROW(c.kind, c.text, c.quantity, c.amount, c.quantity * c.amount, c.kind NOT IN ('deposit', 'late_fee'),
			NULL, c.id, NULL)::bill_line
		FROM charges c
		WHERE c.customer_id = customer AND c.invoice_id IS NULL AND (c.subscription_id IS NULL AND shared OR c.subscription_id = sub)
		ORDER BY c.created_at, c.id)
$$;

-- Discounts are of package and items, one after the other, and never more than those cost. Days as money come last.
CREATE OR REPLACE FUNCTION discount_lines(subscription subscriptions, service bigint, times int, length int, today date) RETURNS bill_line[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
	lines bill_line[] := '{}';
	rest  bigint := service;
	used  record;
	money bigint;
BEGIN
	FOR used IN SELECT u.item, u.times FROM items_due(subscription.id, times, today) u WHERE (u.item).kind = 'discount' LOOP
		money := item_discount(used.item, used.times, discount_lines.times, rest);
		rest := rest - money;
		lines := lines || ROW('discount', (used.item).text, 1, -money, -money, true, (used.item).id, NULL, used.times)::bill_line;
	END LOOP;
	RETURN lines || days_lines(subscription.pending_days, service, rest, length);
END $$;

-- The money that a discount takes off the `rest` of a bill over so many periods, of which it stands for `times`.
CREATE OR REPLACE FUNCTION item_discount(item subscription_items, times int, periods int, rest bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT least(rest, CASE WHEN item.percent IS NOT NULL THEN round(rest::numeric * item.percent * times / (100 * periods))
		ELSE item.amount * item.quantity * times END)::bigint
$$;

-- Days as money: their share of what the service costs, at most the `rest` that other discounts leave of it.
CREATE OR REPLACE FUNCTION days_lines(pending int, service bigint, rest bigint, length int) RETURNS bill_line[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT ROW('discount', bill_text('days', given::text), 1, -money, -money, true, NULL, NULL, given)::bill_line
		FROM least(pending, length) AS given, greatest(least(rest, days_price(service, given, length)), 0) AS money
		WHERE given > 0)
$$;

-- ---- tax

-- The rate on what is taxable is a fraction, above : below. 11% of 11/12 is 121/1200.
CREATE OR REPLACE FUNCTION tax_above(rate int, share text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT rate * split_part(share, '/', 1)::numeric
$$;

CREATE OR REPLACE FUNCTION tax_below(share text) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT 10000 * split_part(share, '/', 2)::numeric
$$;

-- The tax in, or on, a taxable sum; rounded half up to the rupiah, once. `mode`, `rate` and `share` are the settings.
CREATE OR REPLACE FUNCTION tax_on(base bigint, mode text, rate int, share text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE mode WHEN 'none' THEN 0
		WHEN 'inclusive' THEN floor(base * tax_above(rate, share) / (tax_below(share) + tax_above(rate, share)) + 0.5)
		ELSE floor(base * tax_above(rate, share) / tax_below(share) + 0.5) END::bigint
$$;

-- The sum of the lines that are taxed, at least 0. This and tax_of() are in plpgsql: they keep their plans, and the nightly
-- run asks for each bill.
CREATE OR REPLACE FUNCTION taxable_of(lines bill_line[]) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN (SELECT greatest(coalesce(sum(amount) FILTER (WHERE taxable AND kind <> 'tax'), 0), 0)::bigint FROM unnest(lines));
END $$;

-- The tax of a bill of this customer.
CREATE OR REPLACE FUNCTION tax_of(lines bill_line[], customer uuid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
	-- OFFSET 0 gives tax_on() a value, so that the planner takes in its text: as a call of its own it cost seven times as much.
	RETURN (SELECT CASE WHEN c.tax_exempt THEN 0 ELSE tax_on(t.base, g.tax_mode, g.tax_rate, g.tax_base) END
		FROM settings g, customers c, (SELECT taxable_of(lines) AS base OFFSET 0) t WHERE c.id = customer);
END $$;

-- Exclusive tax is a line of its own; prices that include it need none.
CREATE OR REPLACE FUNCTION tax_lines(tax bigint, mode text, rate int) RETURNS bill_line[]
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN mode = 'exclusive' AND tax > 0
		THEN ARRAY[ROW('tax', format('PPN %s%%', trim_scale(rate / 100.0)), 1, tax, tax, false, NULL, NULL, NULL)::bill_line]
		ELSE '{}' END
$$;

CREATE OR REPLACE FUNCTION bill_taxed(lines bill_line[], customer uuid) RETURNS bill_line[]
LANGUAGE sql STABLE AS $$
	SELECT lines || tax_lines(tax_of(lines, customer), g.tax_mode, g.tax_rate) FROM settings g
$$;

-- The sums of an invoice, from its lines.
CREATE OR REPLACE FUNCTION bill_sums(lines bill_line[], customer uuid,
	OUT amount bigint, OUT subtotal bigint, OUT discount bigint, OUT tax_amount bigint)
LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(l.amount), 0), coalesce(sum(l.amount) FILTER (WHERE l.kind NOT IN ('discount', 'tax')), 0),
		coalesce(-sum(l.amount) FILTER (WHERE l.kind = 'discount'), 0), tax_of(lines, customer)
	FROM unnest(lines) l
$$;

-- ---- lines as rows

CREATE OR REPLACE FUNCTION bill_lines_insert(inv uuid, lines bill_line[]) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO invoice_lines (invoice_id, position, kind, text, quantity, unit_price, amount, taxable, item_id, charge_id, taken)
	SELECT inv, l.n, l.kind, l.text, l.quantity, l.unit_price, l.amount, l.taxable, l.item_id, l.charge_id, l.taken
	FROM unnest(lines) WITH ORDINALITY AS l (kind, text, quantity, unit_price, amount, taxable, item_id, charge_id, taken, n)
$$;

CREATE OR REPLACE FUNCTION bill_lines_of(inv uuid) RETURNS bill_line[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(SELECT ROW(kind, text, quantity, unit_price, amount, taxable, item_id, charge_id, taken)::bill_line
		FROM invoice_lines WHERE invoice_id = inv ORDER BY position)
$$;

-- The lines as answers show them, without the members that an answer does not have.
CREATE OR REPLACE FUNCTION bill_lines_json(lines bill_line[], VARIADIC hidden text[] DEFAULT '{}') RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(jsonb_agg(jsonb_build_object('position', l.n, 'kind', l.kind, 'text', l.text, 'quantity', l.quantity,
		'unit_price', l.unit_price, 'amount', l.amount, 'taxable', l.taxable) - hidden ORDER BY l.n), '[]')
	FROM unnest(lines) WITH ORDINALITY AS l (kind, text, quantity, unit_price, amount, taxable, item_id, charge_id, taken, n)
$$;

-- Bills took in (sign 1) or gave back (sign -1) charges, periods of items and pending days.
CREATE OR REPLACE FUNCTION bills_consume(ids uuid[], sign int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE charges c SET invoice_id = CASE WHEN sign > 0 THEN l.invoice_id END
	FROM invoice_lines l WHERE l.invoice_id = ANY(ids) AND c.id = l.charge_id;
	UPDATE subscription_items u SET billed = u.billed + sign * l.taken, updated_at = now()
	FROM invoice_lines l WHERE l.invoice_id = ANY(ids) AND u.id = l.item_id AND u.periods IS NOT NULL;
	UPDATE subscriptions s SET pending_days = s.pending_days - sign * l.taken
	FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id
	WHERE i.id = ANY(ids) AND s.id = i.subscription_id AND l.kind = 'discount' AND l.item_id IS NULL AND l.taken > 0;
END $$;

/*
 * Put other lines on an untouched bill. Nothing owed any more: it is paid.
 */
CREATE OR REPLACE FUNCTION invoice_set_lines(invoice invoices, lines bill_line[], today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	sums  record;
	fresh invoices;
BEGIN
	SELECT * INTO sums FROM bill_sums(lines, invoice.customer_id);
	IF sums.amount < 0 THEN
		PERFORM raise_invalid('lines', 'negative', 'The lines must not come to less than 0.');
	END IF;
	PERFORM bills_consume(ARRAY[invoice.id], -1);
	DELETE FROM invoice_lines WHERE invoice_id = invoice.id;
	PERFORM bill_lines_insert(invoice.id, lines);
	UPDATE invoices
	SET amount = sums.amount, subtotal = sums.subtotal, discount = sums.discount, tax_amount = sums.tax_amount, updated_at = now()
	WHERE id = invoice.id RETURNING * INTO fresh;
	PERFORM bills_consume(ARRAY[fresh.id], 1);
	IF fresh.amount = 0 THEN
		PERFORM invoice_finish_issue(fresh, today);
	ELSE
		PERFORM credit_apply(fresh.customer_id, today);
	END IF;
END $$;

-- Compose an issued bill again, over another period, or so many: give back the items, charges and days that it took in, and
-- take in those that wait now.
CREATE OR REPLACE FUNCTION invoice_recompose(invoice invoices, base bill_line[], periods int, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	PERFORM bills_consume(ARRAY[invoice.id], -1);
	UPDATE invoice_lines SET item_id = NULL, charge_id = NULL, taken = NULL WHERE invoice_id = invoice.id;
	SELECT * INTO s FROM subscriptions WHERE id = invoice.subscription_id;
	PERFORM invoice_set_lines(invoice, bill_compose(s, base, periods, invoice.period_end - invoice.period_start + 1, today), today);
END $$;

-- Rewrite an issued bill after days were given: make its line of days and its tax anew, and leave all
-- other lines as they were issued.
CREATE OR REPLACE FUNCTION invoice_rewrite_days(invoice invoices, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lines    bill_line[] := ARRAY(SELECT l FROM unnest(bill_lines_of(invoice.id)) l WHERE l.kind <> 'tax' AND NOT is_days_line(l));
	pending  int := (SELECT pending_days FROM subscriptions WHERE id = invoice.subscription_id);
	taken    int := (SELECT coalesce(sum(l.taken), 0) FROM unnest(bill_lines_of(invoice.id)) l WHERE is_days_line(l));
	service  bigint;
	rest     bigint;
	tax      bigint;
	tax_line bill_line[];
BEGIN
	SELECT coalesce(sum(l.amount) FILTER (WHERE l.kind <> 'discount' OR l.item_id IS NULL), 0), coalesce(sum(l.amount), 0) INTO service, rest
	FROM unnest(lines) l WHERE l.kind IN ('package', 'part', 'item', 'discount');
	lines := lines || days_lines(pending + taken, service, rest, invoice.period_end - invoice.period_start + 1);
	SELECT * INTO tax, tax_line FROM tax_as_issued(invoice, lines);
	PERFORM invoice_set_lines(invoice, lines || tax_line, today);
	UPDATE invoices SET tax_amount = tax WHERE id = invoice.id AND tax_amount <> tax;
END $$;

-- The tax of an issued bill with other lines, in the way of its issue, and its line. A bill does not keep the settings of that day:
-- where those of today give another tax than the bill has, its tax follows what is taxed, in proportion.
CREATE OR REPLACE FUNCTION tax_as_issued(invoice invoices, lines bill_line[], OUT tax bigint, OUT tax_line bill_line[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
	issued bill_line[] := bill_lines_of(invoice.id);
BEGIN
	IF is_taxed_as_now(invoice) THEN
		tax := tax_of(lines, invoice.customer_id);
		tax_line := (SELECT tax_lines(tax, g.tax_mode, g.tax_rate) FROM settings g);
		RETURN;
	END IF;
	tax := coalesce(floor(invoice.tax_amount::numeric * taxable_of(lines) / nullif(taxable_of(issued), 0) + 0.5), 0);
	tax_line := ARRAY(SELECT ROW(l.kind, l.text, 1, tax, tax, false, NULL, NULL, NULL)::bill_line
		FROM unnest(issued) l WHERE l.kind = 'tax' AND tax > 0);
END $$;

-- Would the settings of today tax the bill as it is taxed?
CREATE OR REPLACE FUNCTION is_taxed_as_now(invoice invoices) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
	issued bill_line[] := bill_lines_of(invoice.id);
	fresh  bill_line[] := bill_taxed(ARRAY(SELECT l FROM unnest(issued) l WHERE l.kind <> 'tax'), invoice.customer_id);
BEGIN
	RETURN invoice.tax_amount = tax_of(issued, invoice.customer_id)
		AND (SELECT sum(l.amount) FROM unnest(fresh) l) = invoice.amount;
END $$;

CREATE OR REPLACE FUNCTION is_days_line(l bill_line) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT l.kind = 'discount' AND l.item_id IS NULL AND coalesce(l.taken, 0) > 0
$$;

-- Neither money nor a payment page has touched the invoice.
CREATE OR REPLACE FUNCTION is_invoice_untouched(invoice invoices) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT invoice.is_open AND invoice.paid_amount = 0
		AND NOT EXISTS (SELECT FROM allocations WHERE invoice_id = invoice.id)
		AND NOT EXISTS (SELECT FROM midtrans_attempts_of_bill(invoice.id))
$$;

CREATE OR REPLACE FUNCTION require_invoice_untouched(invoice invoices) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT invoice.is_open THEN
		PERFORM raise_conflict('invoice_closed', format('The invoice is %s: its lines stay.', invoice.status));
	END IF;
	IF NOT is_invoice_untouched(invoice) THEN
		PERFORM raise_conflict('invoice_touched', 'Money or a payment page has touched the invoice: its lines stay. Cancel it and issue another.');
	END IF;
END $$;

-- The bound is of the bill, not of one act: ten small steps would pass it, so earlier ones of the same person count, and
-- so does the discount that the bill was issued with (paid ahead, or carried over from the bill that it stands for).
CREATE OR REPLACE FUNCTION require_operator_lowering(invoice invoices, bounded boolean, money bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF bounded AND money > 0 THEN
		PERFORM require_operator_discount(true, money + coalesce(sum(CASE action WHEN 'issued' THEN coalesce((meta ->> 'discount')::bigint, 0)
			ELSE (meta -> 'before' ->> 'amount')::bigint - (meta -> 'after' ->> 'amount')::bigint END), 0)::bigint)
		FROM billing_logs WHERE invoice_id = invoice.id AND action IN ('issued', 'updated') AND actor IS NOT DISTINCT FROM session_actor();
	END IF;
END $$;
