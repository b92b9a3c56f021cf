-- Verify monitoring: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, name, host, port, version, community, security_name, security_level, auth_protocol,
	auth_password, priv_protocol, priv_password, device_type, location, parent_id, router_id,
	is_active, sys_name, sys_descr, max_vars, discovered_at, created_at, updated_at FROM snmp_devices
	WHERE false;
SELECT id, device_id, if_name, if_index, if_descr, if_alias, if_speed, manual_speed,
	if_oper_status, if_admin_status, monitor_bandwidth, is_present, created_at, updated_at FROM
	snmp_interfaces WHERE false;
SELECT recorded_at, in_rate, out_rate, seconds FROM bandwidth_history WHERE false;
SELECT recorded_at, seconds, in_bits, out_bits, in_max, out_max FROM bandwidth_5m WHERE false;
SELECT interface_id, recorded_at, seconds, in_bits, out_bits, in_max, out_max FROM bandwidth_1h
	WHERE false;
SELECT id, name, host, "group", interval_seconds, timeout_ms, packet_count, parent_id, router_id,
	is_active, address, resolved_at, created_at, updated_at FROM ping_targets WHERE false;
SELECT target_id, recorded_at, sent, received, latency_ms, min_ms, max_ms, jitter_ms,
	packet_loss_percent, status FROM ping_history WHERE false;
SELECT target_id, recorded_at, sent, received, sum_ms, min_ms, max_ms FROM ping_5m WHERE false;
SELECT target_id, recorded_at, sent, received, sum_ms, min_ms, max_ms FROM ping_1h WHERE false;
SELECT rollup, rolled_until FROM history_rolls WHERE false;
SELECT id, kind, device_id, target_id, status, since, misses, hits, missed_since, checked_at,
	error, latency_ms, jitter_ms, loss_percent, uptime_ms FROM
	monitor_states WHERE false;
SELECT id, title, note, starts_at, ends_at, device_id, target_id, router_id, created_at,
	updated_at FROM maintenance_windows WHERE false;
SELECT history_raw_days, history_5m_days, history_1h_days, latency_raise_ms, latency_clear_ms,
	loss_raise_percent, loss_clear_percent, bandwidth_raise_percent, bandwidth_clear_percent FROM
	settings WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'snmp_devices_parent', 'snmp_interfaces_monitored', 'ping_targets_group',
		'ping_targets_parent', 'monitor_states_device', 'monitor_states_target',
		'maintenance_windows_ends']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'snmp_devices_device_type_check', 'snmp_devices_port_check',
		'snmp_devices_security_level_check', 'snmp_devices_version_check',
		'snmp_devices_max_vars_check', 'snmp_devices_parent_id_fkey',
		'snmp_devices_router_id_fkey', 'snmp_interfaces_if_admin_status_check',
		'snmp_interfaces_if_oper_status_check', 'snmp_interfaces_device_id_fkey',
		'snmp_interfaces_device_id_if_name_key',
		'ping_targets_parent_id_fkey', 'ping_targets_interval_seconds_check',
		'ping_targets_timeout_ms_check', 'ping_targets_packet_count_check',
		'ping_history_status_check', 'monitor_states_kind_check', 'monitor_states_status_check',
		'monitor_states_device_id_fkey', 'monitor_states_target_id_fkey',
		'maintenance_windows_check', 'maintenance_windows_device_id_fkey',
		'maintenance_windows_target_id_fkey', 'maintenance_windows_router_id_fkey',
		'ping_targets_router_id_fkey']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
