-- The routers we drive. Passwords are sealed (lib/base/crypt.h), never plain.
BEGIN;

CREATE TABLE router_settings (
	id                 uuid PRIMARY KEY DEFAULT uuidv7(),
	name               text NOT NULL DEFAULT 'Main Router',
	host               text NOT NULL,
	port               int NOT NULL DEFAULT 8728 CHECK (port BETWEEN 1 AND 65535),
	username           text NOT NULL,
	password           text NOT NULL DEFAULT '', -- sealed; '' is the empty password
	ssl                boolean NOT NULL DEFAULT false,
	tls_verify         text NOT NULL DEFAULT 'verify' CHECK (tls_verify IN ('verify', 'pin', 'adh', 'none')),
	tls_fingerprint    text,
	tls_ca             text,
	ppp_local_address  text,
	ppp_pool           text,
	connect_timeout_ms int NOT NULL DEFAULT 5000,
	read_timeout_ms    int NOT NULL DEFAULT 15000,
	is_active          boolean NOT NULL DEFAULT true,
	last_connected_at  timestamptz,
	created_at         timestamptz NOT NULL DEFAULT now(),
	updated_at         timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT router_settings_host_key UNIQUE (host, port),
	CONSTRAINT router_settings_tls_fingerprint_check CHECK (tls_verify <> 'pin' OR tls_fingerprint IS NOT NULL)
);
CREATE INDEX router_settings_newest ON router_settings (created_at DESC, id DESC);

-- The state as router-sync last found it: the circuit breaker of each router.
CREATE TABLE router_states (
	router_id    uuid PRIMARY KEY REFERENCES router_settings ON DELETE CASCADE,
	failures     int NOT NULL DEFAULT 0,
	broken_since timestamptz,           -- NULL: healthy
	next_probe_at timestamptz,
	last_error   text,
	version      text,
	updated_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE radius_settings (
	id             uuid PRIMARY KEY DEFAULT uuidv7(),
	host           text NOT NULL,
	port           int NOT NULL DEFAULT 1812,
	secret         text NOT NULL, -- sealed
	nas_identifier text NOT NULL DEFAULT 'mikrotik',
	enabled        boolean NOT NULL DEFAULT false,
	created_at     timestamptz NOT NULL DEFAULT now(),
	updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX radius_settings_one ON radius_settings ((true));

COMMIT;
