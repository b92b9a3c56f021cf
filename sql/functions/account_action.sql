-- Acts of people on accounts: import, a switch by hand, changes of accounts that stand alone.

/*
 * Accounts of subscriptions that were never on a router take over the objects
 * (as below) of their names there: nothing is written on it until they change.
 * A line keeps the profile, the address and the comment that were found; one
 * that is on here and off there, or the other way round, becomes a job.
 */
CREATE OR REPLACE FUNCTION account_adopt(router uuid, objects jsonb)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	names constant text[] := (SELECT string_to_array(isolation_names(s), E'\n') FROM settings s);
	ids   uuid[];
	right_ids uuid[];
BEGIN
	WITH found AS (
		SELECT m.id, m.subscription_id, o.comment, o.profile, o.remote_address, p.router_profile,
		       o.disabled OR lower(o.profile) = ANY (names) AS is_off, m.wanted = 'enabled' AND NOT m.disabled AS is_on
		  FROM jsonb_to_recordset(objects) AS o (username text, service text, comment text, profile text,
		       remote_address text, disabled boolean)
		  JOIN mikrotik_secrets m ON m.username = o.username AND m.removed_at IS NULL
		   AND (m.service = 'hotspot') = (o.service = 'hotspot')
		  JOIN account_states s ON s.account_id = m.id AND s.router_id = router
		  LEFT JOIN packages p ON p.id = m.package_id
		 WHERE m.router_id = router AND s.present AND m.service <> 'static'
		   AND (s.synced_generation = 0 OR m.imported AND s.synced_at = s.created_at AND m.subscription_id IS NOT NULL)
		   FOR UPDATE OF m
	), kept AS (
		UPDATE subscriptions b
		   SET comment = coalesce(nullif(b.comment, ''), left(f.comment, 255)),
		       profile = CASE WHEN lower(f.profile) = ANY (names) OR f.profile = f.router_profile THEN b.profile
		                      ELSE coalesce(nullif(b.profile, ''), f.profile) END,
		       remote_address = coalesce(nullif(b.remote_address, ''),
		           CASE WHEN f.remote_address ~ '^[0-9.]{7,15}$' THEN f.remote_address END)
		  FROM found f
		 WHERE b.id = f.subscription_id
	)
	SELECT array_agg(f.id ORDER BY f.id), array_agg(f.id) FILTER (WHERE f.is_on <> coalesce(f.is_off, false))
	  INTO ids, right_ids FROM found f;
	IF ids IS NULL THEN
		RETURN 0;
	END IF;
	UPDATE mikrotik_secrets m SET imported = true WHERE m.id = ANY (ids) AND NOT m.imported;
	PERFORM account_settle(right_ids, router);
	UPDATE account_states s
	   SET generation = greatest(s.generation, s.synced_generation + 1), synced_at = s.created_at, sync_state = 'pending',
	       due_at = now(), attempts = 0, traces = ARRAY[account_trace(m.service, m.remote_address, m.username)]
	  FROM mikrotik_secrets m
	 WHERE m.id = s.account_id AND s.account_id = ANY (ids) AND s.router_id = router AND s.account_id <> ALL (coalesce(right_ids, '{}'));
	PERFORM router_notify(ARRAY[router]);
	RETURN cardinality(ids);
END $$;

-- These accounts stand on the router as they should, without our mark: there is nothing to do until they change.
CREATE OR REPLACE FUNCTION account_settle(ids uuid[], router uuid)
RETURNS void LANGUAGE sql AS $$
	UPDATE account_states s
	   SET synced_generation = s.generation, kick = false, sync_state = 'synced', sync_error = NULL, synced_at = s.created_at,
	       attempts = 0, traces = ARRAY[account_trace(m.service, m.remote_address, m.username)]
	  FROM mikrotik_secrets m
	 WHERE m.id = s.account_id AND s.account_id = ANY (ids) AND s.router_id = router
$$;

/*
 * Objects found on a router, [{id, username, password, service, profile,
 * local_address, remote_address, comment, disabled, mikrotik_id}], password
 * sealed to id or null.  An account that is missing here is created as imported; an account
 * of a subscription that never got on the router adopts the object of its name.
 */
CREATE OR REPLACE FUNCTION account_import(router uuid, objects jsonb)
RETURNS TABLE (imported bigint, adopted bigint) LANGUAGE plpgsql AS $$
BEGIN
	adopted := account_adopt(router, objects);
	INSERT INTO mikrotik_secrets (id, router_id, username, password, service, profile, local_address, remote_address,
	       comment, disabled, mikrotik_id, imported)
	SELECT DISTINCT ON (o.username) o.id, router, o.username, o.password, o.service, o.profile, o.local_address,
	       o.remote_address, o.comment, o.disabled, o.mikrotik_id, true
	  FROM jsonb_to_recordset(objects) AS o (id uuid, username text, password text, service text, profile text,
	       local_address text, remote_address text, comment text, disabled boolean, mikrotik_id text)
	 WHERE NOT EXISTS (SELECT FROM mikrotik_secrets m WHERE m.username = o.username AND m.removed_at IS NULL)
	 ORDER BY o.username, o.service = 'hotspot'
	    ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS imported = ROW_COUNT;
	RETURN NEXT;
END $$;

-- The switch on the account of a user; the subscription's next change throws it anew.  NULL: no such account.
CREATE OR REPLACE FUNCTION account_switch(name text, off boolean)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
	row mikrotik_secrets;
BEGIN
	SELECT * INTO row FROM mikrotik_secrets WHERE username = name AND removed_at IS NULL FOR UPDATE;
	IF FOUND AND NOT off AND row.wanted <> 'enabled' THEN
		PERFORM raise_conflict('account_line_not_active', 'The subscription of this account is not active: activate the subscription instead.');
	END IF;
	UPDATE mikrotik_secrets SET disabled = off, updated_at = now() WHERE id = row.id AND disabled <> off;
	RETURN row.id;
END $$;

/*
 * Values of a subscription are changed there.  Values equal to those of the
 * row pass, as a form sends all of them.
 */
CREATE OR REPLACE FUNCTION account_require_own(account uuid, change jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	row mikrotik_secrets;
BEGIN
	SELECT * INTO row FROM mikrotik_secrets WHERE id = account AND removed_at IS NULL;
	IF row.subscription_id IS NOT NULL AND EXISTS (
		SELECT FROM jsonb_each(change - 'disabled') AS c (key, val)
		 WHERE nullif(c.val, '""') IS DISTINCT FROM nullif(to_jsonb(row) -> c.key, '""')
		   AND NOT (c.val = 'null' AND to_jsonb(row) -> c.key = 'null')) THEN
		PERFORM raise_conflict('account_of_subscription', 'This account belongs to a subscription: change the subscription instead.');
	END IF;
END $$;

-- The account that a screen means by a subscription.
CREATE OR REPLACE FUNCTION account_of_subscription(subscription uuid)
RETURNS uuid LANGUAGE sql STABLE AS $$
	SELECT id FROM mikrotik_secrets WHERE subscription_id = subscription AND removed_at IS NULL
$$;

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
	PERFORM require_found(FOUND, 'account_unknown', 'No such account.');
	IF row.subscription_id IS NOT NULL AND row.removed_at IS NULL THEN
		PERFORM raise_conflict('account_of_subscription', 'This account belongs to a subscription: cancel the subscription instead.');
	END IF;
	UPDATE mikrotik_secrets
	   SET wanted = 'absent', disabled = true, removed_at = now(), updated_at = now()
	 WHERE id = account AND removed_at IS NULL;
END $$;
