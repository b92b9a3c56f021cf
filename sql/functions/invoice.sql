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
	IF NOT FOUND THEN
		PERFORM raise_not_found('Invoice not found.');
	END IF;
	RETURN i;
END $$;

CREATE OR REPLACE FUNCTION invoices_lock(invs uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM invoices own JOIN customers c ON c.id = own.customer_id
	  WHERE own.id = ANY(invs) ORDER BY c.id, own.id FOR NO KEY UPDATE OF c, own;
END $$;

-- The life of an invoice: issued, settled, undone, cancelled.

CREATE OR REPLACE FUNCTION invoice_number(d date, n int) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT 'INV-' || to_char(d, 'YYYYMMDD') || '-' || lpad(n::text, greatest(4, length(n::text)), '0')
$$;

-- The counter's row is held until commit: no gap, whatever else fails or runs at the same time.
CREATE OR REPLACE FUNCTION invoice_number_take(d date) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	n int;
BEGIN
	INSERT INTO invoice_counters AS c (day, last_number) VALUES (d, 1)
	ON CONFLICT (day) DO UPDATE SET last_number = c.last_number + 1
	RETURNING last_number INTO n;
	RETURN invoice_number(d, n);
END $$;

-- The next period begins the day after the service granted, or on the day of a late return.
CREATE OR REPLACE FUNCTION next_period_start(granted_to date, resumed_on date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
	SELECT greatest(granted_to + 1, resumed_on)
$$;

-- What the exclusion constraint would refuse, asked beforehand.
CREATE OR REPLACE FUNCTION is_period_taken(sub uuid, first_day date, last_day date) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (
		SELECT FROM invoices
		WHERE subscription_id = sub AND period_held && daterange(first_day, last_day, '[]'));
END $$;

-- What a subscription owes; named with its customer, whose open invoices the index knows.
CREATE OR REPLACE FUNCTION open_invoices(customer uuid, sub uuid) RETURNS SETOF invoices
LANGUAGE sql STABLE AS $$
	SELECT * FROM invoices WHERE customer_id = customer AND subscription_id = sub AND is_open
$$;

/*
 * A new invoice, and what follows from it at once. `draft` says what for:
 * subscription, customer, kind, package, amount, period, due date, notes.
 */
CREATE OR REPLACE FUNCTION invoice_issue(draft invoices, d date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	INSERT INTO invoices (invoice_number, subscription_id, customer_id, package_id, kind, amount,
		period_start, period_end, issued_on, due_date, notes)
	VALUES (invoice_number_take(d), draft.subscription_id, draft.customer_id, draft.package_id, draft.kind,
		draft.amount, draft.period_start, draft.period_end, d, draft.due_date, draft.notes)
	RETURNING * INTO i;
	PERFORM billing_log('issued', format('%s issued over %s, due %s', i.invoice_number, rupiah(i.amount), i.due_date),
		i.customer_id, i.subscription_id, i.id,
		jsonb_build_object('kind', i.kind, 'amount', i.amount, 'period_start', i.period_start,
			'period_end', i.period_end, 'due_date', i.due_date));
	PERFORM invoice_finish_issue(i, d);
	RETURN i.id;
END $$;

-- Where nothing is owed it is paid at issue, with all effects; otherwise credit pays what it can.
CREATE OR REPLACE FUNCTION invoice_finish_issue(i invoices, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF i.amount = 0 THEN
		PERFORM billing_log('paid', format('%s costs nothing', i.invoice_number),
			i.customer_id, i.subscription_id, i.id, invoice_settle(i, d));
	ELSE
		PERFORM credit_apply(i.customer_id, d, i.seq);
	END IF;
END $$;

-- The draft of a subscription's next period; next_package_id is what it will have then.
CREATE OR REPLACE FUNCTION renewal_draft(s subscriptions, due date, d date) RETURNS invoices
LANGUAGE plpgsql STABLE AS $$
DECLARE
	draft invoices;
	p     packages;
BEGIN
	SELECT * INTO p FROM packages WHERE id = coalesce(s.next_package_id, s.package_id);
	draft.subscription_id := s.id;
	draft.customer_id := s.customer_id;
	draft.package_id := p.id;
	draft.kind := 'renewal';
	draft.amount := p.price;
	draft.period_start := next_period_start(s.end_date, s.resumed_on);
	draft.period_end := draft.period_start + p.validity_days - 1;
	draft.due_date := coalesce(due, greatest(s.end_date, d));
	RETURN draft;
END $$;

-- The last day of service once i is paid on day d. A period wholly past is of no use to
-- somebody who was cut off: he gets its length from d on. Nothing ever shortens.
CREATE OR REPLACE FUNCTION settled_end_date(s subscriptions, i invoices, d date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
	SELECT greatest(s.end_date, i.period_end,
		CASE WHEN d > i.period_end AND s.status IN ('suspended', 'expired')
		     THEN d + (i.period_end - i.period_start) END)
$$;

-- Nothing is outstanding any more. Answers what that did to the subscription, for the log.
CREATE OR REPLACE FUNCTION invoice_settle(i invoices, d date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	s        subscriptions;
	end_date date; -- NULL: it moves nothing
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = i.subscription_id;
	IF s.status <> 'cancelled' AND i.kind <> 'other' THEN
		end_date := settled_end_date(s, i, d);
	END IF;
	UPDATE invoices
	SET paid_amount = amount, status = 'paid', midtrans_transaction_id = i.midtrans_transaction_id, updated_at = now(),
	    replaced_end_date = CASE WHEN end_date IS NOT NULL THEN s.end_date END,
	    settled_end_date = end_date
	WHERE id = i.id;
	IF s.status = 'cancelled' THEN
		RETURN '{}'::jsonb;
	END IF;
	RETURN subscription_resume_if_paid(s, coalesce(end_date, s.end_date), d);
END $$;

/*
 * Money went from the invoice. Where it had been paid it is a debt again, and the
 * service it bought is taken back: answers it as it was before, settled_end_date
 * NULL where no end date went back.
 */
CREATE OR REPLACE FUNCTION invoice_unsettle(inv uuid, money bigint, reason text, d date) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	i        invoices;
	was_paid boolean;
BEGIN
	SELECT * INTO i FROM invoices WHERE id = inv;
	was_paid := i.status = 'paid';
	UPDATE invoices
	SET paid_amount = paid_amount - money, updated_at = now(),
	    status = CASE WHEN NOT was_paid THEN status WHEN due_date < d THEN 'overdue' ELSE 'unpaid' END,
	    replaced_end_date = NULL, settled_end_date = NULL
	WHERE id = inv;
	PERFORM billing_log('undone', format('%s taken back from %s', rupiah(money), i.invoice_number),
		i.customer_id, i.subscription_id, inv,
		jsonb_build_object('amount', money, 'reason', reason, 'before', i.status,
			'replaced_end_date', i.replaced_end_date, 'settled_end_date', i.settled_end_date));
	PERFORM invoice_attempts_cancel(inv);
	IF NOT was_paid THEN
		RETURN NULL;
	END IF;
	IF NOT end_date_restore(i, d) THEN
		i.settled_end_date := NULL;
	END IF;
	RETURN i;
END $$;

-- Back to what it was before the settlement, unless somebody has moved it since. Whether it went back.
CREATE OR REPLACE FUNCTION end_date_restore(i invoices, d date) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	s subscriptions;
BEGIN
	SELECT * INTO s FROM subscriptions WHERE id = i.subscription_id;
	IF s.status = 'cancelled' OR i.replaced_end_date IS NOT DISTINCT FROM i.settled_end_date THEN
		RETURN false;
	END IF;
	IF s.end_date = i.settled_end_date AND s.start_date <= i.replaced_end_date THEN
		UPDATE subscriptions SET end_date = i.replaced_end_date, updated_at = now() WHERE id = s.id;
		RETURN true;
	END IF;
	PERFORM alert_raise('subscription', 'warning', format('End date of %s not moved back', s.mikrotik_username),
		format('The money for %s is gone, but the end date has been moved since and stays at %s.',
			i.invoice_number, s.end_date),
		jsonb_build_object('invoice_id', i.id, 'subscription_id', s.id, 'date', d));
	RETURN false;
END $$;

-- Other money stepped in for what was undone (i: as it was before): what its settlement made of the end date stands.
CREATE OR REPLACE FUNCTION end_date_stands(i invoices) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE invoices
	SET replaced_end_date = i.replaced_end_date, settled_end_date = i.settled_end_date, updated_at = now()
	WHERE id = i.id;
	UPDATE subscriptions SET end_date = i.settled_end_date, updated_at = now()
	WHERE id = i.subscription_id AND status <> 'cancelled' AND end_date < i.settled_end_date;
	PERFORM billing_log('updated', format('Other credit pays %s: service to %s stands', i.invoice_number, i.settled_end_date),
		i.customer_id, i.subscription_id, i.id,
		jsonb_build_object('replaced_end_date', i.replaced_end_date, 'settled_end_date', i.settled_end_date));
END $$;

CREATE OR REPLACE FUNCTION invoice_create(input jsonb, d date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions;
	draft invoices;
BEGIN
	PERFORM FROM subscriptions WHERE id = (input ->> 'subscription_id')::uuid;
	IF NOT FOUND THEN
		PERFORM raise_invalid('subscription_id', 'The selected subscription id is invalid.');
	END IF;
	s := subscription_lock((input ->> 'subscription_id')::uuid);
	IF s.status = 'cancelled' THEN
		PERFORM raise_conflict('The subscription is cancelled.');
	END IF;
	IF coalesce(input ->> 'kind', 'renewal') = 'other' THEN
		draft := other_draft(s, input, d);
	ELSE
		draft := renewal_by_hand(s, input, d);
	END IF;
	draft.notes := input ->> 'notes';
	RETURN invoice_issue(draft, d);
END $$;

-- Anything but service: no period, never moves end_date, counts as debt.
CREATE OR REPLACE FUNCTION other_draft(s subscriptions, input jsonb, d date) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices;
BEGIN
	IF input ->> 'amount' IS NULL THEN
		PERFORM raise_invalid('amount', 'The amount field is required when kind is other.');
	END IF;
	draft.subscription_id := s.id;
	draft.customer_id := s.customer_id;
	draft.kind := 'other';
	draft.amount := (input ->> 'amount')::bigint;
	draft.due_date := coalesce((input ->> 'due_date')::date, greatest(s.end_date, d));
	RETURN draft;
END $$;

CREATE OR REPLACE FUNCTION renewal_by_hand(s subscriptions, input jsonb, d date) RETURNS invoices
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := renewal_draft(s, (input ->> 'due_date')::date, d);
BEGIN
	IF is_period_taken(s.id, draft.period_start, draft.period_end) THEN
		PERFORM raise_conflict('The next period has been billed already.');
	END IF;
	PERFORM next_package_billed(s, d);
	RETURN draft;
END $$;

CREATE OR REPLACE FUNCTION invoice_update(inv uuid, input jsonb, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i     invoices := invoice_lock(inv);
	fresh invoices;
BEGIN
	IF input ->> 'status' <> i.status THEN
		PERFORM raise_invalid('status', format('The status is changed by POST /api/invoices/%s/mark-paid or by DELETE.', inv));
	END IF;
	IF (input ->> 'amount')::bigint <> i.amount THEN
		PERFORM require_invoice_untouched(i);
	END IF;
	UPDATE invoices
	SET amount = coalesce((input ->> 'amount')::bigint, amount),
	    due_date = coalesce((input ->> 'due_date')::date, due_date),
	    notes = CASE WHEN input ? 'notes' THEN input ->> 'notes' ELSE notes END,
	    updated_at = now()
	WHERE id = inv RETURNING * INTO fresh;
	PERFORM billing_log('updated', format('%s changed', i.invoice_number), i.customer_id, i.subscription_id, inv,
		jsonb_build_object('before', jsonb_build_object('amount', i.amount, 'due_date', i.due_date, 'notes', i.notes),
			'after', jsonb_build_object('amount', fresh.amount, 'due_date', fresh.due_date, 'notes', fresh.notes)));
	IF fresh.amount = 0 AND i.amount > 0 THEN
		PERFORM invoice_finish_issue(fresh, d);
	END IF;
END $$;

-- An amount somebody may be paying right now, or has paid on, is not changed.
CREATE OR REPLACE FUNCTION require_invoice_untouched(i invoices) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT i.is_open THEN
		PERFORM raise_conflict(format('The invoice is %s: its amount stays.', i.status));
	END IF;
	IF EXISTS (SELECT FROM allocations WHERE invoice_id = i.id)
	   OR EXISTS (SELECT FROM midtrans_attempts WHERE invoice_id = i.id) THEN
		PERFORM raise_conflict('Money or a payment page has touched the invoice: its amount stays. Cancel it and issue another.');
	END IF;
END $$;

CREATE OR REPLACE FUNCTION invoice_cancel(inv uuid, d date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i invoices := invoice_lock(inv);
BEGIN
	IF NOT i.is_open THEN
		PERFORM raise_conflict(format('The invoice is %s.', i.status));
	END IF;
	IF i.paid_amount > 0 THEN
		PERFORM raise_conflict('The invoice is paid in part: reverse the payment first.');
	END IF;
	PERFORM invoice_void(i, 'by hand', d);
END $$;

-- It keeps its number; its period is free again.
CREATE OR REPLACE FUNCTION invoice_void(i invoices, reason text, d date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	UPDATE invoices SET status = 'cancelled', updated_at = now() WHERE id = i.id;
	UPDATE subscriptions SET next_package_on = NULL WHERE id = i.subscription_id AND next_package_on = i.period_start;
	PERFORM billing_log('invoice_cancelled', format('%s cancelled', i.invoice_number),
		i.customer_id, i.subscription_id, i.id,
		jsonb_build_object('reason', reason, 'before', i.status, 'date', d));
	PERFORM invoice_attempts_cancel(i.id);
END $$;
