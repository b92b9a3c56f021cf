-- Work for gateway-sync, to be done once; asked for while it is being done, it is done again. One row
-- for each kind: whoever repeats a message leaves no more of them.
CREATE OR REPLACE FUNCTION gateway_job(attempt uuid, job text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO gateway_jobs AS j (attempt_id, kind) VALUES (attempt, job)
	ON CONFLICT (attempt_id, kind) DO UPDATE SET generation = j.generation + 1, done_at = NULL,
		due_at = CASE WHEN j.done_at IS NULL THEN least(j.due_at, now()) ELSE now() END,
		attempts = CASE WHEN j.done_at IS NULL THEN j.attempts ELSE 0 END,
		created_at = CASE WHEN j.done_at IS NULL THEN j.created_at ELSE now() END;
	PERFORM pg_notify('gateway_jobs', '');
END $$;

-- What is owed has changed, so no open payment page may take the old amount.
CREATE OR REPLACE FUNCTION invoice_attempts_cancel(inv uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM gateway_job(id, 'cancel') FROM midtrans_attempts
	WHERE invoice_id = inv AND state NOT IN ('paid', 'closed');
END $$;
