/*
 * The first router of an empty system, from the configuration. As the owner:
 * router-sync, which calls it at its start, may not make routers otherwise.
 */
CREATE OR REPLACE FUNCTION router_first(router uuid, host text, port int, username text, sealed text, tls boolean)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
	INSERT INTO router_settings (id, name, host, port, username, password, ssl)
	SELECT router, 'Router ' || host, host, port, username, sealed, tls
	 WHERE NOT EXISTS (SELECT FROM router_settings WHERE is_active)
	    ON CONFLICT (host, port) DO NOTHING
$$;
