-- account.sql: what router-sync asks about accounts, and the answers it writes back.

-- name: account_claim(uuid, int, uuid)
SELECT * FROM account_claim($1::uuid, $2::int, $3::uuid);

-- name: account_compared(uuid)
SELECT * FROM account_compared($1::uuid);

-- name: account_found(uuid, jsonb, jsonb, jsonb)
SELECT different, profiles, misplaced FROM account_found($1::uuid, $2::jsonb, $3::jsonb, $4::jsonb);

-- name: account_results(uuid, jsonb)
SELECT account_results($1::uuid, $2::jsonb);

-- name: account_hints(jsonb)
SELECT account_hints($1::jsonb);

-- name: account_stale(uuid, jsonb)
SELECT n, is_in_service, has_other_name FROM account_stale($1::uuid, $2::jsonb);

-- name: account_mark_dirty(uuid)
SELECT account_mark_dirty(ARRAY[$1::uuid], false);

-- The router of an account, for an immediate sync.
-- name: account_place(uuid)
SELECT a.router_id::text AS router_id, r.name AS router_name, r.is_active
  FROM account_sync a
  LEFT JOIN router_settings r ON r.id = a.router_id
 WHERE a.account_id = $1::uuid;

-- name: account_import(uuid, jsonb)
SELECT imported, adopted FROM account_import($1::uuid, $2::jsonb);

-- name: account_switch(text, bool)
SELECT account_switch($1::text, $2::bool)::text AS id;

-- name: account_require_own(uuid, jsonb)
SELECT account_require_own($1::uuid, $2::jsonb);

-- name: account_of_subscription(uuid)
SELECT account_of_subscription($1::uuid)::text AS id;

-- name: account_named(text)
SELECT id::text AS id, subscription_id IS NOT NULL AS has_subscription
  FROM mikrotik_secrets WHERE username = $1::text AND removed_at IS NULL;

-- name: account_remove(uuid, text)
SELECT account_remove($1::uuid), audit('delete', 'mikrotik_secret', $1::text, NULL, $2::text);
