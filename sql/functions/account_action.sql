-- Acts of people on accounts: import, a switch by hand, changes of accounts that stand alone.

/*
 * Objects found on a router, [{id, username, password, service, profile,
 * local_address, remote_address, comment, disabled, mikrotik_id}], password
 * sealed to id or null.  What is missing here is created as imported; an account
 * of a subscription that never got on the router adopts the object of its name.
 */
CREATE OR REPLACE FUNCTION account_import(router uuid, objects jsonb)
RETURNS TABLE (imported bigint, adopted bigint) LANGUAGE plpgsql AS $$
DECLARE
	ids uuid[];
BEGIN
	WITH found AS (
		SELECT m.id, m.subscription_id, o.comment
		  FROM jsonb_to_recordset(objects) AS o (username text, service text, comment text)
		  JOIN mikrotik_secrets m ON m.username = o.username AND m.removed_at IS NULL
		   AND (m.service = 'hotspot') = (o.service = 'hotspot')
		  JOIN account_states s ON s.account_id = m.id AND s.router_id = router
		 WHERE m.router_id = router AND s.present AND s.synced_generation = 0 AND m.service <> 'static'
		   FOR UPDATE OF m
	), commented AS (
		UPDATE subscriptions b SET comment = left(f.comment, 255)
		  FROM found f
		 WHERE b.id = f.subscription_id AND coalesce(b.comment, '') = '' AND f.comment <> ''
	)
	SELECT array_agg(f.id ORDER BY f.id) INTO ids FROM found f;
	adopted := coalesce(cardinality(ids), 0);
	IF ids IS NOT NULL THEN
		UPDATE mikrotik_secrets m SET imported = true WHERE m.id = ANY (ids);
		UPDATE account_states s
		   SET synced_at = s.created_at, due_at = now(), attempts = 0,
		       traces = ARRAY[account_trace(m.service, m.remote_address, m.username)]
		  FROM mikrotik_secrets m
		 WHERE m.id = s.account_id AND s.account_id = ANY (ids) AND s.router_id = router;
		PERFORM router_notify(ARRAY[router]);
	END IF;

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
		PERFORM raise_conflict('The subscription of this account is not active: activate the subscription instead.');
	END IF;
	UPDATE mikrotik_secrets SET disabled = off, updated_at = now() WHERE id = row.id AND disabled <> off;
	RETURN row.id;
END $$;

/*
 * What belongs to a subscription is changed there.  Values equal to those of the
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
		PERFORM raise_conflict('This account belongs to a subscription: change the subscription instead.');
	END IF;
END $$;

-- The account that a screen means by a subscription.
CREATE OR REPLACE FUNCTION account_of_subscription(subscription uuid)
RETURNS uuid LANGUAGE sql STABLE AS $$
	SELECT id FROM mikrotik_secrets WHERE subscription_id = subscription AND removed_at IS NULL
$$;
