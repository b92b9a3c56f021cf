-- The Idempotency-Key of a charge. A request that comes again is answered, not done again.
BEGIN;

CREATE TABLE charge_keys (
	idempotency_key text PRIMARY KEY,
	charge_id       uuid NOT NULL REFERENCES charges ON DELETE RESTRICT,
	request_hash    text NOT NULL
);

COMMIT;
