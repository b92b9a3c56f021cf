-- Midtrans: attempts to be paid, their transactions, events, refunds and jobs.
BEGIN;

CREATE TABLE midtrans_attempts (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	invoice_id      uuid NOT NULL REFERENCES invoices ON DELETE RESTRICT,
	attempt         int NOT NULL CHECK (attempt > 0),
	order_id        text NOT NULL CONSTRAINT midtrans_attempts_order_id_key UNIQUE CHECK (length(order_id) <= 50),
	amount          bigint NOT NULL CHECK (amount > 0),
	snap_token      text,
	redirect_url    text,
	state           text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'open', 'unknown', 'review', 'pending',
	                'paid', 'closed')),
	calls           int NOT NULL DEFAULT 0, -- create calls sent
	expires_at      timestamptz NOT NULL,
	had_200         boolean NOT NULL DEFAULT false, -- a notification with status_code 200 was processed
	alerts          text[] NOT NULL DEFAULT '{}', -- keys of the alerts raised so far
	next_check_at   timestamptz, -- NULL: finally closed
	checks          int NOT NULL DEFAULT 0, -- in a row without news
	closed_at       timestamptz, -- paid or closed since
	created_at      timestamptz NOT NULL DEFAULT now(),
	updated_at      timestamptz NOT NULL DEFAULT now(),
	UNIQUE (invoice_id, attempt)
);
CREATE INDEX midtrans_attempts_check ON midtrans_attempts (next_check_at) WHERE next_check_at IS NOT NULL;

CREATE TABLE midtrans_transactions (
	id                 uuid PRIMARY KEY DEFAULT uuidv7(),
	attempt_id         uuid NOT NULL REFERENCES midtrans_attempts ON DELETE RESTRICT,
	transaction_id     text NOT NULL CONSTRAINT midtrans_transactions_transaction_id_key UNIQUE,
	transaction_status text NOT NULL,
	-- pending, review: may still be paid; retry: another transaction of the order may; ended: so is the page
	outlook            text NOT NULL CHECK (outlook IN ('pending', 'review', 'retry', 'ended', 'paid')),
	fraud_status       text,
	payment_type       text,
	bank               text,
	pay_code           text, -- what the customer types: number of the virtual account, biller's or shop's code
	gross_amount       bigint NOT NULL,
	fee                bigint NOT NULL DEFAULT 0,
	charged_back       bigint NOT NULL DEFAULT 0, -- by the customer's bank, in parts
	payment_id         uuid REFERENCES payments ON DELETE RESTRICT,
	confirmed          boolean NOT NULL DEFAULT false, -- Midtrans named it in an answer, not only in a notification
	transaction_time   timestamptz,
	settlement_time    timestamptz,
	expiry_time        timestamptz,
	created_at         timestamptz NOT NULL DEFAULT now(),
	updated_at         timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX midtrans_transactions_attempt ON midtrans_transactions (attempt_id);

/*
 * Transaction ids that Midtrans, asked, does not know. One that only a
 * notification has named (the signature does not cover it) counts as none after
 * a few answers, and is asked about for three days after it was named last.
 */
CREATE TABLE midtrans_unknown_ids (
	attempt_id     uuid NOT NULL REFERENCES midtrans_attempts ON DELETE RESTRICT,
	transaction_id text NOT NULL,
	asked_at       timestamptz NOT NULL DEFAULT now(),
	asks           int NOT NULL DEFAULT 1, -- since a notification named it last
	PRIMARY KEY (attempt_id, transaction_id)
);

-- Refunds that people request, stored before Midtrans is called.
CREATE TABLE midtrans_refunds (
	refund_key     text PRIMARY KEY,
	transaction_id text NOT NULL REFERENCES midtrans_transactions (transaction_id) ON DELETE RESTRICT,
	amount         bigint NOT NULL CHECK (amount > 0), -- of the payment
	fee            bigint NOT NULL DEFAULT 0, -- on top: who gets all back gets that, too
	whole          boolean NOT NULL DEFAULT false, -- all that was left of the payment
	reopen         boolean NOT NULL,
	reason         text,
	actor          text,
	state          text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'done', 'refused')),
	result_delivered boolean NOT NULL DEFAULT false, -- the person who requested it knows its outcome
	created_at     timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX midtrans_refunds_requested_key ON midtrans_refunds (transaction_id) WHERE state = 'requested';
CREATE INDEX midtrans_refunds_transaction ON midtrans_refunds (transaction_id);

-- The Idempotency-Keys under which refunds were requested.
CREATE TABLE midtrans_refund_keys (
	idempotency_key text PRIMARY KEY,
	refund_key      text NOT NULL REFERENCES midtrans_refunds ON DELETE RESTRICT,
	request_hash    text NOT NULL
);

-- Every well-signed body, recorded before anything else is done with it. Append-only; a copy is counted.
CREATE TABLE midtrans_events (
	id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	source         text NOT NULL CHECK (source IN ('notification', 'status', 'cancel', 'expire', 'refund')),
	order_id       text NOT NULL,
	transaction_id text,
	body           jsonb NOT NULL,
	body_hash      bytea NOT NULL,
	money          text CHECK (money IN ('received', 'undone', 'returned', 'refunded', 'charged_back')), -- that it reports
	claimed_amount bigint, -- moved so far, where it moves in parts
	request_id     text,
	received_at    timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT midtrans_events_body_key UNIQUE (order_id, source, body_hash)
);
CREATE INDEX midtrans_events_received ON midtrans_events (received_at) INCLUDE (id); -- a sweep reads no bodies
CREATE INDEX midtrans_events_200 ON midtrans_events (order_id) WHERE source = 'notification' AND body ->> 'status_code' = '200';

CREATE TABLE midtrans_copies (
	event_id bigint PRIMARY KEY REFERENCES midtrans_events ON DELETE RESTRICT,
	copies   bigint NOT NULL DEFAULT 1,
	last_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE midtrans_verdicts (
	event_id   bigint PRIMARY KEY REFERENCES midtrans_events ON DELETE RESTRICT,
	verdict    text NOT NULL, -- applied, duplicate, stale, confirm, mismatch, unknown_order, ...
	detail     text,
	decided_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE midtrans_jobs (
	id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	attempt_id uuid NOT NULL REFERENCES midtrans_attempts ON DELETE RESTRICT,
	kind       text NOT NULL CHECK (kind IN ('confirm', 'cancel', 'expire')),
	generation int NOT NULL DEFAULT 1, -- grows when the job is left again: while it runs, it is not done yet
	attempts   int NOT NULL DEFAULT 0,
	last_error text,
	due_at     timestamptz NOT NULL DEFAULT now(),
	done_at    timestamptz,
	created_at timestamptz NOT NULL DEFAULT now(), -- when it was left first since it was done last
	CONSTRAINT midtrans_jobs_attempt_key UNIQUE (attempt_id, kind)
);
CREATE INDEX midtrans_jobs_due ON midtrans_jobs (due_at) WHERE done_at IS NULL;

CREATE TABLE midtrans_logs (
	id             uuid PRIMARY KEY DEFAULT uuidv7(),
	invoice_id     uuid, -- never deleted, as what billing_logs names
	order_id       text NOT NULL,
	transaction_id text,
	event          text NOT NULL CHECK (event IN ('create', 'notification', 'status_check', 'cancel', 'refund')),
	status         text,
	request        jsonb,
	response       jsonb,
	created_at     timestamptz NOT NULL DEFAULT now(),
	updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX midtrans_logs_order_id ON midtrans_logs (order_id);
CREATE INDEX midtrans_logs_event ON midtrans_logs (event);
CREATE INDEX midtrans_logs_newest ON midtrans_logs (created_at DESC, id DESC);

COMMIT;
