-- Jobs of gateway-sync: what must be asked or done at Midtrans, left in the transaction that caused it.

-- Leave a job; one left again while it runs is run again. There is one row for each attempt and kind, so
-- that a repeated message leaves no more of them.
CREATE OR REPLACE FUNCTION midtrans_job_add(of_attempt uuid, job text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO midtrans_jobs AS j (attempt_id, kind) VALUES (of_attempt, job)
	ON CONFLICT (attempt_id, kind) DO UPDATE SET generation = j.generation + 1, done_at = NULL,
		due_at = CASE WHEN j.done_at IS NULL THEN least(j.due_at, now()) ELSE now() END,
		attempts = CASE WHEN j.done_at IS NULL THEN j.attempts ELSE 0 END,
		created_at = CASE WHEN j.done_at IS NULL THEN j.created_at ELSE now() END;
	PERFORM pg_notify('midtrans_jobs', '');
END $$;

-- Leave a job to confirm a notification. A copy of one that Midtrans was asked about within the last
-- minute, or is about to be, leaves none: who repeats it must not cause more calls.
CREATE OR REPLACE FUNCTION midtrans_job_add_confirm(of_attempt uuid, event bigint) RETURNS void
LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
	IF EXISTS (SELECT FROM midtrans_verdicts v WHERE v.event_id = event)
		AND EXISTS (SELECT FROM midtrans_jobs j WHERE (j.attempt_id, j.kind) = (of_attempt, 'confirm')
			AND (j.done_at IS NULL OR j.created_at > now() - interval '1 minute'))
	THEN
		RETURN;
	END IF;
	PERFORM midtrans_job_add(of_attempt, 'confirm');
END $$;

-- The amount owed on an invoice has changed: cancel the open attempts that would pay it.
CREATE OR REPLACE FUNCTION invoice_attempts_cancel(invoice uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM midtrans_job_add(id, 'cancel') FROM midtrans_attempts_of_bill(invoice) WHERE state NOT IN ('paid', 'closed');
END $$;

-- Take the next job that is due, and keep it from other workers for a while. A job never tried goes
-- first: somebody may be waiting for it.
CREATE OR REPLACE FUNCTION midtrans_job_take() RETURNS SETOF midtrans_jobs
LANGUAGE sql AS $$
	UPDATE midtrans_jobs SET attempts = attempts + 1, due_at = now() + interval '2 minutes'
	WHERE id = (SELECT id FROM midtrans_jobs WHERE done_at IS NULL AND due_at <= now()
	            ORDER BY attempts > 0, due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
	RETURNING *
$$;

-- A job was done; one left again meanwhile is due now.
CREATE OR REPLACE FUNCTION midtrans_job_finish(job bigint, generation_done int) RETURNS void
LANGUAGE sql AS $$
	UPDATE midtrans_jobs
	SET done_at = CASE WHEN generation = generation_done THEN now() END, due_at = now(), last_error = NULL,
	    attempts = CASE WHEN generation = generation_done THEN attempts ELSE 0 END
	WHERE id = job
$$;

-- A job failed: it is due again after 2, 4, 8 seconds and so on, at most 15 minutes, for ever. One left
-- again meanwhile has not failed yet, and is due now.
CREATE OR REPLACE FUNCTION midtrans_job_fail(job bigint, generation_tried int, why text) RETURNS void
LANGUAGE sql AS $$
	UPDATE midtrans_jobs
	SET last_error = why, attempts = CASE WHEN generation = generation_tried THEN attempts ELSE 0 END,
	    due_at = now() + CASE WHEN generation = generation_tried THEN backoff(attempts, '1 second', '15 minutes') ELSE '0' END
	WHERE id = job
$$;

-- Milliseconds until a job or a check is due; at most half a minute.
CREATE OR REPLACE FUNCTION midtrans_work_wait() RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT least(30000, greatest(0, ceil(1000 * extract(epoch FROM least(clock_timestamp() + interval '30 seconds',
		(SELECT min(due_at) FROM midtrans_jobs WHERE done_at IS NULL),
		(SELECT min(next_check_at) FROM midtrans_attempts WHERE next_check_at IS NOT NULL)) - clock_timestamp()))))::bigint
$$;

-- ---- the sweep

-- Every half minute: find what a killed worker or a lost notification left behind.
CREATE OR REPLACE FUNCTION midtrans_sweep() RETURNS void
LANGUAGE sql AS $$
	SELECT midtrans_sweep_refunds();
	SELECT midtrans_sweep_expired();
	SELECT midtrans_sweep_unapplied();
$$;

-- A requested refund whose outcome is unknown, with neither a job nor a check to find out.
CREATE OR REPLACE FUNCTION midtrans_sweep_refunds() RETURNS void
LANGUAGE sql AS $$
	UPDATE midtrans_attempts a SET next_check_at = now(), checks = 0
	FROM midtrans_refunds r JOIN midtrans_transactions t USING (transaction_id)
	WHERE r.state = 'requested' AND r.created_at BETWEEN now() - interval '30 days' AND now() - interval '1 minute'
	  AND a.id = t.attempt_id AND a.next_check_at IS NULL
$$;

-- Attempts that expired, once each: what could not be ended then is left to the checks.
CREATE OR REPLACE FUNCTION midtrans_sweep_expired() RETURNS void
LANGUAGE sql AS $$
	SELECT midtrans_job_add(a.id, 'expire') FROM midtrans_attempts a
	WHERE a.state IN ('new', 'open', 'unknown', 'pending') AND a.expires_at < now() - interval '30 seconds'
	  AND a.next_check_at IS NOT NULL
	  AND NOT EXISTS (SELECT FROM midtrans_jobs j WHERE j.attempt_id = a.id AND j.kind = 'expire')
$$;

-- Messages of the last three days that were stored and never applied: Midtrans is asked.
CREATE OR REPLACE FUNCTION midtrans_sweep_unapplied() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	unapplied record;
BEGIN
	FOR unapplied IN
		INSERT INTO midtrans_verdicts (event_id, verdict, detail)
		SELECT e.id, 'confirm', 'was stored, but not applied' FROM midtrans_events e
		WHERE e.received_at BETWEEN now() - interval '3 days' AND now() - interval '30 seconds'
		  AND NOT EXISTS (SELECT FROM midtrans_verdicts v WHERE v.event_id = e.id)
		ON CONFLICT DO NOTHING RETURNING event_id
	LOOP
		PERFORM midtrans_job_add(a.id, 'confirm') FROM midtrans_events e JOIN midtrans_attempts a ON a.order_id = e.order_id
		WHERE e.id = unapplied.event_id;
	END LOOP;
END $$;
