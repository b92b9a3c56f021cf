-- The company's picture on the pay page and on papers: not in settings, which many statements read whole.
BEGIN;

CREATE TABLE company_logos (
	one        boolean PRIMARY KEY DEFAULT true CHECK (one),
	png        bytea NOT NULL CHECK (octet_length(png) BETWEEN 1 AND 200000),
	version    text GENERATED ALWAYS AS (left(encode(sha256(png), 'hex'), 16)) STORED, -- part of its address
	updated_at timestamptz NOT NULL DEFAULT now()
);

COMMIT;
