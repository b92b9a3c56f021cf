-- Record an action of the session's actor in audit_logs.
CREATE OR REPLACE FUNCTION audit(act text, kind text, subject text, meta jsonb DEFAULT NULL,
	ip text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO audit_logs (user_id, actor, action, subject_type, subject_id, meta, ip, request_id)
	VALUES ((SELECT u.id FROM users u WHERE lower(u.email) = lower(session_actor())), session_actor(), act, kind,
	        subject, meta, nullif(ip, ''), session_request());
$$;

-- The meta of a change of these fields: what the row held before, what was given. Neither holds a password.
CREATE OR REPLACE FUNCTION audit_change(held jsonb, given jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('before', (SELECT jsonb_object_agg(key, value) FROM jsonb_each(held) WHERE given ? key),
		'after', given)
$$;
