-- Takes the rows of an import that import_judge() left without a fault.

CREATE OR REPLACE FUNCTION import_remember(source text, kind text, source_id text, id uuid) RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO import_keys (source, kind, source_id, id) VALUES ($1, $2, $3, $4);
	RETURN $4;
END $$;

-- The id that the old system gave the customer of a row.
CREATE OR REPLACE FUNCTION import_old_id(source_row import_rows) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(source_row.data ->> 'id', source_row.key)
$$;

-- The customers of these rows: rows of one id in the old system share one.
CREATE OR REPLACE FUNCTION import_customers(import_batch uuid, source text, lines int[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	WITH fresh AS (
		INSERT INTO import_keys (source, kind, source_id, id)
		SELECT source, 'customer', 'id:' || old, uuidv7()
		  FROM (SELECT import_old_id(r) AS old, min(r.line) AS line FROM import_rows r WHERE r.batch = import_batch AND r.line = ANY (lines) GROUP BY 1) o
		 ORDER BY o.line
		    ON CONFLICT DO NOTHING
		RETURNING substr(source_id, 4) AS old, id
	)
	INSERT INTO customers (id, name, phone, email, address, notes)
	SELECT f.id, o.data ->> 'name', nullif(import_phone(o.data ->> 'phone'), ''),
	       nullif(import_email(o.data ->> 'email'), ''), left(o.data ->> 'address', 1000),
	       left(concat_ws(', ', o.data ->> 'area', o.data ->> 'notes'), 1000)
	  FROM fresh f
	  JOIN (SELECT DISTINCT ON (import_old_id(r)) import_old_id(r) AS old, r.data, r.line
	          FROM import_rows r WHERE r.batch = import_batch AND r.line = ANY (lines)
	         ORDER BY import_old_id(r), r.line) o USING (old)
	 ORDER BY o.line;
	INSERT INTO import_keys (source, kind, source_id, id)
	SELECT k.source, 'customer', r.key, k.id
	  FROM import_rows r
	  JOIN import_keys k ON k.source = import_customers.source AND k.kind = 'customer' AND k.source_id = 'id:' || import_old_id(r)
	 WHERE r.batch = import_batch AND r.line = ANY (lines);
END $$;

-- The package of a row: one of the same name, else a new one with the file's price.
CREATE OR REPLACE FUNCTION import_package(source_row import_rows) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	found uuid := import_package_named(source_row.data ->> 'package');
BEGIN
	IF found IS NULL THEN
		INSERT INTO packages (name, type, bandwidth, price, router_profile, period_unit, validity_days, validity_months)
		VALUES (source_row.data ->> 'package', coalesce(source_row.data ->> 'type', 'pppoe'),
			coalesce(CASE WHEN source_row.data ->> 'bandwidth' ~* '^\d{1,5}(\.\d)?[kMG]/\d{1,5}(\.\d)?[kMG]$' THEN source_row.data ->> 'bandwidth' END,
				upper(substring(source_row.data ->> 'package', '(\d+)\s*[Mm]')) || 'M/' || substring(source_row.data ->> 'package', '(\d+)\s*[Mm]') || 'M', '10M/10M'),
			import_price(source_row),
			CASE WHEN source_row.data ? 'router' AND source_row.data ->> 'package' ~ '^[A-Za-z0-9._-]{1,63}$' THEN source_row.data ->> 'package' ELSE
			left(btrim(regexp_replace(lower(source_row.data ->> 'package'), '[^a-z0-9._-]+', '-', 'g'), '-'), 50) || '-' || left(md5(source_row.data ->> 'package'), 4) END,
			CASE WHEN source_row.data ? 'months' THEN 'month' ELSE 'day' END,
			coalesce((source_row.data ->> 'days')::int, 30), coalesce((source_row.data ->> 'months')::int, 1))
		RETURNING id INTO found;
	END IF;
	RETURN found;
END $$;

-- A router by its id or its name; NULL: the default one.
CREATE OR REPLACE FUNCTION import_router(named text) RETURNS uuid
LANGUAGE sql STABLE AS $$
	SELECT min(id::text)::uuid FROM router_settings WHERE id::text = named OR name = named HAVING count(*) = 1
$$;

-- Is the line of a row on, off for debt (its old system says so, or its days are over), in a pause, or has it ended?
CREATE OR REPLACE FUNCTION import_line_state(source_row import_rows, today date) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
	stated constant text := coalesce(import_state(source_row.data ->> 'state'), source_row.data ->> 'state', 'on');
BEGIN
	RETURN CASE WHEN stated IN ('ended', 'pause') THEN stated
	            WHEN stated = 'debt' OR import_date(source_row.data ->> 'end_date') < today THEN 'debt' ELSE 'on' END;
END $$;

-- The line of a row as subscriptions_insert() takes it.
CREATE OR REPLACE FUNCTION import_line_input(source_row import_rows, customer uuid, today date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	last  constant date := import_date(source_row.data ->> 'end_date');
	first constant date := least(coalesce(import_date(source_row.data ->> 'start_date'), last), last, today);
BEGIN
	RETURN jsonb_strip_nulls(jsonb_build_object('id', source_row.data ->> 'subscription', 'customer_id', customer,
		'package_id', import_package_named(source_row.data ->> 'package'),
		'router_id', CASE WHEN source_row.data ? 'router' THEN import_router(source_row.data ->> 'router') END,
		'mikrotik_username', source_row.data ->> 'username', 'mikrotik_password', coalesce(source_row.data ->> 'sealed', ''),
		'start_date', first, 'end_date', last, 'remote_address', nullif(import_address(source_row.data ->> 'remote_address'), ''),
		'off', CASE import_line_state(source_row, today) WHEN 'debt' THEN 'debt' END,
		'profile', CASE WHEN source_row.data ? 'object' AND NOT import_is_isolation(source_row.data #>> '{object,profile}') THEN source_row.data #>> '{object,profile}' END));
END $$;

/*
 * The accounts of new lines: an object read from a router is adopted as it stands there; one that a file
 * says is off is off by whatever the old system did, removing it too, until it changes here.
 */
CREATE OR REPLACE FUNCTION import_line_accounts(import_batch uuid, lines int[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	router uuid;
	ids    uuid[];
BEGIN
	PERFORM account_adopt(m.router_id, jsonb_agg(r.data -> 'object' ORDER BY r.line))
	   FROM import_rows r JOIN mikrotik_secrets m ON m.subscription_id = (r.data ->> 'subscription')::uuid
	  WHERE r.batch = import_batch AND r.line = ANY (lines) AND r.data ? 'object'
	  GROUP BY m.router_id;
	FOR router, ids IN
		SELECT m.router_id, array_agg(m.id ORDER BY m.id)
		  FROM import_rows r JOIN mikrotik_secrets m ON m.subscription_id = (r.data ->> 'subscription')::uuid
		 WHERE r.batch = import_batch AND r.line = ANY (lines) AND NOT r.data ? 'object'
		   AND m.wanted = 'suspended' AND m.service <> 'static' AND m.router_id IS NOT NULL
		 GROUP BY m.router_id
	LOOP
		UPDATE mikrotik_secrets SET imported = true WHERE id = ANY (ids);
		PERFORM account_settle(ids, router);
	END LOOP;
END $$;

-- Switch off the lines that are off in the old system: for debt from the day after their last.
CREATE OR REPLACE FUNCTION import_lines_off(import_batch uuid, source text, lines int[], today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	l record;
BEGIN
	FOR l IN
		SELECT b AS s, b.id, b.end_date, import_line_state(r, today) AS state
		  FROM import_rows r JOIN subscriptions b ON b.id = (r.data ->> 'subscription')::uuid
		 WHERE r.batch = import_batch AND r.line = ANY (lines) ORDER BY r.line
	LOOP
		CASE l.state
		WHEN 'ended' THEN PERFORM subscription_cancel(l.id, 'ended in ' || source, today);
		WHEN 'pause' THEN PERFORM subscription_suspend(l.id, 'paused in ' || source, today);
		WHEN 'debt' THEN PERFORM service_off_open(l.s, 'debt', least(l.end_date + 1, today));
		ELSE NULL;
		END CASE;
	END LOOP;
END $$;

-- The lines of these rows: their days up to end_date were paid elsewhere.
CREATE OR REPLACE FUNCTION import_lines(import_batch uuid, source text, lines int[], today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	inputs jsonb[];
BEGIN
	PERFORM import_package(r)
	   FROM (SELECT DISTINCT ON (lower(o.data ->> 'package')) o.* FROM import_rows o
	          WHERE o.batch = import_batch AND o.line = ANY (lines) AND o.data ? 'username' ORDER BY lower(o.data ->> 'package'), o.line) p
	   JOIN import_rows r ON r.batch = p.batch AND r.line = p.line;
	UPDATE import_rows r SET data = r.data || jsonb_build_object('subscription', uuidv7())
	 WHERE r.batch = import_batch AND r.line = ANY (lines) AND r.data ? 'username' AND NOT r.data ? 'subscription';
	inputs := ARRAY(SELECT import_line_input(r, k.id, today)
	                  FROM import_rows r
	                  JOIN import_keys k ON k.source = import_lines.source AND k.kind = 'customer' AND k.source_id = r.key
	                 WHERE r.batch = import_batch AND r.line = ANY (lines) AND r.data ? 'username' ORDER BY r.line);
	PERFORM subscriptions_insert(inputs, today);
	PERFORM subscriptions_paid_elsewhere(array_agg((i ->> 'id')::uuid), array_agg((i ->> 'end_date')::date), today) FROM unnest(inputs) i;
	INSERT INTO import_keys (source, kind, source_id, id)
	SELECT source, 'subscription', r.key, (r.data ->> 'subscription')::uuid
	  FROM import_rows r WHERE r.batch = import_batch AND r.line = ANY (lines) AND r.data ? 'username';
	PERFORM import_lines_off(import_batch, source, lines, today);
	PERFORM import_line_accounts(import_batch, lines);
END $$;

-- Credit as a gift called opening balance, debt as a bill of kind other, due when the paid days ended.
CREATE OR REPLACE FUNCTION import_balance(source text, source_row import_rows, customer uuid, line uuid, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	credit constant bigint := import_money(source_row.data ->> 'credit');
	debt   constant bigint := import_money(source_row.data ->> 'debt');
	old    constant text := import_old_id(source_row);
BEGIN
	IF credit > 0 AND NOT EXISTS (SELECT FROM import_keys k WHERE k.source = import_balance.source AND k.kind = 'credit' AND k.source_id = old) THEN
		PERFORM import_remember(source, 'credit', old, credit_enter(customer, credit, 'opening balance', today));
	END IF;
	IF debt > 0 AND line IS NOT NULL THEN
		PERFORM import_remember(source, 'debt', source_row.key, invoice_create(jsonb_build_object('subscription_id', line, 'kind', 'other',
			'imported', true, 'amount', debt, 'due_date', least(coalesce(import_date(source_row.data ->> 'end_date'), today), today), 'notes', bill_text('opening', source)), today));
	END IF;
END $$;

/*
 * Analyze the tables that an import fills. Autovacuum does so a minute later: until then plans for empty tables cost each row
 * twice the time. Tables known to be large, and those that another session analyzes now, are left out.
 */
CREATE OR REPLACE FUNCTION import_analyze() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	small text;
BEGIN
	FOR small IN SELECT relname FROM pg_class
	              WHERE oid = ANY (ARRAY['customers', 'subscriptions', 'mikrotik_secrets', 'account_states', 'service_days', 'service_offs',
	                    'invoices', 'billing_logs', 'import_rows', 'import_keys']::regclass[]) AND reltuples < 5000
	LOOP
		EXECUTE format('ANALYZE (SKIP_LOCKED) %I', small);
	END LOOP;
END $$;

CREATE OR REPLACE FUNCTION import_balances(import_batch uuid, source text, lines int[], today date) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM import_balance(k.source, r, k.id, (r.data ->> 'subscription')::uuid, today)
	   FROM import_rows r
	   JOIN import_keys k ON k.source = import_balances.source AND k.kind = 'customer' AND k.source_id = r.key
	  WHERE r.batch = import_batch AND r.line = ANY (lines) AND (r.data ? 'credit' OR r.data ? 'debt')
	  ORDER BY r.line;
END $$;

-- Take these rows, all or none. Returns the refusal; NULL: all are taken.
CREATE OR REPLACE FUNCTION import_take(import_batch uuid, source text, lines int[], today date) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM import_customers(import_batch, source, lines);
	PERFORM import_lines(import_batch, source, lines, today);
	PERFORM import_balances(import_batch, source, lines, today);
	UPDATE import_rows SET outcome = 'created', fault = NULL, field = NULL WHERE batch = import_batch AND line = ANY (lines);
	RETURN NULL;
EXCEPTION
	WHEN SQLSTATE 'IS422' OR SQLSTATE 'IS409' THEN
		RETURN SQLERRM;
	WHEN integrity_constraint_violation OR data_exception THEN
		RETURN 'A value of the row has been taken, or is out of its range.';
END $$;

-- Take the next rows together or, if one of them is refused, each alone. Returns how many were tried; 0: none is left.
-- (Tables that were empty a moment ago have no statistics: without the setting the planner reads them whole for each group.)
CREATE OR REPLACE FUNCTION import_apply(import_batch uuid, source text, most int, today date) RETURNS int
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	lines constant int[] := ARRAY(SELECT o.line FROM import_rows o WHERE o.batch = import_batch AND o.outcome IS NULL ORDER BY o.line LIMIT most);
	one   int;
	refusal text;
BEGIN
	IF import_take(import_batch, source, lines, today) IS NOT NULL THEN
		FOREACH one IN ARRAY lines LOOP
			refusal := import_take(import_batch, source, ARRAY[one], today);
			UPDATE import_rows o SET outcome = 'refused', fault = refusal, field = 'row'
			 WHERE refusal IS NOT NULL AND o.batch = import_batch AND o.line = one;
		END LOOP;
	END IF;
	RETURN cardinality(lines);
END $$;
