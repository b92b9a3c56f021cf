-- Passwords, sessions and tokens against changes that happen meanwhile (sql/functions/token.sql, user.sql,
-- password_reset.sql).
BEGIN;
SELECT no_plan();
SET client_min_messages = warning;
DELETE FROM users;
INSERT INTO users (name, email, password, role) VALUES ('Boss', 'boss@x.id', 'hash', 'admin'), ('Ani', 'ani@x.id', 'old', 'operator');
SELECT id AS boss FROM users WHERE name = 'Boss' \gset
SELECT id AS ani FROM users WHERE name = 'Ani' \gset
CREATE FUNCTION tokens() RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM personal_access_tokens t JOIN users u ON u.id = t.user_id WHERE u.name = 'Ani' $$;
CREATE FUNCTION opened(verified text, n int) RETURNS boolean LANGUAGE sql AS $$
	SELECT session_open(u.id, verified, repeat(n::text, 64), 'auth-token', '192.0.2.1') > 0 FROM users u WHERE u.name = 'Ani' $$;

-- A login verified the old password while an admin set a new one: its token outlived the change, and where the
-- hash was an imported one its re-hash put the old password back.
SELECT ok(opened('old', 1), 'the verified password stands: a session');
SELECT user_set(:'ani', '{"password": "new"}', 0, '192.0.2.1') \g /dev/null
SELECT is(tokens(), 0::bigint, 'a new password ends all sessions');
SELECT ok(NOT opened('old', 2), 'a login that verified the old password gets no session');
PREPARE rehash AS UPDATE users SET password = $3 WHERE id = $1 AND password = $2;
EXECUTE rehash(:'ani', 'old', 'rehashed');
SELECT is(password, 'new', 'and does not put it back') FROM users WHERE id = :'ani';

-- The same for the own password: two changes that verified one old password are one.
SELECT ok(opened('new', 3), 'a session with the new password');
SELECT max(id) AS kept FROM personal_access_tokens \gset
SELECT user_password(:'ani', 'new', 'mine', :kept, '192.0.2.1') \g /dev/null
SELECT throws_ok(format('SELECT user_password(%L, ''new'', ''hers'', %s, NULL)', :'ani', :kept), 'IS422',
	'The current password is incorrect.', 'the hash that was verified must still stand');
SELECT is(password, 'mine', 'the first change stays') FROM users WHERE id = :'ani';

-- A script's token asked for by a session that a new password has ended.
SELECT throws_ok(format('SELECT token_add(%L, %s, ''{"name": "n", "abilities": ["*"]}'', %L, NULL)', :'ani', :kept + 1, repeat('5', 64)),
	'IS403', 'This session has ended.', 'an ended session makes no token');
SELECT ok(token_add(:'ani', :kept, '{"name": "n", "abilities": ["*"]}', repeat('6', 64), NULL) > 0, 'a living one does');

-- The tokens of a deactivated user came back to life with the next activation.
SELECT user_set(:'ani', '{"is_active": false}', 0, NULL) \g /dev/null
SELECT is(tokens(), 0::bigint, 'deactivation deletes the tokens');
SELECT user_set(:'ani', '{"is_active": true}', 0, NULL) \g /dev/null
SELECT is(tokens(), 0::bigint, 'activation brings none back');

-- A forgotten password.
SELECT lives_ok($$SELECT password_forgot('nobody@x.id', 'h', uuidv7(), 'sealed', '192.0.2.7')$$, 'an unknown e-mail is no error');
SELECT is_empty('SELECT FROM password_reset_tokens', 'and gets no token');
SELECT password_forgot('ANI@x.id', 'first', uuidv7(), 'sealed', '192.0.2.7') \g /dev/null
SELECT password_forgot('ani@x.id', 'second', uuidv7(), 'sealed', '192.0.2.7') \g /dev/null
SELECT is(count(*), 2::bigint, 'two mails') FROM message_outbox WHERE event = 'password_reset' AND recipient = 'ani@x.id';
SELECT is(password_reset_hash('Ani@x.id'), 'second', 'the newest token counts');
SELECT ok(opened('mine', 7), 'a session');
SELECT password_reset('ani@x.id', 'second', 'reset', NULL) \g /dev/null
SELECT is(password, 'reset', 'the password is set') FROM users WHERE id = :'ani';
SELECT is(tokens(), 0::bigint, 'and all sessions end');
SELECT throws_ok($$SELECT password_reset('ani@x.id', 'second', 'again', NULL)$$, 'IS422', NULL, 'a token is used once');
SELECT password_forgot('ani@x.id', 'third', uuidv7(), 'sealed', '192.0.2.8') \g /dev/null
UPDATE password_reset_tokens SET created_at = now() - interval '60 minutes';
SELECT is(password_reset_hash('ani@x.id'), NULL, 'sixty minutes are over');
SELECT throws_ok($$SELECT password_reset('ani@x.id', 'third', 'again', NULL)$$, 'IS422', NULL, 'and within the hour');
UPDATE password_reset_tokens SET created_at = now();
SELECT user_set(:'ani', '{"password": "by an admin"}', 0, NULL) \g /dev/null
SELECT is(password_reset_hash('ani@x.id'), NULL, 'another way to a new password voids it');
SELECT password_forgot('ani@x.id', 'h', uuidv7(), 'sealed', '192.0.2.9') FROM generate_series(1, 9) \g /dev/null
SELECT ok(count(*) <= 6, 'a mailbox gets a few mails a minute') FROM message_outbox WHERE event = 'password_reset';
SELECT password_forgot(n || '@x.id', 'h', uuidv7(), 'sealed', '2001:db8:1:1::' || n) FROM generate_series(1, 10) n \g /dev/null
SELECT throws_ok($$SELECT password_forgot('z@x.id', 'h', uuidv7(), 'sealed', '2001:db8:1:1:ffff::1')$$, 'IS429', NULL, 'a /64 is one client');
SELECT lives_ok($$SELECT password_forgot('z@x.id', 'h', uuidv7(), 'sealed', '2001:db8:1:2::1')$$, 'and its neighbour another');

-- A new password ends the other sessions of that user: not the one that gave it, nor those of anybody else.
DELETE FROM personal_access_tokens;
CREATE FUNCTION sessions() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(u.name || left(t.token, 1), ' ' ORDER BY t.token) FROM personal_access_tokens t JOIN users u ON u.id = t.user_id $$;
SELECT session_open(:'boss', NULL, repeat('1', 64), 'auth-token', NULL), opened('by an admin', 2), opened('by an admin', 3) \g /dev/null
SELECT id AS kept FROM personal_access_tokens WHERE token = repeat('3', 64) \gset
SELECT user_password(:'ani', 'by an admin', 'mine', :kept, '192.0.2.1') \g /dev/null
SELECT is(sessions(), 'Boss1 Ani3', 'an own new password ends the other sessions of the user');
SELECT opened('mine', 4) \g /dev/null
SELECT user_set(:'ani', '{"password": "mine again"}', :kept, NULL) \g /dev/null
SELECT is(sessions(), 'Boss1 Ani3', 'so does one that is set');
SELECT user_set(:'ani', '{"name": "Ani"}', 0, NULL) \g /dev/null
SELECT is(sessions(), 'Boss1 Ani3', 'another change ends none');
DELETE FROM throttles;
SELECT password_forgot('ani@x.id', 'fifth', uuidv7(), 'sealed', '192.0.2.77'), password_reset('ani@x.id', 'fifth', 'mine', NULL) \g /dev/null
SELECT is(sessions(), 'Boss1', 'a reset ends all of the user, and none of others');
SELECT opened('mine', 5), user_new_password('ANI@x.id', 'from the shell') \g /dev/null
SELECT is(sessions() || ' ' || (SELECT password FROM users WHERE id = :'ani'), 'Boss1 from the shell', 'so does a password from the shell');
SELECT throws_ok('SELECT user_set(uuidv7(), ''{"name": "x"}'', 0, NULL)', 'IS404', NULL, 'no such user to change');
SELECT throws_ok('SELECT user_drop(uuidv7(), NULL)', 'IS404', NULL, 'nor to delete');

-- Each way to a session takes off the attempt that was counted before it.
CREATE FUNCTION counted() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(hits::text, ' ' ORDER BY key) FROM throttles WHERE key LIKE 'login%192.0.2.99' $$;
CREATE FUNCTION attempt() RETURNS int LANGUAGE sql AS $$
	SELECT sum(login_take('ani@x.id', '192.0.2.99'))::int FROM generate_series(1, 2) $$;
SELECT attempt() \g /dev/null
SELECT is(counted(), '2 2', 'two attempts, of the name and the address');
SELECT session_open(:'ani', 'from the shell', repeat('6', 64), 'auth-token', '192.0.2.99') \g /dev/null
SELECT is(counted(), '1 1', 'a session takes one off');
SELECT user_password(:'ani', 'from the shell', 'mine', 0, '192.0.2.99') \g /dev/null
SELECT is(counted(), '0 0', 'so does the own password');
SELECT attempt() \g /dev/null
DELETE FROM throttles WHERE key LIKE 'forgot%';
SELECT password_forgot('ani@x.id', 'sixth', uuidv7(), 'sealed', '192.0.2.77'), password_reset('ani@x.id', 'sixth', 'reset', '192.0.2.99') \g /dev/null
SELECT is(counted(), '1 1', 'so does a reset');

-- Each action of people leaves its row; none holds a password, a hash or a token.
SELECT bag_eq('SELECT action FROM audit_logs WHERE created_at = now() GROUP BY action',
	ARRAY['login', 'update', 'password', 'create', 'password_forgot', 'password_reset'], 'each action is in the audit log');
SELECT is_empty($$SELECT FROM audit_logs a WHERE created_at = now() AND a.meta::text ~ '(old|"new"|mine|reset|third|sealed|by an admin|[156]{64})'$$,
	'without a secret in it');
SELECT finish();
ROLLBACK;
