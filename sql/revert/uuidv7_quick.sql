-- Revert uuidv7_quick.
BEGIN;

CREATE OR REPLACE FUNCTION uuidv7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
	SELECT (overlay(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 15, '0')
		PLACING '7' FROM 13 FOR 0) || substr(gen_random_uuid()::text, 20))::uuid
$$;

COMMIT;
