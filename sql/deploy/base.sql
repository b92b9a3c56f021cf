-- Extensions, who may log in, what was done, the owner's policies, exact row counts.
BEGIN;

-- Texts of another encoding are cut inside characters, and Midtrans' and the browsers' are UTF-8.
DO $$
BEGIN
	IF getdatabaseencoding() <> 'UTF8' THEN
		RAISE EXCEPTION 'the encoding of this database is %, not UTF8: create it with ENCODING ''UTF8'' TEMPLATE template0',
			getdatabaseencoding();
	END IF;
END $$;

CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

/*
 * Ids begin with their time of birth (UUID version 7, RFC 9562): what was made
 * together stands together in every index, and what is new at its end. Random
 * ids cost the nightly run twice its time. The 12 bits behind the milliseconds
 * are their fraction, so that the rows of a transaction, whose created_at is the
 * same, have the order in which they were made. Named as PostgreSQL 18 names its
 * own, which then is the one taken.
 */
CREATE FUNCTION uuidv7() RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
	SELECT (overlay(lpad(to_hex((extract(epoch FROM clock_timestamp()) * 4096000)::bigint), 15, '0')
		PLACING '7' FROM 13 FOR 0) || substr(gen_random_uuid()::text, 20))::uuid
$$;

CREATE TABLE users (
	id                uuid PRIMARY KEY DEFAULT uuidv7(),
	name              text NOT NULL,
	email             text NOT NULL,
	email_verified_at timestamptz,
	password          text NOT NULL, -- argon2id, or an imported bcrypt hash until the first login
	role              text NOT NULL DEFAULT 'operator' CHECK (role IN ('admin', 'operator', 'viewer')),
	is_active         boolean NOT NULL DEFAULT true,
	remember_token    text,
	created_at        timestamptz NOT NULL DEFAULT now(),
	updated_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX users_email_key ON users (lower(email));
CREATE INDEX users_newest ON users (created_at DESC, id DESC);

CREATE TABLE password_reset_tokens (
	email      text PRIMARY KEY,
	token      text NOT NULL,
	created_at timestamptz
);

/*
 * The client holds "<id>|<random>"; token is the SHA-256 of the random part, in
 * hex. Users alone hold tokens: user_id is Laravel's tokenable_type and
 * tokenable_id. Every request looks its token up: who holds it stands beside
 * it, kept by triggers (token.sql), for a join with users costs as much
 * as all the rest of the look-up.
 */
CREATE TABLE personal_access_tokens (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
	holder_email  text NOT NULL,
	holder_role   text NOT NULL,
	holder_active boolean NOT NULL,
	name          text NOT NULL,
	token         text NOT NULL UNIQUE CHECK (length(token) = 64),
	abilities     text[] NOT NULL DEFAULT '{*}',
	last_used_at  timestamptz,
	expires_at    timestamptz,
	created_at    timestamptz NOT NULL DEFAULT now(),
	updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX personal_access_tokens_user ON personal_access_tokens (user_id);

-- Tries within the minute that began with the first; losing them in a crash costs nothing.
CREATE UNLOGGED TABLE throttles (
	key   text PRIMARY KEY,
	since timestamptz NOT NULL,
	hits  int NOT NULL
);

CREATE TABLE audit_logs (
	id           uuid PRIMARY KEY DEFAULT uuidv7(),
	user_id      uuid REFERENCES users ON DELETE SET NULL,
	actor        text,          -- e-mail of the user then, or the program
	action       text NOT NULL, -- login, login_failed, logout, create, update, delete, credentials, ...
	subject_type text,
	subject_id   text,
	ip           text,
	request_id   text,
	meta         jsonb,
	created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX audit_logs_newest ON audit_logs (created_at DESC, id DESC);
CREATE INDEX audit_logs_subject ON audit_logs (subject_type, subject_id);

-- The owner's policies: one row. Their bounds stand in the field table of lib/api/setting.c.
CREATE TABLE settings (
	one               boolean PRIMARY KEY DEFAULT true CHECK (one),
	lead_days         int NOT NULL DEFAULT 7,           -- invoice so many days before the end
	grace_days        int NOT NULL DEFAULT 1,           -- suspend only later than due_date + this
	hold_nights       int NOT NULL DEFAULT 3,           -- nights an unanswered gateway may delay a suspension
	suspend_mode      text NOT NULL DEFAULT 'disable' CHECK (suspend_mode IN ('disable', 'isolate')),
	isolation_profile text NOT NULL DEFAULT 'isolated',
	remove_expired    boolean NOT NULL DEFAULT false,
	token_idle_days   int NOT NULL DEFAULT 30,
	attempt_minutes   int NOT NULL DEFAULT 1440,        -- life of a payment page
	public_reads_per_minute  int NOT NULL DEFAULT 120,
	public_tokens_per_minute int NOT NULL DEFAULT 60,
	invoice_tokens_per_minute int NOT NULL DEFAULT 20,
	enabled_payments  text[],                           -- NULL: all the gateway offers
	setup_token       text,                             -- SHA-256 of what `ispctl user setup-token` printed; allows the first register
	updated_at        timestamptz NOT NULL DEFAULT now()
);
INSERT INTO settings DEFAULT VALUES;

-- Exact totals without counting: triggers add to one of 16 stripes, readers sum them.
CREATE TABLE row_counts (
	table_name name NOT NULL,
	stripe     smallint NOT NULL,
	n          bigint NOT NULL DEFAULT 0,
	PRIMARY KEY (table_name, stripe)
) WITH (fillfactor = 10);

COMMIT;
