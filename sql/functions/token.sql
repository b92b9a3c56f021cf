-- Sessions and personal tokens. Hashing is done in C: every token here is a hash.

CREATE OR REPLACE FUNCTION token_expired(token personal_access_tokens) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT coalesce(token.expires_at <= now(), false)
$$;

-- Neither expired nor left unused for too long.
CREATE OR REPLACE FUNCTION token_lives(token personal_access_tokens, idle_days int) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT NOT token_expired(token) AND coalesce(token.last_used_at, token.created_at) > now() - make_interval(days => idle_days)
$$;

/*
 * For a token whose secret is right, not used within the last minute: is it valid? Its
 * use is recorded; a request does not wait for another that records the same.
 */
CREATE OR REPLACE FUNCTION token_used(which bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT EXISTS (SELECT FROM personal_access_tokens t, settings s WHERE t.id = which AND token_lives(t, s.token_idle_days)) THEN
		RETURN false;
	END IF;
	UPDATE personal_access_tokens SET last_used_at = now()
	 WHERE id = (SELECT id FROM personal_access_tokens WHERE id = which
	                AND coalesce(last_used_at, '-infinity') < now() - interval '1 minute'
	                FOR UPDATE SKIP LOCKED);
	RETURN true;
END $$;

-- Copy the user's e-mail, role and state into the token: every request reads them. FOR SHARE makes a
-- change of the user wait for a token being made, so that the change reaches the token too.
CREATE OR REPLACE FUNCTION token_holder() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	SELECT email, role, is_active INTO NEW.holder_email, NEW.holder_role, NEW.holder_active
	  FROM users WHERE id = NEW.user_id FOR SHARE;
	RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION token_holder_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.is_active THEN
		UPDATE personal_access_tokens SET holder_email = NEW.email, holder_role = NEW.role, holder_active = true
		 WHERE user_id = NEW.id;
	ELSE -- or they would be valid again when the user is activated
		DELETE FROM personal_access_tokens WHERE user_id = NEW.id;
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER token_holder BEFORE INSERT ON personal_access_tokens
	FOR EACH ROW EXECUTE FUNCTION token_holder();
CREATE OR REPLACE TRIGGER token_holder_changed AFTER UPDATE OF email, role, is_active ON users
	FOR EACH ROW WHEN ((OLD.email, OLD.role, OLD.is_active) IS DISTINCT FROM (NEW.email, NEW.role, NEW.is_active))
	EXECUTE FUNCTION token_holder_changed();

/*
 * Make the token of a session; the attempt was no failure. 0: the user was
 * deactivated, or the password changed since `verified`, the hash that the
 * given password was held against (NULL: none was). FOR SHARE makes a change
 * of the password wait, so that it ends this session too.
 */
CREATE OR REPLACE FUNCTION session_open(who uuid, verified text, hash text, label text, ip text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	mail text;
	made bigint;
BEGIN
	SELECT email INTO mail FROM users
	 WHERE id = who AND is_active AND (verified IS NULL OR password = verified) FOR SHARE;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	DELETE FROM personal_access_tokens t USING settings s
	 WHERE t.user_id = who AND NOT token_lives(t, s.token_idle_days);
	INSERT INTO personal_access_tokens (user_id, name, token) VALUES (who, label, hash) RETURNING id INTO made;
	PERFORM login_give_back(mail, ip);
	PERFORM audit('login', 'user', who::text, NULL, ip);
	RETURN made;
END $$;

CREATE OR REPLACE FUNCTION session_close(which bigint, who uuid, ip text) RETURNS void
LANGUAGE sql AS $$
	DELETE FROM personal_access_tokens WHERE id = which AND user_id = who;
	SELECT audit('logout', 'user', who::text, NULL, ip);
$$;

-- Make a personal token for a script. The route requires every ability, so that none is given away.
-- session: the token of the request, which a new password may have ended meanwhile.
CREATE OR REPLACE FUNCTION token_add(who uuid, session bigint, input jsonb, hash text, ip text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	made bigint;
	ends timestamptz := (input->>'expires_at')::timestamptz;
BEGIN
	PERFORM FROM users WHERE id = who FOR SHARE; -- in the order in which a new password locks them
	PERFORM FROM personal_access_tokens WHERE id = session AND user_id = who;
	IF NOT FOUND THEN
		PERFORM raise_denied('session_ended', 'This session has ended.');
	END IF;
	IF ends <= now() THEN
		PERFORM raise_invalid('expires_at', 'future', 'The expires at must be in the future.');
	END IF;
	INSERT INTO personal_access_tokens (user_id, name, token, abilities, expires_at)
	VALUES (who, input->>'name', hash, ARRAY(SELECT jsonb_array_elements_text(input->'abilities')), ends)
	RETURNING id INTO made;
	PERFORM audit('create', 'token', made::text, input, ip);
	RETURN made;
END $$;

CREATE OR REPLACE FUNCTION token_drop(who uuid, which bigint, ip text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM personal_access_tokens WHERE id = which AND user_id = who;
	PERFORM require_found(FOUND, 'token_unknown', 'There is no such token.');
	PERFORM audit('delete', 'token', which::text, NULL, ip);
END $$;
