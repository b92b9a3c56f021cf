-- Verify snmp_dropped.
BEGIN;

DO $$
BEGIN
	ASSERT to_regprocedure('snmp_store_samples(uuid[], numeric[], numeric[], int[], bigint[], bigint[], bigint[], text[], bigint[], '
		'bigint[], int[], text[], bigint[], text)') IS NULL, 'the function of before is still there';
END $$;

ROLLBACK;
