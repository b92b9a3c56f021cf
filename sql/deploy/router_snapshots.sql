-- The state of routers as last read, for the browser; and samples of sessions.
BEGIN;

/*
 * One row a router and kind of reading. Shared by all workers; lost in a crash,
 * which is no harm: the next reader reads the router again.
 */
CREATE UNLOGGED TABLE router_snapshots (
	router_id uuid NOT NULL REFERENCES router_settings ON DELETE CASCADE,
	kind      text NOT NULL, -- live, interfaces, profiles, secrets, hotspot_users, dhcp_leases, queues
	data      text,          -- JSON as it is answered
	taken_at  timestamptz,   -- of data
	error     text,          -- why the last reading failed; NULL: it did not
	tried_at  timestamptz NOT NULL,
	PRIMARY KEY (router_id, kind)
);

-- The sessions of the last live reading, with rates from the one before.
CREATE UNLOGGED TABLE router_sessions (
	router_id   uuid NOT NULL REFERENCES router_settings ON DELETE CASCADE,
	service     text NOT NULL CHECK (service IN ('pppoe', 'hotspot')),
	session_id  text NOT NULL, -- the router's .id
	username    text NOT NULL,
	address     text,
	mac_address text,
	uptime      text,
	rx_bytes    numeric(20), -- received by the router: the customer's upload
	tx_bytes    numeric(20),
	rx_packets  numeric(20),
	tx_packets  numeric(20),
	rx_rate     bigint, -- bits per second; NULL: not known yet
	tx_rate     bigint,
	taken_at    timestamptz NOT NULL,
	PRIMARY KEY (router_id, service, session_id)
) WITH (fillfactor = 50); -- each reading writes all of them anew
CREATE INDEX router_sessions_username ON router_sessions (username);
CREATE INDEX router_sessions_address ON router_sessions (address);

-- The traffic of all subscribers of a router together, a row a live reading; kept for 10 minutes.
CREATE UNLOGGED TABLE router_traffic (
	router_id uuid NOT NULL REFERENCES router_settings ON DELETE CASCADE,
	taken_at  timestamptz NOT NULL,
	rx_rate   bigint NOT NULL,
	tx_rate   bigint NOT NULL,
	PRIMARY KEY (router_id, taken_at)
);

-- A sample of the sessions of each account, every line_sample_minutes; kept for 24 hours.
CREATE TABLE line_samples (
	account_id uuid NOT NULL REFERENCES mikrotik_secrets ON DELETE CASCADE,
	taken_at   timestamptz NOT NULL,
	online     boolean NOT NULL,
	address    text,
	rx_bytes   numeric(20), -- received by the router: the customer's upload
	tx_bytes   numeric(20),
	PRIMARY KEY (account_id, taken_at)
);
CREATE INDEX line_samples_taken ON line_samples (taken_at);

-- The last sample of each router, taken or failed.
ALTER TABLE router_states ADD COLUMN sampled_at timestamptz, ADD COLUMN sample_tried_at timestamptz;

ALTER TABLE settings ADD COLUMN line_sample_minutes int NOT NULL DEFAULT 5 CHECK (line_sample_minutes BETWEEN 0 AND 60);

COMMIT;
