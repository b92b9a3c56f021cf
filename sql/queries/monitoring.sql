-- monitoring.sql: what the poller and the pinger share, and the dashboard.

-- One run of a program at a time: the lock is the session's.
-- name: history_lock(text)
SELECT pg_try_advisory_lock(hashtextextended('monitor ' || $1::text, 0)) AS locked;

-- name: history_make()
SELECT history_make();

-- name: history_drop()
SELECT history_drop() AS name;

-- name: monitor_judge(text)
SELECT monitor_judge($1::text);

-- name: monitoring_dashboard()
SELECT (SELECT jsonb_build_object('total', count(*), 'up', count(*) FILTER (WHERE status = 'up'),
               'down', count(*) FILTER (WHERE status = 'down'), 'unknown', count(*) FILTER (WHERE status = 'unknown'))
          FROM snmp_device_rows WHERE is_active) AS devices,
       (SELECT jsonb_build_object('total', count(*), 'up', count(*) FILTER (WHERE status = 'up'),
               'down', count(*) FILTER (WHERE status = 'down'), 'unknown', count(*) FILTER (WHERE status = 'unknown'))
          FROM ping_target_rows WHERE is_active) AS targets,
       (SELECT jsonb_build_object('total', count(*), 'monitored', count(*) FILTER (WHERE monitor_bandwidth))
          FROM snmp_interfaces) AS interfaces,
       (SELECT coalesce(jsonb_agg(w), '[]') FROM (
               SELECT i.id, i.device_id, d.name AS device_name, i.if_name, c.in_rate, c.out_rate,
                      coalesce(i.manual_speed, i.if_speed) AS speed,
                      round(100.0 * greatest(c.in_rate, c.out_rate) / coalesce(i.manual_speed, i.if_speed), 1) AS used_percent
                 FROM interface_rates c
                 JOIN snmp_interfaces i ON i.id = c.interface_id
                 JOIN snmp_devices d ON d.id = i.device_id
                WHERE c.in_rate IS NOT NULL AND c.read_at > now() - interval '16 minutes'
                  AND i.monitor_bandwidth AND d.is_active AND coalesce(i.manual_speed, i.if_speed) > 0
                ORDER BY used_percent DESC, i.id LIMIT 5) w) AS worst_interfaces,
       (SELECT coalesce(jsonb_agg(w), '[]') FROM (
               SELECT id, name, host, status, last_latency_ms, packet_loss_percent,
                      utc_text(last_checked_at) AS last_checked_at FROM ping_target_rows
                WHERE is_active AND status <> 'unknown'
                ORDER BY status, packet_loss_percent DESC NULLS LAST, last_latency_ms DESC NULLS LAST, id LIMIT 5) w) AS worst_targets,
       (SELECT coalesce(jsonb_agg(w), '[]') FROM (
               SELECT id, type, severity, title, message, code, texts, fields, utc_text(created_at) AS created_at FROM alert_logs
                WHERE key IS NOT NULL AND resolved_at IS NULL ORDER BY alert_logs.created_at DESC, id DESC LIMIT 10) w) AS open_alerts,
       (SELECT count(*) FROM alert_logs WHERE NOT is_read) AS unread_alerts;

-- name: alerts_newest(int)
SELECT * FROM alert_rows ORDER BY created_at DESC, id DESC LIMIT $1::int;

-- name: alert_read(uuid)
UPDATE alert_logs SET is_read = true, updated_at = now() WHERE id = $1::uuid AND NOT is_read;

-- name: alert_read_all()
WITH changed AS (UPDATE alert_logs SET is_read = true, updated_at = now() WHERE NOT is_read RETURNING id)
SELECT count(*) AS read FROM changed;
