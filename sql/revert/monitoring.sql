-- Revert monitoring. Views, triggers and functions that stand on it go along; the next deploy makes them again.
BEGIN;

DROP TABLE maintenance_windows, monitor_states, history_rolls CASCADE;
DROP TABLE ping_1h, ping_5m, ping_history, ping_targets CASCADE;
DROP TABLE bandwidth_1h, bandwidth_5m, bandwidth_history CASCADE;
DROP TABLE snmp_counters, snmp_interfaces, snmp_devices CASCADE;
ALTER TABLE settings
	DROP history_raw_days, DROP history_5m_days, DROP history_1h_days, DROP latency_raise_ms,
	DROP latency_clear_ms, DROP loss_raise_percent, DROP loss_clear_percent,
	DROP bandwidth_raise_percent, DROP bandwidth_clear_percent CASCADE;

COMMIT;
