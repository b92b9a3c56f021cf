-- Verify routers: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, name, host, port, username, password, ssl, tls_verify, tls_fingerprint, tls_ca,
	ppp_local_address, ppp_pool, connect_timeout_ms, read_timeout_ms, is_active, last_connected_at,
	created_at, updated_at FROM router_settings WHERE false;
SELECT router_id, failures, broken_since, next_probe_at, last_error, version, updated_at FROM
	router_states WHERE false;
SELECT id, host, port, secret, nas_identifier, enabled, created_at, updated_at FROM radius_settings
	WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'router_settings_newest', 'radius_settings_one']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'router_settings_port_check', 'router_settings_tls_verify_check',
		'router_settings_host_key', 'router_settings_tls_fingerprint_check',
		'router_states_router_id_fkey']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
