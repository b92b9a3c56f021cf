-- Customers, and the packages that are sold to them.
BEGIN;

CREATE TABLE customers (
	id          uuid PRIMARY KEY DEFAULT uuidv7(),
	name        text NOT NULL,
	email       text,
	phone       text,
	address     text,
	status      text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'inactive', 'suspended')),
	credit      bigint NOT NULL DEFAULT 0 CONSTRAINT customers_credit_not_negative CHECK (credit >= 0),
	archived_at timestamptz,
	created_at  timestamptz NOT NULL DEFAULT now(),
	updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX customers_newest ON customers (created_at DESC, id DESC);
CREATE INDEX customers_name ON customers (name, id);
CREATE INDEX customers_status ON customers (status);
CREATE INDEX customers_email ON customers (lower(email));
CREATE INDEX customers_search ON customers USING gin (name gin_trgm_ops, email gin_trgm_ops, phone gin_trgm_ops);

CREATE TABLE packages (
	id             uuid PRIMARY KEY DEFAULT uuidv7(),
	name           text NOT NULL CONSTRAINT packages_name_key UNIQUE,
	type           text NOT NULL DEFAULT 'pppoe' CHECK (type IN ('pppoe', 'hotspot', 'static')),
	bandwidth      text NOT NULL, -- download/upload, "10M/10M"
	burst          text,          -- "D/U" or "D/U D/U s/s"
	price          bigint NOT NULL CHECK (price BETWEEN 0 AND 999999999999),
	priority       int NOT NULL DEFAULT 8 CHECK (priority BETWEEN 1 AND 8),
	validity_days  int NOT NULL DEFAULT 30 CHECK (validity_days BETWEEN 1 AND 3660),
	description    text,
	is_active      boolean NOT NULL DEFAULT true,
	router_profile text NOT NULL CONSTRAINT packages_router_profile_key UNIQUE,
	created_at     timestamptz NOT NULL DEFAULT now(),
	updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX packages_newest ON packages (created_at DESC, id DESC);
CREATE INDEX packages_type ON packages (type);
CREATE INDEX packages_is_active ON packages (is_active);

COMMIT;
