-- The gate of every request with a token: see session_by_token in sql/queries.

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
