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
CREATE FUNCTION used(mark text, last interval, hash text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	t personal_access_tokens;
	lives boolean;
BEGIN
	UPDATE personal_access_tokens SET last_used_at = now() - last WHERE token = rpad(mark, 64) RETURNING * INTO t;
	lives := token_used(t.id, rpad(coalesce(hash, mark), 64));
	RETURN lives || CASE WHEN (SELECT last_used_at FROM personal_access_tokens WHERE id = t.id) = now() THEN ', noted' ELSE '' END;
END $$;
SELECT is(used('c', NULL), 'true, noted', 'used for the first time');
SELECT is(used('c', '61 seconds'), 'true, noted', 'used again a minute later');
SELECT is(used('c', '59 seconds'), 'true', 'within the minute it is not written again');
SELECT is(used('c', '29 days', 'wrong'), 'true', 'a wrong secret uses nothing');
SELECT is(used('c', '29 days 23 hours'), 'true, noted', 'the last day');
SELECT is(used('c', '30 days'), 'false', 'left alone for too long');
UPDATE settings SET token_idle_days = 31;
SELECT is(used('c', '30 days'), 'true, noted', 'the setting holds at once');
UPDATE personal_access_tokens SET last_used_at = NULL, created_at = now() - interval '32 days' WHERE id = :c;
SELECT is(token_used(:c, rpad('c', 64)), false, 'never used: its age counts');
UPDATE personal_access_tokens SET created_at = now(), expires_at = now() WHERE id = :c;
SELECT is(token_used(:c, rpad('c', 64)), false, 'its time is over');
SELECT is((SELECT token_expired(t) FROM personal_access_tokens t WHERE id = :c), true, 'expiry is known without using it');
UPDATE personal_access_tokens SET expires_at = now() + interval '1 second' WHERE id = :c;
SELECT is((SELECT token_expired(t) FROM personal_access_tokens t WHERE id = :c), false, 'a second before it is not');

SELECT finish();
ROLLBACK;
