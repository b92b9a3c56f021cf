-- Who did what, from where. The actor and the request are those of db_who().
CREATE OR REPLACE FUNCTION audit(act text, kind text, subject text, meta jsonb DEFAULT NULL,
	ip text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO audit_logs (user_id, actor, action, subject_type, subject_id, meta, ip, request_id)
	VALUES ((SELECT u.id FROM users u WHERE lower(u.email) = lower(who_actor())), who_actor(), act, kind,
	        subject, meta, nullif(ip, ''), who_request());
$$;
