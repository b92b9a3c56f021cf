-- Readings that are dropped are named beside the others; each no longer has a verdict.
BEGIN;

DROP FUNCTION IF EXISTS snmp_store_samples(uuid[], numeric[], numeric[], int[], bigint[], bigint[], bigint[], text[], bigint[],
	bigint[], int[], text[], bigint[], text);

COMMIT;
