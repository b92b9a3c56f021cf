-- Revert history_reads.
BEGIN;

DROP INDEX bandwidth_history_time, bandwidth_5m_time, ping_history_time, ping_5m_time;
ALTER TABLE bandwidth_1h DROP CONSTRAINT bandwidth_1h_pkey, ADD PRIMARY KEY (interface_id, recorded_at);
ALTER TABLE ping_1h DROP CONSTRAINT ping_1h_pkey, ADD PRIMARY KEY (target_id, recorded_at);

COMMIT;
