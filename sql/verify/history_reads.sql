-- Verify history_reads.
BEGIN;

DO $$
BEGIN
	ASSERT (SELECT count(*) FROM pg_index WHERE indrelid IN ('bandwidth_1h'::regclass, 'ping_1h'::regclass) AND indnatts = 7) = 2,
		'the hours are not in their indexes';
	ASSERT (SELECT count(*) FROM pg_class WHERE relname IN ('bandwidth_history_time', 'bandwidth_5m_time', 'ping_history_time',
		'ping_5m_time')) = 4, 'an index by time is missing';
END $$;

ROLLBACK;
