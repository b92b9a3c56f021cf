-- The user's data beside each token; how long a token is valid, and when its use is recorded.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET token_idle_days = 30;

INSERT INTO users (name, email, password, role) VALUES ('Ani', 'ani@example.net', 'x', 'operator') RETURNING id AS ani \gset
INSERT INTO users (name, email, password, role) VALUES ('Budi', 'budi@example.net', 'x', 'admin') RETURNING id AS budi \gset

CREATE FUNCTION holds(which bigint) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', holder_email, holder_role, holder_active) FROM personal_access_tokens WHERE id = which
$$;
CREATE FUNCTION made(who uuid, mark text) RETURNS bigint LANGUAGE sql AS $$
	INSERT INTO personal_access_tokens (user_id, name, token) VALUES (who, 'test', rpad(mark, 64)) RETURNING id
$$;

-- the holder
SELECT made(:'ani', 'a') AS a \gset
SELECT made(:'ani', 'b') AS b \gset
SELECT made(:'budi', 'c') AS c \gset
SELECT is(holds(:a), 'ani@example.net operator t', 'a new token knows its holder');
UPDATE users SET role = 'viewer' WHERE id = :'ani';
SELECT is(holds(:a) || ', ' || holds(:b), 'ani@example.net viewer t, ani@example.net viewer t', 'a new role reaches all tokens of the user');
UPDATE users SET email = 'ani@example.org' WHERE id = :'ani';
SELECT is(holds(:a), 'ani@example.org viewer t', 'and a new e-mail');
UPDATE users SET is_active = false WHERE id = :'ani';
SELECT is(holds(:a), NULL, 'deactivation deletes the tokens');
SELECT is(holds(:c), 'budi@example.net admin t', 'and those of no other user');
SELECT throws_ok($$SELECT made(gen_random_uuid(), 'd')$$, '23502', NULL, 'a token needs a user');

-- its life
CREATE FUNCTION used(mark text, last interval) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	t personal_access_tokens;
	lives boolean;
BEGIN
	UPDATE personal_access_tokens SET last_used_at = now() - last WHERE token = rpad(mark, 64) RETURNING * INTO t;
	lives := token_used(t.id);
	RETURN lives || CASE WHEN (SELECT last_used_at FROM personal_access_tokens WHERE id = t.id) = now() THEN ', noted' ELSE '' END;
END $$;
SELECT is(used('c', NULL), 'true, noted', 'used for the first time');
SELECT is(used('c', '61 seconds'), 'true, noted', 'used again a minute later');
SELECT is(used('c', '59 seconds'), 'true', 'within the minute it is not written again');
SELECT is(used('c', '1 minute'), 'true', 'nor at its end');
SELECT is(used('c', '29 days 23 hours'), 'true, noted', 'the last day');
SELECT is(used('c', '30 days'), 'false', 'left alone for too long');
UPDATE settings SET token_idle_days = 31;
SELECT is(used('c', '30 days'), 'true, noted', 'the setting holds at once');
UPDATE personal_access_tokens SET last_used_at = NULL, created_at = now() - interval '32 days' WHERE id = :c;
SELECT is(token_used(:c), false, 'never used: its age counts');
UPDATE personal_access_tokens SET created_at = now(), expires_at = now() WHERE id = :c;
SELECT is(token_used(:c), false, 'its time is over');
SELECT is((SELECT token_expired(t) FROM personal_access_tokens t WHERE id = :c), true, 'expiry is known without using it');
UPDATE personal_access_tokens SET expires_at = now() + interval '1 second' WHERE id = :c;
SELECT is((SELECT token_expired(t) FROM personal_access_tokens t WHERE id = :c), false, 'a second before it is not');

-- its end
CREATE FUNCTION there() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(trim(token), ' ' ORDER BY token) FROM personal_access_tokens WHERE length(trim(token)) = 1 $$;
DELETE FROM personal_access_tokens;
UPDATE users SET is_active = true WHERE id = :'ani';
SELECT made(:'ani', 'd') AS d, made(:'ani', 'e') AS e, made(:'budi', 'f') AS f \gset
UPDATE personal_access_tokens SET last_used_at = now() - interval '32 days' WHERE id IN (:d, :f);
SELECT session_open(:'ani', NULL, rpad('g', 64), 'auth-token', NULL) AS g \gset
SELECT is(there(), 'e f g', 'a login removes the tokens of that user that are over');
SELECT session_close(:g, :'budi', NULL) \g /dev/null
SELECT is(there(), 'e f g', 'the session of another goes on');
SELECT session_close(:g, :'ani', NULL) \g /dev/null
SELECT is(there(), 'e f', 'the own one ends');
SELECT throws_ok(format('SELECT token_drop(%L, %s, NULL)', :'budi', :e), 'IS404', NULL, 'a token of another is not dropped');
SELECT throws_ok(format('SELECT token_add(%L, %s, ''{"name": "n", "abilities": []}'', %L, NULL)', :'budi', :e, repeat('h', 64)),
	'IS403', NULL, 'nor made with the session of another');
SELECT throws_ok(format('SELECT token_add(%L, %s, %L, %L, NULL)', :'ani', :e, jsonb_build_object('name', 'n', 'abilities', '[]'::jsonb, 'expires_at', now()),
	repeat('h', 64)), 'IS422', NULL, 'one that ends now is none');

-- Bug: hashes of secrets were compared by =, which stops at the first byte that differs.
SELECT is(is_same_hash(repeat('a', 64), repeat('a', 64)), true, 'equal hashes are equal');
SELECT is(is_same_hash(repeat('a', 64), repeat('a', 63) || 'b'), false, 'others are not');
SELECT is(is_same_hash(NULL, repeat('a', 64)) OR is_same_hash(repeat('a', 64), NULL) OR is_same_hash(NULL, NULL), false, 'nor is none');
SELECT is_empty($$SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
	AND prosrc ~ '\mtoken\s*(=|<>|IS (NOT )?DISTINCT FROM)\s*(hash|setup|given|\$\d)\M'$$,
	'no function compares a stored token with a given one by =');

SELECT finish();
ROLLBACK;
