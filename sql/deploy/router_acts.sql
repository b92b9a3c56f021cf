-- Acts on routers for a line, each act with the change that caused it.
BEGIN;

DROP FUNCTION IF EXISTS subscriptions_switch_off(uuid[], text, text, text, date); -- it is given the bills, too
CREATE TABLE router_acts (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	subscription_id uuid NOT NULL REFERENCES subscriptions ON DELETE RESTRICT,
	router_id       uuid REFERENCES router_settings ON DELETE SET NULL, -- NULL: the router is gone
	act             text NOT NULL CONSTRAINT router_acts_act_check CHECK (act IN ('enabled', 'disabled', 'removed', 'failed')),
	detail          text, -- why it failed
	log_id          uuid, -- the row of billing_logs; no foreign key, as there
	created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX router_acts_subscription ON router_acts (subscription_id, created_at);
CREATE INDEX router_acts_router ON router_acts (router_id);

COMMIT;
