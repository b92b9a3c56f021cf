-- router.sql: routers for those who connect to them, and their circuit breakers.

-- name: router_by_id(uuid)
SELECT r.id::text AS id, r.name, r.host, r.port, r.username, r.password, r.ssl, r.tls_verify, r.tls_fingerprint,
       r.tls_ca, r.ppp_local_address, r.ppp_pool, r.connect_timeout_ms, r.read_timeout_ms, r.is_active,
       s.broken_since IS NOT NULL AS is_broken, coalesce(s.next_probe_at <= clock_timestamp(), true) AS is_probe_due
  FROM router_settings r
  LEFT JOIN router_states s ON s.router_id = r.id
 WHERE r.id = $1::uuid;

-- name: router_default()
SELECT account_default_router()::text AS id;

-- name: router_first(uuid, text, int, text, text, bool)
SELECT router_first($1::uuid, $2::text, $3::int, $4::text, $5::text, $6::bool);

-- name: router_active_ids()
SELECT id::text AS id FROM router_settings WHERE is_active ORDER BY created_at, id;

-- name: router_name(uuid)
SELECT name FROM router_settings WHERE id = $1::uuid;

-- name: router_work()
SELECT router_id::text AS router_id, wait_ms FROM router_work();

-- name: router_is_due(uuid)
SELECT router_is_due($1::uuid) AS is_due;

-- name: router_night()
SELECT router_night(now()) AS night;

-- name: router_fail_waiting()
SELECT router_fail_waiting();

-- One worker a router: the lock is the session's and is held while a batch is done.
-- name: router_lock(uuid)
SELECT pg_try_advisory_lock(hashtextextended('router ' || $1::text, 0)) AS locked;

-- name: router_unlock(uuid)
SELECT pg_advisory_unlock(hashtextextended('router ' || $1::text, 0));

-- name: router_broken(uuid, text, int, boolean)
SELECT router_broken($1::uuid, $2::text, $3::int, $4::boolean);

-- name: router_healthy(uuid, text)
SELECT router_healthy($1::uuid, $2::text);

-- name: profile_claim(uuid, uuid)
SELECT package_id::text AS id, generation, service, router_profile, bandwidth, burst, priority
  FROM profile_claim($1::uuid, $2::uuid);

-- name: profile_results(uuid, jsonb)
SELECT profile_results($1::uuid, $2::jsonb);

-- name: profile_mark_dirty_on_all_routers(uuid)
SELECT id::text AS id FROM profile_mark_dirty_on_all_routers($1::uuid) AS r (id);

-- The nightly comparison would do more than it may: an alert, until a later one may again.
-- name: router_drift_alert(uuid, text, text)
SELECT CASE WHEN $3::text IS NULL THEN alert_resolve('drift ' || $1::text)
            ELSE alert_raise_text('system', 'critical', 'drift', jsonb_build_object('name', $2::text, 'difference', $3::text),
                                  NULL, 'drift ' || $1::text) END;

-- name: router_sample_waiting()
SELECT EXISTS (SELECT FROM router_samples_due) AS is_due;

-- name: router_place(uuid)
SELECT host, port::text AS port, ssl, tls_verify FROM router_settings WHERE id = $1::uuid;

-- name: router_isolation()
SELECT isolation_profile FROM settings;
