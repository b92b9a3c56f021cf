/*
 * What router-sync asks and answers.  It claims the due jobs of one router,
 * talks to the router outside any transaction, and writes back what came of
 * each: the generation it acted upon, so that a newer change stays due.
 */

-- 1, 2, 4 seconds … 15 minutes.
CREATE OR REPLACE FUNCTION job_backoff(attempts int)
RETURNS interval LANGUAGE sql IMMUTABLE AS $$
	SELECT make_interval(secs => least(900, 2 ^ least(attempts, 10)))
$$;

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
 * What these accounts should be on a router, as the database has it now.  known:
 * it once was there as it should be.  imported: it has not been since it was
 * found there.  taken: its addresses, present and past, that other accounts in
 * service have by now; shared: those that other static accounts must have blocked.
 */
DROP FUNCTION IF EXISTS account_claim(uuid, int, uuid), account_wishes(uuid, uuid[]), account_settled(uuid);
DROP TYPE IF EXISTS account_wish; -- has no OR REPLACE
CREATE TYPE account_wish AS (id uuid, generation bigint, kick boolean, want text, service text, username text,
	password text, password_place text, profile text, package_id uuid, local_address text, remote_address text,
	comment text, known boolean, imported boolean, isolation text, traces text, taken text, shared text,
	router_profile text, bandwidth text, burst text, priority int);

CREATE OR REPLACE FUNCTION account_wishes(router uuid, ids uuid[])
RETURNS SETOF account_wish LANGUAGE sql STABLE AS $$
	SELECT m.id, s.generation, s.kick,
	       CASE WHEN NOT s.present OR m.wanted = 'absent' OR m.removed_at IS NOT NULL THEN 'absent'
	            WHEN m.disabled THEN 'suspended' ELSE m.wanted END,
	       m.service, m.username,
	       coalesce(m.password, b.mikrotik_password),
	       CASE WHEN m.password IS NOT NULL THEN format('mikrotik_secrets:%s:password', m.id)
	            ELSE format('subscriptions:%s:mikrotik_password', b.id) END,
	       m.profile, m.package_id, m.local_address, m.remote_address, m.comment, s.synced_generation > 0,
	       m.imported AND s.synced_at = s.created_at,
	       CASE c.suspend_mode WHEN 'isolate' THEN c.isolation_profile END,
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
 * its wish as it is now.  Writes down first where an account may come to
 * stand, so that what a lost reply left behind is found again.
 */
CREATE OR REPLACE FUNCTION account_claim(router uuid, most int, only_account uuid)
RETURNS SETOF account_wish LANGUAGE plpgsql AS $$
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

	RETURN QUERY SELECT * FROM account_wishes(router, ids);
END $$;

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

/*
 * Write back account jobs: [{id, generation, ok, error, traces}].  error of
 * what went well is a warning.  Wakes the routers that were waiting for this.
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
	                     ELSE clock_timestamp() + job_backoff(s.attempts) END,
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
	                     ELSE clock_timestamp() + job_backoff(s.attempts) END
	  FROM jsonb_to_recordset(results) AS r (id uuid, generation bigint, ok boolean, error text)
	 WHERE s.router_id = router AND s.package_id = r.id
$$;

-- The last seen ids, a hint for screens: [{id, hint}].
CREATE OR REPLACE FUNCTION account_hints(hints jsonb)
RETURNS void LANGUAGE sql AS $$
	UPDATE mikrotik_secrets m
	   SET mikrotik_id = h.hint
	  FROM jsonb_to_recordset(hints) AS h (id uuid, hint text)
	 WHERE m.id = h.id AND m.mikrotik_id IS DISTINCT FROM h.hint
$$;

/*
 * A router could not be reached: the breaker opens, all that waits for it says
 * why, and it is probed again in probe_s seconds.
 */
CREATE OR REPLACE FUNCTION router_broken(router uuid, reason text, probe_s int)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO router_states AS s (router_id, failures, broken_since, next_probe_at, last_error)
	VALUES (router, 1, now(), clock_timestamp() + make_interval(secs => probe_s), reason)
	    ON CONFLICT (router_id) DO UPDATE
	   SET failures = s.failures + 1, broken_since = coalesce(s.broken_since, now()),
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

-- What came for a router that is known to be broken says so too, and does not wait for the next probe.
CREATE OR REPLACE FUNCTION router_tell()
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
	   SET failures = 0, broken_since = NULL, next_probe_at = NULL, last_error = NULL,
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
 * Whose are these objects of a router, [{n, id (of the mark), name}]?  Answered
 * are those that an account may take that wants the name: of accounts that no
 * longer should be on this router, and (renamed) of those in service there that
 * should have another name and, their password being known, can get another
 * object; else two that swap their names would wait for each other for ever.
 */
DROP FUNCTION IF EXISTS account_stale(uuid, jsonb);
CREATE OR REPLACE FUNCTION account_stale(router uuid, objects jsonb)
RETURNS TABLE (n int, renamed boolean) LANGUAGE sql STABLE AS $$
	SELECT q.n, NOT q.has_left
	  FROM (SELECT o.n, m.removed_at IS NOT NULL OR m.wanted = 'absent' OR m.router_id IS DISTINCT FROM router AS has_left,
	               m.wanted = 'enabled' AND NOT m.disabled AND m.username <> o.name
	                 AND coalesce(m.password, b.mikrotik_password) IS NOT NULL AS is_renamed
	          FROM jsonb_to_recordset(objects) AS o (n int, id text, name text)
	          JOIN mikrotik_secrets m ON m.id::text = o.id
	          LEFT JOIN subscriptions b ON b.id = m.subscription_id) q
	 WHERE q.has_left OR q.is_renamed
$$;

/*
 * The day whose night it is.  Once a night each router is compared with the
 * database: what no job changed somebody else may have, or another router
 * stands behind the same address.  The night begins at three, after billing's.
 */
CREATE OR REPLACE FUNCTION router_night(moment timestamptz)
RETURNS date LANGUAGE sql STABLE AS $$
	SELECT business_day(moment - interval '3 hours')
$$;

/*
 * The accounts that are in order on a router, as far as is known: what a check
 * compares.  What was imported is left as it was found until it is changed here.
 */
CREATE OR REPLACE FUNCTION account_settled(router uuid)
RETURNS SETOF account_wish LANGUAGE sql STABLE AS $$
	SELECT w.*
	  FROM account_wishes(router, ARRAY(SELECT s.account_id FROM account_states s
	                                     WHERE s.router_id = router AND s.present
	                                       AND s.generation = s.synced_generation)) w
	 WHERE w.want <> 'absent' AND NOT w.imported
$$;

/*
 * What a check found becomes jobs, but for what has one already; how many of
 * each.  accounts and packages, [id], are not as they should be.  strays,
 * [{id, service, name}], bear the mark of an account that was not compared: it
 * is to leave if it has no business on this router and the name is its own; a
 * mark under another name somebody may have copied with the row.
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
