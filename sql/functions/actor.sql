-- The actor and the business day of a session.

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
