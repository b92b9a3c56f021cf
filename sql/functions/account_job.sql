/*
 * The jobs of accounts.  router-sync claims the due jobs of one router, talks
 * to the router outside any transaction, and writes the result of each back
 * with the generation that it acted upon, so that a newer change stays due.
 */

/*
 * Account jobs that could be done once due.  An account in service leaves its
 * old router only when the new one has it.
 */
CREATE OR REPLACE VIEW account_jobs AS
SELECT s.account_id, s.router_id, s.due_at
  FROM account_states s
  JOIN mikrotik_secrets m ON m.id = s.account_id
 WHERE s.generation > s.synced_generation
   AND (s.present OR m.wanted <> 'enabled' OR m.disabled OR NOT EXISTS (
	SELECT FROM account_states n
	 WHERE n.account_id = s.account_id AND n.present AND n.generation > n.synced_generation));

-- Profiles that mean off, one a line: ours, and those of other programs.
CREATE OR REPLACE FUNCTION isolation_names(setting settings) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT string_agg(lower(btrim(name)), E'\n')
	  FROM unnest(string_to_array(setting.isolation_names, ',') || setting.isolation_profile) AS name WHERE btrim(name) <> ''
$$;

-- CREATE TYPE has no OR REPLACE, and scripts/schema loads this file twice: drop the type, and first the
-- functions that use it.
DROP FUNCTION IF EXISTS account_claim(uuid, int, uuid), account_wanted_rows(uuid, uuid[]), account_compared(uuid);
DROP TYPE IF EXISTS account_wanted_row;
CREATE TYPE account_wanted_row AS (id uuid, generation bigint, kick boolean, wanted text, service text, username text,
	password text, password_place text, profile text, package_id uuid, local_address text, remote_address text,
	comment text, known boolean, pending boolean, imported boolean, isolation text, isolation_names text, traces text, taken text, shared text,
	router_profile text, bandwidth text, burst text, priority int);

/*
 * The state that these accounts should have on a router, as the database has it now.
 * known: the account was once on the router as it should be.
 * imported: it was found on the router and has not been changed since.
 * taken: addresses of it, present and past, that now belong to other accounts in service.
 * shared: addresses of it, present and past, that static accounts have which are off: they stay
 * blocked for those, also when this account is in service again.
 */
CREATE OR REPLACE FUNCTION account_wanted_rows(router uuid, ids uuid[])
RETURNS SETOF account_wanted_row LANGUAGE sql STABLE AS $$
	SELECT m.id, s.generation, s.kick,
	       CASE WHEN NOT s.present OR m.wanted = 'absent' OR m.removed_at IS NOT NULL THEN 'absent'
	            WHEN m.disabled THEN 'suspended' ELSE m.wanted END,
	       m.service, m.username,
	       nullif(coalesce(m.password, b.mikrotik_password), ''),
	       CASE WHEN m.password IS NOT NULL THEN format('mikrotik_secrets:%s:password', m.id)
	            ELSE format('subscriptions:%s:mikrotik_password', b.id) END,
	       m.profile, m.package_id, m.local_address, m.remote_address, m.comment, s.synced_generation > 0,
	       s.generation > s.synced_generation,
	       m.imported AND s.synced_at = s.created_at,
	       CASE c.suspend_mode WHEN 'isolate' THEN c.isolation_profile END,
	       isolation_names(c),
	       array_to_string(s.traces, E'\n'), a.taken, a.shared,
	       p.router_profile, p.bandwidth, p.burst, p.priority
	  FROM account_states s
	  JOIN mikrotik_secrets m ON m.id = s.account_id
	  LEFT JOIN subscriptions b ON b.id = m.subscription_id
	  LEFT JOIN packages p ON p.id = m.package_id
	 CROSS JOIN settings c
	 CROSS JOIN LATERAL (
		SELECT string_agg(o.remote_address, E'\n') FILTER (WHERE o.wanted = 'enabled' AND NOT o.disabled) AS taken,
		       string_agg(o.remote_address, E'\n')
		           FILTER (WHERE o.service = 'static' AND (o.wanted <> 'enabled' OR o.disabled)) AS shared
		  FROM mikrotik_secrets o
		 WHERE o.router_id = router AND o.id <> m.id AND o.removed_at IS NULL AND o.wanted <> 'absent'
		   AND o.remote_address = ANY (m.remote_address || ARRAY(
			SELECT split_part(t, ' ', 2) FROM unnest(s.traces) AS t WHERE t LIKE 'static %'))) a
	 WHERE s.router_id = router AND s.account_id = ANY (ids)
	 ORDER BY s.account_id
$$;

/*
 * The due jobs of a router (or the one of only_account, due or not), each with
 * the wanted state of this moment.  Before that, store in `traces` the menu and
 * the name under which router-sync may make an object: where the router's reply
 * is lost, the object is found again by its trace.
 */
CREATE OR REPLACE FUNCTION account_claim(router uuid, most int, only_account uuid)
RETURNS SETOF account_wanted_row LANGUAGE plpgsql AS $$
DECLARE
	ids uuid[];
BEGIN
	IF only_account IS NOT NULL THEN
		ids := ARRAY[only_account];
	ELSE
		SELECT array_agg(j.account_id) INTO ids
		  FROM (SELECT a.account_id FROM account_jobs a
		         WHERE a.router_id = router AND a.due_at <= clock_timestamp()
		         ORDER BY a.due_at, a.account_id LIMIT most) j;
	END IF;
	IF ids IS NULL THEN
		RETURN;
	END IF;

	UPDATE account_states s
	   SET traces = s.traces || account_trace(m.service, m.remote_address, m.username)
	  FROM mikrotik_secrets m
	 WHERE s.router_id = router AND s.account_id = ANY (ids) AND m.id = s.account_id
	   AND s.present AND m.wanted <> 'absent'
	   AND account_trace(m.service, m.remote_address, m.username) <> ALL (s.traces);

	RETURN QUERY SELECT * FROM account_wanted_rows(router, ids);
END $$;

/*
 * Store the results of account jobs: [{id, generation, ok, error, traces}].
 * With ok, error is a warning.  An account that moves leaves its old router only
 * when the new one has it (account_jobs): so notify the old routers of accounts
 * that are in order here now.
 */
CREATE OR REPLACE FUNCTION account_results(router uuid, results jsonb)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	others uuid[];
BEGIN
	PERFORM FROM account_states s
	  JOIN jsonb_to_recordset(results) AS r (id uuid) ON r.id = s.account_id
	 WHERE s.router_id = router
	 ORDER BY s.account_id FOR UPDATE OF s;

	PERFORM router_acts_add(router, results);
	UPDATE account_states s
	   SET synced_generation = CASE WHEN r.ok THEN r.generation ELSE s.synced_generation END,
	       kick = s.kick AND NOT (r.ok AND s.generation = r.generation),
	       sync_state = CASE WHEN s.generation > r.generation THEN s.sync_state
	                         WHEN r.ok THEN 'synced' ELSE 'failed' END,
	       sync_error = CASE WHEN s.generation > r.generation THEN s.sync_error ELSE r.error END,
	       synced_at = CASE WHEN r.ok THEN now() ELSE s.synced_at END,
	       traces = coalesce(r.traces, s.traces),
	       attempts = CASE WHEN r.ok OR s.generation > r.generation THEN 0 ELSE s.attempts + 1 END,
	       due_at = CASE WHEN r.ok OR s.generation > r.generation THEN s.due_at
	                     ELSE clock_timestamp() + backoff(s.attempts, '1 second', '15 minutes') END,
	       updated_at = now()
	  FROM jsonb_to_recordset(results) AS r (id uuid, generation bigint, ok boolean, error text, traces text[])
	 WHERE s.router_id = router AND s.account_id = r.id AND r.generation >= s.synced_generation;

	DELETE FROM account_states s
	 USING jsonb_to_recordset(results) AS r (id uuid)
	 WHERE s.router_id = router AND s.account_id = r.id AND NOT s.present AND s.generation = s.synced_generation;

	SELECT array_agg(DISTINCT s.router_id) INTO others
	  FROM jsonb_to_recordset(results) AS r (id uuid, ok boolean)
	  JOIN account_states s ON s.account_id = r.id
	 WHERE r.ok AND s.router_id <> router AND NOT s.present;
	PERFORM router_notify(others);
END $$;

-- Add what a router did for subscriptions to their history, router_acts: a success once for each change, a
-- failure once until the next success. account_results() calls this before it updates account_states, whose
-- rows still show then which results are new.
CREATE OR REPLACE FUNCTION router_acts_add(router uuid, results jsonb)
RETURNS void LANGUAGE sql AS $$
	INSERT INTO router_acts (subscription_id, router_id, act, detail, log_id)
	SELECT m.subscription_id, router,
	       CASE WHEN NOT r.ok THEN 'failed' WHEN NOT s.present OR m.wanted = 'absent' THEN 'removed'
	            WHEN m.disabled OR m.wanted = 'suspended' THEN 'disabled' ELSE 'enabled' END,
	       r.error, c.id
	  FROM jsonb_to_recordset(results) AS r (id uuid, generation bigint, ok boolean, error text)
	  JOIN account_states s ON s.router_id = router AND s.account_id = r.id
	  JOIN mikrotik_secrets m ON m.id = r.id AND m.subscription_id IS NOT NULL
	  LEFT JOIN LATERAL (
		SELECT l.id FROM billing_logs l
		 WHERE l.subscription_id = m.subscription_id
		   AND l.action IN ('created', 'updated', 'activated', 'suspended', 'expired', 'cancelled', 'plan_changed')
		 ORDER BY l.created_at DESC, l.id DESC LIMIT 1) c ON true
	 WHERE r.generation = s.generation
	   AND CASE WHEN r.ok THEN r.generation > s.synced_generation ELSE s.sync_state <> 'failed' END
	 ORDER BY m.id
$$;

-- Store the .id under which the router last had the object of each account: [{id, hint}]. Screens show it; no
-- job looks an object up by it, because an object that is made again has another .id.
CREATE OR REPLACE FUNCTION account_hints(hints jsonb)
RETURNS void LANGUAGE sql AS $$
	UPDATE mikrotik_secrets m
	   SET mikrotik_id = h.hint
	  FROM jsonb_to_recordset(hints) AS h (id uuid, hint text)
	 WHERE m.id = h.id AND m.mikrotik_id IS DISTINCT FROM h.hint
$$;

/*
 * Which of these marked objects, [{n, id (of the mark), name}], may another account take over,
 * because it needs their name?
 *
 *	(1) Objects of accounts that no longer belong on this router.
 *	(2) Objects of accounts in service here that should have another name (is_in_service), where
 *	    their password is known, so that router-sync can make a new object for them.
 *
 * Without (2) two accounts that swap their names would wait for each other for ever.
 * has_other_name: the marked account has another name than the object.
 */
CREATE OR REPLACE FUNCTION account_stale(router uuid, objects jsonb)
RETURNS TABLE (n int, is_in_service boolean, has_other_name boolean) LANGUAGE sql STABLE AS $$
	SELECT q.n, NOT q.has_left, q.has_other_name
	  FROM (SELECT o.n, m.removed_at IS NOT NULL OR m.wanted = 'absent' OR m.router_id IS DISTINCT FROM router AS has_left,
	               m.username <> o.name AS has_other_name,
	               m.wanted = 'enabled' AND NOT m.disabled AND m.username <> o.name
	                 AND coalesce(m.password, b.mikrotik_password) IS NOT NULL AS is_renamed
	          FROM jsonb_to_recordset(objects) AS o (n int, id text, name text)
	          JOIN mikrotik_secrets m ON m.id::text = o.id
	          LEFT JOIN subscriptions b ON b.id = m.subscription_id) q
	 WHERE q.has_left OR q.is_renamed
$$;

/*
 * The accounts of a router that a comparison covers: those that should be there
 * or must still leave.  An imported account stays as it was found until it is
 * changed here, so it is not compared.  One that should be off is compared all
 * the same: its customer must be off, in whichever way (contract 6).
 */
CREATE OR REPLACE FUNCTION account_compared(router uuid)
RETURNS SETOF account_wanted_row LANGUAGE sql STABLE AS $$
	SELECT w.*
	  FROM account_wanted_rows(router, ARRAY(SELECT s.account_id FROM account_states s
	                                          WHERE s.router_id = router
	                                            AND (s.present OR s.generation > s.synced_generation))) w
	 WHERE (NOT w.imported OR w.wanted = 'suspended') AND (w.wanted <> 'absent' OR w.pending)
$$;

/*
 * Make jobs of the differences that a check found, where there is none yet, and count them.
 * accounts and packages, [id], are not as they should be.  strays, [{id, service, name}], are
 * objects with the mark of an account that was not compared.  A stray is removed if its account
 * does not belong on this router and has the stray's name.  A stray with another name stays: a
 * person may have copied the row of our object, and its comment, our mark, with it.
 */
CREATE OR REPLACE FUNCTION account_found(router uuid, accounts jsonb, packages jsonb, strays jsonb)
RETURNS TABLE (different bigint, profiles bigint, misplaced bigint) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM FROM account_states s
	  WHERE s.router_id = router
	    AND s.account_id::text IN (SELECT jsonb_array_elements_text(accounts)
	                               UNION SELECT o.id FROM jsonb_to_recordset(strays) AS o (id text))
	  ORDER BY s.account_id FOR UPDATE;

	UPDATE account_states s
	   SET generation = s.generation + 1, sync_state = 'pending', sync_error = NULL, attempts = 0, due_at = now(),
	       updated_at = now()
	  FROM jsonb_array_elements_text(accounts) AS o (id)
	 WHERE s.router_id = router AND s.account_id = o.id::uuid AND s.generation = s.synced_generation;
	GET DIAGNOSTICS different = ROW_COUNT;

	INSERT INTO profile_states AS s (package_id, router_id)
	SELECT o.id::uuid, router FROM jsonb_array_elements_text(packages) AS o (id) ORDER BY o.id
	    ON CONFLICT (package_id, router_id) DO UPDATE
	   SET generation = s.generation + 1, sync_state = 'pending', sync_error = NULL, attempts = 0, due_at = now()
	 WHERE s.generation = s.synced_generation;
	GET DIAGNOSTICS profiles = ROW_COUNT;

	INSERT INTO account_states AS s (account_id, router_id, present, traces)
	SELECT m.id, router, m.router_id IS NOT DISTINCT FROM router,
	       array_agg(account_trace(o.service, m.remote_address, o.name) ORDER BY o.service)
	  FROM jsonb_to_recordset(strays) AS o (id text, service text, name text)
	  JOIN mikrotik_secrets m ON m.id::text = o.id AND m.username = o.name
	 WHERE m.wanted = 'absent' OR m.removed_at IS NOT NULL OR m.router_id IS DISTINCT FROM router
	 GROUP BY m.id
	 ORDER BY m.id
	    ON CONFLICT (account_id, router_id) DO UPDATE
	   SET traces = s.traces || excluded.traces, generation = s.generation + 1, sync_state = 'pending',
	       sync_error = NULL, attempts = 0, due_at = now(), updated_at = now()
	 WHERE s.generation = s.synced_generation OR NOT excluded.traces <@ s.traces;
	GET DIAGNOSTICS misplaced = ROW_COUNT;

	IF different + profiles + misplaced > 0 THEN
		PERFORM router_notify(ARRAY[router]);
	END IF;
	RETURN NEXT;
END $$;
