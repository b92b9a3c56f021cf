-- Devices watched by SNMP, addresses watched by ping. History is partitioned by time.
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
	is_active      boolean NOT NULL DEFAULT true,
	status         text NOT NULL DEFAULT 'unknown' CHECK (status IN ('up', 'down', 'unknown')),
	last_polled_at timestamptz,
	created_at     timestamptz NOT NULL DEFAULT now(),
	updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX snmp_devices_is_active ON snmp_devices (is_active);
CREATE INDEX snmp_devices_status ON snmp_devices (status);

CREATE TABLE snmp_interfaces (
	id                uuid PRIMARY KEY DEFAULT uuidv7(),
	device_id         uuid NOT NULL REFERENCES snmp_devices ON DELETE CASCADE,
	if_index          int NOT NULL,
	if_name           text NOT NULL,
	if_descr          text,
	if_speed          bigint,
	if_oper_status    text NOT NULL DEFAULT 'unknown' CHECK (if_oper_status IN ('up', 'down', 'testing', 'unknown')),
	if_admin_status   text NOT NULL DEFAULT 'up' CHECK (if_admin_status IN ('up', 'down', 'testing')),
	monitor_bandwidth boolean NOT NULL DEFAULT false,
	created_at        timestamptz NOT NULL DEFAULT now(),
	updated_at        timestamptz NOT NULL DEFAULT now(),
	UNIQUE (device_id, if_index)
);
CREATE INDEX snmp_interfaces_monitor_bandwidth ON snmp_interfaces (monitor_bandwidth);

CREATE TABLE bandwidth_history (
	id           bigint GENERATED ALWAYS AS IDENTITY,
	interface_id uuid NOT NULL,
	in_octets    numeric(20) NOT NULL, -- unsigned 64 bits
	out_octets   numeric(20) NOT NULL,
	in_rate      bigint, -- bit/s
	out_rate     bigint,
	recorded_at  timestamptz NOT NULL,
	PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX bandwidth_history_interface ON bandwidth_history (interface_id, recorded_at);
CREATE TABLE bandwidth_history_default PARTITION OF bandwidth_history DEFAULT;

CREATE TABLE ping_targets (
	id                  uuid PRIMARY KEY DEFAULT uuidv7(),
	name                text NOT NULL,
	host                text NOT NULL,
	"group"             text,
	interval_seconds    int NOT NULL DEFAULT 60,
	timeout_ms          int NOT NULL DEFAULT 1000,
	packet_count        int NOT NULL DEFAULT 4,
	parent_id           uuid REFERENCES ping_targets ON DELETE SET NULL,
	is_active           boolean NOT NULL DEFAULT true,
	status              text NOT NULL DEFAULT 'unknown' CHECK (status IN ('up', 'down', 'unknown')),
	last_latency_ms     double precision,
	packet_loss_percent double precision,
	last_checked_at     timestamptz,
	created_at          timestamptz NOT NULL DEFAULT now(),
	updated_at          timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ping_targets_is_active ON ping_targets (is_active);
CREATE INDEX ping_targets_status ON ping_targets (status);
CREATE INDEX ping_targets_group ON ping_targets ("group");

CREATE TABLE ping_history (
	id                  bigint GENERATED ALWAYS AS IDENTITY,
	target_id           uuid NOT NULL,
	latency_ms          double precision,
	packet_loss_percent double precision NOT NULL,
	status              text NOT NULL CHECK (status IN ('up', 'down')),
	recorded_at         timestamptz NOT NULL,
	PRIMARY KEY (id, recorded_at)
) PARTITION BY RANGE (recorded_at);
CREATE INDEX ping_history_target ON ping_history (target_id, recorded_at);
CREATE TABLE ping_history_default PARTITION OF ping_history DEFAULT;

COMMIT;
