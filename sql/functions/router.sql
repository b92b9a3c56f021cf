-- Routers: who is woken, their work, their circuit breaker, their first and last day.

-- Wake router-sync for these routers, each once.
CREATE OR REPLACE FUNCTION router_notify(routers uuid[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('router_jobs', r.id::text)
	   FROM (SELECT DISTINCT unnest(routers) AS id) r
	  WHERE r.id IS NOT NULL;
END $$;

-- Routers with something to do, and in how many milliseconds (0: now). Broken ones: their next probe.
CREATE OR REPLACE FUNCTION router_work()
RETURNS TABLE (router_id uuid, wait_ms bigint) LANGUAGE sql STABLE AS $$
	SELECT q.id, greatest(0, ceil(extract(epoch FROM q.at - clock_timestamp()) * 1000))::bigint
	  FROM (SELECT r.id, CASE WHEN b.broken_since IS NOT NULL THEN coalesce(b.next_probe_at, now())
	                          ELSE least((SELECT j.due_at FROM account_jobs j WHERE j.router_id = r.id
	                                       ORDER BY j.due_at LIMIT 1),
	                                     (SELECT min(p.due_at) FROM profile_states p
	                                       WHERE p.router_id = r.id AND p.generation > p.synced_generation)) END AS at
	          FROM router_settings r
	          LEFT JOIN router_states b ON b.router_id = r.id
	         WHERE r.is_active) q
	 WHERE q.at IS NOT NULL
	 ORDER BY 2
$$;

-- Has a router work now?  Asked before it is spoken to; claims are made when it has answered.
CREATE OR REPLACE FUNCTION router_is_due(router uuid)
RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM account_jobs WHERE router_id = router AND due_at <= clock_timestamp())
	    OR EXISTS (SELECT FROM profile_states
	                WHERE router_id = router AND generation > synced_generation AND due_at <= clock_timestamp());
END $$;

/*
 * A router could not be used: the breaker opens, all that waits for it says
 * why, and it is probed again in probe_s seconds. One to which no connection
 * could be made (not reached) is away.
 */
CREATE OR REPLACE FUNCTION router_broken(router uuid, reason text, probe_s int, reached boolean DEFAULT true)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO router_states AS s (router_id, failures, broken_since, away_since, next_probe_at, last_error)
	VALUES (router, 1, now(), CASE WHEN NOT reached THEN now() END, clock_timestamp() + make_interval(secs => probe_s), reason)
	    ON CONFLICT (router_id) DO UPDATE
	   SET failures = s.failures + 1, broken_since = coalesce(s.broken_since, now()),
	       away_since = CASE WHEN NOT reached THEN coalesce(s.away_since, now()) END,
	       next_probe_at = excluded.next_probe_at, last_error = reason, updated_at = now();
	PERFORM FROM account_states
	  WHERE router_id = router AND generation > synced_generation ORDER BY account_id FOR UPDATE;
	UPDATE account_states
	   SET sync_state = 'failed', sync_error = reason, attempts = attempts + 1, updated_at = now()
	 WHERE router_id = router AND generation > synced_generation
	   AND (sync_state, sync_error) IS DISTINCT FROM ('failed', reason);
	UPDATE profile_states
	   SET sync_state = 'failed', sync_error = reason, attempts = attempts + 1
	 WHERE router_id = router AND generation > synced_generation
	   AND (sync_state, sync_error) IS DISTINCT FROM ('failed', reason);
END $$;

-- Fail new jobs of a router that is known to be broken: each says so, and does not wait for the next probe.
CREATE OR REPLACE FUNCTION router_fail_waiting()
RETURNS void LANGUAGE sql AS $$
	UPDATE account_states s
	   SET sync_state = 'failed', sync_error = q.last_error, updated_at = now()
	  FROM (SELECT a.account_id, a.router_id, b.last_error
	          FROM router_states b
	          JOIN account_states a ON a.router_id = b.router_id
	         WHERE b.broken_since IS NOT NULL AND a.generation > a.synced_generation AND a.sync_state = 'pending'
	           FOR UPDATE OF a SKIP LOCKED) q
	 WHERE s.account_id = q.account_id AND s.router_id = q.router_id
$$;

-- A login succeeded: after a failure all its jobs are due at once.
CREATE OR REPLACE FUNCTION router_healthy(router uuid, os_version text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	was_broken boolean;
BEGIN
	SELECT broken_since IS NOT NULL INTO was_broken FROM router_states WHERE router_id = router;
	INSERT INTO router_states AS s (router_id, version)
	VALUES (router, os_version)
	    ON CONFLICT (router_id) DO UPDATE
	   SET failures = 0, broken_since = NULL, away_since = NULL, next_probe_at = NULL, last_error = NULL,
	       version = coalesce(os_version, s.version), updated_at = now();
	UPDATE router_settings SET last_connected_at = now() WHERE id = router;
	IF was_broken THEN
		PERFORM FROM account_states
		  WHERE router_id = router AND generation > synced_generation ORDER BY account_id FOR UPDATE;
		UPDATE account_states SET due_at = now(), attempts = 0
		 WHERE router_id = router AND generation > synced_generation;
		UPDATE profile_states SET due_at = now(), attempts = 0
		 WHERE router_id = router AND generation > synced_generation;
	END IF;
END $$;

/*
 * The day whose night it is.  Once a night each router is compared with the
 * database: somebody else may have changed an object, or another router
 * stands behind the same address.  The night begins at three, after billing's.
 */
CREATE OR REPLACE FUNCTION router_night(moment timestamptz)
RETURNS date LANGUAGE sql STABLE AS $$
	SELECT business_day(moment - interval '3 hours')
$$;

/*
 * Routers.  One that becomes active, or whose address or login is put right,
 * gets its jobs done at once; the first active one also takes the accounts
 * that had none.  A lock holds back new accounts meanwhile: such an account would not see the
 * router and would not be seen here.  Another box may stand at a new address: all accounts are
 * compared again.
 */
CREATE OR REPLACE FUNCTION router_ready(routers uuid[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('isp-billing: first router'));
	UPDATE mikrotik_secrets
	   SET router_id = account_default_router(), updated_at = now()
	 WHERE router_id IS NULL AND removed_at IS NULL AND account_default_router() IS NOT NULL;
	UPDATE router_states
	   SET failures = 0, broken_since = NULL, away_since = NULL, next_probe_at = NULL, last_error = NULL, updated_at = now()
	 WHERE router_id = ANY (routers);
	UPDATE account_states SET due_at = now(), attempts = 0
	 WHERE router_id = ANY (routers) AND generation > synced_generation;
	UPDATE profile_states SET due_at = now(), attempts = 0
	 WHERE router_id = ANY (routers) AND generation > synced_generation;
	PERFORM router_notify(routers);
END $$;

CREATE OR REPLACE FUNCTION router_added()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	ready uuid[];
BEGIN
	SELECT array_agg(id) INTO ready FROM new_rows WHERE is_active;
	IF ready IS NOT NULL THEN
		PERFORM router_ready(ready);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER router_added AFTER INSERT ON router_settings
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION router_added();

CREATE OR REPLACE FUNCTION router_changed()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	moved uuid[];
	pools uuid[];
	ready uuid[];
BEGIN
	SELECT array_agg(n.id) FILTER (WHERE (n.host, n.port) IS DISTINCT FROM (o.host, o.port)),
	       array_agg(n.id) FILTER (WHERE (n.host, n.port, n.ppp_local_address, n.ppp_pool)
	                                     IS DISTINCT FROM (o.host, o.port, o.ppp_local_address, o.ppp_pool)),
	       array_agg(n.id) FILTER (WHERE n.is_active AND (n.is_active, n.host, n.port, n.username, n.password, n.ssl,
	                                      n.tls_verify, n.tls_fingerprint, n.tls_ca)
	                                     IS DISTINCT FROM (o.is_active, o.host, o.port, o.username, o.password, o.ssl,
	                                      o.tls_verify, o.tls_fingerprint, o.tls_ca))
	  INTO moved, pools, ready
	  FROM new_rows n
	  JOIN old_rows o ON o.id = n.id;
	IF pools IS NOT NULL THEN
		PERFORM profile_mark_dirty(NULL, pools);
	END IF;
	IF moved IS NOT NULL THEN
		PERFORM account_mark_dirty(ARRAY(SELECT id FROM mikrotik_secrets
		                             WHERE router_id = ANY (moved) AND removed_at IS NULL ORDER BY id), false);
	END IF;
	IF ready IS NOT NULL THEN
		PERFORM router_ready(ready);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER router_changed AFTER UPDATE ON router_settings
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
	WHEN (current_setting('isp.reseal', true) IS DISTINCT FROM 'on') -- see seal_replace()
	EXECUTE FUNCTION router_changed();

/*
 * DELETE of a router: refused while accounts live on it or must still leave
 * it; the traces of accounts that are gone go with it.
 */
CREATE OR REPLACE FUNCTION router_remove(router uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	PERFORM FROM router_settings WHERE id = router FOR UPDATE;
	PERFORM require_found(FOUND, 'router_unknown', 'No such router.');
	SELECT count(*) INTO n
	  FROM (SELECT id FROM mikrotik_secrets WHERE router_id = router AND removed_at IS NULL
	        UNION SELECT account_id FROM account_states WHERE router_id = router AND generation > synced_generation) q;
	IF n > 0 THEN
		PERFORM raise_conflict('router_in_use', format('This router still has %s account(s): move or cancel them first.', n));
	END IF;
	IF EXISTS (SELECT FROM subscriptions WHERE router_id = router AND is_live) THEN
		PERFORM raise_conflict('router_in_use', 'Subscriptions are bound to this router: move them first.');
	END IF;
	UPDATE subscriptions SET router_id = NULL WHERE router_id = router;
	DELETE FROM account_states WHERE router_id = router;
	UPDATE mikrotik_secrets SET router_id = NULL WHERE router_id = router;
	DELETE FROM router_settings WHERE id = router;
END $$;

-- The router of sql/seed/first.sql as long as it is untouched.
CREATE OR REPLACE FUNCTION router_is_seed(router router_settings)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT (router.name, router.host, router.port, router.username, router.password) = ('Main Router', '192.168.88.1', 8728, 'admin', '')
	       AND NOT router.is_active AND router.last_connected_at IS NULL AND router.updated_at = router.created_at
$$;

/*
 * Make the first router of an empty system from the configuration. A system is not empty when
 * a person has made a router, switched one off or changed the seed's. The seed's router becomes
 * this one where both have the same address. Runs with the owner's rights: router-sync calls it
 * at its start and may make routers in no other way.
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
