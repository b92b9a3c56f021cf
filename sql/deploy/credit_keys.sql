-- Deploy credit_keys: the Idempotency-Key of a gift or a payout. A request that comes again is answered, not done again.
BEGIN;

CREATE TABLE credit_keys (
	idempotency_key text PRIMARY KEY,
	credit_id       uuid NOT NULL REFERENCES customer_credits ON DELETE RESTRICT,
	request_hash    text NOT NULL
);

COMMIT;
