-- A forgotten password: whose token, how often, how long, how many times (sql/functions/password_reset.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
INSERT INTO users (name, email, password, role) VALUES ('Ani', 'Ani@X.id', 'old', 'admin'), ('Budi', 'budi@x.id', 'old', 'operator'), ('Gone', 'gone@x.id', 'old', 'operator');
UPDATE users SET is_active = false WHERE name = 'Gone';
CREATE FUNCTION who(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM users WHERE name = n $$;
INSERT INTO personal_access_tokens (user_id, name, token, expires_at) SELECT id, 'spa', encode(sha256(name::bytea), 'hex'), now() + interval '1 day' FROM users;
CREATE FUNCTION forgets(mail text, hash text, ip text DEFAULT '192.0.2.1') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM message_outbox;
	PERFORM password_forgot(mail, hash, uuidv7(), 'sealed ' || hash, ip);
	RETURN (SELECT string_agg(concat_ws(' ', event, recipient, fields ->> 'name', secret), ', ') FROM message_outbox);
EXCEPTION WHEN SQLSTATE 'IS429' THEN
	RETURN 'wait';
END $$;
CREATE FUNCTION tokens() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(email || ' ' || token, ', ' ORDER BY email) FROM password_reset_tokens $$;
SELECT is(forgets('ANI@x.ID', 'h1'), 'password_reset Ani@X.id Ani sealed h1', 'a mail, in whatever letters the address is asked for');
UPDATE users SET name = name; -- no lock of before stands on the new rows
SELECT is(locks('SELECT forgets(''ani@x.id'', ''h0'', ''192.0.2.9'')', format('users WHERE name = %L', n)), wanted, what) FROM (VALUES ('Ani', true, 'the user is locked: it stays while its token is made'), ('Budi', false, 'and no other')) AS t (n, wanted, what);
SELECT is(forgets('gone@x.id', 'h2'), NULL, 'a user who is deactivated gets none');
SELECT is(forgets('budi@x.id', 'h3'), 'password_reset budi@x.id Budi sealed h3', 'another user');
SELECT is(tokens(), 'ani@x.id h1, budi@x.id h3', 'each has a token');
SELECT is(forgets('ani@x.id', 'h4') || ' ' || tokens(), 'password_reset Ani@X.id Ani sealed h4 ani@x.id h4, budi@x.id h3', 'the newest counts');
SELECT is(forgets('ani@x.id', 'h5') IS NOT NULL AND forgets('Ani@x.id', 'h6') IS NULL, true, 'a mailbox gets three a minute');
SELECT is(tokens(), 'ani@x.id h5, budi@x.id h3', 'one too many changes nothing');
SELECT is((SELECT string_agg(coalesce(forgets(n || '@x.id', 'h'), '-'), ' ' ORDER BY n) FROM generate_series(1, 5) n), '- - - - wait', 'an address asks ten times');
SELECT is(forgets('budi@x.id', 'h7', '192.0.2.2'), 'password_reset budi@x.id Budi sealed h7', 'another address may');

CREATE FUNCTION resets(mail text, verified text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM password_reset(mail, verified, 'new', '192.0.2.1');
	RETURN (SELECT string_agg(concat_ws(' ', u.name, u.password, CASE WHEN t.user_id IS NOT NULL THEN 'session' END), ', ' ORDER BY u.name) FROM users u LEFT JOIN personal_access_tokens t ON t.user_id = u.id);
EXCEPTION WHEN SQLSTATE 'IS422' THEN
	RETURN 'refused';
END $$;
UPDATE password_reset_tokens SET created_at = now() - interval '59 minutes 59 seconds';
SELECT is(password_reset_hash('ANI@x.id') || ' ' || password_reset_hash('budi@x.id'), 'h5 h7', 'valid for an hour, each its own');
SELECT is(resets('ani@x.id', 'h7') || ' ' || resets('ani@x.id', 'h1') || ' ' || resets('nobody@x.id', 'h5'), 'refused refused refused', 'not with that of another, an old one, or for another');
UPDATE password_reset_tokens SET created_at = now() - interval '60 minutes';
SELECT is(coalesce(password_reset_hash('ani@x.id'), '-') || ' ' || resets('ani@x.id', 'h5'), '- refused', 'not after it');
UPDATE password_reset_tokens SET created_at = now();
SELECT is(resets('ANI@x.id', 'h5'), 'Ani new, Budi old session, Gone old session', 'a new password ends the sessions of that user, no other');
SELECT is(tokens(), 'budi@x.id h7', 'the token is used');
SELECT is(resets('ani@x.id', 'h5'), 'refused', 'once');
INSERT INTO password_reset_tokens (email, token, created_at) VALUES ('gone@x.id', 'h8', now());
SELECT is(coalesce(password_reset_hash('gone@x.id'), '-') || ' ' || resets('gone@x.id', 'h8'), '- refused', 'a user who is deactivated has none');
-- The token becomes void by another password, another address, deactivation, of that user.
CREATE FUNCTION tokens_after(change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	BEGIN
		DELETE FROM password_reset_tokens;
		INSERT INTO password_reset_tokens (email, token, created_at) VALUES ('ani@x.id', 'a', now()), ('budi@x.id', 'b', now());
		EXECUTE change || ' WHERE name = ''Budi''';
		found := coalesce(tokens(), '-');
		RAISE EXCEPTION USING ERRCODE = 'TEST0';
	EXCEPTION WHEN SQLSTATE 'TEST0' THEN
	END;
	RETURN found;
END $$;
SELECT is(tokens_after(change), 'ani@x.id a', change) FROM (VALUES ('UPDATE users SET password = ''x'''), ('UPDATE users SET email = ''new@x.id'''), ('UPDATE users SET is_active = false')) AS t (change);
SELECT is(tokens_after('UPDATE users SET name = name'), 'ani@x.id a, budi@x.id b', 'another change does not');
SELECT finish();
ROLLBACK;
