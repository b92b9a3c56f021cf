/*
 * From a change to a job (contract 6).
 *
 * mikrotik_secrets says what an account should be; every change of a row there
 * that a router would notice makes its state on that router due, in the same
 * transaction, and wakes router-sync.  A job carries no order: only "account X
 * is dirty, generation n".  The worker reads the wish when it acts.
 *
 * All triggers are of statements and work on sets; they run as the owner, so
 * that the programs need no rights of their own on these tables.
 */

-- Wake router-sync for these routers, each once.
CREATE OR REPLACE FUNCTION router_notify(routers uuid[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_notify('router_jobs', r.id::text)
	   FROM (SELECT DISTINCT unnest(routers) AS id) r
	  WHERE r.id IS NOT NULL;
END $$;

-- Where an account goes that names no router: the first active one.
CREATE OR REPLACE FUNCTION account_default_router()
RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT id FROM router_settings WHERE is_active ORDER BY created_at, id LIMIT 1);
END $$;

-- What a subscription in this status wants of its account; remove_expired is the policy.
CREATE OR REPLACE FUNCTION account_wanted(status text, remove_expired boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE status
	       WHEN 'active' THEN 'enabled'
	       WHEN 'suspended' THEN 'suspended'
	       WHEN 'expired' THEN CASE WHEN remove_expired THEN 'absent' ELSE 'suspended' END
	       ELSE 'absent' END
$$;

/*
 * These accounts are dirty where they live (kicks[i]: sessions of ids[i] must
 * end with it).  Also asks for the profile of each package that is new on its
 * router, and wakes routers they have still to leave: who stays there until the
 * new one has him leaves at once when he is no longer in service.  Accounts
 * without a router are left alone until there is one; one that should be nowhere
 * and never was where it lives (no command is sent before a trace is written)
 * waits for no router's answer.
 *
 * (Hundreds of rows out of tens of thousands: without the setting the planner
 * reads whole tables, for three quarters of the time of a suspension.)
 */
CREATE OR REPLACE FUNCTION account_due(ids uuid[], kicks boolean[])
RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	routers uuid[];
BEGIN
	INSERT INTO profile_states (package_id, router_id)
	SELECT m.package_id, m.router_id
	  FROM (SELECT DISTINCT package_id, router_id
	          FROM mikrotik_secrets
	         WHERE id = ANY (ids) AND router_id IS NOT NULL AND package_id IS NOT NULL AND profile IS NULL
	           AND removed_at IS NULL AND service <> 'static') m
	 WHERE NOT EXISTS (SELECT FROM profile_states p
	                    WHERE p.package_id = m.package_id AND p.router_id = m.router_id)
	 ORDER BY 1, 2
	    ON CONFLICT DO NOTHING;

	WITH made AS (
		INSERT INTO account_states AS s (account_id, router_id, kick)
		SELECT m.id, m.router_id, w.kick
		  FROM unnest(ids, kicks) AS w(id, kick)
		  JOIN mikrotik_secrets m ON m.id = w.id
		 WHERE m.router_id IS NOT NULL
		 ORDER BY m.id
		    ON CONFLICT (account_id, router_id) DO UPDATE
		   SET present = true,
		       generation = s.generation + 1,
		       kick = s.kick OR excluded.kick,
		       sync_state = 'pending',
		       sync_error = NULL,
		       attempts = 0,
		       due_at = now(),
		       updated_at = now()
		RETURNING s.router_id
	)
	SELECT array_agg(DISTINCT router_id) INTO routers FROM made;

	UPDATE account_states s
	   SET synced_generation = s.generation, kick = false, sync_state = 'synced', synced_at = now()
	  FROM mikrotik_secrets m
	 WHERE m.id = ANY (ids) AND m.wanted = 'absent' AND s.account_id = m.id AND s.router_id = m.router_id
	   AND s.traces = '{}';
	PERFORM router_notify(routers || ARRAY(SELECT router_id FROM account_states
	                                        WHERE account_id = ANY (ids) AND NOT present));
END $$;

-- The same kick for all.
CREATE OR REPLACE FUNCTION account_touch(ids uuid[], kick boolean)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(ids) > 0 THEN
		PERFORM account_due(ids, array_fill(kick, ARRAY[cardinality(ids)]));
	END IF;
END $$;

CREATE OR REPLACE FUNCTION account_added()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	ids uuid[];
BEGIN
	-- What was found on the router is there as it should be.
	INSERT INTO account_states (account_id, router_id, synced_generation, sync_state, synced_at, traces)
	SELECT id, router_id, 1, 'synced', now(), ARRAY[account_trace(service, remote_address, username)]
	  FROM new_rows
	 WHERE imported AND router_id IS NOT NULL AND removed_at IS NULL;

	SELECT array_agg(id ORDER BY id) INTO ids FROM new_rows WHERE NOT imported AND removed_at IS NULL;
	PERFORM account_touch(ids, false);
	RETURN NULL;
END $$;

-- Where an account stands on a router, see account_states.traces.
CREATE OR REPLACE FUNCTION account_trace(service text, address text, username text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE service WHEN 'hotspot' THEN 'hotspot - '
	                    WHEN 'static' THEN 'static ' || coalesce(nullif(address, ''), '-') || ' '
	                    ELSE 'ppp - ' END || username
$$;

CREATE OR REPLACE FUNCTION account_changed()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	ids   uuid[];
	kicks boolean[];
	left_ids uuid[];
BEGIN
	SELECT array_agg(n.id ORDER BY n.id),
	       array_agg((n.username, n.password, n.service, n.profile, n.package_id, n.local_address, n.remote_address)
	                 IS DISTINCT FROM
	                 (o.username, o.password, o.service, o.profile, o.package_id, o.local_address, o.remote_address)
	                 OR (o.wanted, o.disabled) IS DISTINCT FROM (n.wanted, n.disabled) AND c.suspend_mode = 'isolate'
	                 ORDER BY n.id),
	       array_agg(n.id ORDER BY n.id) FILTER (WHERE o.router_id IS DISTINCT FROM n.router_id)
	  INTO ids, kicks, left_ids
	  FROM new_rows n
	  JOIN old_rows o ON o.id = n.id
	 CROSS JOIN settings c
	 WHERE (n.router_id, n.username, n.password, n.service, n.profile, n.package_id, n.local_address,
	        n.remote_address, n.comment, n.wanted, n.disabled, n.removed_at IS NULL)
	       IS DISTINCT FROM
	       (o.router_id, o.username, o.password, o.service, o.profile, o.package_id, o.local_address,
	        o.remote_address, o.comment, o.wanted, o.disabled, o.removed_at IS NULL);
	IF ids IS NULL THEN
		RETURN NULL;
	END IF;
	IF left_ids IS NOT NULL THEN
		PERFORM account_leave(left_ids);
	END IF;
	PERFORM account_due(ids, kicks);
	RETURN NULL;
END $$;

-- These accounts must leave every router but the one they live on now; where they never were they have left.
CREATE OR REPLACE FUNCTION account_leave(ids uuid[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	routers uuid[];
BEGIN
	DELETE FROM account_states s
	 USING mikrotik_secrets m
	 WHERE m.id = ANY (ids) AND s.account_id = m.id AND s.router_id IS DISTINCT FROM m.router_id AND s.traces = '{}';

	WITH gone AS (
		UPDATE account_states s
		   SET present = false, generation = s.generation + 1, sync_state = 'pending', sync_error = NULL,
		       attempts = 0, due_at = now(), updated_at = now()
		  FROM mikrotik_secrets m
		 WHERE m.id = ANY (ids) AND s.account_id = m.id AND s.router_id IS DISTINCT FROM m.router_id AND s.present
		RETURNING s.router_id
	)
	SELECT array_agg(DISTINCT router_id) INTO routers FROM gone;
	PERFORM router_notify(routers);
END $$;

CREATE OR REPLACE TRIGGER account_added AFTER INSERT ON mikrotik_secrets
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION account_added();
CREATE OR REPLACE TRIGGER account_changed AFTER UPDATE ON mikrotik_secrets
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
	WHEN (current_setting('isp.reseal', true) IS DISTINCT FROM 'on') -- see seal_replace()
	EXECUTE FUNCTION account_changed();

/*
 * Take an account that belongs to no subscription off its router and out of
 * our lists (DELETE of /api/mikrotik-secrets).  Removing it again is fine.
 */
CREATE OR REPLACE FUNCTION account_remove(account uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	row mikrotik_secrets;
BEGIN
	SELECT * INTO row FROM mikrotik_secrets WHERE id = account FOR UPDATE;
	IF NOT FOUND THEN
		PERFORM raise_not_found('No such account.');
	ELSIF row.subscription_id IS NOT NULL AND row.removed_at IS NULL THEN
		PERFORM raise_conflict('This account belongs to a subscription: cancel the subscription instead.');
	END IF;
	UPDATE mikrotik_secrets
	   SET wanted = 'absent', disabled = true, removed_at = now(), updated_at = now()
	 WHERE id = account AND removed_at IS NULL;
END $$;

/*
 * Packages.  New rates set the profile and kick nobody; SET LOCAL isp.kick =
 * 'on' in the transaction of the change (?kick=1) kicks those on the plan,
 * also where the rates were changed before.
 * Queues of static accounts carry the rates themselves.
 */
CREATE OR REPLACE FUNCTION package_changed()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	changed uuid[];
	kick    boolean := coalesce(current_setting('isp.kick', true), '') = 'on';
	ids     uuid[];
BEGIN
	UPDATE mikrotik_secrets m
	   SET service = n.type, updated_at = now()
	  FROM new_rows n
	  JOIN old_rows o ON o.id = n.id AND o.type <> n.type
	 WHERE m.package_id = n.id AND m.subscription_id IS NOT NULL AND m.removed_at IS NULL;

	SELECT array_agg(n.id) INTO changed
	  FROM new_rows n
	  JOIN old_rows o ON o.id = n.id
	 WHERE (n.bandwidth, n.burst, n.priority, n.router_profile, n.type)
	       IS DISTINCT FROM (o.bandwidth, o.burst, o.priority, o.router_profile, o.type);
	IF changed IS NOT NULL THEN
		PERFORM profile_due(changed, NULL);
	END IF;
	SELECT array_agg(id ORDER BY id) INTO ids
	  FROM mikrotik_secrets
	 WHERE removed_at IS NULL
	   AND (package_id = ANY (changed) AND service = 'static'
	        OR kick AND package_id IN (SELECT id FROM new_rows));
	PERFORM account_touch(ids, kick);
	RETURN NULL;
END $$;

-- The profiles of these packages (NULL: of all) on these routers (NULL: on all that have them) are dirty.
CREATE OR REPLACE FUNCTION profile_due(packages uuid[], routers uuid[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	dirty uuid[];
BEGIN
	WITH made AS (
		UPDATE profile_states
		   SET generation = generation + 1, sync_state = 'pending', sync_error = NULL, attempts = 0, due_at = now()
		 WHERE (packages IS NULL OR package_id = ANY (packages)) AND (routers IS NULL OR router_id = ANY (routers))
		RETURNING router_id
	)
	SELECT array_agg(DISTINCT router_id) INTO dirty FROM made;
	PERFORM router_notify(dirty);
END $$;

-- The profile of a package should be right on every active router, used there or not (sync-package).
CREATE OR REPLACE FUNCTION profile_everywhere(package uuid)
RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM packages WHERE id = package) THEN
		PERFORM raise_invalid('packageId', 'The selected package is invalid.');
	END IF;
	INSERT INTO profile_states AS s (package_id, router_id)
	SELECT package, id FROM router_settings WHERE is_active ORDER BY id
	    ON CONFLICT (package_id, router_id) DO UPDATE
	   SET generation = s.generation + 1, sync_state = 'pending', sync_error = NULL, attempts = 0, due_at = now();
	RETURN QUERY SELECT id FROM router_settings WHERE is_active ORDER BY created_at, id;
	PERFORM router_notify(ARRAY(SELECT id FROM router_settings WHERE is_active));
END $$;

CREATE OR REPLACE TRIGGER package_changed AFTER UPDATE ON packages
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION package_changed();

/*
 * Routers.  One that becomes active, or whose address or login is put right,
 * gets its jobs done at once; the first active one also takes the accounts
 * that had none; the lock keeps an account from being made meanwhile that
 * neither sees the router nor is seen.  At a new address stands perhaps
 * another box: all is looked at again.
 */
CREATE OR REPLACE FUNCTION router_ready(routers uuid[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('isp-billing: first router'));
	UPDATE mikrotik_secrets
	   SET router_id = account_default_router(), updated_at = now()
	 WHERE router_id IS NULL AND removed_at IS NULL AND account_default_router() IS NOT NULL;
	UPDATE router_states
	   SET failures = 0, broken_since = NULL, next_probe_at = NULL, last_error = NULL, updated_at = now()
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
		PERFORM profile_due(NULL, pools);
	END IF;
	IF moved IS NOT NULL THEN
		PERFORM account_touch(ARRAY(SELECT id FROM mikrotik_secrets
		                             WHERE router_id = ANY (moved) AND removed_at IS NULL ORDER BY id), false);
	END IF;
	IF ready IS NOT NULL THEN
		PERFORM router_ready(ready);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER router_added AFTER INSERT ON router_settings
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION router_added();
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
	IF NOT FOUND THEN
		PERFORM raise_not_found('No such router.');
	END IF;
	SELECT count(*) INTO n
	  FROM (SELECT id FROM mikrotik_secrets WHERE router_id = router AND removed_at IS NULL
	        UNION SELECT account_id FROM account_states WHERE router_id = router AND generation > synced_generation) q;
	IF n > 0 THEN
		PERFORM raise_conflict(format('This router still has %s account(s): move or cancel them first.', n));
	END IF;
	IF EXISTS (SELECT FROM subscriptions WHERE router_id = router AND is_live) THEN
		PERFORM raise_conflict('Subscriptions are bound to this router: move them first.');
	END IF;
	UPDATE subscriptions SET router_id = NULL WHERE router_id = router;
	DELETE FROM account_states WHERE router_id = router;
	UPDATE mikrotik_secrets SET router_id = NULL WHERE router_id = router;
	DELETE FROM router_settings WHERE id = router;
END $$;

-- Policies that change what suspended and expired accounts look like.
CREATE OR REPLACE FUNCTION settings_changed()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM new_rows n CROSS JOIN old_rows o WHERE n.remove_expired <> o.remove_expired) THEN
		UPDATE mikrotik_secrets m
		   SET wanted = account_wanted(s.status, (SELECT remove_expired FROM settings)), disabled = true, updated_at = now()
		  FROM subscriptions s
		 WHERE s.id = m.subscription_id AND s.status = 'expired' AND m.removed_at IS NULL;
	END IF;
	IF EXISTS (SELECT FROM new_rows n CROSS JOIN old_rows o
	            WHERE (n.suspend_mode, n.isolation_profile) IS DISTINCT FROM (o.suspend_mode, o.isolation_profile)) THEN
		PERFORM account_touch(ARRAY(SELECT id FROM mikrotik_secrets
		                             WHERE removed_at IS NULL AND wanted <> 'absent' AND (wanted = 'suspended' OR disabled)
		                             ORDER BY id), true);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER settings_changed AFTER UPDATE ON settings
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
