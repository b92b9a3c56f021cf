-- The router of sql/seed/first.sql as long as nobody has made it his own.
CREATE OR REPLACE FUNCTION router_is_seed(r router_settings)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT (r.name, r.host, r.port, r.username, r.password) = ('Main Router', '192.168.88.1', 8728, 'admin', '')
	       AND NOT r.is_active AND r.last_connected_at IS NULL AND r.updated_at = r.created_at
$$;

/*
 * The first router of an empty system, from the configuration. A system in
 * which anybody has made a router, switched one off or changed the seed's is
 * none; the seed's, where it has the same address, becomes this one. As the
 * owner: router-sync, which calls it at its start, may not make routers
 * otherwise.
 */
CREATE OR REPLACE FUNCTION router_first(router uuid, host text, port int, username text, sealed text, tls boolean)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	INSERT INTO router_settings AS r (id, name, host, port, username, password, ssl)
	SELECT router, 'Router ' || host, host, port, username, sealed, tls
	 WHERE NOT EXISTS (SELECT FROM router_settings other WHERE NOT router_is_seed(other))
	    ON CONFLICT ON CONSTRAINT router_settings_host_key DO UPDATE
	   SET name = excluded.name, username = excluded.username, password = excluded.password, ssl = excluded.ssl,
	       is_active = true, updated_at = clock_timestamp()
	 WHERE router_is_seed(r)
$$;
