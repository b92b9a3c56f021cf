-- Paying ahead: one bill for several periods.

CREATE OR REPLACE FUNCTION subscription_prepay(sub uuid, periods int, discount bigint, bounded boolean, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	s     subscriptions := subscription_lock_live(sub);
	next  invoices;
	draft invoices;
	lines bill_line[];
BEGIN
	IF s.is_postpaid THEN
		PERFORM raise_conflict('line_is_postpaid', 'A postpaid line is billed afterwards: it cannot be paid ahead.');
	END IF;
	PERFORM require_operator_discount(bounded, discount);
	SELECT * INTO next FROM open_invoices(s.customer_id, sub) o WHERE o.grants_days AND is_period_ahead(s, o, today) ORDER BY period_start DESC LIMIT 1;
	IF FOUND AND is_invoice_untouched(next) THEN
		PERFORM invoice_void(next, 'taken into a bill paid ahead', today);
	ELSIF FOUND AND is_first_bill(s, next) THEN
		PERFORM raise_conflict('first_bill_open', 'The first bill is paid in part, or is being paid: settle it before paying ahead.');
	END IF;
	SELECT * INTO s FROM subscriptions WHERE id = sub;
	s := subscription_anchored(s, next_period_start(s, today));
	draft := period_draft(s, next_period_start(s, today), today);
	draft.kind := 'prepay';
	draft.due_date := today + (SELECT first_due_days FROM settings);
	SELECT * INTO draft.period_end, lines FROM periods_ahead(s, draft.period_start, periods, s.waits_first AND next.id IS NOT NULL);
	IF is_period_taken(sub, draft.period_start, draft.period_end) THEN
		PERFORM raise_conflict('period_overlaps', 'The next period would overlap one already billed.');
	END IF;
	IF coalesce(discount, 0) > 0 THEN
		lines := lines || bill_line_new('discount', bill_text('discount'), 1, - least(discount, (SELECT sum(l.amount)::bigint FROM unnest(lines) l)), true);
	END IF;
	PERFORM next_package_schedule(s, draft.period_start, today);
	RETURN invoice_issue(draft, bill_compose(s, lines, periods, draft.period_end - draft.period_start + 1, today), today);
END $$;

-- Pay ahead, and return the new bill; with `dry_run` the bill is undone and only the answer stays.
CREATE OR REPLACE FUNCTION subscription_prepay_answer(sub uuid, input jsonb, today date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	answer jsonb;
	i      uuid;
BEGIN
	i := subscription_prepay(sub, (input ->> 'periods')::int, (input ->> 'discount')::bigint, (input ->> 'bounded')::boolean, today);
	SELECT jsonb_build_object('id', v.id, 'invoice_number', v.invoice_number, 'kind', v.kind, 'amount', v.amount,
		'period_start', v.period_start, 'period_end', v.period_end, 'due_date', v.due_date, 'status', v.status,
		'lines', bill_lines_json(bill_lines_of(i), 'position', 'taxable'))
	INTO answer FROM invoices v WHERE v.id = i;
	IF (input ->> 'dry_run')::boolean THEN
		RAISE EXCEPTION USING ERRCODE = 'ISDRY', MESSAGE = answer::text;
	END IF;
	RETURN answer;
EXCEPTION WHEN SQLSTATE 'ISDRY' THEN
	RETURN SQLERRM::jsonb;
END $$;

-- The bill lines of so many periods in a row: whole periods are one line, a part is a line of its own. is_first: the service
-- begins with the first of them, also where that is later than start_date.
CREATE OR REPLACE FUNCTION periods_ahead(subscription subscriptions, first_day date, periods int, is_first boolean, OUT last date, OUT lines bill_line[])
LANGUAGE plpgsql STABLE AS $$
DECLARE
	day  date := first_day;
	line bill_line;
	at   int;
BEGIN
	lines := '{}';
	subscription.anchor_day := coalesce(subscription.anchor_day, extract(day FROM first_day)::int);
	FOR n IN 1 .. periods LOOP
		last := (period_draft(subscription, day, day)).period_end;
		line := period_line(subscription, day, last);
		IF (is_first AND n = 1 OR day = subscription.start_date) AND line.kind = 'part' AND (SELECT first_period FROM settings) = 'full' THEN
			line := bill_line_new('part', line.text, 1, (SELECT price FROM terms_of(subscription)), true);
		END IF;
		at := cardinality(lines);
		IF at > 0 AND (lines[at]).kind = 'package' AND line.kind = 'package' THEN
			lines[at] := bill_line_new('package', line.text, (lines[at]).quantity + 1, line.unit_price, true);
		ELSE
			lines := lines || line;
		END IF;
		day := last + 1;
	END LOOP;
END $$;
