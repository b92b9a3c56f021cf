-- billing.sql: what billing_run() and billing_preview() ask.

-- name: billing_today(text)
SELECT coalesce(nullif($1, '')::date, business_today())::text AS date
 WHERE coalesce($1, '') ~ '^(\d{4}-\d\d-\d\d)?$';

-- name: billing_lock()
SELECT pg_try_advisory_lock(hashtext('isp-billing: run')) AS locked;

-- name: billing_unlock()
SELECT pg_advisory_unlock(hashtext('isp-billing: run')), set_config('isp.run', '', false);

-- The days since the last finished run that nobody ran for; at most a month of them.
-- name: billing_missed(date)
SELECT string_agg(day::date::text, ', ' ORDER BY day) AS missed
  FROM (SELECT max(business_date) AS last
          FROM billing_runs
         WHERE finished_at IS NOT NULL AND business_date <= $1::date) r
 CROSS JOIN generate_series(greatest(r.last + 1, $1::date - 31), $1::date - 1, interval '1 day') AS day
 WHERE r.last IS NOT NULL;

-- The session remembers the run, so that lines that it switches off can be switched on again.
-- name: billing_run_begin(date, boolean)
WITH r AS (
	INSERT INTO billing_runs (business_date, is_forced, actor) VALUES ($1::date, $2::boolean, session_actor()) RETURNING id
)
SELECT id, set_config('isp.run', id::text, false) FROM r;

-- name: billing_is_ahead(date)
SELECT $1::date > business_today() + 1 AS is_ahead;

-- name: billing_guard()
SELECT billing_guard() AS max;

-- name: billing_guard_alert(text, bigint, bigint, date)
SELECT billing_guard_alert($1, $2::bigint, $3::bigint, $4::date);

-- The guarded steps of that day that a person wants to be done, of a body {"steps": [...]}.
-- name: billing_guarded_steps(jsonb, date)
SELECT guarded_steps_check(ARRAY(SELECT jsonb_array_elements_text(coalesce(nullif($1::jsonb -> 'steps', 'null'), '[]'))), $2::date) AS steps;

-- name: billing_router_hold(date)
SELECT * FROM router_hold($1::date);

-- name: billing_guard_alert_close(text)
SELECT alert_resolve('billing-guard:' || $1);

-- name: billing_remind(date)
SELECT message_remind($1::date) AS queued;

-- name: billing_begin(uuid[], date)
SELECT * FROM billing_begin($1::uuid[], $2::date);

-- name: billing_late(uuid[], date)
SELECT * FROM billing_late($1::uuid[], $2::date);

-- End a run of all steps, or the day's run is still to come.
-- name: billing_run_end(bigint, jsonb, boolean)
UPDATE billing_runs
   SET finished_at = CASE WHEN $3::boolean THEN now() END, report = $2::jsonb, counts = $2::jsonb -> 'steps',
       duration_ms = extract(epoch FROM clock_timestamp() - started_at) * 1000
 WHERE id = $1::bigint;

-- name: billing_candidates(text, date)
SELECT id::text AS id FROM billing_candidates($1, $2::date) ORDER BY n;

-- name: billing_renew(uuid[], date)
SELECT * FROM billing_renew($1::uuid[], $2::date);

-- name: billing_overdue(uuid[], date)
SELECT * FROM billing_overdue($1::uuid[], $2::date);

-- name: billing_expire(uuid[], date)
SELECT * FROM billing_expire($1::uuid[], $2::date);

-- name: billing_suspend(uuid[], date)
SELECT * FROM billing_suspend($1::uuid[], $2::date);

-- The line of a candidate that could not be done.
-- name: billing_failure(text, uuid, text)
SELECT * FROM report_rows($1, 'failed', ARRAY[$2::uuid], $3);

-- A dry run waits for the locks of real work for half a second at most.
-- name: billing_limit_lock_waits()
SET LOCAL lock_timeout = '500ms';

-- name: billing_savepoint()
SAVEPOINT chunk;

-- name: billing_savepoint_release()
RELEASE SAVEPOINT chunk;

-- name: billing_savepoint_undo()
ROLLBACK TO SAVEPOINT chunk;

-- One preview at a time. One more may wait for its answer, and no third: whoever waits keeps a
-- worker from those who pay.
-- name: billing_preview_turn()
SELECT CASE WHEN pg_try_advisory_lock(hashtext('isp-billing: preview')) THEN 'now'
            WHEN pg_try_advisory_lock(hashtext('isp-billing: preview, next')) THEN 'next' END AS turn;

-- name: billing_preview_wait()
SELECT pg_advisory_lock(hashtext('isp-billing: preview'));

-- name: billing_preview_unlock()
SELECT pg_advisory_unlock_all();

-- name: billing_preview_kept(date)
SELECT answer FROM billing_previews
 WHERE business_date = $1::date AND made_at > now() - interval '60 seconds';

-- name: billing_preview_keep(date, text)
INSERT INTO billing_previews (business_date, answer) VALUES ($1::date, $2)
    ON CONFLICT (business_date) DO UPDATE SET answer = excluded.answer, made_at = now();

-- name: billing_run_undo(uuid)
SELECT billing_run_undo(r.number, business_today()) AS restored FROM run_rows r WHERE r.id = $1::uuid;

-- name: billing_run_undo_number(bigint)
SELECT billing_run_undo($1::bigint, business_today()) AS restored;

-- For the shell.
-- name: billing_runs_newest()
SELECT r.id AS number, r.business_date AS date,
       message_moment(r.started_at) AS started,
       CASE WHEN r.counts IS NULL THEN 'not finished'
            ELSE (SELECT string_agg(format('%s %s', step, coalesce(r.counts -> step ->> 'done', '0')), ', ' ORDER BY n)
                    FROM unnest('{begin,renew,overdue,late,expire,suspend}'::text[]) WITH ORDINALITY s (step, n)) END
       || CASE WHEN r.undone_at IS NULL THEN '' ELSE ', undone by ' || coalesce(r.undone_by, 'a program') END AS outcome
  FROM billing_runs r ORDER BY r.id DESC LIMIT 20;

-- name: billing_run_started(text, boolean)
SELECT audit('run_started', 'run', NULL, jsonb_build_object('steps', $1::text, 'force', $2::boolean));
