-- SNMP: what is due, results, roll-ups, alerts, charts.

/*
 * Devices to poll. One polled within half a round is left out, so that a run which follows a killed
 * one goes on where that ended. Interfaces are listed again once a day.
 */
CREATE OR REPLACE FUNCTION snmp_due(everything boolean, only_device uuid)
RETURNS TABLE (id uuid, name text, host text, port int, version text, community text, security_name text, security_level text,
               auth_protocol text, auth_password text, priv_protocol text, priv_password text, max_vars int,
               is_discovery_due boolean)
LANGUAGE sql STABLE AS $$
	SELECT d.id, d.name, d.host, d.port, d.version, d.community, d.security_name, d.security_level, d.auth_protocol,
	       d.auth_password, d.priv_protocol, d.priv_password, d.max_vars,
	       only_device IS NOT NULL OR d.discovered_at IS NULL OR d.discovered_at < now() - interval '1 day'
	  FROM snmp_devices d LEFT JOIN monitor_states s ON s.id = d.id
	 WHERE CASE WHEN only_device IS NULL
	            THEN d.is_active AND (everything OR coalesce(s.checked_at < now() - interval '150 seconds', true))
	            ELSE d.id = only_device END
$$;

-- Results {id, at_ms, ok, error, latency_ms, uptime_ms, max_vars, sys_name, sys_descr, was_discovered}.
CREATE OR REPLACE FUNCTION snmp_store(results jsonb) RETURNS void
LANGUAGE sql AS $$
	UPDATE snmp_devices d
	   SET max_vars = r.max_vars, sys_name = coalesce(r.sys_name, d.sys_name), sys_descr = coalesce(r.sys_descr, d.sys_descr),
	       discovered_at = CASE WHEN r.was_discovered THEN now() ELSE d.discovered_at END
	  FROM jsonb_to_recordset(results) AS r (id uuid, max_vars int, sys_name text, sys_descr text, was_discovered boolean)
	 WHERE d.id = r.id
	   AND (r.was_discovered OR d.max_vars <> r.max_vars OR r.sys_name <> d.sys_name OR r.sys_descr <> d.sys_descr);
	SELECT monitor_measured('snmp', (SELECT jsonb_agg(jsonb_build_object('id', id, 'at', to_timestamp(at_ms / 1000.0), 'ok', ok,
		'error', error, 'latency_ms', latency_ms, 'uptime_ms', uptime_ms))
		FROM jsonb_to_recordset(results) AS r (id uuid, at_ms bigint, ok boolean, error text, latency_ms float8, uptime_ms bigint)))
$$;

-- Interfaces of the devices that were discovered: new ones, changed ones, and those that are gone.
CREATE OR REPLACE FUNCTION snmp_discovered(listed jsonb, devices jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO snmp_interfaces AS i (device_id, if_name, if_index, if_descr, if_alias, if_speed, if_oper_status, if_admin_status)
	SELECT r.device_id, r.if_name, r.if_index, r.if_descr, r.if_alias, r.if_speed, r.oper, r.admin
	  FROM jsonb_to_recordset(listed) AS r (device_id uuid, if_name text, if_index bigint, if_descr text, if_alias text,
	                                       if_speed bigint, oper text, admin text)
	  JOIN snmp_devices d ON d.id = r.device_id
	ON CONFLICT (device_id, if_name) DO UPDATE SET if_index = excluded.if_index, if_descr = excluded.if_descr,
		if_alias = excluded.if_alias, if_speed = excluded.if_speed, if_oper_status = excluded.if_oper_status,
		if_admin_status = excluded.if_admin_status, is_present = true, updated_at = now()
	WHERE (i.if_index, i.if_descr, i.if_alias, i.if_speed, i.if_oper_status, i.if_admin_status, i.is_present) IS DISTINCT FROM
	      (excluded.if_index, excluded.if_descr, excluded.if_alias, excluded.if_speed, excluded.if_oper_status,
	       excluded.if_admin_status, true);
	UPDATE snmp_interfaces i SET is_present = false, if_oper_status = 'unknown', updated_at = now()
	  FROM jsonb_to_recordset(devices) AS d (id uuid, was_discovered boolean)
	 WHERE d.was_discovered AND i.device_id = d.id AND i.is_present
	   AND NOT EXISTS (SELECT FROM jsonb_to_recordset(listed) AS r (device_id uuid, if_name text)
	                    WHERE r.device_id = i.device_id AND r.if_name = i.if_name);
END $$;

/*
 * Store the readings of devices. The arrays of interfaces hold those of all devices, one device after the other: the elements
 * from firsts to lasts are of that device. Storing a reading again adds no row.
 */
CREATE OR REPLACE FUNCTION snmp_store_readings(devices uuid[], read_at_ms bigint[], clocks bigint[], uptimes bigint[], firsts int[],
	lasts int[], numbers int[], ages int[], octets_in bigint[], octets_out bigint[], widths int[], discontinuities bigint[],
	doubtful int[], spans int[], rates_in bigint[], rates_out bigint[], our_boot text) RETURNS void
LANGUAGE sql AS $$
	WITH given AS MATERIALIZED (
		SELECT d.id, to_timestamp(g.at_ms / 1000.0) AS at, g.clock, g.uptime, g.a, g.z, numbers[g.a:g.z] AS interfaces,
		       spans[g.a:g.z] AS seconds, rates_in[g.a:g.z] AS in_rate, rates_out[g.a:g.z] AS out_rate
		  FROM unnest(devices, read_at_ms, clocks, uptimes, firsts, lasts) AS g (id, at_ms, clock, uptime, a, z)
		  JOIN snmp_devices d ON d.id = g.id
	), kept AS (
		INSERT INTO snmp_readings (device_id, read_at, boot, clock_ms, uptime_ms, interfaces, age_ms, in_octets, out_octets, bits,
		                           discontinuity, dropped, seconds, in_rate, out_rate)
		SELECT id, at, our_boot, clock, uptime, interfaces, ages[a:z], octets_in[a:z], octets_out[a:z], widths[a:z],
		       discontinuities[a:z], doubtful[a:z], seconds, in_rate, out_rate FROM given
		ON CONFLICT (device_id) DO UPDATE SET read_at = excluded.read_at, boot = excluded.boot, clock_ms = excluded.clock_ms,
			uptime_ms = excluded.uptime_ms, interfaces = excluded.interfaces, age_ms = excluded.age_ms,
			in_octets = excluded.in_octets, out_octets = excluded.out_octets, bits = excluded.bits,
			discontinuity = excluded.discontinuity, dropped = excluded.dropped, seconds = excluded.seconds,
			in_rate = excluded.in_rate, out_rate = excluded.out_rate
	)
	INSERT INTO bandwidth_history (device_id, recorded_at, interfaces, seconds, in_rate, out_rate)
	SELECT id, at, interfaces, seconds, in_rate, out_rate FROM given
	ON CONFLICT DO NOTHING
$$;

-- Store the operational statuses of interfaces that changed since the poll before.
CREATE OR REPLACE FUNCTION snmp_store_statuses(numbers int[], statuses text[]) RETURNS void
LANGUAGE sql AS $$
	UPDATE snmp_interfaces i SET if_oper_status = r.status, updated_at = now()
	  FROM unnest(numbers, statuses) AS r (number, status)
	 WHERE i.number = r.number AND r.status <> i.if_oper_status
$$;

/*
 * Sum the polls of each 5 minutes, one row a device. No row comes late: one poller runs at a time, and stores only polls of a
 * later moment. Most buckets hold one poll, which is their sum as it stands; only those of several are grouped by interface.
 */
CREATE OR REPLACE FUNCTION snmp_roll_5m(until timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	due record;
BEGIN
	SELECT * INTO due FROM history_due('bandwidth_5m', 'bandwidth_history', interval '5 minutes', until);
	IF due.first_at < due.until_at THEN
		WITH polls AS MATERIALIZED (
			SELECT h.*, b.at, count(*) OVER (PARTITION BY h.device_id, b.at) AS polls
			  FROM bandwidth_history h CROSS JOIN LATERAL date_bin('5 minutes', h.recorded_at, 'epoch') AS b (at)
			 WHERE h.recorded_at >= due.first_at AND h.recorded_at < due.until_at
		), elements AS (
			SELECT device_id, at, unnest(interfaces) AS number, unnest(seconds) AS span, unnest(in_rate) AS rate_in,
			       unnest(out_rate) AS rate_out FROM polls WHERE polls > 1
		), summed AS (
			SELECT device_id, at, number, sum(span)::int AS seconds, sum(rate_in * span)::bigint AS in_bits,
			       sum(rate_out * span)::bigint AS out_bits, max(rate_in) AS in_max, max(rate_out) AS out_max
			  FROM elements GROUP BY 1, 2, 3
		)
		INSERT INTO bandwidth_5m (device_id, recorded_at, interfaces, seconds, in_bits, out_bits, in_max, out_max)
		SELECT device_id, at, interfaces, seconds, ARRAY(SELECT unnest(in_rate) * unnest(seconds)),
		       ARRAY(SELECT unnest(out_rate) * unnest(seconds)), in_rate, out_rate
		  FROM polls WHERE polls = 1
		UNION ALL
		SELECT device_id, at, array_agg(number), array_agg(seconds), array_agg(in_bits), array_agg(out_bits), array_agg(in_max),
		       array_agg(out_max)
		  FROM summed GROUP BY 1, 2
		ON CONFLICT (device_id, recorded_at) DO UPDATE SET interfaces = excluded.interfaces, seconds = excluded.seconds,
			in_bits = excluded.in_bits, out_bits = excluded.out_bits, in_max = excluded.in_max, out_max = excluded.out_max;
		PERFORM history_rolled('bandwidth_5m', due.until_at);
	END IF;
END $$;

-- Sum all buckets that are complete at `until`.
CREATE OR REPLACE FUNCTION snmp_roll(until timestamptz) RETURNS void
LANGUAGE sql AS $$
	SELECT snmp_roll_5m(until);
	SELECT history_roll('bandwidth_1h', 'bandwidth_5m_samples', interval '1 hour', 'interface_id', 'true',
		'{"seconds": "sum(seconds)", "in_bits": "sum(in_bits)", "out_bits": "sum(out_bits)",
		  "in_max": "max(in_max)", "out_max": "max(out_max)"}', until);
$$;

-- Raise an alert for an interface whose rate reaches bandwidth_raise_percent of its speed; resolve it below bandwidth_clear_percent.
CREATE OR REPLACE FUNCTION snmp_judge() RETURNS void
LANGUAGE sql AS $$
	WITH changed AS ( -- of tens of thousands the few whose alert begins or ends
		SELECT i.id, i.if_name, d.name, d.id AS device_id, d.router_id, u.speed, c.busiest, a.id IS NOT NULL AS is_open,
		       'bandwidth:' || i.id AS alert_key
		  FROM settings s, (SELECT unnest(interfaces) AS number, unnest(seconds) AS seconds,
		                           greatest(unnest(in_rate), unnest(out_rate)) AS busiest
		                      FROM snmp_readings WHERE read_at > now() - interval '10 minutes') c
		  JOIN snmp_interfaces i ON i.number = c.number
		  JOIN snmp_devices d ON d.id = i.device_id
		 CROSS JOIN LATERAL (SELECT coalesce(i.manual_speed, i.if_speed) AS speed) u
		  LEFT JOIN monitor_alerted('bandwidth') a (id) ON a.id = i.id
		 WHERE d.is_active AND i.monitor_bandwidth AND u.speed > 0
		   AND c.seconds > 0
		   AND CASE WHEN a.id IS NULL THEN c.busiest >= u.speed::float8 * s.bandwidth_raise_percent / 100
		            ELSE c.busiest < u.speed::float8 * s.bandwidth_clear_percent / 100 END
	), worded AS (
		SELECT *, jsonb_build_object('name', name, 'interface', if_name, 'used', busiest / 1000000, 'speed', speed / 1000000) AS text_values
		  FROM changed
	), raised AS (
		SELECT alert_raise_text('bandwidth', 'warning', 'bandwidth_full', text_values,
		                   jsonb_build_object('kind', 'snmp', 'id', device_id, 'interface_id', id), alert_key)
		  FROM worded WHERE NOT is_open AND NOT monitor_in_maintenance(device_id, router_id)
		UNION ALL
		SELECT alert_resolve_text(alert_key, 'bandwidth_free', text_values) FROM worded WHERE is_open
	)
	SELECT count(*) FROM raised
$$;

-- A chart of an interface: every bucket of the period, with nulls where nothing is known.
CREATE OR REPLACE FUNCTION bandwidth_chart(interface uuid, period text)
RETURNS TABLE (recorded_at timestamptz, in_rate bigint, out_rate bigint, in_max bigint, out_max bigint)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
	p record;
	device uuid := (SELECT i.device_id FROM snmp_interfaces i WHERE i.id = interface); -- rows of others are not read
BEGIN
	SELECT * INTO p FROM history_buckets(period, interval '5 minutes'); -- polls are no denser
	RETURN QUERY
	WITH rows AS (
		SELECT h.recorded_at, h.seconds, h.in_rate::numeric * h.seconds AS in_bits, h.out_rate::numeric * h.seconds AS out_bits,
		       h.in_rate AS in_max, h.out_rate AS out_max
		  FROM bandwidth_samples h
		 WHERE p.source = 'raw' AND h.device_id = device AND h.interface_id = interface AND h.recorded_at >= p.first_at
		UNION ALL
		SELECT h.recorded_at, h.seconds, h.in_bits::numeric, h.out_bits::numeric, h.in_max, h.out_max
		  FROM bandwidth_5m_samples h
		 WHERE p.source = '5m' AND h.device_id = device AND h.interface_id = interface AND h.recorded_at >= p.first_at
		UNION ALL
		SELECT h.recorded_at, h.seconds, h.in_bits, h.out_bits, h.in_max, h.out_max FROM bandwidth_1h h
		 WHERE p.source = '1h' AND h.interface_id = interface AND h.recorded_at >= p.first_at
	), buckets AS (
		SELECT date_bin(p.step, r.recorded_at, 'epoch') AS at, sum(r.seconds) AS seconds, sum(r.in_bits) AS in_bits,
		       sum(r.out_bits) AS out_bits, max(r.in_max) AS in_max, max(r.out_max) AS out_max
		  FROM rows r GROUP BY 1
	)
	SELECT g.at, (b.in_bits / nullif(b.seconds, 0))::bigint, (b.out_bits / nullif(b.seconds, 0))::bigint, b.in_max, b.out_max
	  FROM generate_series(p.first_at, now(), p.step) AS g (at)
	  LEFT JOIN buckets b ON b.at = g.at
	 ORDER BY g.at;
END $$;
