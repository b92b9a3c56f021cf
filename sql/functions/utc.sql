-- A moment inside a JSON value of an answer. Outside of JSON lib/db/rowjson.c writes it in this form.
CREATE OR REPLACE FUNCTION utc_text(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
