-- monitoring.sql: what the poller and the pinger share, and the dashboard.

-- One run of a program at a time: the lock is the session's.
-- name: history_lock(text)
SELECT pg_try_advisory_lock(hashtextextended('monitor ' || $1::text, 0)) AS locked;

-- name: history_make()
SELECT history_make();

-- name: history_drop()
SELECT history_drop() AS name;

-- name: monitor_judge(text)
SELECT monitor_judge($1::text);
