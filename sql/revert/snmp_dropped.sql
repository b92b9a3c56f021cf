-- Revert snmp_dropped.
BEGIN;

DROP FUNCTION IF EXISTS snmp_store_samples(uuid[], numeric[], numeric[], int[], bigint[], bigint[], bigint[], uuid[], bigint[],
	bigint[], int[], text[], bigint[], text);

COMMIT;
