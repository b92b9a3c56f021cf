-- History: partitions made ahead and dropped when old, roll-ups of what has passed, and charts of it.

-- The partitioned tables: how long a partition is, for how many days it is kept.
CREATE OR REPLACE FUNCTION history_tables() RETURNS TABLE (parent text, step interval, keep_days int)
LANGUAGE sql STABLE AS $$
	SELECT t.* FROM settings s, LATERAL (VALUES
		('bandwidth_history', interval '1 day',   s.history_raw_days),
		('ping_history',      interval '1 day',   s.history_raw_days),
		('bandwidth_5m',      interval '1 day',   s.history_5m_days),
		('ping_5m',           interval '1 day',   s.history_5m_days),
		('bandwidth_1h',      interval '1 month', s.history_1h_days),
		('ping_1h',           interval '1 month', s.history_1h_days)) AS t
$$;

-- The partition that a moment falls into; its bounds are written with their offset, whatever the session's zone.
CREATE OR REPLACE FUNCTION history_partition(parent text, lower_bound timestamptz, upper_bound timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	name text := parent || to_char(lower_bound AT TIME ZONE 'UTC', '"_p"YYYYMMDD');
BEGIN
	IF to_regclass(name) IS NOT NULL OR NOT EXISTS (SELECT FROM history_tables() t WHERE t.parent = history_partition.parent) THEN
		RETURN;
	END IF;
	-- CREATE .. PARTITION OF would lock out all who read the parent; LIKE and ATTACH do not.
	EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', name, parent);
	EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, name,
		to_char(lower_bound AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'),
		to_char(upper_bound AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS+00'));
END $$;

-- Make the partitions from one time to another, by default from now to a week ahead.
CREATE OR REPLACE FUNCTION history_make(first_time timestamptz DEFAULT now(), last_time timestamptz DEFAULT now() + interval '7 days')
RETURNS void LANGUAGE sql AS $$
	SELECT history_partition(t.parent, at AT TIME ZONE 'UTC', (at + t.step) AT TIME ZONE 'UTC')
	  FROM history_tables() t,
	       generate_series(date_trunc(CASE t.step WHEN interval '1 day' THEN 'day' ELSE 'month' END, first_time AT TIME ZONE 'UTC'),
	                       last_time AT TIME ZONE 'UTC', t.step) AS at
$$;

-- Partitions, with the moment at which each ends.
CREATE OR REPLACE FUNCTION history_partitions() RETURNS TABLE (parent text, name text, ends timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT t.parent, c.relname::text,
	       substring(pg_get_expr(c.relpartbound, c.oid) FROM $re$TO \('([^']+)'\)$re$)::timestamptz
	  FROM history_tables() t
	  JOIN pg_inherits i ON i.inhparent = t.parent::regclass
	  JOIN pg_class c ON c.oid = i.inhrelid
$$;

/*
 * Drop the oldest partition that is past its time; NULL: there is none. One a
 * call, and so one a transaction: the lock that it takes on the parent makes
 * everybody wait who comes later.
 */
CREATE OR REPLACE FUNCTION history_drop() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
	old text := (SELECT p.name FROM history_partitions() p JOIN history_tables() t USING (parent)
	              WHERE p.ends < now() - make_interval(days => t.keep_days) ORDER BY p.ends LIMIT 1);
BEGIN
	IF old IS NOT NULL THEN
		EXECUTE format('DROP TABLE %I', old);
	END IF;
	RETURN old;
END $$;

/*
 * The whole buckets that a roll-up lacks up to a moment: from the end of what is rolled, else from the oldest row of its
 * source. The second of two at a time (a killed run's may still be at work) waits, and goes on where the first ended.
 */
CREATE OR REPLACE FUNCTION history_due(rollup_name text, source text, width interval, until timestamptz,
	OUT first_at timestamptz, OUT until_at timestamptz, OUT is_known boolean)
LANGUAGE plpgsql AS $$
BEGIN
	first_at := (SELECT rolled_until FROM history_rolls WHERE rollup = rollup_name FOR UPDATE);
	until_at := date_bin(width, until, 'epoch');
	is_known := first_at IS NOT NULL;
	IF NOT is_known THEN
		EXECUTE format('SELECT date_bin($1, min(recorded_at), ''epoch'') FROM %I', source) INTO first_at USING width;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION history_rolled(rollup_name text, until_at timestamptz) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO history_rolls VALUES (rollup_name, until_at)
	ON CONFLICT (rollup) DO UPDATE SET rolled_until = excluded.rolled_until
$$;

/*
 * Sum the buckets of a roll-up that are due. sums has an expression over the source's rows for each column of the
 * roll-up; rows that do not satisfy only_rows do not count.
 */
CREATE OR REPLACE FUNCTION history_roll(rollup_name text, source text, width interval, id_column text, only_rows text,
	sums jsonb, until timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	due record;
	replaced text;
BEGIN
	SELECT * INTO due FROM history_due(rollup_name, source, width, until);
	-- Only while it is not known up to when buckets exist: looking for each costs a third of the whole.
	replaced := CASE WHEN due.is_known THEN '' ELSE ' ON CONFLICT (%2$I, recorded_at) DO UPDATE SET (%3$s) = ROW (%7$s)' END;
	-- Expressions of snmp_roll() and ping_roll(), with their callers' rights. @plpgsql_check_options: security_warnings = off
	IF due.first_at < due.until_at THEN
		EXECUTE (SELECT format('INSERT INTO %1$I (%2$I, recorded_at, %3$s)
			SELECT %2$I, date_bin($1, recorded_at, ''epoch''), %4$s FROM %5$I
			 WHERE recorded_at >= $2 AND recorded_at < $3 AND %6$s GROUP BY 1, 2' || replaced,
			rollup_name, id_column, string_agg(s.key, ', '), string_agg(s.value, ', '), source, only_rows,
			string_agg('excluded.' || s.key, ', ')) FROM jsonb_each_text(sums) s)
		USING width, due.first_at, due.until_at;
		PERFORM history_rolled(rollup_name, due.until_at);
	END IF;
END $$;

-- The width of a chart's points: at most 500 of them in a period.
CREATE OR REPLACE FUNCTION history_period(period text) RETURNS TABLE (span interval, width interval, source text)
LANGUAGE sql IMMUTABLE AS $$
	SELECT p.span, p.width, p.source FROM (VALUES
		('1h',  interval '1 hour',   interval '1 minute',   'raw'),
		('6h',  interval '6 hours',  interval '1 minute',   'raw'),
		('24h', interval '24 hours', interval '5 minutes',  'raw'),
		('7d',  interval '7 days',   interval '30 minutes', '5m'),
		('30d', interval '30 days',  interval '2 hours',    '5m'),
		('1y',  interval '365 days', interval '1 day',      '1h')) AS p (name, span, width, source)
	 WHERE p.name = period
$$;

-- The buckets of a chart: their table, their width, no finer than the measurements, and the first of them.
CREATE OR REPLACE FUNCTION history_buckets(period text, finest interval,
	OUT source text, OUT step interval, OUT first_at timestamptz)
LANGUAGE sql STABLE AS $$
	SELECT p.source, s.step, date_bin(s.step, now() - p.span, 'epoch') + s.step
	  FROM history_period(period) p CROSS JOIN LATERAL (SELECT greatest(p.width, finest)) AS s (step)
$$;
