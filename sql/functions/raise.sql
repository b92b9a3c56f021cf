-- The actor and the business day of a session, and the errors that a rule raises.

-- Set by lib/db for each request: the user's e-mail or the program's name, and the request's id.
CREATE OR REPLACE FUNCTION session_actor() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('isp.actor', true), '');

CREATE OR REPLACE FUNCTION session_request() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('isp.request_id', true), '');

-- The business day of a moment, in the provider's time zone.
CREATE OR REPLACE FUNCTION business_day(moment timestamptz) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (moment AT TIME ZONE coalesce(nullif(current_setting('isp.timezone', true), ''), 'Asia/Jakarta'))::date;

-- The moment at which a business day begins, and its noon.
CREATE OR REPLACE FUNCTION day_begin(day date) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN day::timestamp AT TIME ZONE coalesce(nullif(current_setting('isp.timezone', true), ''), 'Asia/Jakarta');

CREATE OR REPLACE FUNCTION day_noon(day date) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN day_begin(day) + interval '12 hours';

-- Today. Programs and triggers ask for it; every rule takes its day as a parameter.
CREATE OR REPLACE FUNCTION business_today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('isp.today', true), '')::date, business_day(now()));

-- Raise a sentence for people; lib/db turns the states into 409, 404, 422 and 403.
CREATE OR REPLACE FUNCTION raise_conflict(message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS409';
END $$;

CREATE OR REPLACE FUNCTION raise_not_found(message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS404';
END $$;

-- An error of a field, {{field, sentence}}; nothing where it is not `bad`. Several are joined by ||
-- and raised at once.
CREATE OR REPLACE FUNCTION field_error(bad boolean, field text, sentence text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN bad THEN ARRAY[ARRAY[field, sentence]] ELSE '{}' END;

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

CREATE OR REPLACE FUNCTION raise_invalid(field text, message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM raise_invalid_all(ARRAY[ARRAY[field, message]]);
END $$;

-- Too fast: try again after so many seconds.
CREATE OR REPLACE FUNCTION raise_throttled(message text, seconds int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS429', HINT = seconds::text;
END $$;

CREATE OR REPLACE FUNCTION raise_denied(message text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'IS403';
END $$;
