-- Users. input.password is a hash already.

CREATE OR REPLACE FUNCTION user_add(input jsonb, ip text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	made uuid;
BEGIN
	INSERT INTO users (name, email, password, role, is_active)
	VALUES (input->>'name', lower(input->>'email'), input->>'password', coalesce(input->>'role', 'operator'),
	        coalesce((input->>'is_active')::boolean, true))
	RETURNING id INTO made;
	PERFORM audit('create', 'user', made::text,
		jsonb_build_object('name', input->'name', 'email', input->'email', 'role', input->'role'), ip);
	RETURN made;
END $$;

-- Refuse registration once there is a user. Returns SHA-256 of the setup token, with which C compares the given one.
CREATE OR REPLACE FUNCTION registration_open() RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	IF EXISTS (SELECT FROM users) THEN
		PERFORM raise_denied('registration_closed', 'Registration is closed: ask an administrator for an account.');
	END IF;
	RETURN (SELECT setup_token FROM settings);
END $$;

-- Make the first admin; two at once make one. verified: the stored hash of the setup token, where production asks
-- for one (else NULL); it must still stand.
CREATE OR REPLACE FUNCTION user_register(input jsonb, verified text, ip text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	stored text;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('users'));
	stored := registration_open();
	IF verified IS NOT NULL AND stored IS DISTINCT FROM verified THEN
		PERFORM raise_invalid('setup_token', 'wrong', 'The setup token is not the one that ispctl printed.');
	END IF;
	UPDATE settings SET setup_token = NULL WHERE setup_token IS NOT NULL;
	RETURN user_add(input || '{"role": "admin", "is_active": true}', ip);
END $$;

-- Change the fields that input has. A new password given by an admin ends the user's sessions, but
-- for the one that gave it. The audit row comes first: a user who changes the own e-mail acts under the old one.
CREATE OR REPLACE FUNCTION user_set(who uuid, input jsonb, kept bigint, ip text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM audit('update', 'user', who::text, audit_change((SELECT to_jsonb(u) FROM users u WHERE u.id = who),
		CASE WHEN input ? 'password' THEN input - 'password' || '{"new_password": true}' ELSE input END), ip);
	UPDATE users u SET (name, email, password, role, is_active, updated_at) =
		(SELECT n.name, lower(n.email), n.password, n.role, n.is_active, now()
		   FROM jsonb_populate_record(u, input) n)
	 WHERE id = who;
	PERFORM require_found(FOUND, 'user_unknown', 'There is no such user.');
	IF input ? 'password' THEN
		DELETE FROM personal_access_tokens WHERE user_id = who AND id <> kept;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION user_drop(who uuid, ip text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	u users;
BEGIN
	DELETE FROM users WHERE id = who RETURNING * INTO u;
	PERFORM require_found(FOUND, 'user_unknown', 'There is no such user.');
	PERFORM audit('delete', 'user', who::text,
		jsonb_build_object('before', jsonb_build_object('name', u.name, 'email', u.email, 'role', u.role)), ip);
END $$;

-- Keep one active admin. Two admins who demote each other take turns here, and the second sees what
-- the first did.
CREATE OR REPLACE FUNCTION users_keep_an_admin() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pg_advisory_xact_lock(hashtext('users'));
	IF NOT EXISTS (SELECT FROM users WHERE role = 'admin' AND is_active) THEN
		PERFORM raise_conflict('last_admin', 'The last active admin cannot be deleted, demoted or deactivated.');
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER users_admin_updated AFTER UPDATE ON users FOR EACH ROW
	WHEN (OLD.role = 'admin' AND OLD.is_active AND NOT (NEW.role = 'admin' AND NEW.is_active))
	EXECUTE FUNCTION users_keep_an_admin();
CREATE OR REPLACE TRIGGER users_admin_deleted AFTER DELETE ON users FOR EACH ROW
	WHEN (OLD.role = 'admin' AND OLD.is_active)
	EXECUTE FUNCTION users_keep_an_admin();

-- Change the own password, if the hash that was verified still stands; all other sessions of the user
-- end, and the attempt was no failure.
CREATE OR REPLACE FUNCTION user_password(who uuid, verified text, hash text, kept bigint, ip text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	mail text;
BEGIN
	UPDATE users SET password = hash, updated_at = now() WHERE id = who AND password = verified RETURNING email INTO mail;
	IF NOT FOUND THEN
		PERFORM raise_invalid('current_password', 'wrong', 'The current password is incorrect.');
	END IF;
	DELETE FROM personal_access_tokens WHERE user_id = who AND id <> kept;
	PERFORM login_give_back(mail, ip);
	PERFORM audit('password', 'user', who::text, NULL, ip);
END $$;

-- Set a password from the shell; all sessions of the user end. NULL: there is no such user. The tokens
-- go in a statement of its own: the first one may have waited for a login that made another.
CREATE OR REPLACE FUNCTION user_new_password(mail text, hash text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	who uuid;
BEGIN
	UPDATE users SET password = hash, updated_at = now() WHERE lower(email) = lower(mail) RETURNING id INTO who;
	DELETE FROM personal_access_tokens WHERE user_id = who;
	IF who IS NOT NULL THEN
		PERFORM audit('password', 'user', who::text);
	END IF;
	RETURN who;
END $$;
