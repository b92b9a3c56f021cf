-- Messages to people, and the outbox that they leave through.
BEGIN;

CREATE TABLE notification_settings (
	id         uuid PRIMARY KEY DEFAULT uuidv7(),
	channel    text NOT NULL CHECK (channel IN ('telegram', 'email', 'webhook', 'whatsapp')),
	config     jsonb NOT NULL DEFAULT '{}', -- secrets inside are sealed
	events     jsonb NOT NULL DEFAULT '["all"]',
	is_active  boolean NOT NULL DEFAULT true,
	created_at timestamptz NOT NULL DEFAULT now(),
	updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE alert_logs (
	id                uuid PRIMARY KEY DEFAULT uuidv7(),
	type              text NOT NULL CHECK (type IN ('device_down', 'device_up', 'high_latency', 'packet_loss',
	                  'bandwidth', 'payment', 'subscription', 'system')),
	severity          text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
	title             text NOT NULL,
	message           text NOT NULL,
	meta              jsonb,
	key               text, -- the thing and what is wrong with it; at most one open alert has it
	resolved_at       timestamptz, -- of an alert with a key: when the thing was well again
	is_read           boolean NOT NULL DEFAULT false,
	notification_sent boolean NOT NULL DEFAULT false,
	created_at        timestamptz NOT NULL DEFAULT now(),
	updated_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX alert_logs_open_key ON alert_logs (key) WHERE resolved_at IS NULL;
CREATE INDEX alert_logs_type ON alert_logs (type);
CREATE INDEX alert_logs_severity ON alert_logs (severity);
CREATE INDEX alert_logs_is_read ON alert_logs (is_read);
CREATE INDEX alert_logs_newest ON alert_logs (created_at DESC, id DESC);

CREATE TABLE message_outbox (
	id         uuid PRIMARY KEY DEFAULT uuidv7(),
	alert_id   uuid NOT NULL REFERENCES alert_logs ON DELETE CASCADE,
	channel_id uuid REFERENCES notification_settings ON DELETE CASCADE, -- NULL: not fanned out yet
	state      text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
	attempts   int NOT NULL DEFAULT 0,
	last_error text,
	due_at     timestamptz NOT NULL DEFAULT now(),
	sent_at    timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(),
	UNIQUE (alert_id, channel_id)
);
CREATE INDEX message_outbox_due ON message_outbox (due_at) WHERE state = 'pending';

COMMIT;
