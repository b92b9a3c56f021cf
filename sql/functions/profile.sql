-- The profiles of packages on routers, and their jobs.

-- The profiles of these packages (NULL: of all) on these routers (NULL: on all that have them) are dirty.
CREATE OR REPLACE FUNCTION profile_mark_dirty(packages uuid[], routers uuid[])
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
CREATE OR REPLACE FUNCTION profile_mark_dirty_on_all_routers(package uuid)
RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM packages WHERE id = package) THEN
		PERFORM raise_invalid('packageId', 'unknown_reference', 'The selected package is invalid.');
	END IF;
	INSERT INTO profile_states AS s (package_id, router_id)
	SELECT package, id FROM router_settings WHERE is_active ORDER BY id
	    ON CONFLICT (package_id, router_id) DO UPDATE
	   SET generation = s.generation + 1, sync_state = 'pending', sync_error = NULL, attempts = 0, due_at = now();
	RETURN QUERY SELECT id FROM router_settings WHERE is_active ORDER BY created_at, id;
	PERFORM router_notify(ARRAY(SELECT id FROM router_settings WHERE is_active));
END $$;

/*
 * Packages.  New rates set the profile and end no session; SET LOCAL isp.kick =
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
	PERFORM raise_invalid('type', 'address', format('The address %s of %s cannot be used with this type.', b.remote_address,
	                                     b.mikrotik_username))
	   FROM new_rows n
	   JOIN old_rows o ON o.id = n.id AND o.type <> n.type
	   JOIN subscriptions b ON b.package_id = n.id AND b.is_live
	  WHERE coalesce(account_address_error(n.type, b.remote_address), account_address_error(n.type, b.local_address))
	        IS NOT NULL;
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
		PERFORM profile_mark_dirty(changed, NULL);
	END IF;
	SELECT array_agg(id ORDER BY id) INTO ids
	  FROM mikrotik_secrets
	 WHERE removed_at IS NULL
	   AND (package_id = ANY (changed) AND service = 'static'
	        OR kick AND package_id IN (SELECT id FROM new_rows));
	PERFORM account_mark_dirty(ids, kick);
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER package_changed AFTER UPDATE ON packages
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION package_changed();

-- The due profile jobs of a router, or the one of only_package.
CREATE OR REPLACE FUNCTION profile_claim(router uuid, only_package uuid)
RETURNS TABLE (package_id uuid, generation bigint, service text, router_profile text, bandwidth text, burst text,
	priority int) LANGUAGE sql STABLE AS $$
	SELECT p.id, s.generation, p.type, p.router_profile, p.bandwidth, p.burst, p.priority
	  FROM profile_states s
	  JOIN packages p ON p.id = s.package_id
	 WHERE s.router_id = router
	   AND CASE WHEN only_package IS NULL THEN s.generation > s.synced_generation AND s.due_at <= clock_timestamp()
	            ELSE s.package_id = only_package END
	 ORDER BY p.router_profile
$$;

-- The same for profiles: [{id, generation, ok, error}].
CREATE OR REPLACE FUNCTION profile_results(router uuid, results jsonb)
RETURNS void LANGUAGE sql AS $$
	UPDATE profile_states s
	   SET synced_generation = CASE WHEN r.ok THEN r.generation ELSE s.synced_generation END,
	       sync_state = CASE WHEN s.generation > r.generation THEN s.sync_state
	                         WHEN r.ok THEN 'synced' ELSE 'failed' END,
	       sync_error = CASE WHEN s.generation > r.generation THEN s.sync_error ELSE r.error END,
	       synced_at = CASE WHEN r.ok THEN now() ELSE s.synced_at END,
	       attempts = CASE WHEN r.ok OR s.generation > r.generation THEN 0 ELSE s.attempts + 1 END,
	       due_at = CASE WHEN r.ok OR s.generation > r.generation THEN s.due_at
	                     ELSE clock_timestamp() + backoff(s.attempts, '1 second', '15 minutes') END
	  FROM jsonb_to_recordset(results) AS r (id uuid, generation bigint, ok boolean, error text)
	 WHERE s.router_id = router AND s.package_id = r.id
$$;
