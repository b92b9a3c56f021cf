-- ping.sql: targets for the pinger, and their charts.

-- name: ping_due(int)
SELECT id::text AS id, host, address, wants_lookup, interval_seconds, timeout_ms, packet_count, due_ms FROM ping_due($1::int);

-- name: ping_resolved(jsonb)
SELECT ping_resolved($1::jsonb);

-- name: ping_store(jsonb)
SELECT ping_store($1::jsonb);

-- name: ping_roll()
SELECT ping_roll(now());
