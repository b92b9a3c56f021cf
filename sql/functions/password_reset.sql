-- A forgotten password: a token by e-mail, valid for 60 minutes and once. The table holds its hash.

/*
 * Send the token. The answer is the same for an unknown e-mail, and only the
 * address gets an error that it asks too often; a mailbox gets at most 3 a minute.
 * message, sealed: the id and the sealed token of the outbox row.
 */
CREATE OR REPLACE FUNCTION password_forgot(mail text, hash text, message uuid, sealed text, ip text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	wait int := throttle_take('forgot-address:' || throttle_address(ip), 10);
	u users;
BEGIN
	IF wait > 0 THEN
		PERFORM raise_throttled('Too many requests. Please slow down.', wait);
	END IF;
	IF throttle_take('forgot:' || lower(mail), 3) > 0 THEN
		RETURN;
	END IF;
	SELECT * INTO u FROM users WHERE lower(email) = lower(mail) AND is_active FOR SHARE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	INSERT INTO password_reset_tokens (email, token, created_at) VALUES (lower(u.email), hash, now())
	ON CONFLICT (email) DO UPDATE SET token = excluded.token, created_at = excluded.created_at;
	PERFORM audit('password_forgot', 'user', u.id::text, NULL, ip);
	PERFORM message_queue_user(message, 'password_reset', u.email, jsonb_build_object('name', u.name), sealed);
END $$;

-- The hash of the token that is valid for an e-mail, with which C compares the given one; NULL: there is none.
CREATE OR REPLACE FUNCTION password_reset_hash(mail text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT t.token FROM password_reset_tokens t JOIN users u ON lower(u.email) = t.email AND u.is_active
	 WHERE t.email = lower(mail) AND t.created_at > now() - interval '60 minutes';
$$;

-- Use the token: the first of two requests with it wins. All sessions of the user end. verified: the stored hash
-- with which C compared the given token; it must still stand.
CREATE OR REPLACE FUNCTION password_reset(mail text, verified text, password_hash text, ip text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	who uuid;
BEGIN
	DELETE FROM password_reset_tokens
	 WHERE email = lower(mail) AND token = verified AND created_at > now() - interval '60 minutes';
	IF FOUND THEN
		UPDATE users SET password = password_hash, updated_at = now()
		 WHERE lower(email) = lower(mail) AND is_active RETURNING id INTO who;
	END IF;
	IF who IS NULL THEN
		PERFORM raise_invalid('token', 'expired', 'The password reset token is invalid or has expired.');
	END IF;
	DELETE FROM personal_access_tokens WHERE user_id = who;
	PERFORM login_give_back(mail, ip);
	PERFORM audit('password_reset', 'user', who::text, NULL, ip);
END $$;

-- A token sent before the password or the e-mail changed, or the user was deactivated, is void.
CREATE OR REPLACE FUNCTION password_reset_void() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM password_reset_tokens WHERE email = lower(OLD.email);
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER password_reset_void AFTER UPDATE OF password, email, is_active OR DELETE ON users
	FOR EACH ROW EXECUTE FUNCTION password_reset_void();
