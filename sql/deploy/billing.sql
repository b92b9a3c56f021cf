-- Subscriptions, what is owed, what was received. Money is whole rupiah; nothing financial is ever deleted.
BEGIN;

CREATE TABLE subscriptions (
	id                uuid PRIMARY KEY DEFAULT uuidv7(),
	seq               bigint GENERATED ALWAYS AS IDENTITY,
	customer_id       uuid NOT NULL REFERENCES customers ON DELETE RESTRICT,
	package_id        uuid NOT NULL REFERENCES packages ON DELETE RESTRICT,
	next_package_id   uuid REFERENCES packages ON DELETE RESTRICT, -- from the next period on
	next_package_on   date, -- first day of the period billed at it; NULL: none is yet
	router_id         uuid REFERENCES router_settings ON DELETE RESTRICT, -- NULL: the default router
	mikrotik_username text NOT NULL,
	mikrotik_password text NOT NULL, -- sealed
	start_date        date NOT NULL, -- first day of service
	end_date          date NOT NULL, -- last day of service granted
	status            text NOT NULL DEFAULT 'active'
	                  CHECK (status IN ('active', 'suspended', 'expired', 'cancelled')),
	is_live           boolean GENERATED ALWAYS AS (status <> 'cancelled') STORED,
	suspend_reason    text CHECK (suspend_reason IN ('debt', 'manual')),
	auto_renew        boolean NOT NULL DEFAULT true,
	resumed_on        date, -- day of the last activation by hand
	hold_until        date, -- no suspension for debt up to this day
	gateway_holds     int NOT NULL DEFAULT 0, -- nights in a row the gateway gave no answer
	gateway_held_on   date, -- the last of them
	local_address     text,
	remote_address    text,
	profile           text,
	comment           text,
	cancelled_at      timestamptz,
	created_at        timestamptz NOT NULL DEFAULT now(),
	updated_at        timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT subscriptions_owner_key UNIQUE (customer_id, id),
	CONSTRAINT subscriptions_end_date_check CHECK (end_date >= start_date),
	CONSTRAINT subscriptions_reason_check CHECK ((status = 'suspended') = (suspend_reason IS NOT NULL))
) WITH (fillfactor = 80);
-- No index on status, nor any WHERE it: a suspension changes no index and stays on its page (HOT).
CREATE UNIQUE INDEX subscriptions_mikrotik_username_key ON subscriptions (mikrotik_username) WHERE is_live;
CREATE INDEX subscriptions_newest ON subscriptions (created_at DESC, id DESC);
CREATE INDEX subscriptions_package ON subscriptions (package_id);
CREATE INDEX subscriptions_next_package ON subscriptions (next_package_id) WHERE next_package_id IS NOT NULL;
CREATE INDEX subscriptions_next_package_on ON subscriptions (next_package_on) WHERE next_package_on IS NOT NULL;
CREATE INDEX subscriptions_router ON subscriptions (router_id);
CREATE INDEX subscriptions_end_date ON subscriptions (end_date) WHERE is_live;
CREATE INDEX subscriptions_search ON subscriptions USING gin (mikrotik_username gin_trgm_ops);

CREATE TABLE invoice_counters (
	day         date PRIMARY KEY,
	last_number int NOT NULL CHECK (last_number > 0)
);

CREATE TABLE invoices (
	id                      uuid PRIMARY KEY DEFAULT uuidv7(),
	seq                     bigint GENERATED ALWAYS AS IDENTITY,
	invoice_number          text NOT NULL CONSTRAINT invoices_invoice_number_key UNIQUE,
	subscription_id         uuid NOT NULL,
	customer_id             uuid NOT NULL, -- the subscription's
	package_id              uuid REFERENCES packages ON DELETE RESTRICT, -- what was billed; NULL for kind other
	kind                    text NOT NULL DEFAULT 'renewal' CHECK (kind IN ('first', 'renewal', 'other')),
	amount                  bigint NOT NULL CHECK (amount BETWEEN 0 AND 999999999999),
	paid_amount             bigint NOT NULL DEFAULT 0, -- the sum of its allocations
	period_start            date,
	period_end              date,
	issued_on               date NOT NULL, -- business day of issue, the one in the number
	due_date                date NOT NULL,
	status                  text NOT NULL DEFAULT 'unpaid'
	                        CHECK (status IN ('unpaid', 'paid', 'overdue', 'cancelled')),
	is_open                 boolean GENERATED ALWAYS AS (status IN ('unpaid', 'overdue')) STORED,
	period_held             daterange GENERATED ALWAYS AS ( -- billed to nobody twice; NULL: holds none
	                        CASE WHEN status <> 'cancelled' AND period_end >= period_start
	                             THEN daterange(period_start, period_end, '[]') END) STORED,
	replaced_end_date       date, -- subscription.end_date before the settlement
	settled_end_date        date, -- and what the settlement made of it
	payment_reference       text,
	payment_url             text,
	midtrans_order_id       text,
	midtrans_transaction_id text,
	notes                   text,
	created_at              timestamptz NOT NULL DEFAULT now(),
	updated_at              timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT invoices_paid_amount_check CHECK (paid_amount BETWEEN 0 AND amount),
	CONSTRAINT invoices_period_check CHECK ((kind = 'other') = (period_start IS NULL)
		AND (period_start IS NULL) = (period_end IS NULL) AND period_end >= period_start),
	CONSTRAINT invoices_subscription_id_fkey FOREIGN KEY (customer_id, subscription_id)
		REFERENCES subscriptions (customer_id, id) ON DELETE RESTRICT,
	CONSTRAINT invoices_period_excl EXCLUDE USING gist (subscription_id WITH =, period_held WITH &&)
		WHERE (period_held IS NOT NULL)
) WITH (fillfactor = 80);
-- Each costs every nightly renewal. None on status: what becomes overdue changes no index (HOT). None on
-- customer_id alone: the open ones have one, the others are found through their subscriptions.
CREATE INDEX invoices_newest ON invoices (created_at DESC, id DESC);
CREATE INDEX invoices_subscription ON invoices (subscription_id, period_end);
CREATE INDEX invoices_open_customer ON invoices (customer_id, due_date, seq) WHERE is_open;
CREATE INDEX invoices_open_due ON invoices (due_date) WHERE is_open;
CREATE INDEX invoices_midtrans_order_id ON invoices (midtrans_order_id) WHERE midtrans_order_id IS NOT NULL;
CREATE INDEX invoices_search ON invoices USING gin (invoice_number gin_trgm_ops);

CREATE TABLE payments (
	id                      uuid PRIMARY KEY DEFAULT uuidv7(),
	seq                     bigint GENERATED ALWAYS AS IDENTITY,
	invoice_id              uuid NOT NULL REFERENCES invoices ON DELETE RESTRICT,
	customer_id             uuid NOT NULL REFERENCES customers ON DELETE RESTRICT,
	amount                  bigint NOT NULL CHECK (amount > 0), -- the money received, in full
	fee                     bigint NOT NULL DEFAULT 0 CHECK (fee >= 0), -- the gateway's, on top; neither revenue nor credit
	method                  text NOT NULL DEFAULT 'cash' CHECK (method IN ('cash', 'transfer', 'midtrans', 'qris',
	                        'gopay', 'ovo', 'dana', 'card', 'bank_transfer', 'mobile_money', 'va', 'shopeepay', 'other')),
	source                  text NOT NULL DEFAULT 'manual' CHECK (source IN ('manual', 'midtrans')),
	reference               text, -- the payer's or the gateway's; unique per source
	request_hash            text, -- SHA-256 of what was asked, to tell a repetition from a clash
	status                  text NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'reversed', 'refunded')),
	transaction_id          text,
	midtrans_transaction_id text,
	midtrans_status         text CHECK (midtrans_status IN ('pending', 'authorize', 'settlement', 'capture', 'deny', 'cancel',
	                        'expire', 'failure', 'refund', 'partial_refund', 'chargeback', 'partial_chargeback')),
	midtrans_response       jsonb,
	payment_date            timestamptz NOT NULL DEFAULT now(),
	received_on             date NOT NULL, -- business day it was booked on
	notes                   text,
	created_at              timestamptz NOT NULL DEFAULT now(),
	updated_at              timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX payments_reference_key ON payments (source, reference) WHERE reference IS NOT NULL;
CREATE INDEX payments_newest ON payments (created_at DESC, id DESC);
CREATE INDEX payments_invoice ON payments (invoice_id);
CREATE INDEX payments_customer ON payments (customer_id);
CREATE INDEX payments_method ON payments (method);
CREATE INDEX payments_payment_date ON payments (payment_date);
CREATE INDEX payments_received_on ON payments (received_on);
CREATE INDEX payments_midtrans_transaction_id ON payments (midtrans_transaction_id);

-- Money taken back by the gateway or by us: a counter-entry, never a deletion.
CREATE TABLE payment_reversals (
	id         uuid PRIMARY KEY DEFAULT uuidv7(),
	payment_id uuid NOT NULL REFERENCES payments ON DELETE RESTRICT,
	kind       text NOT NULL CHECK (kind IN ('reversal', 'void', 'chargeback')),
	amount     bigint NOT NULL CHECK (amount > 0),
	reason     text,
	actor      text,
	reversed_on date NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_reversals_payment ON payment_reversals (payment_id);

CREATE TABLE refunds (
	id         uuid PRIMARY KEY DEFAULT uuidv7(),
	payment_id uuid NOT NULL REFERENCES payments ON DELETE RESTRICT,
	refund_id  text NOT NULL CONSTRAINT refunds_refund_id_key UNIQUE, -- the gateway's
	amount     bigint NOT NULL CHECK (amount > 0),
	reopen     boolean NOT NULL DEFAULT false,
	reason     text,
	actor      text,
	refunded_on date NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX refunds_payment ON refunds (payment_id);

/*
 * The credit ledger. Every amount belongs to a lot: the payment it came from,
 * or the gift (whose gift_id is its own id). The sum per lot is what is left
 * of it as credit; the sum per customer is customers.credit.
 *	surplus  + of a payment over its invoice     gift     + given by an admin
 *	applied  - paid an invoice                    payout   - paid back in cash
 *	returned + an allocation was undone           reversed - its payment was undone
 *	refunded - its payment was refunded           loss     + written off where money was gone already
 */
CREATE TABLE customer_credits (
	id          uuid PRIMARY KEY DEFAULT uuidv7(),
	seq         bigint GENERATED ALWAYS AS IDENTITY,
	customer_id uuid NOT NULL REFERENCES customers ON DELETE RESTRICT,
	kind        text NOT NULL CHECK (kind IN ('surplus', 'gift', 'applied', 'returned', 'payout', 'reversed',
	            'refunded', 'loss')),
	amount      bigint NOT NULL CHECK (amount <> 0),
	payment_id  uuid REFERENCES payments ON DELETE RESTRICT,
	gift_id     uuid REFERENCES customer_credits ON DELETE RESTRICT,
	invoice_id  uuid REFERENCES invoices ON DELETE RESTRICT,
	reason      text,
	actor       text,
	entered_on  date NOT NULL,
	created_at  timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT customer_credits_lot_check CHECK (num_nonnulls(payment_id, gift_id) = 1)
);
CREATE INDEX customer_credits_customer ON customer_credits (customer_id, seq);
CREATE INDEX customer_credits_payment ON customer_credits (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX customer_credits_gift ON customer_credits (gift_id) WHERE gift_id IS NOT NULL;

-- The money that paid each invoice. Undoing writes the negative; the sum per invoice is invoices.paid_amount.
CREATE TABLE allocations (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	invoice_id uuid NOT NULL REFERENCES invoices ON DELETE RESTRICT,
	payment_id uuid REFERENCES payments ON DELETE RESTRICT,
	gift_id    uuid REFERENCES customer_credits ON DELETE RESTRICT,
	amount     bigint NOT NULL CHECK (amount <> 0),
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT allocations_lot_check CHECK (num_nonnulls(payment_id, gift_id) = 1)
);
CREATE INDEX allocations_invoice ON allocations (invoice_id);
CREATE INDEX allocations_payment ON allocations (payment_id) WHERE payment_id IS NOT NULL;
CREATE INDEX allocations_gift ON allocations (gift_id) WHERE gift_id IS NOT NULL;

/*
 * Each change of money or state, written in its transaction. The rows that it names
 * are never deleted (sql/roles.sql), so no foreign key looks for it: three look-ups
 * and row locks a line were a sixth of the nightly run.
 */
CREATE TABLE billing_logs (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	customer_id     uuid,
	subscription_id uuid,
	invoice_id      uuid,
	action          text NOT NULL, -- created, renewed, suspended, activated, cancelled, paid, undone, ...
	message         text NOT NULL,
	meta            jsonb, -- before, after, why
	actor           text,
	request_id      text,
	created_at      timestamptz NOT NULL DEFAULT now(),
	updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX billing_logs_action ON billing_logs (action);
CREATE INDEX billing_logs_newest ON billing_logs (created_at DESC, id DESC);
CREATE INDEX billing_logs_subscription ON billing_logs (subscription_id);
CREATE INDEX billing_logs_invoice ON billing_logs (invoice_id) WHERE invoice_id IS NOT NULL;
CREATE INDEX billing_logs_customer ON billing_logs (customer_id);

-- One row a real run, so that the next one can say which days were missed.
CREATE TABLE billing_runs (
	id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	business_date date NOT NULL,
	started_at    timestamptz NOT NULL DEFAULT now(),
	finished_at   timestamptz, -- NULL: broken off, or of some steps only
	report        jsonb
);
CREATE INDEX billing_runs_date ON billing_runs (business_date);

-- A line of a run's report, by whichever step.
CREATE TYPE billing_report AS (
	step            text,
	outcome         text, -- done, refused, skipped
	subscription_id uuid,
	invoice_id      uuid,
	invoice_number  text,
	customer_name   text,
	username        text,
	amount          bigint,
	due_date        date,
	detail          text
);

-- Answers of GET /api/billing/preview, kept for a minute.
CREATE UNLOGGED TABLE billing_previews (
	business_date date PRIMARY KEY,
	made_at       timestamptz NOT NULL DEFAULT now(),
	answer        text NOT NULL
);

COMMIT;
