/*
 * Accounts on routers, and how a change becomes a job (contract 6).
 *
 * mikrotik_secrets says what an account should be; each change of a row there
 * that a router would notice makes the state of the account on that router
 * dirty, in the same transaction, and wakes router-sync.  A job carries no
 * order: only "account X is dirty, generation n".  The worker reads what is
 * wanted when it acts.
 *
 * All triggers are of statements and work on sets; they run as the owner, so
 * that the programs need no rights of their own on these tables.
 */

-- The router of an account that names none: the first active one.
CREATE OR REPLACE FUNCTION account_default_router()
RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT id FROM router_settings WHERE is_active ORDER BY created_at, id LIMIT 1);
END $$;

-- The state of the account that a status of its subscription asks for; remove_expired is the policy.
CREATE OR REPLACE FUNCTION account_wanted(status text, remove_expired boolean)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE status
	       WHEN 'active' THEN 'enabled'
	       WHEN 'suspended' THEN 'suspended'
	       WHEN 'expired' THEN CASE WHEN remove_expired THEN 'absent' ELSE 'suspended' END
	       ELSE 'absent' END
$$;

-- The text for a place at which an account stands on a router, see account_states.traces.
CREATE OR REPLACE FUNCTION account_trace(service text, address text, username text)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE service WHEN 'hotspot' THEN 'hotspot - '
	                    WHEN 'static' THEN 'static ' || coalesce(nullif(address, ''), '-') || ' '
	                    ELSE 'ppp - ' END || username
$$;

/*
 * These accounts are dirty where they live (kicks[i]: sessions of ids[i] must
 * end with it).  Also asks for the profile of each package that is new on its
 * router, and wakes routers they have still to leave: an account that
 * stays there until the new one has it leaves at once when it is no longer in service.  Accounts
 * without a router are left alone until there is one; one that should be nowhere
 * and never was where it lives (no command is sent before a trace is written)
 * waits for no router's answer.
 *
 * (Hundreds of rows out of tens of thousands: without the setting the planner
 * reads whole tables, for three quarters of the time of a suspension.)
 */
CREATE OR REPLACE FUNCTION account_mark_dirty(ids uuid[], kicks boolean[])
RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
	routers    uuid[];
	has_absent boolean;
BEGIN
	WITH dirty AS MATERIALIZED (
		SELECT m.id, m.router_id, m.package_id, w.kick, m.wanted,
		       m.package_id IS NOT NULL AND m.profile IS NULL AND m.removed_at IS NULL AND m.service <> 'static' AS has_profile
		  FROM unnest(ids, kicks) AS w (id, kick)
		  JOIN mikrotik_secrets m ON m.id = w.id
		 WHERE m.router_id IS NOT NULL
	), profiles AS (
		INSERT INTO profile_states (package_id, router_id)
		SELECT DISTINCT d.package_id, d.router_id FROM dirty d
		 WHERE d.has_profile AND NOT EXISTS (SELECT FROM profile_states p
		                                      WHERE p.package_id = d.package_id AND p.router_id = d.router_id)
		 ORDER BY 1, 2
		    ON CONFLICT DO NOTHING
	), made AS (
		INSERT INTO account_states AS s (account_id, router_id, kick)
		SELECT id, router_id, kick FROM dirty ORDER BY id
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
	SELECT array_agg(DISTINCT router_id), (SELECT bool_or(wanted = 'absent') FROM dirty)
	  INTO routers, has_absent
	  FROM made;

	IF has_absent THEN
		UPDATE account_states s
		   SET synced_generation = s.generation, kick = false, sync_state = 'synced', synced_at = now()
		  FROM mikrotik_secrets m
		 WHERE m.id = ANY (ids) AND m.wanted = 'absent' AND s.account_id = m.id AND s.router_id = m.router_id
		   AND s.traces = '{}';
	END IF;
	PERFORM router_notify(routers || ARRAY(SELECT router_id FROM account_states
	                                        WHERE account_id = ANY (ids) AND NOT present));
END $$;

-- The same kick for all.
CREATE OR REPLACE FUNCTION account_mark_dirty(ids uuid[], kick boolean)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(ids) > 0 THEN
		PERFORM account_mark_dirty(ids, array_fill(kick, ARRAY[cardinality(ids)]));
	END IF;
END $$;

CREATE OR REPLACE FUNCTION account_added()
RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	ids uuid[];
BEGIN
	-- Accounts found on the router are there as they should be.
	INSERT INTO account_states (account_id, router_id, synced_generation, sync_state, synced_at, traces)
	SELECT id, router_id, 1, 'synced', now(), ARRAY[account_trace(service, remote_address, username)]
	  FROM new_rows
	 WHERE imported AND router_id IS NOT NULL AND removed_at IS NULL;

	SELECT array_agg(id ORDER BY id) INTO ids FROM new_rows WHERE NOT imported AND removed_at IS NULL;
	PERFORM account_mark_dirty(ids, false);
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER account_added AFTER INSERT ON mikrotik_secrets
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION account_added();

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
	PERFORM account_mark_dirty(ids, kicks);
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER account_changed AFTER UPDATE ON mikrotik_secrets
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
	WHEN (current_setting('isp.reseal', true) IS DISTINCT FROM 'on') -- see seal_replace()
	EXECUTE FUNCTION account_changed();

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
		PERFORM account_mark_dirty(ARRAY(SELECT id FROM mikrotik_secrets
		                             WHERE removed_at IS NULL AND wanted <> 'absent' AND (wanted = 'suspended' OR disabled)
		                             ORDER BY id), true);
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER settings_changed AFTER UPDATE ON settings
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION settings_changed();
