-- Charts of a year and sums of five minutes read little, however many interfaces and targets there are.
BEGIN;

-- The 8,760 hours of an interface lie on as many pages, between those of all others: the index has them side by side.
ALTER TABLE bandwidth_1h DROP CONSTRAINT bandwidth_1h_pkey,
	ADD PRIMARY KEY (interface_id, recorded_at) INCLUDE (seconds, in_bits, out_bits, in_max, out_max);
ALTER TABLE ping_1h DROP CONSTRAINT ping_1h_pkey,
	ADD PRIMARY KEY (target_id, recorded_at) INCLUDE (sent, received, sum_ms, min_ms, max_ms);

-- A roll-up reads the last minutes of a partition that has a whole day: rows come in the order of time.
CREATE INDEX bandwidth_history_time ON bandwidth_history USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX bandwidth_5m_time ON bandwidth_5m USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX ping_history_time ON ping_history USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX ping_5m_time ON ping_5m USING brin (recorded_at) WITH (pages_per_range = 32, autosummarize = on);

COMMIT;
