-- An alert for people. The notifier finds out which channels want it.
CREATE OR REPLACE FUNCTION alert_raise(type text, severity text, title text, message text, meta jsonb DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	alert uuid;
BEGIN
	INSERT INTO alert_logs (type, severity, title, message, meta)
	VALUES (type, severity, title, message, meta) RETURNING id INTO alert;
	INSERT INTO message_outbox (alert_id) VALUES (alert);
	PERFORM pg_notify('messages', '');
	RETURN alert;
END $$;
