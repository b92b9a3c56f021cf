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
 * Readings of interfaces, a column an array. Those that are dropped are impossible: they have no
 * rate, and the baseline stays, doubtful. A reading has one row, however often it is stored. The
 * planner takes arrays for short and would look each row up by itself.
 */
CREATE OR REPLACE FUNCTION snmp_store_samples(ids uuid[], ins numeric[], outs numeric[], widths int[], uptimes bigint[],
	discontinuities bigint[], clocks bigint[], dropped uuid[], in_rates bigint[], out_rates bigint[], spans int[],
	statuses text[], moments bigint[], our_boot text) RETURNS void
LANGUAGE plpgsql SET enable_nestloop = off AS $$
DECLARE
	kept int;
BEGIN
	BEGIN
		INSERT INTO bandwidth_history (interface_id, recorded_at, in_octets, out_octets, in_rate, out_rate, seconds)
		SELECT id, to_timestamp(at_ms / 1000.0), octets_in, octets_out, rate_in, rate_out, span
		  FROM unnest(ids, moments, ins, outs, in_rates, out_rates, spans)
		       AS r (id, at_ms, octets_in, octets_out, rate_in, rate_out, span);
	EXCEPTION WHEN unique_violation THEN -- looking for each beforehand costs a third of the whole
		INSERT INTO bandwidth_history (interface_id, recorded_at, in_octets, out_octets, in_rate, out_rate, seconds)
		SELECT id, to_timestamp(at_ms / 1000.0), octets_in, octets_out, rate_in, rate_out, span
		  FROM unnest(ids, moments, ins, outs, in_rates, out_rates, spans)
		       AS r (id, at_ms, octets_in, octets_out, rate_in, rate_out, span)
		ON CONFLICT DO NOTHING;
	END;
	UPDATE snmp_counters c
	   SET in_octets = r.octets_in, out_octets = r.octets_out, bits = r.width, uptime_ms = r.up, discontinuity = r.gap,
	       boot = our_boot, clock_ms = r.clock, is_doubtful = false, in_rate = r.rate_in, out_rate = r.rate_out,
	       read_at = to_timestamp(r.at_ms / 1000.0)
	  FROM unnest(ids, ins, outs, widths, uptimes, discontinuities, clocks, in_rates, out_rates, moments)
	       AS r (id, octets_in, octets_out, width, up, gap, clock, rate_in, rate_out, at_ms)
	 WHERE c.interface_id = r.id AND r.id <> ALL (dropped);
	GET DIAGNOSTICS kept = ROW_COUNT;
	IF kept < cardinality(ids) - cardinality(dropped) THEN -- the first readings of some
		INSERT INTO snmp_counters (interface_id, in_octets, out_octets, bits, uptime_ms, discontinuity, boot, clock_ms,
		                           in_rate, out_rate, read_at)
		SELECT r.id, octets_in, octets_out, width, up, gap, our_boot, clock, rate_in, rate_out, to_timestamp(at_ms / 1000.0)
		  FROM unnest(ids, ins, outs, widths, uptimes, discontinuities, clocks, in_rates, out_rates, moments)
		       AS r (id, octets_in, octets_out, width, up, gap, clock, rate_in, rate_out, at_ms)
		  JOIN snmp_interfaces i ON i.id = r.id
		 WHERE r.id <> ALL (dropped)
		ON CONFLICT DO NOTHING;
	END IF;
	UPDATE snmp_counters SET is_doubtful = true, in_rate = NULL, out_rate = NULL WHERE interface_id = ANY (dropped);
	UPDATE snmp_interfaces i SET if_oper_status = r.status, updated_at = now()
	  FROM unnest(ids, statuses) AS r (id, status)
	 WHERE i.id = r.id AND r.status <> i.if_oper_status;
END $$;

-- Whole buckets up to now. Rows never come late: one poller runs at a time, and what it will store is of later.
CREATE OR REPLACE FUNCTION snmp_roll(until timestamptz) RETURNS void
LANGUAGE sql AS $$
	SELECT history_roll('bandwidth_5m', 'bandwidth_history', interval '5 minutes', 'interface_id', 'in_rate IS NOT NULL',
		'{"seconds": "sum(seconds)", "in_bits": "sum(in_rate * seconds)",
		  "out_bits": "sum(out_rate * seconds)", "in_max": "max(in_rate)", "out_max": "max(out_rate)"}', until);
	SELECT history_roll('bandwidth_1h', 'bandwidth_5m', interval '1 hour', 'interface_id', 'true',
		'{"seconds": "sum(seconds)", "in_bits": "sum(in_bits)", "out_bits": "sum(out_bits)",
		  "in_max": "max(in_max)", "out_max": "max(out_max)"}', until);
$$;

-- Interfaces that carry nearly all they can: raised at one share of the speed, cleared at a lower one.
CREATE OR REPLACE FUNCTION snmp_judge() RETURNS void
LANGUAGE sql AS $$
	WITH changed AS ( -- of tens of thousands the few whose alert begins or ends
		SELECT i.id, i.if_name, d.name, d.id AS device_id, d.router_id, u.speed, u.busiest, a.id IS NOT NULL AS is_open,
		       'bandwidth:' || i.id AS alert_key
		  FROM settings s, snmp_counters c
		  JOIN snmp_interfaces i ON i.id = c.interface_id
		  JOIN snmp_devices d ON d.id = i.device_id
		 CROSS JOIN LATERAL (SELECT coalesce(i.manual_speed, i.if_speed) AS speed, greatest(c.in_rate, c.out_rate) AS busiest) u
		  LEFT JOIN monitor_alerted('bandwidth') a (id) ON a.id = i.id
		 WHERE d.is_active AND i.monitor_bandwidth AND u.speed > 0
		   AND c.in_rate IS NOT NULL AND c.read_at > now() - interval '10 minutes'
		   AND CASE WHEN a.id IS NULL THEN u.busiest >= u.speed::float8 * s.bandwidth_raise_percent / 100
		            ELSE u.busiest < u.speed::float8 * s.bandwidth_clear_percent / 100 END
	), worded AS (
		SELECT *, jsonb_build_object('name', name, 'interface', if_name, 'used', busiest / 1000000, 'speed', speed / 1000000) AS said
		  FROM changed
	), raised AS (
		SELECT alert_raise_text('bandwidth', 'warning', 'bandwidth_full', said,
		                   jsonb_build_object('kind', 'snmp', 'id', device_id, 'interface_id', id), alert_key)
		  FROM worded WHERE NOT is_open AND NOT monitor_in_maintenance(device_id, router_id)
		UNION ALL
		SELECT alert_resolve_text(alert_key, 'bandwidth_free', said) FROM worded WHERE is_open
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
BEGIN
	SELECT * INTO p FROM history_buckets(period, interval '5 minutes'); -- polls are no denser
	RETURN QUERY
	WITH rows AS (
		SELECT * FROM (
			SELECT 'raw' AS source, interface_id, recorded_at, seconds, in_rate::numeric * seconds AS in_bits,
			       out_rate::numeric * seconds AS out_bits, in_rate AS in_max, out_rate AS out_max
			  FROM bandwidth_history WHERE in_rate IS NOT NULL
			UNION ALL SELECT '5m', h.* FROM bandwidth_5m h
			UNION ALL SELECT '1h', h.* FROM bandwidth_1h h) h
		 WHERE h.source = p.source AND h.interface_id = interface AND h.recorded_at >= p.first_at
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
