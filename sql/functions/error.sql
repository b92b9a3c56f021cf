-- Errors with a code: a stable word for programs and translated screens, beside the sentence for
-- people. lib/db turns the states into 409, 404, 422, 429 and 403; it reads the code of a whole error
-- from the constraint's name, that of a field from behind its sentence.

CREATE OR REPLACE FUNCTION raise_conflict(code text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS409', CONSTRAINT = code;
END $$;

CREATE OR REPLACE FUNCTION raise_not_found(code text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS404', CONSTRAINT = code;
END $$;

-- After the look-up of a row: FOUND says whether there was one.
CREATE OR REPLACE FUNCTION require_found(is_found boolean, code text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF NOT is_found THEN
		PERFORM raise_not_found(code, message);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION raise_denied(code text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS403', CONSTRAINT = code;
END $$;

-- An error of a field with its code and the bounds that it broke: {"max": 125000}. Joined by || with
-- others for raise_invalid_all().
CREATE OR REPLACE FUNCTION field_error(bad boolean, field text, code text, sentence text,
	bounds jsonb DEFAULT '{}') RETURNS text[]
LANGUAGE sql STABLE PARALLEL SAFE -- as jsonb_build_object() is: said to be IMMUTABLE, it would not be inlined
RETURN CASE WHEN bad
	THEN ARRAY[ARRAY[field, sentence || E'\t' || (jsonb_build_object('code', code) || bounds)::text]]
	ELSE '{}' END;

CREATE OR REPLACE FUNCTION raise_invalid(field text, code text, message text, bounds jsonb DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM raise_invalid_all(field_error(true, field, code, message, bounds));
END $$;

-- Raise all errors, a line each; the first is also the message. Without any nothing happens.
CREATE OR REPLACE FUNCTION raise_invalid_all(errors text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(errors) > 0 THEN
		RAISE EXCEPTION USING MESSAGE = split_part(errors[1][2], E'\t', 1), ERRCODE = 'IS422', DETAIL = (
			SELECT string_agg(errors[n][1] || E'\t' || errors[n][2], E'\n' ORDER BY n)
			  FROM generate_subscripts(errors, 1) n);
	END IF;
END $$;

-- Too fast: try again after so many seconds.
CREATE OR REPLACE FUNCTION raise_throttled(message text, seconds int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS429', HINT = seconds::text;
END $$;
