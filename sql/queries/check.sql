-- check.sql: what ispctl check and ispctl health ask.

-- name: check_all()
SELECT rule, subject, detail FROM check_invariants()
UNION ALL
SELECT rule, subject, detail FROM check_accounts();

-- Lines that owe more days than their bills' due dates and grace allow.
-- name: check_days_owed(date)
SELECT subject, detail FROM check_days_owed($1::date) ORDER BY subject;

-- A subscription of more than a day ago has missed a run if no run was ever finished.
-- name: health_database()
SELECT version() AS server, r.last_run::text AS last_run,
       coalesce(r.last_run < business_today() - 1,
                EXISTS (SELECT FROM subscriptions WHERE created_at < now() - interval '1 day')) AS is_late,
       business_today()::text AS today,
       (SELECT count(*) FROM account_states WHERE generation > synced_generation) AS jobs,
       (SELECT count(*) FROM account_states WHERE sync_state = 'failed') AS failed,
       (SELECT count(*) FROM message_outbox WHERE state = 'pending') AS messages
  FROM (SELECT max(business_date) AS last_run FROM billing_runs WHERE finished_at IS NOT NULL) r;

-- name: health_routers()
SELECT r.name, r.is_active, s.broken_since, s.last_error
  FROM router_settings r
  LEFT JOIN router_states s ON s.router_id = r.id
 ORDER BY r.name, r.id;

-- name: router_listing()
SELECT id::text AS id, name, host, port, ssl, is_active, message_moment(last_connected_at) AS last_connected_at
  FROM router_settings
 ORDER BY name, id;

-- name: router_named(text)
SELECT id::text AS id FROM router_settings WHERE name = $1 OR id::text = $1 ORDER BY id LIMIT 2;

-- name: user_listing()
SELECT email, name, role, is_active FROM users ORDER BY lower(email);

-- name: user_new_password(text, text)
SELECT user_new_password($1::text, $2::text) AS id;

-- name: setup_token_set(text)
UPDATE settings SET setup_token = $1;

-- A backup that was restored and broke no rule; its time stands in its name.
-- name: restore_proof_add(text, integer)
INSERT INTO restore_proofs (backup, taken_at, seconds)
VALUES ($1, substring($1 FROM 'isp-(\d{8}T\d{6}Z)')::timestamptz, $2);

-- The admin of sql/seed/dev_admin.sql with the password that everybody knows.
-- name: user_with_known_password()
SELECT email FROM users WHERE password = '$argon2id$v=19$m=65536,t=2,p=1$ktsSf+YRh+LG51oBaLjkRw$KwGjowqtdrZiu+DBX3ZpwqRb2RAkkj9pATIeCIFuKsY';
