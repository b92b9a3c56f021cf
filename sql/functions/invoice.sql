-- The life of an invoice: issued, settled, undone, cancelled.

CREATE OR REPLACE FUNCTION invoice_lock(inv uuid) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	PERFORM FROM invoices own
	  JOIN subscriptions s ON s.id = own.subscription_id
	  JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = inv FOR NO KEY UPDATE OF c, s, own;
	SELECT * INTO i FROM invoices WHERE id = inv;
	PERFORM require_found(FOUND, 'invoice_unknown', 'Invoice not found.');
	RETURN i;
END $$;

-- The n-th number of a day.
CREATE OR REPLACE FUNCTION invoice_number(today date, number int) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT 'INV-' || to_char(today, 'YYYYMMDD') || '-' || lpad(number::text, greatest(4, length(number::text)), '0')
$$;

-- The counter's row is held until commit: no gap, whatever else fails or runs at the same time.
CREATE OR REPLACE FUNCTION invoice_number_take(today date) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	number int;
BEGIN
	INSERT INTO invoice_counters AS c (day, last_number) VALUES (today, 1)
	ON CONFLICT (day) DO UPDATE SET last_number = c.last_number + 1
	RETURNING last_number INTO number;
	RETURN invoice_number(today, number);
END $$;

-- Lock the customers of a set of invoices: nobody changes an invoice's state without that lock.
CREATE OR REPLACE FUNCTION invoices_lock(invs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM invoices own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = ANY(invs) ORDER BY c.id, own.id FOR NO KEY UPDATE OF c;
END $$;

-- The open invoices of a subscription; named with its customer, whose open invoices the index knows.
CREATE OR REPLACE FUNCTION open_invoices(customer uuid, sub uuid) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT * FROM invoices WHERE customer_id = customer AND subscription_id = sub AND is_open
$$;

-- ---- issue

/*
 * A new invoice with its lines, and what follows from it at once. `draft` says
 * what for: subscription, customer, kind, package, period, due date, notes.
 */
CREATE OR REPLACE FUNCTION invoice_issue(draft invoices, lines bill_line[], today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	i    invoices;
	sums record;
BEGIN
	SELECT * INTO sums FROM bill_sums(lines, draft.customer_id);
	INSERT INTO invoices (invoice_number, subscription_id, customer_id, package_id, kind, amount, subtotal, discount, tax_amount,
		period_start, period_end, grants_days, issued_on, due_date, first_due_date, notes)
	VALUES (invoice_number_take(today), draft.subscription_id, draft.customer_id, draft.package_id, draft.kind,
		sums.amount, sums.subtotal, sums.discount, sums.tax_amount,
		draft.period_start, draft.period_end, coalesce(draft.grants_days, false), today, draft.due_date, draft.due_date, draft.notes)
	RETURNING * INTO i;
	PERFORM bill_lines_insert(i.id, lines);
	PERFORM bills_consume(ARRAY[i.id], 1);
	PERFORM billing_log('issued', format('%s issued over %s, due %s', i.invoice_number, rupiah(i.amount), i.due_date),
		i.customer_id, i.subscription_id, i.id,
		jsonb_build_object('kind', i.kind, 'amount', i.amount, 'period_start', i.period_start,
			'period_end', i.period_end, 'due_date', i.due_date,
			'discount', (SELECT nullif(-sum(l.amount), 0) FROM unnest(lines) l WHERE is_discount_agreed(l))));
	PERFORM periods_follow(ARRAY[i.id]);
	PERFORM invoice_finish_issue(i, today);
	RETURN i.id;
END $$;

-- Settle at issue, with all effects, an invoice that owes nothing; otherwise credit pays what it can.
CREATE OR REPLACE FUNCTION invoice_finish_issue(invoice invoices, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF invoice.amount = 0 THEN
		PERFORM billing_log('paid', format('%s costs nothing', invoice.invoice_number),
			invoice.customer_id, invoice.subscription_id, invoice.id, invoice_settle(invoice, today)
				|| jsonb_build_object('before', invoice_standing(invoice), 'after', jsonb_build_object('status', 'paid', 'paid_amount', 0)));
	END IF;
	PERFORM credit_apply(invoice.customer_id, today, invoice.seq);
END $$;

-- ---- settled and undone

-- The part of an invoice that money changes, for the log.
CREATE OR REPLACE FUNCTION invoice_standing(invoice invoices) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('status', invoice.status, 'paid_amount', invoice.paid_amount)
$$;

-- Nothing is outstanding any more. Returns what that did, for the log.
CREATE OR REPLACE FUNCTION invoice_settle(invoice invoices, today date) RETURNS jsonb
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE invoices
	SET paid_amount = amount, status = 'paid', midtrans_transaction_id = invoice.midtrans_transaction_id, updated_at = now()
	WHERE id = invoice.id;
	IF NOT invoice.grants_days THEN
		RETURN '{}'::jsonb;
	END IF;
	PERFORM first_period_move(invoice, today);
	SELECT period_start, period_end INTO invoice.period_start, invoice.period_end FROM invoices WHERE id = invoice.id;
	PERFORM service_days_add(invoice.subscription_id, invoice.period_end - invoice.period_start + 1, 'period', invoice.id, NULL, invoice.invoice_number, today);
	RETURN jsonb_build_object('days', invoice.period_end - invoice.period_start + 1,
		'end_date', (SELECT end_date FROM subscriptions WHERE id = invoice.subscription_id));
END $$;

-- The first period of a rolling line that waits for its first payment begins on the day of payment.
CREATE OR REPLACE FUNCTION first_period_move(invoice invoices, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE invoices v SET period_start = today, period_end = (first_period(subscription_as_billed(s, invoice), invoice, today)).last
	FROM subscriptions s CROSS JOIN LATERAL terms_of(s) t
	WHERE v.id = invoice.id AND s.id = v.subscription_id AND is_first_bill(s, v) AND t.cycle = 'rolling'
	  AND v.period_start < today;
END $$;

/*
 * Money went from the invoice. If it had been paid it is a debt again, and
 * the days it bought leave the ledger; a line that has become postpaid gets
 * none for it any more. Returns whether it had been paid.
 */
CREATE OR REPLACE FUNCTION invoice_unsettle(inv uuid, money bigint, reason text, today date) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	i        invoices;
	was_paid boolean;
BEGIN
	SELECT * INTO i FROM invoices WHERE id = inv;
	was_paid := i.status = 'paid';
	UPDATE invoices
	SET paid_amount = paid_amount - money, updated_at = now(),
	    status = CASE WHEN NOT was_paid THEN status WHEN due_date < today THEN 'overdue' ELSE 'unpaid' END,
	    grants_days = grants_days AND NOT (SELECT is_postpaid FROM subscriptions WHERE id = i.subscription_id)
	WHERE id = inv;
	PERFORM billing_log('undone', format('%s taken back from %s', rupiah(money), i.invoice_number),
		i.customer_id, i.subscription_id, inv,
		(SELECT jsonb_build_object('amount', money, 'reason', reason, 'before', invoice_standing(i), 'after', invoice_standing(x))
		   FROM invoices x WHERE x.id = inv));
	PERFORM invoice_attempts_cancel(inv);
	IF was_paid AND i.grants_days THEN
		PERFORM service_days_add(i.subscription_id, - service_days_of(inv), 'period', inv, NULL, reason, today);
	END IF;
	RETURN was_paid;
END $$;

-- The days an invoice has in the ledger.
CREATE OR REPLACE FUNCTION service_days_of(inv uuid) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(days), 0)::int FROM service_days WHERE invoice_id = inv AND kind = 'period'
$$;

-- ---- by hand

CREATE OR REPLACE FUNCTION invoice_create(input jsonb, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	IF NOT input ? 'imported' THEN
		PERFORM require_due_date((input ->> 'due_date')::date, today);
	END IF;
	PERFORM FROM subscriptions WHERE id = (input ->> 'subscription_id')::uuid;
	IF NOT FOUND THEN
		PERFORM raise_invalid('subscription_id', 'unknown_reference', 'The selected subscription id is invalid.');
	END IF;
	s := subscription_lock_live((input ->> 'subscription_id')::uuid);
	IF coalesce(input ->> 'kind', 'renewal') = 'other' THEN
		RETURN other_issue(s, input, today);
	END IF;
	RETURN renewal_issue(s, input, today);
END $$;

-- No bill is due before the day of its issue. Debt that an import brings is older.
CREATE OR REPLACE FUNCTION require_due_date(due date, issued date) RETURNS void
LANGUAGE sql AS $$
	SELECT raise_invalid_all(field_error(due < issued, 'due_date', 'after',
		'The due date must be a date after or equal to the day of issue.'))
$$;

-- Anything but service: no period, never moves end_date, counts as debt.
CREATE OR REPLACE FUNCTION other_issue(subscription subscriptions, input jsonb, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := invoice_draft(subscription, 'other');
	money bigint := (input ->> 'amount')::bigint;
BEGIN
	IF money IS NULL THEN
		PERFORM raise_invalid('amount', 'required', 'The amount field is required when kind is other.');
	END IF;
	draft.due_date := coalesce((input ->> 'due_date')::date, today + (SELECT other_due_days FROM settings));
	draft.notes := input ->> 'notes';
	RETURN invoice_issue(draft, bill_taxed(ARRAY[
		bill_line_new('charge', coalesce(nullif(input ->> 'notes', ''), bill_text('charge')), 1, money, true)], subscription.customer_id), today);
END $$;

CREATE OR REPLACE FUNCTION invoice_draft(subscription subscriptions, kind text) RETURNS invoices
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	draft invoices;
BEGIN
	draft.subscription_id := subscription.id;
	draft.customer_id := subscription.customer_id;
	draft.kind := kind;
	draft.grants_days := false;
	RETURN draft;
END $$;

-- The next unbilled period, at the package's price.
CREATE OR REPLACE FUNCTION renewal_issue(subscription subscriptions, input jsonb, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices;
BEGIN
	subscription := subscription_anchored(subscription, next_period_start(subscription, today));
	draft := period_draft(subscription, next_period_start(subscription, today), today);
	IF input ->> 'amount' IS NOT NULL THEN
		PERFORM raise_invalid('amount', 'derived', 'The amount of a renewal follows from the package: use kind other.');
	END IF;
	PERFORM require_next_open(subscription, draft, today);
	draft.due_date := coalesce((input ->> 'due_date')::date, draft.due_date);
	draft.notes := input ->> 'notes';
	PERFORM next_package_schedule(subscription, draft.period_start, today);
	RETURN invoice_issue(draft, bill_compose(subscription, ARRAY[period_line(subscription, draft.period_start, draft.period_end)], 1,
		draft.period_end - draft.period_start + 1, today), today);
END $$;

CREATE OR REPLACE FUNCTION require_next_open(subscription subscriptions, draft invoices, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM open_invoices(subscription.customer_id, subscription.id) o WHERE is_period_ahead(subscription, o, today))
	   OR is_period_taken(subscription.id, draft.period_start, draft.period_end) THEN
		PERFORM raise_conflict('period_billed', 'The next period has been billed already.');
	END IF;
	IF subscription.is_postpaid AND draft.period_end >= today THEN
		PERFORM raise_conflict('period_not_over', 'The period has not passed yet: a postpaid line is billed afterwards.');
	END IF;
END $$;

-- The draft of a bill over the period that begins on `day`.
CREATE OR REPLACE FUNCTION period_draft(subscription subscriptions, day date, today date) RETURNS invoices
LANGUAGE plpgsql STABLE AS $$
DECLARE
	draft invoices := invoice_draft(subscription, 'renewal');
	t     record;
	g     settings;
BEGIN
	SELECT * INTO t FROM terms_of(subscription);
	SELECT * INTO g FROM settings;
	draft.package_id := t.package_id;
	draft.period_start := day;
	draft.period_end := period_last(t.cycle, t.period_unit, t.validity_days, t.months, t.billing_day, subscription.anchor_day, subscription.start_date, day);
	draft.grants_days := NOT subscription.is_postpaid;
	draft.due_date := CASE WHEN subscription.is_postpaid THEN today + g.postpaid_due_days ELSE greatest(day - 1 + g.due_days, today) END;
	RETURN draft;
END $$;

-- The package, or the part of it, that a period holds.
CREATE OR REPLACE FUNCTION period_line(subscription subscriptions, day date, last date) RETURNS bill_line
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN is_whole_period(t.cycle, subscription.start_date, t.billing_day, t.months, day, last)
		THEN bill_line_new('package', t.package_name, 1, t.price, true)
		ELSE bill_line_new('part', part_text(t.package_name, day, last), 1, part_price(t.price, t.months, t.billing_day, day, last), true) END
	FROM terms_of(subscription) t
$$;

CREATE OR REPLACE FUNCTION part_text(package text, day date, last date) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT bill_text('part', package, bill_day(day), bill_day(last))
$$;

-- ---- changed and cancelled

CREATE OR REPLACE FUNCTION invoice_update(inv uuid, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i     invoices := invoice_lock(inv);
	fresh invoices;
BEGIN
	IF (input ->> 'due_date')::date <> i.due_date THEN
		PERFORM require_due_date((input ->> 'due_date')::date, i.issued_on);
	END IF;
	PERFORM invoice_update_lines(i, input, today);
	UPDATE invoices
	SET due_date = coalesce((input ->> 'due_date')::date, due_date),
	    notes = CASE WHEN input ? 'notes' THEN input ->> 'notes' ELSE notes END,
	    status = CASE WHEN status = 'overdue' AND (input ->> 'due_date')::date >= today THEN 'unpaid' ELSE status END,
	    updated_at = now()
	WHERE id = inv RETURNING * INTO fresh;
	PERFORM billing_log('updated', format('%s changed', i.invoice_number), i.customer_id, i.subscription_id, inv,
		jsonb_build_object('before', jsonb_build_object('amount', i.amount, 'due_date', i.due_date, 'notes', i.notes),
			'after', jsonb_build_object('amount', fresh.amount, 'due_date', fresh.due_date, 'notes', fresh.notes)));
	IF fresh.due_date > i.due_date THEN
		PERFORM subscription_lift_debt(fresh, today);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION invoice_update_lines(invoice invoices, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	money bigint := (input ->> 'amount')::bigint;
BEGIN
	IF input ->> 'status' <> invoice.status THEN
		PERFORM raise_invalid('status', 'locked', format('The status is changed by POST /api/invoices/%s/mark-paid or by DELETE.', invoice.id));
	END IF;
	PERFORM raise_invalid_all(field_error(money <> invoice.amount AND input ? 'lines', 'amount', 'together',
		'The amount follows from the lines: give one of them.'));
	IF money <> invoice.amount THEN
		IF invoice.period_start IS NOT NULL THEN
			PERFORM raise_invalid('amount', 'derived', 'The amount of a period follows from its lines: change those.');
		END IF;
		PERFORM invoice_change_lines(invoice, lines_priced(invoice, money, input ->> 'notes'), (input ->> 'bounded')::boolean, today);
	ELSIF input ? 'lines' AND NOT are_lines_same(lines_read(input -> 'lines', invoice.customer_id), bill_lines_of(invoice.id)) THEN
		PERFORM invoice_change_lines(invoice, lines_kept(invoice.id, lines_read(input -> 'lines', invoice.customer_id)), (input ->> 'bounded')::boolean, today);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION invoice_change_lines(invoice invoices, lines bill_line[], bounded boolean, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM require_invoice_untouched(invoice);
	PERFORM require_operator_lowering(invoice, bounded, invoice.amount - (SELECT amount FROM bill_sums(lines, invoice.customer_id)));
	PERFORM invoice_set_lines(invoice, lines, today);
END $$;

/*
 * The lines of a bill without a period that cost `money` before tax. One line
 * has that price, and several have the difference beside them: so each charge
 * stays on the bill that took it in.
 */
CREATE OR REPLACE FUNCTION lines_priced(invoice invoices, money bigint, notes text) RETURNS bill_line[]
LANGUAGE plpgsql STABLE AS $$
DECLARE
	lines bill_line[] := ARRAY(SELECT l FROM unnest(bill_lines_of(invoice.id)) l WHERE l.kind <> 'tax');
	whole  bill_line := lines[1];
	more  bigint := money - (SELECT coalesce(sum(amount), 0) FROM unnest(lines));
BEGIN
	IF cardinality(lines) = 1 THEN
		whole.text := CASE WHEN whole.charge_id IS NULL THEN coalesce(nullif(notes, ''), whole.text) ELSE whole.text END;
		whole.quantity := 1;
		whole.unit_price := money;
		whole.amount := money;
		lines := ARRAY[whole];
	ELSIF more <> 0 THEN
		lines := lines || bill_line_new(CASE WHEN more < 0 THEN 'discount' ELSE 'charge' END,
			coalesce(nullif(notes, ''), bill_text('difference')), 1, more, true);
	END IF;
	RETURN bill_taxed(lines, invoice.customer_id);
END $$;

-- A line of the same kind and text as one on the bill is that one: it keeps the charge, item or days that it took in.
CREATE OR REPLACE FUNCTION lines_kept(inv uuid, lines bill_line[]) RETURNS bill_line[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY(
		SELECT ROW(kind, text, new.quantity, new.unit_price, new.amount, new.taxable, old.item_id, old.charge_id, old.taken)::bill_line
		FROM (SELECT *, row_number() OVER (PARTITION BY kind, text ORDER BY n) AS nth
		      FROM unnest(lines) WITH ORDINALITY AS l (kind, text, quantity, unit_price, amount, taxable, item_id, charge_id, taken, n)) new
		LEFT JOIN (SELECT kind, text, item_id, charge_id, taken, row_number() OVER (PARTITION BY kind, text ORDER BY position) AS nth
		      FROM invoice_lines WHERE invoice_id = inv) old USING (kind, text, nth)
		ORDER BY new.n)
$$;

-- `waive`: its days are given, and never billed.
CREATE OR REPLACE FUNCTION invoice_cancel(inv uuid, today date, waive boolean DEFAULT false, bounded boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i           invoices := invoice_lock(inv);
	begins_next boolean := (SELECT next_package_on = i.period_start FROM subscriptions WHERE id = i.subscription_id);
BEGIN
	IF NOT i.is_open THEN
		PERFORM raise_conflict('invoice_' || i.status, format('The invoice is %s.', i.status));
	END IF;
	IF i.paid_amount > 0 THEN
		PERFORM raise_conflict('invoice_part_paid', 'The invoice is paid in part: reverse the payment first.');
	END IF;
	PERFORM require_operator_waive(i, bounded) WHERE waive;
	PERFORM require_operator_lowering(i, bounded, invoice_lost_by_cancel(i));
	PERFORM invoice_void(i, CASE WHEN waive THEN 'waived' ELSE 'by hand' END, today);
	IF waive AND i.grants_days THEN
		PERFORM service_days_add(i.subscription_id, i.period_end - i.period_start + 1, 'gift', i.id, NULL,
			i.invoice_number || ' was waived', today);
	ELSIF waive THEN -- postpaid: those days stay behind it, or the next run would bill them again
		UPDATE subscriptions SET end_date = greatest(end_date, i.period_end) WHERE id = i.subscription_id AND is_postpaid;
	END IF;
	IF NOT waive THEN
		PERFORM period_bill_again(i, begins_next, today);
	END IF;
	PERFORM subscription_reconsider(i.subscription_id, i.invoice_number || ' was cancelled', today, false, bill => i.id);
END $$;

-- The money that no later bill asks for: that of a bill without a period, but for the charges, which wait for the next one.
CREATE OR REPLACE FUNCTION invoice_lost_by_cancel(invoice invoices) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(amount) FILTER (WHERE kind <> 'tax'), 0)::bigint FROM invoice_lines
	WHERE invoice.period_start IS NULL AND invoice_id = invoice.id AND charge_id IS NULL
$$;

-- It keeps its number; its period is free again, and what it had taken in waits for the next bill.
CREATE OR REPLACE FUNCTION invoice_void(invoice invoices, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE invoices SET status = 'cancelled', cancelled_on = today, updated_at = now() WHERE id = invoice.id;
	PERFORM bills_consume(ARRAY[invoice.id], -1);
	UPDATE subscriptions SET next_package_on = NULL WHERE id = invoice.subscription_id AND next_package_on = invoice.period_start AND NOT is_postpaid;
	UPDATE subscriptions SET end_date = invoice.period_start - 1
	WHERE id = invoice.subscription_id AND is_postpaid AND end_date = invoice.period_end;
	PERFORM billing_log('invoice_cancelled', format('%s cancelled', invoice.invoice_number),
		invoice.customer_id, invoice.subscription_id, invoice.id,
		jsonb_build_object('reason', reason, 'before', invoice.status, 'after', 'cancelled', 'date', today));
	PERFORM invoice_attempts_cancel(invoice.id);
END $$;

-- Cancel a bill whose period will not be; what was paid on it is the customer's credit.
CREATE OR REPLACE FUNCTION invoice_release(invoice invoices, reason text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	lot record;
BEGIN
	FOR lot IN
		SELECT payment_id, gift_id, sum(amount)::bigint AS money FROM allocations WHERE invoice_id = invoice.id
		GROUP BY payment_id, gift_id HAVING sum(amount) > 0
	LOOP
		INSERT INTO allocations (invoice_id, payment_id, gift_id, amount, entered_on)
		VALUES (invoice.id, lot.payment_id, lot.gift_id, -lot.money, today);
		PERFORM credit_entry(invoice.customer_id, lot.payment_id, lot.gift_id, 'returned', lot.money, invoice.id, reason, today);
		PERFORM invoice_unsettle(invoice.id, lot.money, reason, today);
	END LOOP;
	IF invoice.amount = 0 AND invoice.grants_days THEN
		PERFORM service_days_add(invoice.subscription_id, - service_days_of(invoice.id), 'period', invoice.id, NULL, reason, today);
	END IF;
	PERFORM invoice_void(invoice, reason, today);
END $$;

-- ---- what a payment page asks for

/*
 * The bills of a scope, in the order in which money settles them: `bill`, the
 * bill alone; `due`, with the older open ones of its subscription; `all`,
 * whatever the customer owes. The bill's own lies last among equals.
 */
CREATE OR REPLACE FUNCTION invoice_scope(inv uuid, scope text) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT o.* FROM invoices i JOIN invoices o ON o.customer_id = i.customer_id AND o.is_open
	WHERE i.id = inv AND CASE scope
		WHEN 'all' THEN true
		WHEN 'due' THEN o.id = i.id OR o.subscription_id = i.subscription_id AND (o.due_date, o.seq) < (i.due_date, i.seq)
		ELSE o.id = i.id END
	ORDER BY o.due_date, o.seq
$$;

CREATE OR REPLACE FUNCTION invoice_scope_owed(inv uuid, scope text) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(amount - paid_amount), 0)::bigint FROM invoice_scope(inv, scope)
$$;

-- ---- bounds of operators

CREATE OR REPLACE FUNCTION require_operator_discount(bounded boolean, money bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	most bigint := (SELECT operator_discount_max FROM settings);
BEGIN
	IF bounded AND money > most THEN
		PERFORM raise_denied('discount_bound', format('An operator may lower a bill by at most %s.', rupiah(most)));
	END IF;
END $$;

-- A bill waived, of which nothing is paid, is one lowered by all of it, and its days are given.
CREATE OR REPLACE FUNCTION require_operator_waive(invoice invoices, bounded boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM require_operator_discount(bounded, invoice.amount);
	PERFORM require_operator_days(bounded, invoice.period_end - invoice.period_start + 1);
END $$;

CREATE OR REPLACE FUNCTION require_operator_days(bounded boolean, days int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	most int := (SELECT operator_days_max FROM settings);
BEGIN
	IF bounded AND days > most THEN
		PERFORM raise_denied('days_bound', format('An operator may give at most %s days.', most));
	END IF;
END $$;
