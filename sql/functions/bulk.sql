-- One act on many bills or lines: each by itself, so that one that is refused stops no other.

-- The rows meant, at most 501 of them: by ids, else by a filter on their columns. Customers in order, as locks are.
CREATE OR REPLACE FUNCTION bulk_ids(noun text, input jsonb) RETURNS TABLE (id uuid)
LANGUAGE sql STABLE AS $$
	SELECT t.id FROM (
		SELECT x.value::uuid AS id, coalesce(i.customer_id, s.customer_id) AS customer_id
		  FROM jsonb_array_elements_text(CASE jsonb_typeof(input -> 'ids') WHEN 'array' THEN input -> 'ids' ELSE '[]' END) x
		  LEFT JOIN invoices i ON noun = 'invoice' AND i.id = x.value::uuid
		  LEFT JOIN subscriptions s ON noun = 'subscription' AND s.id = x.value::uuid
		UNION
		SELECT s.id, s.customer_id FROM subscriptions s
		 WHERE noun = 'subscription' AND jsonb_typeof(input -> 'ids') IS DISTINCT FROM 'array' AND jsonb_typeof(input -> 'filter') = 'object'
		   AND (input -> 'filter' ->> 'status' IS NULL OR s.status = ANY (string_to_array(input -> 'filter' ->> 'status', ',')))
		   AND (input -> 'filter' ->> 'customer_id' IS NULL OR s.customer_id = (input -> 'filter' ->> 'customer_id')::uuid)
		   AND (input -> 'filter' ->> 'package_id' IS NULL OR s.package_id = (input -> 'filter' ->> 'package_id')::uuid)
		   AND (input -> 'filter' ->> 'router_id' IS NULL OR s.router_id = (input -> 'filter' ->> 'router_id')::uuid)
		UNION
		SELECT i.id, i.customer_id FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id
		 WHERE noun = 'invoice' AND i.is_open AND jsonb_typeof(input -> 'ids') IS DISTINCT FROM 'array'
		   AND jsonb_typeof(input -> 'filter') = 'object'
		   AND (input -> 'filter' ->> 'status' IS NULL OR i.status = ANY (string_to_array(input -> 'filter' ->> 'status', ',')))
		   AND (input -> 'filter' ->> 'customer_id' IS NULL OR i.customer_id = (input -> 'filter' ->> 'customer_id')::uuid)
		   AND (input -> 'filter' ->> 'package_id' IS NULL OR i.package_id = (input -> 'filter' ->> 'package_id')::uuid)
		   AND (input -> 'filter' ->> 'router_id' IS NULL OR s.router_id = (input -> 'filter' ->> 'router_id')::uuid)
	) t ORDER BY t.customer_id, t.id LIMIT 501
$$;

-- Remind a customer of an open bill, at most once a day for each.
CREATE OR REPLACE FUNCTION invoice_remind(inv uuid, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	i invoices;
BEGIN
	SELECT * INTO i FROM invoices WHERE id = inv;
	PERFORM require_found(FOUND, 'invoice_unknown', 'There is no such invoice.');
	IF NOT i.is_open THEN
		PERFORM raise_conflict('invoice_' || i.status, format('The invoice is %s.', i.status));
	ELSIF NOT message_queue(CASE WHEN i.due_date < today THEN 'overdue' WHEN i.due_date = today THEN 'due_today' ELSE 'due_soon' END,
		i.customer_id, i.id, i.subscription_id, format('%s:%s', i.id, today)) THEN
		PERFORM raise_conflict('message_not_queued', 'No message was queued: the kind is off, the customer cannot be written to, '
			'or was reminded today.');
	END IF;
END $$;

CREATE OR REPLACE FUNCTION bulk_one(noun text, row_id uuid, input jsonb, today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	CASE noun || ' ' || (input ->> 'act')
	WHEN 'invoice remind' THEN PERFORM invoice_remind(row_id, today);
	WHEN 'invoice cancel' THEN PERFORM invoice_cancel(row_id, today, false, (input ->> 'bounded')::boolean);
	WHEN 'subscription suspend' THEN PERFORM subscription_suspend(row_id, input ->> 'reason', today);
	WHEN 'subscription activate' THEN PERFORM subscription_activate(row_id, (input ->> 'until')::date, input ->> 'reason', today);
	WHEN 'subscription move' THEN PERFORM subscription_update(row_id, jsonb_build_object('router_id', input -> 'router_id'), today);
	END CASE;
END $$;

CREATE OR REPLACE FUNCTION bulk_act(noun text, input jsonb, today date)
RETURNS TABLE (id uuid, ok boolean, code text, message text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	targets uuid[] := ARRAY(SELECT b.id FROM bulk_ids(noun, input) b);
BEGIN
	IF input ->> 'act' = 'move' AND NOT input ? 'router_id' THEN -- null: to the default router
		PERFORM raise_invalid('router_id', 'required', 'The router id field is required.');
	END IF;
	IF cardinality(targets) > 500 THEN
		PERFORM raise_invalid('filter', 'max_items', 'The filter must not find more than 500 rows.', '{"max": 500}');
	END IF;
	-- (an act may issue a bill, and hold the counter of its number: no customer is waited for then)
	PERFORM FROM customers c WHERE input ->> 'act' <> 'remind' AND c.id IN (
		SELECT customer_id FROM invoices i WHERE noun = 'invoice' AND i.id = ANY(targets)
		UNION ALL SELECT customer_id FROM subscriptions s WHERE noun = 'subscription' AND s.id = ANY(targets))
	ORDER BY c.id FOR NO KEY UPDATE;
	FOREACH id IN ARRAY targets LOOP
		BEGIN
			ok := true;
			code := NULL;
			message := NULL;
			PERFORM bulk_one(noun, id, input, today);
		EXCEPTION WHEN SQLSTATE 'IS404' OR SQLSTATE 'IS409' OR SQLSTATE 'IS422' OR SQLSTATE 'IS403' THEN
			GET STACKED DIAGNOSTICS code = CONSTRAINT_NAME, message = MESSAGE_TEXT;
			ok := false;
			code := coalesce(nullif(code, ''), 'refused');
			message := split_part(message, E'\t', 1);
		WHEN unique_violation THEN
			ok := false;
			code := 'taken';
			message := 'A name or an address of it has been taken there.';
		END;
		RETURN NEXT;
	END LOOP;
END $$;
