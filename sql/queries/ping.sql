-- ping.sql: targets for the pinger, and their charts.

-- name: ping_due(int)
SELECT id::text AS id, host, address, is_lookup_due, interval_seconds, timeout_ms, packet_count, due_ms FROM ping_due($1::int);

-- name: ping_resolved(jsonb)
SELECT ping_resolved($1::jsonb);

-- name: ping_store(jsonb)
SELECT ping_store($1::jsonb);

-- name: ping_roll()
SELECT ping_roll(now());

-- name: ping_target_by_id(uuid)
SELECT host, packet_count, timeout_ms FROM ping_targets WHERE id = $1::uuid;

-- name: ping_chart(uuid, text)
SELECT recorded_at, latency_ms, min_ms, max_ms, packet_loss_percent, status FROM ping_chart($1::uuid, $2::text);
