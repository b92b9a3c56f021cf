-- Devices watched by SNMP, addresses watched by ping. History is partitioned by time, without a DEFAULT
-- partition: one blocks the making of others and keeps for good what strays into it.
BEGIN;

CREATE TABLE snmp_devices (
	id             uuid PRIMARY KEY DEFAULT uuidv7(),
	name           text NOT NULL,
	host           text NOT NULL,
	port           int NOT NULL DEFAULT 161 CHECK (port BETWEEN 1 AND 65535),
	version        text NOT NULL DEFAULT '2c' CHECK (version IN ('1', '2c', '3')),
	community      text NOT NULL DEFAULT '', -- sealed; '' stands for "public"
	security_name  text,
	security_level text CHECK (security_level IN ('noAuthNoPriv', 'authNoPriv', 'authPriv')),
	auth_protocol  text,
	auth_password  text, -- sealed
	priv_protocol  text,
	priv_password  text, -- sealed
	device_type    text NOT NULL DEFAULT 'router' CHECK (device_type IN ('router', 'switch', 'olt', 'server', 'other')),
	location       text,
	parent_id      uuid REFERENCES snmp_devices ON DELETE SET NULL,
	router_id      uuid REFERENCES router_settings ON DELETE SET NULL,
	is_active      boolean NOT NULL DEFAULT true,
	sys_name       text,
	sys_descr      text,
	max_vars       int NOT NULL DEFAULT 36 CHECK (max_vars BETWEEN 1 AND 60), -- in one request; smaller for agents that fail
	discovered_at  timestamptz,
	created_at     timestamptz NOT NULL DEFAULT now(),
	updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX snmp_devices_parent ON snmp_devices (parent_id);

-- An interface is its name: RouterOS gives out new indexes at each login, reboot and upgrade.
CREATE TABLE snmp_interfaces (
	id                uuid PRIMARY KEY DEFAULT uuidv7(),
	device_id         uuid NOT NULL REFERENCES snmp_devices ON DELETE CASCADE,
	if_name           text NOT NULL,
	if_index          bigint NOT NULL, -- where it was last seen; Huawei's do not fit an int
	if_descr          text,
	if_alias          text,
	if_speed          bigint,          -- bit/s as the device reports it; NULL: unknown
	manual_speed      bigint,          -- bit/s, where the device reports a wrong one
	if_oper_status    text NOT NULL DEFAULT 'unknown' CHECK (if_oper_status IN ('up', 'down', 'testing', 'unknown')),
	if_admin_status   text NOT NULL DEFAULT 'up' CHECK (if_admin_status IN ('up', 'down', 'testing')),
	monitor_bandwidth boolean NOT NULL DEFAULT false,
	is_present        boolean NOT NULL DEFAULT true, -- the device listed it at the last discovery
	created_at        timestamptz NOT NULL DEFAULT now(),
	updated_at        timestamptz NOT NULL DEFAULT now(),
	UNIQUE (device_id, if_name)
);
CREATE INDEX snmp_interfaces_monitored ON snmp_interfaces (device_id) WHERE monitor_bandwidth;

-- The last reading of each monitored interface: the next one is compared with it.
CREATE TABLE snmp_counters (
	interface_id  uuid PRIMARY KEY REFERENCES snmp_interfaces ON DELETE CASCADE,
	in_octets     numeric(20) NOT NULL, -- unsigned 64 bits
	out_octets    numeric(20) NOT NULL,
	bits          int NOT NULL CHECK (bits IN (32, 64)),
	uptime_ms     bigint NOT NULL,      -- of the device
	discontinuity bigint NOT NULL,      -- ifCounterDiscontinuityTime
	boot          text NOT NULL,        -- our machine's boot, whose clock the next column is of
	clock_ms      bigint NOT NULL,
	is_doubtful   boolean NOT NULL DEFAULT false, -- the reading after it was impossible and was dropped
	in_rate       bigint,               -- bit/s, the last published
	out_rate      bigint,
	read_at       timestamptz NOT NULL
) WITH (fillfactor = 60);

CREATE TABLE bandwidth_history (
	interface_id uuid NOT NULL, -- no reference: attaching a partition would block writes to interfaces
	recorded_at  timestamptz NOT NULL,
	in_octets    numeric(20) NOT NULL,
	out_octets   numeric(20) NOT NULL,
	in_rate      bigint, -- bit/s since the reading before; NULL: a gap
	out_rate     bigint,
	seconds      int NOT NULL DEFAULT 0, -- that the rates cover
	PRIMARY KEY (interface_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE bandwidth_5m (
	interface_id uuid NOT NULL,
	recorded_at  timestamptz NOT NULL, -- the bucket's beginning
	seconds      int NOT NULL,
	in_bits      numeric(20) NOT NULL,
	out_bits     numeric(20) NOT NULL,
	in_max       bigint NOT NULL,
	out_max      bigint NOT NULL,
	PRIMARY KEY (interface_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE bandwidth_1h (
	LIKE bandwidth_5m,
	PRIMARY KEY (interface_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE ping_targets (
	id               uuid PRIMARY KEY DEFAULT uuidv7(),
	name             text NOT NULL,
	host             text NOT NULL,
	"group"          text,
	interval_seconds int NOT NULL DEFAULT 60 CHECK (interval_seconds BETWEEN 10 AND 3600),
	timeout_ms       int NOT NULL DEFAULT 1000 CHECK (timeout_ms BETWEEN 10 AND 10000),
	packet_count     int NOT NULL DEFAULT 4 CHECK (packet_count BETWEEN 1 AND 20),
	parent_id        uuid REFERENCES ping_targets ON DELETE SET NULL,
	router_id        uuid REFERENCES router_settings ON DELETE SET NULL,
	is_active        boolean NOT NULL DEFAULT true,
	address          text,        -- what the host's name last stood for
	resolved_at      timestamptz,
	created_at       timestamptz NOT NULL DEFAULT now(),
	updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ping_targets_group ON ping_targets ("group");
CREATE INDEX ping_targets_parent ON ping_targets (parent_id);

CREATE TABLE ping_history (
	target_id           uuid NOT NULL,
	recorded_at         timestamptz NOT NULL,
	sent                int NOT NULL,
	received            int NOT NULL,
	latency_ms          double precision, -- the mean; NULL: no answer
	min_ms              double precision,
	max_ms              double precision,
	jitter_ms           double precision, -- mean difference of one answer from the one before
	packet_loss_percent double precision NOT NULL,
	status              text NOT NULL CHECK (status IN ('up', 'down')),
	PRIMARY KEY (target_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE ping_5m (
	target_id   uuid NOT NULL,
	recorded_at timestamptz NOT NULL, -- the bucket's beginning
	sent        int NOT NULL,
	received    int NOT NULL,
	sum_ms      double precision NOT NULL, -- over all answers
	min_ms      double precision,
	max_ms      double precision,
	PRIMARY KEY (target_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

CREATE TABLE ping_1h (
	LIKE ping_5m,
	PRIMARY KEY (target_id, recorded_at)
) PARTITION BY RANGE (recorded_at);

-- Up to when each roll-up is complete.
CREATE TABLE history_rolls (
	rollup       text PRIMARY KEY,
	rolled_until timestamptz NOT NULL
);

-- The state of each device and target now. A round changes every row: no index names what it changes.
CREATE TABLE monitor_states (
	id           uuid PRIMARY KEY,
	kind         text NOT NULL CHECK (kind IN ('snmp', 'ping')),
	device_id    uuid GENERATED ALWAYS AS (CASE kind WHEN 'snmp' THEN id END) STORED REFERENCES snmp_devices ON DELETE CASCADE,
	target_id    uuid GENERATED ALWAYS AS (CASE kind WHEN 'ping' THEN id END) STORED REFERENCES ping_targets ON DELETE CASCADE,
	status       text NOT NULL DEFAULT 'unknown' CHECK (status IN ('up', 'down', 'unknown')),
	since        timestamptz NOT NULL DEFAULT now(), -- of the status
	misses       int NOT NULL DEFAULT 0,             -- in a row
	hits         int NOT NULL DEFAULT 0,
	missed_since timestamptz,
	checked_at   timestamptz NOT NULL,
	error        text,
	latency_ms   double precision,
	jitter_ms    double precision,
	loss_percent double precision,
	uptime_ms    bigint
) WITH (fillfactor = 60);
CREATE INDEX monitor_states_device ON monitor_states (device_id);
CREATE INDEX monitor_states_target ON monitor_states (target_id);

-- Work on the network that was announced: no alert is raised meanwhile. Nothing named: everything.
CREATE TABLE maintenance_windows (
	id         uuid PRIMARY KEY DEFAULT uuidv7(),
	title      text NOT NULL,
	note       text,
	starts_at  timestamptz NOT NULL,
	ends_at    timestamptz NOT NULL,
	device_id  uuid REFERENCES snmp_devices ON DELETE CASCADE,
	target_id  uuid REFERENCES ping_targets ON DELETE CASCADE,
	router_id  uuid REFERENCES router_settings ON DELETE CASCADE,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now(),
	CHECK (ends_at > starts_at)
);
CREATE INDEX maintenance_windows_ends ON maintenance_windows (ends_at);

ALTER TABLE settings
	ADD history_raw_days        int NOT NULL DEFAULT 7,
	ADD history_5m_days         int NOT NULL DEFAULT 90,
	ADD history_1h_days         int NOT NULL DEFAULT 730,
	ADD latency_raise_ms        int NOT NULL DEFAULT 200, -- high_latency begins
	ADD latency_clear_ms        int NOT NULL DEFAULT 150, -- and ends
	ADD loss_raise_percent      int NOT NULL DEFAULT 20,
	ADD loss_clear_percent      int NOT NULL DEFAULT 5,
	ADD bandwidth_raise_percent int NOT NULL DEFAULT 90,
	ADD bandwidth_clear_percent int NOT NULL DEFAULT 75;

COMMIT;
