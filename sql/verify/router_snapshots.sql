-- Verify router_snapshots: every table with its columns, then the indexes.
BEGIN;

SELECT router_id, kind, data, taken_at, error, tried_at FROM router_snapshots WHERE false;
SELECT router_id, service, session_id, username, address, mac_address, uptime, rx_bytes, tx_bytes, rx_packets,
	tx_packets, rx_rate, tx_rate, taken_at FROM router_sessions WHERE false;
SELECT router_id, taken_at, rx_rate, tx_rate FROM router_traffic WHERE false;
SELECT account_id, taken_at, online, address, rx_bytes, tx_bytes FROM line_samples WHERE false;
SELECT sampled_at, sample_tried_at FROM router_states WHERE false;
SELECT line_sample_minutes FROM settings WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['router_sessions_username', 'router_sessions_address', 'line_samples_taken'] LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'line_samples_account_id_fkey', 'router_sessions_router_id_fkey', 'router_sessions_service_check',
		'router_snapshots_router_id_fkey', 'router_traffic_router_id_fkey', 'settings_line_sample_minutes_check']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
