-- Taking the rows of an import that import_judge() left without a fault.

CREATE OR REPLACE FUNCTION import_remember(source text, kind text, source_id text, id uuid) RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO import_keys (source, kind, source_id, id) VALUES ($1, $2, $3, $4);
	RETURN $4;
END $$;

-- The customer of a row: rows of one id in the old system share one.
CREATE OR REPLACE FUNCTION import_customer(source text, source_row import_rows) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	old   constant text := coalesce(source_row.data ->> 'id', source_row.key);
	found uuid := (SELECT id FROM import_keys k WHERE k.source = import_customer.source AND kind = 'customer' AND source_id = 'id:' || old);
BEGIN
	IF found IS NULL THEN
		INSERT INTO customers (name, phone, email, address, notes)
		VALUES (source_row.data ->> 'name', nullif(import_phone(source_row.data ->> 'phone'), ''),
			nullif(import_email(source_row.data ->> 'email'), ''), left(source_row.data ->> 'address', 1000),
			left(concat_ws(', ', source_row.data ->> 'area', source_row.data ->> 'notes'), 1000))
		RETURNING id INTO found;
		INSERT INTO import_keys (source, kind, source_id, id)
		VALUES (source, 'customer', 'id:' || old, found), (source, 'customer', source_row.key, found);
		RETURN found;
	END IF;
	RETURN import_remember(source, 'customer', source_row.key, found);
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

/*
 * The account of a line: an object read from a router is adopted as it stands there; one that a file
 * says is off is off by whatever the old system did, removing it too, until it changes here.
 */
CREATE OR REPLACE FUNCTION import_line_account(source_row import_rows, line uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	a mikrotik_secrets;
BEGIN
	SELECT * INTO a FROM mikrotik_secrets WHERE subscription_id = line;
	IF source_row.data ? 'object' THEN
		PERFORM account_adopt(a.router_id, jsonb_build_array(source_row.data -> 'object'));
	ELSIF a.wanted = 'suspended' AND a.service <> 'static' AND a.router_id IS NOT NULL THEN
		UPDATE mikrotik_secrets SET imported = true WHERE id = a.id;
		PERFORM account_settle(ARRAY[a.id], a.router_id);
	END IF;
END $$;

-- The line of a row: its days up to end_date were paid elsewhere; one that is off is off from the day after.
CREATE OR REPLACE FUNCTION import_line(source text, source_row import_rows, customer uuid, today date) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	last   constant date := import_date(source_row.data ->> 'end_date');
	first  constant date := least(coalesce(import_date(source_row.data ->> 'start_date'), last), last, today);
	state  constant text := CASE source_row.data ->> 'state' WHEN 'on' THEN 'on' ELSE coalesce(import_state(source_row.data ->> 'state'), source_row.data ->> 'state', 'on') END;
	line   uuid;
	s      subscriptions;
BEGIN
	line := subscription_create(jsonb_strip_nulls(jsonb_build_object(
		'id', source_row.data ->> 'subscription', 'router_id', CASE WHEN source_row.data ? 'router' THEN import_router(source_row.data ->> 'router') END,
		'customer_id', customer, 'package_id', import_package(source_row), 'mikrotik_username', source_row.data ->> 'username',
		'mikrotik_password', coalesce(source_row.data ->> 'sealed', ''), 'start_date', first, 'end_date', last,
		'remote_address', nullif(import_address(source_row.data ->> 'remote_address'), ''), 'issue_invoice', false,
		'profile', CASE WHEN source_row.data ? 'object' AND NOT import_is_isolation(source_row.data #>> '{object,profile}') THEN source_row.data #>> '{object,profile}' END)), today);
	PERFORM import_remember(source, 'subscription', source_row.key, line);
	SELECT * INTO s FROM subscriptions WHERE id = line;
	IF state = 'ended' THEN
		PERFORM subscription_cancel(line, 'ended in ' || source, today);
	ELSIF state = 'pause' THEN
		PERFORM subscription_suspend(line, 'paused in ' || source, today);
	ELSIF state = 'debt' OR last < today THEN
		UPDATE subscriptions SET status = 'suspended', suspend_reason = 'debt', updated_at = now() WHERE id = line;
		PERFORM service_off_open(s, 'debt', least(last + 1, today));
	END IF;
	IF source_row.data ? 'object' OR state <> 'on' OR last < today THEN
		PERFORM import_line_account(source_row, line);
	END IF;
	RETURN line;
END $$;

-- Credit as a gift called opening balance, debt as a bill of kind other, due when the paid days ended.
CREATE OR REPLACE FUNCTION import_balance(source text, source_row import_rows, customer uuid, line uuid, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	credit constant bigint := import_money(source_row.data ->> 'credit');
	debt   constant bigint := import_money(source_row.data ->> 'debt');
	old    constant text := coalesce(source_row.data ->> 'id', source_row.key);
BEGIN
	IF credit > 0 AND NOT EXISTS (SELECT FROM import_keys k WHERE k.source = import_balance.source AND k.kind = 'credit' AND k.source_id = old) THEN
		PERFORM import_remember(source, 'credit', old, credit_enter(customer, credit, 'opening balance', today));
	END IF;
	IF debt > 0 AND line IS NOT NULL THEN
		PERFORM import_remember(source, 'debt', source_row.key, invoice_create(jsonb_build_object('subscription_id', line, 'kind', 'other',
			'imported', true, 'amount', debt, 'due_date', least(coalesce(import_date(source_row.data ->> 'end_date'), today), today), 'notes', 'Open in ' || source), today));
	END IF;
END $$;

-- The next rows that can be taken, each whole or not at all; the number of rows looked at, 0: done. (Tables that were
-- empty a moment ago have no statistics: without the setting the planner reads them whole for each row.)
CREATE OR REPLACE FUNCTION import_apply(import_batch uuid, source text, most int, today date) RETURNS int
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	r        import_rows;
	customer uuid;
	line     uuid;
	refusal  text;
	n        int := 0;
BEGIN
	FOR r IN SELECT * FROM import_rows o WHERE o.batch = import_batch AND o.outcome IS NULL ORDER BY o.line LIMIT most LOOP
		n := n + 1;
		BEGIN
			customer := import_customer(source, r);
			line := CASE WHEN r.data ? 'username' THEN import_line(source, r, customer, today) END;
			IF r.data ? 'credit' OR r.data ? 'debt' THEN
				PERFORM import_balance(source, r, customer, line, today);
			END IF;
			refusal := NULL;
		EXCEPTION
			WHEN SQLSTATE 'IS422' OR SQLSTATE 'IS409' THEN
				refusal := SQLERRM;
			WHEN integrity_constraint_violation OR data_exception THEN
				refusal := 'A value of the row has been taken, or is out of its range.';
		END;
		UPDATE import_rows o
		   SET outcome = CASE WHEN refusal IS NULL THEN 'created' ELSE 'refused' END, fault = refusal,
		       field = CASE WHEN refusal IS NOT NULL THEN 'row' END
		 WHERE o.batch = import_batch AND o.line = r.line;
	END LOOP;
	RETURN n;
END $$;
