-- The gate of every request with a token: see session_by_token in sql/queries.

/*
 * Compare the stored hash of a secret with the hash of a given one. The gate's
 * statement must judge the token itself, or PostgreSQL would execute what
 * stands behind it; so C cannot compare. = stops at the first byte that
 * differs, and its time would tell how much of the stored hash was guessed.
 * Here it compares SHA-256 of both behind a fresh random number, which no
 * caller knows: where those differ says nothing about the stored bytes.
 * Other secrets (password reset, setup) are compared by crypt_same() in C.
 */
CREATE OR REPLACE FUNCTION is_same_hash(stored text, given text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	nonce bytea := uuid_send(gen_random_uuid());
BEGIN
	RETURN coalesce(sha256(nonce || convert_to(stored, 'UTF8')) = sha256(nonce || convert_to(given, 'UTF8')), false);
END $$;

/*
 * End the pipeline of a request, so that PostgreSQL executes nothing behind the gate.
 * It returns nothing: its type lets it stand in a condition.
 */
CREATE OR REPLACE FUNCTION session_refuse(status int) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
	IF status = 403 THEN
		PERFORM raise_denied('forbidden', 'This action is unauthorized.');
	END IF;
	RAISE EXCEPTION USING MESSAGE = 'Unauthenticated.', ERRCODE = 'IS401';
END $$;
