-- Verify snmp_dropped.
BEGIN;

DO $$
BEGIN
	ASSERT (SELECT count(*) FROM pg_proc WHERE proname = 'snmp_store_samples') <= 1, 'the function of before is still there';
END $$;

ROLLBACK;
