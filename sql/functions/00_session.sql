-- Who acts, what day it is, and how a rule says no.

-- Set by lib/db: the user's e-mail or the program's name, and the id of the request.
CREATE OR REPLACE FUNCTION who_actor() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('isp.actor', true), '');

CREATE OR REPLACE FUNCTION who_request() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('isp.request_id', true), '');

-- Days of business are days where the provider is.
CREATE OR REPLACE FUNCTION business_day(moment timestamptz) RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (moment AT TIME ZONE coalesce(nullif(current_setting('isp.timezone', true), ''), 'Asia/Jakarta'))::date;

-- The one now. Asked at the edge only: every rule takes its day as a parameter.
CREATE OR REPLACE FUNCTION business_today() RETURNS date
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(nullif(current_setting('isp.today', true), '')::date, business_day(now()));

-- Sentences for people; lib/db turns the states into 409, 404, 422 and 403.
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

-- What is wrong with a field, {{field, sentence}}; nothing where it is not `bad`. Joined by || with
-- what else is, and raised at once.
CREATE OR REPLACE FUNCTION field_error(bad boolean, field text, sentence text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN bad THEN ARRAY[ARRAY[field, sentence]] ELSE '{}' END;

-- All of them, a line each; the first is also the message. None: nothing happens.
CREATE OR REPLACE FUNCTION raise_invalid_all(misses text[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF cardinality(misses) > 0 THEN
		RAISE EXCEPTION USING MESSAGE = misses[1][2], ERRCODE = 'IS422', DETAIL = (
			SELECT string_agg(misses[n][1] || E'\t' || misses[n][2], E'\n' ORDER BY n)
			  FROM generate_subscripts(misses, 1) n);
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
