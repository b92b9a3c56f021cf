-- Verify monitoring: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, name, host, port, version, community, security_name, security_level, auth_protocol,
	auth_password, priv_protocol, priv_password, device_type, location, parent_id, is_active, status,
	last_polled_at, created_at, updated_at FROM snmp_devices WHERE false;
SELECT id, device_id, if_index, if_name, if_descr, if_speed, if_oper_status, if_admin_status,
	monitor_bandwidth, created_at, updated_at FROM snmp_interfaces WHERE false;
SELECT id, interface_id, in_octets, out_octets, in_rate, out_rate, recorded_at FROM
	bandwidth_history WHERE false;
SELECT id, interface_id, in_octets, out_octets, in_rate, out_rate, recorded_at FROM
	bandwidth_history_default WHERE false;
SELECT id, name, host, "group", interval_seconds, timeout_ms, packet_count, parent_id, is_active,
	status, last_latency_ms, packet_loss_percent, last_checked_at, created_at, updated_at FROM
	ping_targets WHERE false;
SELECT id, target_id, latency_ms, packet_loss_percent, status, recorded_at FROM ping_history WHERE
	false;
SELECT id, target_id, latency_ms, packet_loss_percent, status, recorded_at FROM ping_history_default
	WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'snmp_devices_is_active', 'snmp_devices_status', 'snmp_interfaces_monitor_bandwidth',
		'bandwidth_history_interface', 'ping_targets_group', 'ping_targets_is_active',
		'ping_targets_status', 'ping_history_target']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'snmp_devices_device_type_check', 'snmp_devices_port_check',
		'snmp_devices_security_level_check', 'snmp_devices_status_check',
		'snmp_devices_version_check', 'snmp_devices_parent_id_fkey',
		'snmp_interfaces_if_admin_status_check', 'snmp_interfaces_if_oper_status_check',
		'snmp_interfaces_device_id_fkey', 'snmp_interfaces_device_id_if_index_key',
		'ping_targets_status_check', 'ping_targets_parent_id_fkey', 'ping_history_status_check']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
