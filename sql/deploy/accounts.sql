-- The accounts we want on routers, and how far each router is from them.
BEGIN;

/*
 * One row an account on a router: of a subscription, or one that stands alone.
 * The password of a subscription's account stays in the subscription alone.
 */
CREATE TABLE mikrotik_secrets (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	subscription_id uuid UNIQUE REFERENCES subscriptions ON DELETE RESTRICT,
	customer_id     uuid REFERENCES customers ON DELETE SET NULL,
	router_id       uuid REFERENCES router_settings ON DELETE RESTRICT, -- where it lives; NULL: no active router
	package_id      uuid REFERENCES packages ON DELETE RESTRICT,
	username        text NOT NULL,
	password        text, -- sealed; NULL: in the subscription, or not known to us
	service         text NOT NULL DEFAULT 'pppoe' CHECK (service IN ('pppoe', 'hotspot', 'any', 'static')),
	profile         text,
	local_address   text,
	remote_address  text,
	comment         text,
	disabled        boolean NOT NULL DEFAULT false,
	wanted          text NOT NULL DEFAULT 'enabled' CHECK (wanted IN ('enabled', 'suspended', 'absent')),
	imported        boolean NOT NULL DEFAULT false, -- found on the router, not made by us
	mikrotik_id     text, -- last seen .id, a hint only
	removed_at      timestamptz, -- no longer an account of ours
	created_at      timestamptz NOT NULL DEFAULT now(),
	updated_at      timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80); -- no index on wanted and disabled: a suspension stays on its page
CREATE UNIQUE INDEX mikrotik_secrets_username_key ON mikrotik_secrets (username) WHERE removed_at IS NULL;
-- Those without a router wait for the same one.
CREATE UNIQUE INDEX mikrotik_secrets_remote_address_key ON mikrotik_secrets (router_id, remote_address) NULLS NOT DISTINCT
	WHERE removed_at IS NULL AND service = 'static' AND remote_address IS NOT NULL;
CREATE INDEX mikrotik_secrets_address ON mikrotik_secrets (router_id, remote_address) WHERE remote_address IS NOT NULL;
CREATE INDEX mikrotik_secrets_newest ON mikrotik_secrets (created_at DESC, id DESC);
CREATE INDEX mikrotik_secrets_customer ON mikrotik_secrets (customer_id);
CREATE INDEX mikrotik_secrets_router ON mikrotik_secrets (router_id);
CREATE INDEX mikrotik_secrets_package ON mikrotik_secrets (package_id);
CREATE INDEX mikrotik_secrets_service ON mikrotik_secrets (service);

/*
 * The state of an account on one router and, while generation > synced_generation,
 * the job to bring it there. A move leaves a row with present = false behind,
 * which goes when the old router has answered.
 */
CREATE TABLE account_states (
	account_id        uuid NOT NULL REFERENCES mikrotik_secrets ON DELETE CASCADE,
	router_id         uuid NOT NULL REFERENCES router_settings ON DELETE RESTRICT,
	present           boolean NOT NULL DEFAULT true, -- false: must leave this router
	generation        bigint NOT NULL DEFAULT 1,
	synced_generation bigint NOT NULL DEFAULT 0,
	kick              boolean NOT NULL DEFAULT false, -- sessions must end with this change
	sync_state        text NOT NULL DEFAULT 'pending' CHECK (sync_state IN ('synced', 'pending', 'failed')),
	sync_error        text,
	synced_at         timestamptz,
	/*
	 * The places at which it stands on the router, or may stand after a lost reply: each
	 * 'ppp - NAME', 'hotspot - NAME' or 'static ADDRESS NAME'. Written before
	 * the first command is sent, cut down to the truth afterwards.
	 */
	traces            text[] NOT NULL DEFAULT '{}',
	attempts          int NOT NULL DEFAULT 0,
	due_at            timestamptz NOT NULL DEFAULT now(),
	created_at        timestamptz NOT NULL DEFAULT now(),
	updated_at        timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (account_id, router_id)
);
CREATE INDEX account_states_due ON account_states (router_id, due_at) WHERE generation > synced_generation;
CREATE INDEX account_states_left ON account_states (router_id) WHERE NOT present;

-- The same for the profile of a package.
CREATE TABLE profile_states (
	package_id        uuid NOT NULL REFERENCES packages ON DELETE CASCADE,
	router_id         uuid NOT NULL REFERENCES router_settings ON DELETE CASCADE,
	generation        bigint NOT NULL DEFAULT 1,
	synced_generation bigint NOT NULL DEFAULT 0,
	kick              boolean NOT NULL DEFAULT false,
	sync_state        text NOT NULL DEFAULT 'pending' CHECK (sync_state IN ('synced', 'pending', 'failed')),
	sync_error        text,
	synced_at         timestamptz,
	attempts          int NOT NULL DEFAULT 0,
	due_at            timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (package_id, router_id)
);
CREATE INDEX profile_states_due ON profile_states (router_id, due_at) WHERE generation > synced_generation;

COMMIT;
