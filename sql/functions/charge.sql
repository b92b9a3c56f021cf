-- Charges, fees, and what a line has beside its package.

-- A charge on the next bill, or on a bill of its own: so is one for a line that has ended, because no bill of it
-- follows. Returns the charge.
CREATE OR REPLACE FUNCTION charge_create(customer uuid, input jsonb, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	c     customers := customer_lock(customer);
	sub   uuid := input ->> 'subscription_id';
	entry uuid;
BEGIN
	PERFORM raise_invalid_all(amount_errors(input) || field_error(sub IS NOT NULL AND NOT EXISTS (
		SELECT FROM subscriptions WHERE id = sub AND customer_id = customer), 'subscription_id', 'unknown_reference', 'The selected subscription id is invalid.'));
	INSERT INTO charges (customer_id, subscription_id, kind, text, amount, quantity, entered_on, actor)
	VALUES (customer, sub, coalesce(input ->> 'kind', 'charge'), input ->> 'text', (input ->> 'amount')::bigint,
		coalesce((input ->> 'quantity')::int, 1), today, session_actor()) RETURNING id INTO entry;
	PERFORM billing_log('charged', format('%s: %s', input ->> 'text', rupiah((input ->> 'amount')::bigint)), customer, sub, NULL, input);
	IF (input ->> 'own_bill')::boolean OR EXISTS (SELECT FROM subscriptions WHERE id = sub AND NOT is_live) THEN
		PERFORM require_due_date((input ->> 'due_date')::date, today);
		PERFORM charge_bill(c, entry, (input ->> 'due_date')::date, today);
	END IF;
	RETURN entry;
END $$;

/*
 * A charge under its Idempotency-Key, NULL for none: a request that comes again is answered with the first charge,
 * another one under the same key is refused.
 */
CREATE OR REPLACE FUNCTION charge_create_once(customer uuid, input jsonb, key text, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	hash  text := encode(sha256(convert_to(jsonb_build_array(customer, input)::text, 'UTF8')), 'hex');
	known charge_keys;
BEGIN
	IF key IS NULL THEN
		RETURN charge_create(customer, input, today);
	END IF;
	PERFORM customer_lock(customer);
	SELECT * INTO known FROM charge_keys WHERE idempotency_key = key;
	IF NOT FOUND THEN
		INSERT INTO charge_keys VALUES (key, charge_create(customer, input, today), hash)
		ON CONFLICT (idempotency_key) DO NOTHING RETURNING * INTO known;
	END IF;
	IF known.request_hash IS DISTINCT FROM hash THEN -- NULL: somebody has used the key for another customer just now
		PERFORM raise_conflict('key_used', 'The Idempotency-Key has been used for another charge.');
	END IF;
	RETURN known.charge_id;
END $$;

-- The amount of so many: no bill holds over 12 digits.
CREATE OR REPLACE FUNCTION amount_errors(input jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT field_error((input ->> 'amount')::numeric * coalesce((input ->> 'quantity')::int, 1) > 999999999999, 'amount', 'max',
		'The amount times the quantity must not be greater than 999999999999.', '{"max": 999999999999}')
$$;

-- A bill for one charge. It stands with the line that it names, else with the newest of the customer.
CREATE OR REPLACE FUNCTION charge_bill(customer customers, charge uuid, due date, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions;
	draft invoices;
BEGIN
	SELECT x.* INTO s FROM subscriptions x JOIN charges h ON h.id = charge
	WHERE x.customer_id = customer.id AND x.id = coalesce(h.subscription_id, x.id) ORDER BY x.is_live DESC, x.seq DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM raise_invalid('own_bill', 'no_subscription', 'A bill needs a subscription, and the customer has none.');
	END IF;
	draft := invoice_draft(s, 'other');
	draft.due_date := coalesce(due, today + (SELECT other_due_days FROM settings));
	PERFORM invoice_issue(draft, bill_taxed(ARRAY(
		SELECT l FROM unnest(charge_lines(customer.id, s.id)) l WHERE l.charge_id = charge), customer.id), today);
END $$;

-- The line ends: what is still to be charged for it has a bill of its own.
CREATE OR REPLACE FUNCTION charges_bill(subscription subscriptions, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	draft invoices := invoice_draft(subscription, 'other');
	lines bill_line[] := ARRAY(SELECT l FROM unnest(charge_lines(subscription.customer_id, subscription.id)) l JOIN charges c ON c.id = l.charge_id
		WHERE c.subscription_id = subscription.id);
BEGIN
	IF cardinality(lines) > 0 THEN
		draft.due_date := today + (SELECT other_due_days FROM settings);
		PERFORM invoice_issue(draft, bill_taxed(lines, subscription.customer_id), today);
	END IF;
END $$;

-- Once per cut for debt, when the line returns.
CREATE OR REPLACE FUNCTION reactivation_charge(subscription subscriptions, service_off service_offs, today date) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO charges (customer_id, subscription_id, kind, text, amount, off_id, entered_on, actor)
	SELECT subscription.customer_id, subscription.id, 'charge', bill_text('reactivation'), g.reactivation_fee, service_off.id, today, session_actor()
	FROM settings g WHERE g.reactivation_fee > 0 AND NOT EXISTS (SELECT FROM charges WHERE off_id = service_off.id)
$$;

-- The fee for a late bill; 0: none.
CREATE OR REPLACE FUNCTION late_fee_of(invoice invoices) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN g.late_fee > 0 THEN g.late_fee ELSE round_up(late_fee_base(invoice)::numeric * g.late_fee_percent / 100) END
	FROM settings g
$$;

-- The money that a late fee is for: what is owed, but late fees on the bill bear none.
CREATE OR REPLACE FUNCTION late_fee_base(invoice invoices) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT least(invoice.amount - invoice.paid_amount,
		invoice.amount - (SELECT coalesce(sum(amount), 0)::bigint FROM invoice_lines WHERE invoice_id = invoice.id AND kind = 'late_fee'))
$$;

-- ---- items

CREATE OR REPLACE FUNCTION item_create(sub uuid, input jsonb, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions := subscription_lock_live(sub);
	entry uuid;
BEGIN
	PERFORM item_check(input);
	IF input ->> 'kind' = 'discount' THEN
		PERFORM require_operator_discount((input ->> 'bounded')::boolean, item_money(s, input) + discounts_of_actor(s, NULL));
	END IF;
	INSERT INTO subscription_items (subscription_id, kind, text, amount, percent, quantity, from_day, periods, reason, actor)
	VALUES (sub, input ->> 'kind', input ->> 'text', (input ->> 'amount')::bigint, (input ->> 'percent')::int,
		coalesce((input ->> 'quantity')::int, 1), coalesce((input ->> 'from')::date, today), (input ->> 'periods')::int, input ->> 'reason', session_actor())
	RETURNING id INTO entry;
	PERFORM billing_log('item_added', format('%s: %s', input ->> 'kind', input ->> 'text'), s.customer_id, sub, NULL, input);
	RETURN entry;
END $$;

CREATE OR REPLACE FUNCTION item_check(input jsonb) RETURNS void
LANGUAGE sql AS $$
	SELECT raise_invalid_all(
		amount_errors(input)
		|| field_error(num_nonnulls(input ->> 'amount', input ->> 'percent') <> 1, 'amount', 'one_of', 'Either the amount or the percent field is required.')
		|| field_error(input ->> 'kind' = 'item' AND input ->> 'percent' IS NOT NULL, 'percent', 'discount_only', 'Only a discount can be in percent.'))
$$;

-- The amount that a discount takes off one bill.
CREATE OR REPLACE FUNCTION item_money(subscription subscriptions, input jsonb) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT coalesce((input ->> 'amount')::bigint * coalesce((input ->> 'quantity')::int, 1),
		round(t.price::numeric * (input ->> 'percent')::int / 100)::bigint) FROM terms_of(subscription) t
$$;

-- The sum that the other discounts of the same person take off a bill of the line: together they have one bound.
CREATE OR REPLACE FUNCTION discounts_of_actor(subscription subscriptions, but uuid) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT coalesce(sum(item_money(subscription, to_jsonb(i))), 0)::bigint FROM subscription_items i
	WHERE i.subscription_id = subscription.id AND i.kind = 'discount' AND i.removed_at IS NULL AND (i.periods IS NULL OR i.billed < i.periods)
	  AND i.id IS DISTINCT FROM but AND i.actor IS NOT DISTINCT FROM session_actor()
$$;

CREATE OR REPLACE FUNCTION item_update(sub uuid, item uuid, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s   subscriptions := subscription_lock_live(sub);
	old subscription_items;
	new subscription_items;
BEGIN
	SELECT * INTO old FROM subscription_items WHERE id = item AND subscription_id = sub AND removed_at IS NULL;
	PERFORM require_found(FOUND, 'item_unknown', 'Item not found.');
	new := jsonb_populate_record(old, input - 'id' - 'kind' - 'billed' - 'subscription_id'
		|| CASE WHEN input ->> 'from' IS NULL THEN '{}' ELSE jsonb_build_object('from_day', input ->> 'from') END);
	PERFORM item_check(to_jsonb(new));
	IF new.kind = 'discount' THEN
		PERFORM require_operator_discount((input ->> 'bounded')::boolean, item_money(s, to_jsonb(new)) + discounts_of_actor(s, item));
	END IF;
	UPDATE subscription_items SET text = new.text, amount = new.amount, percent = new.percent, quantity = new.quantity,
		from_day = new.from_day, periods = new.periods, reason = new.reason, updated_at = now() WHERE id = item;
	PERFORM billing_log('item_changed', format('%s: %s', new.kind, new.text), s.customer_id, sub, NULL,
		jsonb_build_object('before', to_jsonb(old), 'after', to_jsonb(new), 'date', today));
END $$;

CREATE OR REPLACE FUNCTION item_remove(sub uuid, item uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s   subscriptions := subscription_lock(sub);
	old subscription_items;
BEGIN
	UPDATE subscription_items SET removed_at = now(), updated_at = now()
	WHERE id = item AND subscription_id = sub AND removed_at IS NULL RETURNING * INTO old;
	PERFORM require_found(FOUND, 'item_unknown', 'Item not found.');
	PERFORM billing_log('item_removed', format('%s: %s', old.kind, old.text), s.customer_id, sub, NULL, to_jsonb(old));
END $$;
