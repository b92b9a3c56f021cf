-- snapshot.sql: what routers were last seen to hold; see sql/functions/snapshot.sql.

-- The reading of a kind. A failure to reach the router counts for all kinds.
-- name: snapshot_row(uuid, text)
SELECT r.name, r.is_active, s.data,
       CASE WHEN l.error IS NOT NULL AND l.tried_at >= coalesce(s.tried_at, l.tried_at) THEN l.error ELSE s.error END AS error,
       coalesce(greatest(s.tried_at, CASE WHEN l.error IS NOT NULL THEN l.tried_at END)
                > clock_timestamp() - interval '5 seconds', false) AS is_fresh
  FROM router_settings r
  LEFT JOIN router_snapshots s ON s.router_id = r.id AND s.kind = $2::text
  LEFT JOIN router_snapshots l ON l.router_id = r.id AND l.kind = 'link'
 WHERE r.id = $1::uuid;

-- One reader a router: the lock is the session's and is held while the router is read.
-- name: snapshot_lock(uuid)
SELECT pg_try_advisory_lock(hashtextextended('router snapshot ' || $1::text, 0)) AS locked;

-- name: snapshot_unlock(uuid)
SELECT pg_advisory_unlock(hashtextextended('router snapshot ' || $1::text, 0));

-- name: snapshot_store(uuid, text, text)
SELECT router_snapshot_store($1::uuid, $2::text, $3::text);

-- name: snapshot_fail(uuid, text, text)
SELECT router_snapshot_fail($1::uuid, $2::text, $3::text);

-- name: snapshot_expire(uuid)
SELECT router_snapshot_expire($1::uuid);

-- name: snapshot_live_store(uuid, text, text, text, text)
SELECT router_live_store($1::uuid, $2::text, $3::jsonb, $4::jsonb, $5::jsonb);

-- Active routers, those that answered first; the breaker's reason of those that are down.
-- name: snapshot_routers()
SELECT r.id::text AS id, r.name, b.last_error AS broken
  FROM router_settings r
  LEFT JOIN router_states b ON b.router_id = r.id AND b.broken_since IS NOT NULL
  LEFT JOIN router_snapshots l ON l.router_id = r.id AND l.kind = 'link'
 WHERE r.is_active
 ORDER BY l.error IS NOT NULL, r.created_at, r.id;

-- The sessions of all active routers, as the last readings rendered them.
-- name: session_online()
SELECT '[' || coalesce(string_agg(nullif(s.data, ''), ',' ORDER BY r.created_at, r.id), '') || ']' AS rows
  FROM router_snapshots s
  JOIN router_settings r ON r.id = s.router_id AND r.is_active
 WHERE s.kind = 'online' AND s.taken_at > clock_timestamp() - interval '1 minute';

-- name: session_active(uuid, text)
SELECT session_id AS id, username AS name, 'pppoe' AS service, mac_address AS caller_id, address, uptime
  FROM router_sessions
 WHERE router_id = $1::uuid AND service = $2::text
 ORDER BY username, session_id;

-- name: session_hotspot(uuid, text)
SELECT session_id AS id, username AS "user", address, mac_address, uptime, rx_bytes AS bytes_in, tx_bytes AS bytes_out,
       rx_packets AS packets_in, tx_packets AS packets_out
  FROM router_sessions
 WHERE router_id = $1::uuid AND service = $2::text
 ORDER BY username, session_id;

-- name: traffic_points(uuid)
SELECT taken_at AS time, round(tx_rate / 1e6, 2) AS download, round(rx_rate / 1e6, 2) AS upload
  FROM router_traffic
 WHERE router_id = $1::uuid AND taken_at > clock_timestamp() - interval '10 minutes'
 ORDER BY taken_at;

-- The session of a user with what the account sells; rx is what the screens call download.
-- name: session_detail(text, text)
SELECT s.username,
       json_build_object('id', s.session_id, 'address', coalesce(s.address, ''), 'macAddress',
           coalesce(s.mac_address, ''), 'uptime', coalesce(s.uptime, ''), 'service', s.service, 'encoding', '') AS session,
       json_build_object('rxRate', router_rate_text(s.tx_rate, 'bit'), 'txRate', router_rate_text(s.rx_rate, 'bit'),
           'rxBytes', router_bytes_text(s.tx_bytes), 'txBytes', router_bytes_text(s.rx_bytes),
           'rxPackets', coalesce(s.tx_packets, 0)::text, 'txPackets', coalesce(s.rx_packets, 0)::text) AS bandwidth,
       CASE WHEN m.id IS NOT NULL THEN json_build_object('profile', coalesce(m.profile, p.router_profile, ''),
           'maxLimit', coalesce(p.bandwidth, ''), 'limitAt', coalesce(p.burst, ''), 'comment', coalesce(m.comment, ''))
       END AS profile
  FROM router_sessions s
  JOIN router_settings r ON r.id = s.router_id AND r.is_active
  LEFT JOIN mikrotik_secrets m ON m.username = s.username AND m.removed_at IS NULL
  LEFT JOIN packages p ON p.id = m.package_id
 WHERE s.username = $1::text AND ($2::text IS NULL OR s.service = $2::text)
   AND s.taken_at > clock_timestamp() - interval '1 minute'
 ORDER BY s.taken_at DESC
 LIMIT 1;

-- The router where a user lives; else the default one.
-- name: session_router(text)
SELECT coalesce((SELECT router_id FROM mikrotik_secrets WHERE username = $1::text AND removed_at IS NULL),
                account_default_router())::text AS id;

-- name: line_sample(uuid)
SELECT line_sample($1::uuid);

-- name: line_sample_due()
SELECT id::text AS id FROM line_sample_due() AS r (id);

-- The samples of a line, oldest first; rates in Mbps since the sample before.
-- name: line_traffic(uuid)
SELECT l.taken_at AS time, l.online,
       round(CASE WHEN l.tx_bytes >= l.tx_before THEN (l.tx_bytes - l.tx_before) * 8 / l.seconds / 1e6 END, 3) AS download,
       round(CASE WHEN l.rx_bytes >= l.rx_before THEN (l.rx_bytes - l.rx_before) * 8 / l.seconds / 1e6 END, 3) AS upload
  FROM (SELECT s.*, lag(s.tx_bytes) OVER w AS tx_before, lag(s.rx_bytes) OVER w AS rx_before,
               nullif(extract(epoch FROM s.taken_at - lag(s.taken_at) OVER w), 0) AS seconds
          FROM line_samples s
          JOIN mikrotik_secrets m ON m.id = s.account_id
         WHERE m.subscription_id = $1::uuid AND s.taken_at > now() - interval '24 hours'
        WINDOW w AS (ORDER BY s.taken_at)) l
 ORDER BY l.taken_at;

-- name: isolir_line(text, text, text)
SELECT customer, status, suspend_reason, invoice_id, total_due, company ->> 'name' AS "company.name",
       company ->> 'phone' AS "company.phone", company ->> 'whatsapp' AS "company.whatsapp",
       company ->> 'address' AS "company.address"
  FROM isolir_ask($1::text, $2::text, $3::text);
