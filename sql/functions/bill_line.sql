-- Lines of a bill as a person writes them.

-- Whole rupiah as shape_read() takes them, also below 0: 150000, 150000.0, 150000.00. NULL: not an amount.
CREATE OR REPLACE FUNCTION line_money(typed text) RETURNS bigint
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN typed ~ '^-?\d{1,12}(\.00?)?$' THEN split_part(typed, '.', 1)::bigint END
$$;

CREATE OR REPLACE FUNCTION is_line(l jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(jsonb_typeof(l) = 'object' AND l ->> 'kind' IN ('package', 'part', 'item', 'charge', 'installation', 'deposit', 'late_fee',
		'discount', 'tax') AND jsonb_typeof(l -> 'text') = 'string' AND length(l ->> 'text') BETWEEN 1 AND 255
		AND CASE WHEN coalesce(l ->> 'quantity', '1') ~ '^[1-9]\d{0,3}$'
			THEN abs(line_money(l ->> 'unit_price')) * coalesce(l ->> 'quantity', '1')::int <= 999999999999 END
		AND coalesce(l ->> 'taxable', 'true') IN ('true', 'false', '0', '1'), false)
$$;

-- All of them; the tax is worked out again.
CREATE OR REPLACE FUNCTION lines_read(input jsonb, customer uuid) RETURNS bill_line[]
LANGUAGE plpgsql STABLE AS $$
BEGIN
	PERFORM raise_invalid('lines', 'format', 'The lines must be a list of {kind, text, quantity, unit_price, taxable}.')
	WHERE CASE WHEN jsonb_typeof(input) <> 'array' THEN true
		ELSE EXISTS (SELECT FROM jsonb_array_elements(input) l WHERE NOT is_line(l)) END;
	PERFORM raise_invalid('lines', 'max', 'The unit price of a discount must not be greater than 0.', '{"max": 0}')
	FROM jsonb_array_elements(input) l WHERE l ->> 'kind' = 'discount' AND line_money(l ->> 'unit_price') > 0;
	RETURN bill_taxed(ARRAY(
		SELECT ROW(l.kind, l.text, coalesce(l.quantity, 1), l.money, coalesce(l.quantity, 1) * l.money,
			coalesce(l.taxable, l.kind NOT IN ('deposit', 'late_fee')), NULL, NULL, NULL)::bill_line
		FROM (SELECT kind, text, quantity, line_money(unit_price) AS money, taxable, n
			FROM ROWS FROM (jsonb_to_recordset(input) AS (kind text, text text, quantity int, unit_price text, taxable boolean))
				WITH ORDINALITY AS x (kind, text, quantity, unit_price, taxable, n)) l
		WHERE l.kind <> 'tax' ORDER BY l.n), customer);
END $$;

-- A client sends a bill back as it was shown: its lines are no change then. The tax follows from the others.
CREATE OR REPLACE FUNCTION are_lines_same(given bill_line[], present bill_line[]) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT bill_lines_json(ARRAY(SELECT l FROM unnest(given) l WHERE l.kind <> 'tax'))
	     = bill_lines_json(ARRAY(SELECT l FROM unnest(present) l WHERE l.kind <> 'tax'))
$$;
