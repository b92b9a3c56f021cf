-- Alerts for people. The notifier finds out which channels want them.
DROP FUNCTION IF EXISTS alert_raise(text, text, text, text, jsonb);

-- Raise an alert. One with a key is raised once: while it is open, nothing happens and NULL is returned.
CREATE OR REPLACE FUNCTION alert_raise(type text, severity text, title text, message text, meta jsonb DEFAULT NULL,
	key text DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	alert uuid;
BEGIN
	INSERT INTO alert_logs AS a (type, severity, title, message, meta, key)
	VALUES (type, severity, title, message, meta, key)
	ON CONFLICT (key) WHERE resolved_at IS NULL DO NOTHING
	RETURNING a.id INTO alert;
	IF alert IS NOT NULL THEN
		INSERT INTO message_outbox (alert_id) VALUES (alert);
		PERFORM pg_notify('messages', '');
	END IF;
	RETURN alert;
END $$;

-- Close the open alert of a key; NULL where there is none, so that nothing is called well that never failed.
CREATE OR REPLACE FUNCTION alert_resolve(open_key text) RETURNS uuid
LANGUAGE sql AS $$
	UPDATE alert_logs SET resolved_at = clock_timestamp(), updated_at = clock_timestamp()
	 WHERE key = open_key AND resolved_at IS NULL
	RETURNING id
$$;
