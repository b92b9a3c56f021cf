DROP VIEW IF EXISTS interface_rates, bandwidth_samples, bandwidth_5m_samples, snmp_device_rows, snmp_interface_rows, ping_target_rows, monitor_things, maintenance_window_rows, alert_rows CASCADE;

-- All that is monitored: SNMP devices and ping targets.
CREATE VIEW monitor_things AS
SELECT id, 'snmp' AS kind, name, host, parent_id, router_id, is_active, interval '5 minutes' AS every FROM snmp_devices
UNION ALL
SELECT id, 'ping', name, host, parent_id, router_id, is_active, make_interval(secs => interval_seconds) FROM ping_targets;

-- A status older than three rounds is no longer known.
CREATE VIEW snmp_device_rows AS
SELECT d.id, d.name, d.host, d.port, d.version, d.community <> '' AS has_community, d.security_name, d.security_level,
       d.auth_protocol, coalesce(d.auth_password, '') <> '' AS has_auth_password,
       d.priv_protocol, coalesce(d.priv_password, '') <> '' AS has_priv_password,
       d.device_type, d.location, d.parent_id, d.router_id, d.is_active, d.sys_name, d.sys_descr,
       CASE WHEN d.is_active AND s.checked_at > now() - interval '16 minutes' THEN s.status ELSE 'unknown' END AS status,
       s.checked_at AS last_polled_at, s.since AS status_since, s.error AS last_error, s.latency_ms, s.uptime_ms / 1000 AS uptime_seconds,
       d.discovered_at, d.created_at, d.updated_at
  FROM snmp_devices d
  LEFT JOIN monitor_states s ON s.id = d.id;

/*
 * The rows of devices as one row an interface, without those that have no rate. The position of the interface is looked up in
 * the arrays of each row: OFFSET 0 keeps the planner from looking it up again for each column.
 */
CREATE VIEW bandwidth_samples AS
SELECT i.id AS interface_id, h.recorded_at, h.seconds[p.n] AS seconds, h.in_rate[p.n] AS in_rate, h.out_rate[p.n] AS out_rate,
       h.device_id
  FROM snmp_interfaces i
  JOIN bandwidth_history h ON h.device_id = i.device_id
 CROSS JOIN LATERAL (SELECT array_position(h.interfaces, i.number) OFFSET 0) AS p (n)
 WHERE h.seconds[p.n] > 0;

CREATE VIEW bandwidth_5m_samples AS
SELECT i.id AS interface_id, h.recorded_at, h.seconds[p.n] AS seconds, h.in_bits[p.n] AS in_bits, h.out_bits[p.n] AS out_bits,
       h.in_max[p.n] AS in_max, h.out_max[p.n] AS out_max, h.device_id
  FROM snmp_interfaces i
  JOIN bandwidth_5m h ON h.device_id = i.device_id
 CROSS JOIN LATERAL (SELECT array_position(h.interfaces, i.number) OFFSET 0) AS p (n)
 WHERE h.seconds[p.n] > 0;

-- The rates at the last poll, and when the interface was last read.
CREATE VIEW interface_rates AS
SELECT i.id AS interface_id, CASE WHEN r.seconds[p.n] > 0 THEN r.in_rate[p.n] END AS in_rate,
       CASE WHEN r.seconds[p.n] > 0 THEN r.out_rate[p.n] END AS out_rate, r.read_at - r.age_ms[p.n] * interval '1 millisecond' AS read_at
  FROM snmp_interfaces i
  JOIN snmp_readings r ON r.device_id = i.device_id
 CROSS JOIN LATERAL (SELECT array_position(r.interfaces, i.number) OFFSET 0) AS p (n)
 WHERE p.n IS NOT NULL;

-- Subqueries, not a join: a list computes them for the rows of its page, not for each interface that it sorts.
CREATE VIEW snmp_interface_rows AS
SELECT i.id, i.device_id, i.if_name, i.if_index, i.if_descr, i.if_alias, i.if_speed, i.manual_speed, i.if_oper_status,
       i.if_admin_status, i.monitor_bandwidth, i.is_present, i.created_at, i.updated_at,
       (SELECT in_rate  FROM interface_rates WHERE interface_id = i.id AND read_at > now() - interval '16 minutes') AS in_rate,
       (SELECT out_rate FROM interface_rates WHERE interface_id = i.id AND read_at > now() - interval '16 minutes') AS out_rate,
       (SELECT read_at  FROM interface_rates WHERE interface_id = i.id) AS read_at, d.name AS "device.name"
  FROM snmp_interfaces i
  JOIN snmp_devices d ON d.id = i.device_id;

CREATE VIEW ping_target_rows AS
SELECT t.id, t.name, t.host, t."group", t.interval_seconds, t.timeout_ms, t.packet_count, t.parent_id, t.router_id,
       t.is_active, t.address,
       CASE WHEN t.is_active AND s.checked_at > now() - greatest(make_interval(secs => 3 * t.interval_seconds), interval '5 minutes')
            THEN s.status ELSE 'unknown' END AS status,
       s.latency_ms AS last_latency_ms, s.jitter_ms, s.loss_percent AS packet_loss_percent, s.checked_at AS last_checked_at,
       s.since AS status_since, s.error AS last_error, t.created_at, t.updated_at
  FROM ping_targets t
  LEFT JOIN monitor_states s ON s.id = t.id;

CREATE VIEW maintenance_window_rows AS
SELECT w.id, w.title, w.note, w.starts_at, w.ends_at, now() BETWEEN w.starts_at AND w.ends_at AS is_now,
       w.device_id, w.target_id, w.router_id, w.created_at, w.updated_at
  FROM maintenance_windows w;

CREATE VIEW alert_rows AS
SELECT a.id, a.type, a.severity, a.title, a.message, a.code, a.texts, a.fields, a.meta, a.key IS NOT NULL AND a.resolved_at IS NULL AS is_open, a.resolved_at,
       a.is_read, a.notification_sent, a.created_at, a.updated_at
  FROM alert_logs a;
