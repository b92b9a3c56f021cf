-- The state of devices and targets: whether each is up, and the alerts that follow from it, alike for devices and targets.

-- A tree: nothing stands behind itself.
CREATE OR REPLACE FUNCTION monitor_parent_check() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (
		WITH RECURSIVE ancestors AS (
			SELECT new.parent_id AS id
			UNION
			SELECT t.parent_id FROM ancestors a JOIN monitor_things t ON t.id = a.id WHERE t.parent_id IS NOT NULL
		) SELECT FROM ancestors WHERE id = new.id)
	THEN
		PERFORM raise_invalid('parent_id', 'circle', 'The parent id must not be the row itself or one that stands behind it.');
	END IF;
	RETURN new;
END $$;

CREATE OR REPLACE TRIGGER monitor_parent_check AFTER INSERT OR UPDATE OF parent_id ON snmp_devices
	FOR EACH ROW WHEN (new.parent_id IS NOT NULL) EXECUTE FUNCTION monitor_parent_check();
CREATE OR REPLACE TRIGGER monitor_parent_check AFTER INSERT OR UPDATE OF parent_id ON ping_targets
	FOR EACH ROW WHEN (new.parent_id IS NOT NULL) EXECUTE FUNCTION monitor_parent_check();

-- The results of one round: each thing has one.
CREATE OR REPLACE FUNCTION monitor_measured_once(kind_name text, results jsonb) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO monitor_states AS s (id, kind, status, since, misses, hits, missed_since, checked_at, error, latency_ms,
	                                 jitter_ms, loss_percent, uptime_ms)
	SELECT r.id, kind_name, CASE WHEN r.ok THEN 'up' ELSE 'unknown' END, r.at, (NOT coalesce(r.ok, true))::int,
	       coalesce(r.ok, false)::int, CASE WHEN NOT r.ok THEN r.at END, r.at, r.error, r.latency_ms, r.jitter_ms,
	       r.loss_percent, r.uptime_ms
	  FROM jsonb_to_recordset(results) AS r (id uuid, at timestamptz, ok boolean, error text, latency_ms float8,
	                                         jitter_ms float8, loss_percent float8, uptime_ms bigint)
	  JOIN monitor_things t ON t.id = r.id
	ON CONFLICT (id) DO UPDATE SET
		(status, since) = (SELECT n.status, CASE WHEN n.status = s.status THEN s.since ELSE excluded.checked_at END
		                     FROM (SELECT CASE WHEN excluded.hits = 1 THEN 'up' WHEN excluded.misses = 0 THEN 'unknown'
		                                       WHEN s.misses >= 1 THEN 'down' ELSE s.status END) AS n (status)),
		misses       = CASE excluded.misses WHEN 1 THEN s.misses + 1 ELSE 0 END,
		hits         = CASE excluded.hits WHEN 1 THEN s.hits + 1 ELSE 0 END,
		missed_since = CASE excluded.misses WHEN 1 THEN coalesce(s.missed_since, excluded.checked_at) END,
		checked_at   = excluded.checked_at,
		error        = excluded.error,
		latency_ms   = excluded.latency_ms,
		jitter_ms    = excluded.jitter_ms,
		loss_percent = excluded.loss_percent,
		uptime_ms    = coalesce(excluded.uptime_ms, s.uptime_ms)
	WHERE excluded.checked_at > s.checked_at
$$;

/*
 * Take results in: {id, at, ok, error, latency_ms, jitter_ms, loss_percent, uptime_ms}. ok NULL: it could
 * not be measured (its name has no address). Down after two misses in a row. A result that is not newer than
 * what is known was taken in before. A program that was held up brings several of one thing: they count one after the other.
 */
CREATE OR REPLACE FUNCTION monitor_measured(kind_name text, results jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM monitor_measured_once(kind_name, jsonb_agg(r.result))
	   FROM (SELECT result, row_number() OVER (PARTITION BY result ->> 'id' ORDER BY (result ->> 'at')::timestamptz) AS nth
	           FROM jsonb_array_elements(results) result) r
	  GROUP BY r.nth ORDER BY r.nth;
END $$;

-- Was work on it announced for now, on itself, on its router or on everything?
CREATE OR REPLACE FUNCTION monitor_in_maintenance(thing uuid, router uuid) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM maintenance_windows w
	                WHERE now() BETWEEN w.starts_at AND w.ends_at
	                  AND (thing IN (w.device_id, w.target_id) OR w.router_id = router
	                       OR coalesce(w.device_id, w.target_id, w.router_id) IS NULL))
$$;

/*
 * May something before it be the cause? An ancestor that is down, missed its last check, is back for
 * one check only, or was not checked since this thing's first miss. One that is not measured (paused,
 * or its last check is old) blames nothing.
 */
CREATE OR REPLACE FUNCTION monitor_parent_fails(thing uuid, missed_since timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
	WITH RECURSIVE ancestors AS (
		SELECT t.parent_id AS id FROM monitor_things t WHERE t.id = thing AND t.parent_id IS NOT NULL
		UNION
		SELECT t.parent_id FROM ancestors a JOIN monitor_things t ON t.id = a.id WHERE t.parent_id IS NOT NULL
	)
	SELECT EXISTS (
		SELECT FROM ancestors a JOIN monitor_things t ON t.id = a.id JOIN monitor_states s ON s.id = a.id
		 WHERE t.is_active AND s.checked_at > now() - greatest(3 * t.every, interval '5 minutes')
		   AND (s.status = 'down' OR s.misses > 0 OR s.hits < 2 OR s.checked_at < monitor_parent_fails.missed_since))
$$;

-- The customers behind a router, as a part of an alert's text. Its caller may not read customers or prices otherwise.
CREATE OR REPLACE FUNCTION monitor_affected(router uuid) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT jsonb_build_object('text', 'affected', 'customers', count(DISTINCT s.customer_id),
	              'amount', rupiah(round(sum(package_monthly(p)))::bigint))
	  FROM mikrotik_secrets m JOIN subscriptions s ON s.id = m.subscription_id JOIN packages p ON p.id = s.package_id
	 WHERE m.router_id = router AND s.status = 'active'
	HAVING count(*) > 0
$$;

-- "3 h 20 min", as a part of an alert's text.
CREATE OR REPLACE FUNCTION monitor_duration(lasted interval) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN m < 60 THEN jsonb_build_object('text', 'lasted_minutes', 'minutes', m)
	            WHEN m < 1440 THEN jsonb_build_object('text', 'lasted_hours', 'hours', m / 60, 'minutes', m % 60)
	            ELSE jsonb_build_object('text', 'lasted_days', 'days', m / 1440, 'hours', m % 1440 / 60) END
	  FROM (SELECT greatest(1, round(extract(epoch FROM lasted) / 60))::int AS m) t
$$;

CREATE OR REPLACE FUNCTION monitor_alert_is_open(alert_key text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT EXISTS (SELECT FROM alert_logs WHERE key = alert_key AND resolved_at IS NULL)
$$;

-- Raise device_down for what is down through no fault of another; resolve it for what is up again.
CREATE OR REPLACE FUNCTION monitor_judge_down(kind_name text) RETURNS void
LANGUAGE sql AS $$
	SELECT alert_raise_text('device_down', 'critical', 'device_down',
	                   jsonb_build_object('name', t.name, 'host', t.host, 'since', s.missed_since,
	                          'because', CASE WHEN s.error <> '' THEN jsonb_build_object('text', 'because', 'error', s.error) END,
	                          'affected', monitor_affected(t.router_id)),
	                   jsonb_build_object('kind', t.kind, 'id', t.id, 'host', t.host, 'router_id', t.router_id),
	                   'device_down:' || t.id)
	  FROM monitor_states s JOIN monitor_things t ON t.id = s.id
	 WHERE s.kind = kind_name AND s.status = 'down' AND t.is_active
	   AND NOT monitor_alert_is_open('device_down:' || t.id)
	   AND NOT monitor_in_maintenance(t.id, t.router_id) AND NOT monitor_parent_fails(t.id, s.missed_since);
	SELECT alert_resolve_text(a.key, 'device_up', jsonb_build_object('name', t.name, 'host', t.host,
	                          'duration', monitor_duration(s.since - a.created_at)))
	  FROM alert_logs a JOIN monitor_states s ON a.key = 'device_down:' || s.id JOIN monitor_things t ON t.id = s.id
	 WHERE a.resolved_at IS NULL AND a.type = 'device_down' AND s.kind = kind_name AND s.status = 'up'
$$;

-- Devices, targets or interfaces of which an alert of this type is open.
CREATE OR REPLACE FUNCTION monitor_alerted(alert_type text) RETURNS SETOF uuid
LANGUAGE sql STABLE ROWS 10 AS $$
	SELECT substr(key, length(alert_type) + 2)::uuid FROM alert_logs
	 WHERE resolved_at IS NULL AND type = alert_type AND key LIKE alert_type || ':%'
$$;

-- Close the alerts of devices and targets that are no longer watched, without a message of recovery.
CREATE OR REPLACE FUNCTION monitor_forget(alert_type text, watched text[]) RETURNS void
LANGUAGE sql AS $$
	SELECT alert_resolve(a.key) FROM alert_logs a
	 WHERE a.resolved_at IS NULL AND a.type = alert_type AND a.key LIKE alert_type || ':%'
	   AND split_part(a.key, ':', 2) <> ALL (watched)
$$;

CREATE OR REPLACE FUNCTION monitor_judge(kind_name text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	watched text[] := ARRAY(SELECT id::text FROM monitor_things WHERE is_active);
BEGIN
	PERFORM monitor_judge_down(kind_name);
	IF kind_name = 'ping' THEN
		PERFORM ping_judge();
		PERFORM monitor_forget('high_latency', watched), monitor_forget('packet_loss', watched);
	ELSE
		PERFORM snmp_judge();
		PERFORM monitor_forget('bandwidth', ARRAY(
			SELECT i.id::text FROM monitor_alerted('bandwidth') a (id) JOIN snmp_interfaces i ON i.id = a.id
			  JOIN snmp_devices d ON d.id = i.device_id WHERE d.is_active AND i.monitor_bandwidth));
	END IF;
	PERFORM monitor_forget('device_down', watched);
END $$;

-- A window ends after it begins.
CREATE OR REPLACE FUNCTION maintenance_window_check() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF new.ends_at <= new.starts_at THEN
		PERFORM raise_invalid('ends_at', 'after', 'The ends at must be later than the starts at.');
	END IF;
	RETURN new;
END $$;

CREATE OR REPLACE TRIGGER maintenance_window_check BEFORE INSERT OR UPDATE ON maintenance_windows
	FOR EACH ROW EXECUTE FUNCTION maintenance_window_check();
