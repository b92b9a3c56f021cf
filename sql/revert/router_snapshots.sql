-- Revert router_snapshots.
BEGIN;

ALTER TABLE settings DROP COLUMN line_sample_minutes;
ALTER TABLE router_states DROP COLUMN sampled_at, DROP COLUMN sample_tried_at;
DROP TABLE line_samples, router_traffic, router_sessions, router_snapshots;

COMMIT;
