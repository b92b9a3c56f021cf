-- The user of a token that is still valid. The use is recorded at most once a minute; a token used
-- within the minute cannot be idle for too long, so that only older ones call token_used().
-- The holder of a token: its id, the hash of its secret, the roles of which one is required, the
-- abilities of which one is required. Anything else ends the pipeline.
-- name: session_by_token(bigint, text, text[], text[])
SELECT t.user_id, t.holder_email AS email, t.holder_role AS role
  FROM (VALUES (1)) one LEFT JOIN personal_access_tokens t ON t.id = $1::bigint
 WHERE CASE
	WHEN NOT is_same_hash(t.token, $2::text) OR NOT t.holder_active OR token_expired(t) THEN session_refuse(401)
	WHEN CASE WHEN t.last_used_at > now() - interval '1 minute' THEN false
	          ELSE NOT token_used($1::bigint) END THEN session_refuse(401)
	WHEN t.holder_role = ANY ($3::text[]) AND t.abilities && $4::text[] THEN true
	ELSE session_refuse(403) END;

-- name: login_take(text, text)
SELECT login_take($1::text, $2::text) AS wait;

-- name: login_find(text)
SELECT id, email, password, is_active FROM users WHERE lower(email) = lower($1::text);

-- name: login_failed(text, text, text)
SELECT audit('login_failed', 'user', $1::text, jsonb_build_object('reason', $2::text), $3::text);

-- name: user_rehash(uuid, text, text)
UPDATE users SET password = $3::text WHERE id = $1::uuid AND password = $2::text RETURNING id;

-- name: session_open(uuid, text, text, text, text)
SELECT session_open($1::uuid, $2::text, $3::text, $4::text, $5::text) AS id;

-- name: session_close(bigint, uuid, text)
SELECT session_close($1::bigint, $2::uuid, $3::text);

-- name: token_add(uuid, bigint, jsonb, text, text)
SELECT token_add($1::uuid, $2::bigint, $3::jsonb, $4::text, $5::text) AS id;

-- name: token_row(bigint, text)
SELECT *, $2::text AS token FROM token_rows WHERE id = $1::bigint;

-- name: token_drop(uuid, bigint, text)
SELECT token_drop($1::uuid, $2::bigint, $3::text);
