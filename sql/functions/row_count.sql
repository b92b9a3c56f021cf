/*
 * Exact totals without counting. Each statement that adds or takes rows adds
 * to one of the 16 stripes of its table; a reader sums them, and sees exactly
 * the rows its snapshot sees. A locked stripe is passed over, so that
 * inserts neither queue behind a long transaction nor deadlock over counters.
 * Rows that a table hides (a time in a column, archived_at) are not counted.
 */
CREATE OR REPLACE FUNCTION row_count_add(tab name, delta bigint, money bigint DEFAULT 0) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	mine smallint := pg_backend_pid() % 16;
BEGIN
	UPDATE row_counts SET n = n + delta, amount = amount + money
	 WHERE delta <> 0 AND table_name = tab AND stripe = coalesce(
		(SELECT stripe FROM row_counts WHERE table_name = tab AND stripe = mine FOR UPDATE SKIP LOCKED),
		(SELECT stripe FROM row_counts WHERE table_name = tab FOR UPDATE SKIP LOCKED LIMIT 1),
		mine);
END $$;

-- Count the rows inserted, or deleted, that are not hidden.
CREATE OR REPLACE FUNCTION row_count_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	delta bigint;
BEGIN
	IF TG_NARGS = 0 THEN
		PERFORM row_count_add(TG_TABLE_NAME, (SELECT count(*) FROM changed));
	ELSE
		EXECUTE format('SELECT count(*) FROM changed WHERE %I IS NULL', TG_ARGV[0]) INTO delta;
		PERFORM row_count_add(TG_TABLE_NAME, delta);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION row_count_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	delta bigint;
BEGIN
	IF TG_NARGS = 0 THEN
		PERFORM row_count_add(TG_TABLE_NAME, -(SELECT count(*) FROM changed));
	ELSE
		EXECUTE format('SELECT count(*) FROM changed WHERE %I IS NULL', TG_ARGV[0]) INTO delta;
		PERFORM row_count_add(TG_TABLE_NAME, -delta);
	END IF;
	RETURN NULL;
END $$;

-- Count the rows and sum their amounts. A payment's amount never changes, so no trigger watches updates.
CREATE OR REPLACE FUNCTION row_sum_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	PERFORM row_count_add(TG_TABLE_NAME, count(*), coalesce(sum(amount), 0)::bigint) FROM changed;
	RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION row_sum_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	PERFORM row_count_add(TG_TABLE_NAME, -count(*), -coalesce(sum(amount), 0)::bigint) FROM changed;
	RETURN NULL;
END $$;

-- A row was hidden, or shown again.
CREATE OR REPLACE FUNCTION row_count_flip() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	PERFORM row_count_add(TG_TABLE_NAME, CASE TG_ARGV[0] WHEN 'hide' THEN -1 ELSE 1 END);
	RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION row_count_truncate() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	UPDATE row_counts SET n = 0, amount = 0 WHERE table_name = TG_TABLE_NAME;
	RETURN NULL;
END $$;

-- Begin to count a table: its present rows, and from then on by trigger; `is_summed`: and to sum its column amount. Does
-- nothing the second time.
CREATE OR REPLACE FUNCTION row_count_keep(tab name, hidden_by text, is_summed boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	arg  text := coalesce(quote_literal(hidden_by), '');
	what text := CASE WHEN is_summed THEN 'row_sum' ELSE 'row_count' END;
	present bigint;
	money   bigint;
BEGIN
	PERFORM FROM pg_trigger WHERE tgrelid = tab::text::regclass AND tgname = 'row_count_insert';
	IF FOUND THEN
		RETURN;
	END IF;
	EXECUTE format('LOCK TABLE %I IN SHARE ROW EXCLUSIVE MODE', tab);
	EXECUTE format('SELECT count(*), %s FROM %I', CASE WHEN is_summed THEN 'coalesce(sum(amount), 0)' ELSE '0' END, tab)
	     || coalesce(' WHERE ' || quote_ident(hidden_by) || ' IS NULL', '') INTO present, money;
	DELETE FROM row_counts WHERE table_name = tab;
	INSERT INTO row_counts (table_name, stripe, n, amount)
	SELECT tab, s, CASE s WHEN 0 THEN present ELSE 0 END, CASE s WHEN 0 THEN money ELSE 0 END FROM generate_series(0, 15) s;
	EXECUTE format('CREATE TRIGGER row_count_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS changed
		FOR EACH STATEMENT EXECUTE FUNCTION %I(%s)', tab, what || '_insert', arg);
	EXECUTE format('CREATE TRIGGER row_count_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS changed
		FOR EACH STATEMENT EXECUTE FUNCTION %I(%s)', tab, what || '_delete', arg);
	EXECUTE format('CREATE TRIGGER row_count_truncate AFTER TRUNCATE ON %I
		FOR EACH STATEMENT EXECUTE FUNCTION row_count_truncate()', tab);
	IF hidden_by IS NOT NULL THEN
		EXECUTE format('CREATE TRIGGER row_count_hide AFTER UPDATE OF %1$I ON %2$I FOR EACH ROW
			WHEN (old.%1$I IS NULL AND new.%1$I IS NOT NULL) EXECUTE FUNCTION row_count_flip(''hide'')',
			hidden_by, tab);
		EXECUTE format('CREATE TRIGGER row_count_show AFTER UPDATE OF %1$I ON %2$I FOR EACH ROW
			WHEN (old.%1$I IS NOT NULL AND new.%1$I IS NULL) EXECUTE FUNCTION row_count_flip(''show'')',
			hidden_by, tab);
	END IF;
END $$;

-- The resources of lib/api say .counted for these; test/unit/api/test_resources.c compares both.
SELECT row_count_keep('users', NULL), row_count_keep('customers', 'archived_at'), row_count_keep('packages', NULL),
       row_count_keep('subscriptions', NULL), row_count_keep('invoices', NULL), row_count_keep('payments', NULL, is_summed => true),
       row_count_keep('router_settings', NULL), row_count_keep('mikrotik_secrets', 'removed_at'),
       row_count_keep('snmp_devices', NULL), row_count_keep('ping_targets', NULL),
       row_count_keep('notification_settings', NULL), row_count_keep('billing_logs', NULL),
       row_count_keep('midtrans_logs', NULL), row_count_keep('audit_logs', NULL), row_count_keep('alert_logs', NULL),
       row_count_keep('message_outbox', NULL), row_count_keep('message_templates', NULL),
       row_count_keep('maintenance_windows', NULL), row_count_keep('billing_runs', NULL);

-- The planner reads 16 stripes by their key only when it knows how many rows there are.
ANALYZE row_counts;
