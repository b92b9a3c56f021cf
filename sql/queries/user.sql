-- name: user_row(uuid)
SELECT * FROM user_rows WHERE id = $1::uuid;

-- name: user_by_token(bigint)
SELECT r.* FROM user_rows r JOIN personal_access_tokens t ON t.user_id = r.id WHERE t.id = $1::bigint;

-- name: user_password(uuid, text, text, bigint, text)
SELECT user_password($1::uuid, $2::text, $3::text, $4::bigint, $5::text);

-- name: password_forgot(text, text, uuid, text, text)
SELECT password_forgot($1::text, $2::text, $3::uuid, $4::text, $5::text);

-- name: password_reset_hash(text)
SELECT password_reset_hash($1::text) AS hash;

-- name: password_reset(text, text, text, text)
SELECT password_reset($1::text, $2::text, $3::text, $4::text);

-- name: user_hash(uuid)
SELECT password FROM users WHERE id = $1::uuid;

-- name: user_add(jsonb, text)
SELECT user_add($1::jsonb, $2::text) AS id;

-- name: registration_open()
SELECT registration_open() AS setup_hash;

-- name: user_register(jsonb, text, text)
SELECT user_register($1::jsonb, $2::text, $3::text) AS id;

-- name: user_set(uuid, jsonb, bigint, text)
SELECT user_set($1::uuid, $2::jsonb, $3::bigint, $4::text);

-- name: user_drop(uuid, text)
SELECT user_drop($1::uuid, $2::text);
