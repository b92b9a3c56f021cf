-- Days of service have a ledger, bills have lines, periods go by day or by month.
BEGIN;

-- Functions that are gone, or have other arguments now.
DO $$
DECLARE
	fn regprocedure;
BEGIN
	FOR fn IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proname = ANY('{next_period_start,settled_end_date,
		end_date_restore,end_date_stands,invoice_issue,renewal_draft,renewal_by_hand,other_draft,first_draft,reissue_draft,invoice_settle,
		invoice_unsettle,invoice_settled,invoice_undone,invoice_issued,invoices_reissue,plan_change,plan_change_next,next_package_billed,
		payment_spend,payment_reverse,payment_refund,allocations_return,debt_reopen,debt_reopened,renewals_due,renewals_issue,
		renewals_follow_up,invoice_cancel,check_settled,subscription_becomes,subscriptions_become,subscription_settled}'::text[]) LOOP
		EXECUTE format('DROP FUNCTION %s CASCADE', fn);
	END LOOP;
END $$;

-- ---- what is sold, and to whom

ALTER TABLE packages
	ADD period_unit     text NOT NULL DEFAULT 'day' CONSTRAINT packages_period_unit_check CHECK (period_unit IN ('day', 'month')),
	ADD validity_months int NOT NULL DEFAULT 1 CONSTRAINT packages_validity_months_check CHECK (validity_months BETWEEN 1 AND 36);

ALTER TABLE customers
	ADD npwp       text,
	ADD tax_exempt boolean NOT NULL DEFAULT false,
	ADD notes      text;

ALTER TABLE subscriptions
	ADD cycle        text CONSTRAINT subscriptions_cycle_check CHECK (cycle IN ('rolling', 'calendar')), -- NULL: the setting
	ADD mode         text CONSTRAINT subscriptions_mode_check CHECK (mode IN ('prepaid', 'postpaid')),
	ADD billing_day  int CONSTRAINT subscriptions_billing_day_check CHECK (billing_day BETWEEN 1 AND 28),
	ADD late_policy  text CONSTRAINT subscriptions_late_policy_check CHECK (late_policy IN ('give_back', 'restart', 'keep')),
	ADD is_postpaid  boolean NOT NULL DEFAULT false, -- how end_date is kept now: last day billed, not last day paid for
	ADD anchor_day   int CONSTRAINT subscriptions_anchor_day_check CHECK (anchor_day BETWEEN 1 AND 31), -- of rolling months
	ADD closed_on    date, -- postpaid: last day of use, while the line is off or ended
	ADD pending_days int NOT NULL DEFAULT 0 CONSTRAINT subscriptions_pending_days_check CHECK (pending_days >= 0),
	ADD promises     int NOT NULL DEFAULT 0, -- of an expired line without a bill, since its last period
	ADD pause_from   date,
	ADD pause_until  date,
	ADD waits_first  boolean NOT NULL DEFAULT false, -- off until the first bill is paid
	ADD begin_on     date; -- the day on which the run's first step looks at the line; NULL: never
CREATE INDEX subscriptions_begin_on ON subscriptions (begin_on) WHERE begin_on IS NOT NULL;
CREATE INDEX subscriptions_postpaid ON subscriptions (end_date) WHERE is_postpaid;
ALTER TABLE subscriptions
	DROP CONSTRAINT subscriptions_end_date_check,
	ADD CONSTRAINT subscriptions_end_date_check CHECK (end_date >= start_date - 1),
	DROP CONSTRAINT subscriptions_suspend_reason_check,
	ADD CONSTRAINT subscriptions_suspend_reason_check CHECK (suspend_reason IN ('debt', 'manual', 'pause', 'new'));

-- ---- days

-- One counter for both, so that either tells what came after the other.
CREATE SEQUENCE service_seq;

-- Days on which a line is off: from_day is the first, back_on the day of return.
CREATE TABLE service_offs (
	id              bigint PRIMARY KEY DEFAULT nextval('service_seq'),
	subscription_id uuid NOT NULL REFERENCES subscriptions ON DELETE RESTRICT,
	from_day        date NOT NULL,
	back_on         date, -- NULL: off still
	cause           text NOT NULL CONSTRAINT service_offs_cause_check
	                CHECK (cause IN ('debt', 'expired', 'manual', 'pause', 'new')),
	lost_days       int NOT NULL DEFAULT 0,
	run_id          bigint REFERENCES billing_runs ON DELETE RESTRICT,
	was             text, -- status before
	struck_at       timestamptz, -- the run that cut the line was undone
	created_at      timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT service_offs_days_check CHECK (back_on >= from_day AND lost_days BETWEEN 0 AND coalesce(back_on - from_day, 0)),
	CONSTRAINT service_offs_excl EXCLUDE USING gist (subscription_id WITH =, daterange(from_day, back_on, '[)') WITH &&)
		WHERE (struck_at IS NULL)
);
CREATE INDEX service_offs_subscription ON service_offs (subscription_id, id);
CREATE INDEX service_offs_run ON service_offs (run_id) WHERE run_id IS NOT NULL;

-- The ledger: end_date = start_date - 1 + the sum of days.
CREATE TABLE service_days (
	id              bigint PRIMARY KEY DEFAULT nextval('service_seq'),
	subscription_id uuid NOT NULL REFERENCES subscriptions ON DELETE RESTRICT,
	days            int NOT NULL CONSTRAINT service_days_days_check CHECK (days <> 0),
	kind            text NOT NULL CONSTRAINT service_days_kind_check CHECK (kind IN ('start', 'period', 'gift', 'off')),
	invoice_id      uuid REFERENCES invoices ON DELETE RESTRICT,
	off_id          bigint REFERENCES service_offs ON DELETE RESTRICT,
	until_day       date, -- of a gift under policy restart: the last day on that it makes up for
	reason          text,
	actor           text,
	entered_on      date NOT NULL,
	created_at      timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT service_days_source_check CHECK ((kind = 'off') = (off_id IS NOT NULL) AND (kind <> 'period' OR invoice_id IS NOT NULL))
);
CREATE INDEX service_days_subscription ON service_days (subscription_id, id);
CREATE INDEX service_days_invoice ON service_days (invoice_id) WHERE invoice_id IS NOT NULL;

-- Days on which a line stays on though money is owed.
CREATE TABLE promises (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	subscription_id uuid NOT NULL REFERENCES subscriptions ON DELETE RESTRICT,
	from_day        date NOT NULL,
	until           date NOT NULL,
	reason          text,
	actor           text,
	created_at      timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT promises_until_check CHECK (until >= from_day)
);
CREATE INDEX promises_subscription ON promises (subscription_id);

-- ---- bills

ALTER TABLE invoices
	ADD subtotal       bigint NOT NULL DEFAULT 0, -- lines before discount and tax
	ADD discount       bigint NOT NULL DEFAULT 0 CONSTRAINT invoices_discount_check CHECK (discount >= 0),
	ADD tax_amount     bigint NOT NULL DEFAULT 0 CONSTRAINT invoices_tax_amount_check CHECK (tax_amount >= 0),
	ADD grants_days    boolean NOT NULL DEFAULT false, -- its settlement enters its period into service_days
	ADD first_due_date date, -- due_date as issued
	ADD promises       int NOT NULL DEFAULT 0,
	ADD late_fee_on    date; -- the day its late fee was charged

-- No foreign key: a nightly run inserts one for each bill; check_lines() holds them against their bills.
CREATE TABLE invoice_lines (
	invoice_id uuid NOT NULL,
	position   int NOT NULL,
	kind       text NOT NULL CONSTRAINT invoice_lines_kind_check CHECK (kind IN ('package', 'part', 'item', 'charge',
	           'installation', 'deposit', 'late_fee', 'discount', 'tax')),
	text       text NOT NULL,
	quantity   int NOT NULL DEFAULT 1 CONSTRAINT invoice_lines_quantity_check CHECK (quantity > 0),
	unit_price bigint NOT NULL,
	amount     bigint NOT NULL,
	taxable    boolean NOT NULL DEFAULT true,
	item_id    uuid,
	charge_id  uuid,
	taken      int, -- periods of an item, or pending days, that the line takes
	PRIMARY KEY (invoice_id, position)
);

-- A line of a bill that is being made.
CREATE TYPE bill_line AS (kind text, text text, quantity int, unit_price bigint, amount bigint, taxable boolean,
	item_id uuid, charge_id uuid, taken int);

-- Recurring extras and discounts of a line.
CREATE TABLE subscription_items (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	subscription_id uuid NOT NULL REFERENCES subscriptions ON DELETE RESTRICT,
	kind            text NOT NULL CONSTRAINT subscription_items_kind_check CHECK (kind IN ('item', 'discount')),
	text            text NOT NULL,
	amount          bigint CONSTRAINT subscription_items_amount_check CHECK (amount > 0),
	percent         int CONSTRAINT subscription_items_percent_check CHECK (percent BETWEEN 1 AND 100),
	quantity        int NOT NULL DEFAULT 1 CONSTRAINT subscription_items_quantity_check CHECK (quantity BETWEEN 1 AND 1000),
	from_day        date NOT NULL,
	periods         int CONSTRAINT subscription_items_periods_check CHECK (periods BETWEEN 1 AND 1200), -- NULL: for ever
	billed          int NOT NULL DEFAULT 0, -- periods that bills have taken so far
	reason          text,
	removed_at      timestamptz,
	created_at      timestamptz NOT NULL DEFAULT now(),
	updated_at      timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT subscription_items_size_check CHECK (num_nonnulls(amount, percent) = 1 AND (kind = 'discount' OR percent IS NULL))
);
CREATE INDEX subscription_items_subscription ON subscription_items (subscription_id) WHERE removed_at IS NULL;

-- Amounts that are charged once, on the next bill.
CREATE TABLE charges (
	id              uuid PRIMARY KEY DEFAULT uuidv7(),
	customer_id     uuid NOT NULL REFERENCES customers ON DELETE RESTRICT,
	subscription_id uuid REFERENCES subscriptions ON DELETE RESTRICT, -- NULL: on any bill of the customer
	kind            text NOT NULL CONSTRAINT charges_kind_check CHECK (kind IN ('charge', 'installation', 'deposit', 'late_fee')),
	text            text NOT NULL,
	amount          bigint NOT NULL CONSTRAINT charges_amount_check CHECK (amount > 0), -- of one
	quantity        int NOT NULL DEFAULT 1 CONSTRAINT charges_quantity_check CHECK (quantity BETWEEN 1 AND 1000),
	invoice_id      uuid REFERENCES invoices ON DELETE RESTRICT, -- NULL: not billed yet
	off_id          bigint REFERENCES service_offs ON DELETE RESTRICT, -- the cut that a reactivation fee is for
	entered_on      date NOT NULL,
	actor           text,
	created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX charges_pending ON charges (customer_id) WHERE invoice_id IS NULL;
CREATE INDEX charges_customer ON charges (customer_id, created_at);

-- ---- money

ALTER TABLE payments
	ALTER invoice_id DROP NOT NULL, -- NULL: a deposit
	ADD idempotency_key text;
DROP INDEX payments_reference_key;
UPDATE payments SET idempotency_key = reference WHERE source = 'manual';
CREATE UNIQUE INDEX payments_reference_key ON payments (reference) WHERE source = 'midtrans' AND reference IS NOT NULL;
CREATE UNIQUE INDEX payments_idempotency_key ON payments (idempotency_key) WHERE idempotency_key IS NOT NULL;

ALTER TABLE refunds ADD method text; -- NULL: through the gateway

-- ---- runs and settings

ALTER TABLE billing_runs
	ADD duration_ms bigint,
	ADD counts      jsonb,
	ADD is_forced   boolean NOT NULL DEFAULT false,
	ADD actor       text,
	ADD undone_at   timestamptz,
	ADD undone_by   text;

ALTER TABLE settings
	ADD cycle             text NOT NULL DEFAULT 'rolling' CONSTRAINT settings_cycle_check CHECK (cycle IN ('rolling', 'calendar')),
	ADD mode              text NOT NULL DEFAULT 'prepaid' CONSTRAINT settings_mode_check CHECK (mode IN ('prepaid', 'postpaid')),
	ADD billing_day       int NOT NULL DEFAULT 1 CONSTRAINT settings_billing_day_check CHECK (billing_day BETWEEN 1 AND 28),
	ADD late_policy       text NOT NULL DEFAULT 'give_back' CONSTRAINT settings_late_policy_check
	                      CHECK (late_policy IN ('give_back', 'restart', 'keep')),
	ADD first_period      text NOT NULL DEFAULT 'prorate' CONSTRAINT settings_first_period_check
	                      CHECK (first_period IN ('prorate', 'full', 'merge')),
	ADD merge_days        int NOT NULL DEFAULT 10,
	ADD round_to          int NOT NULL DEFAULT 100 CONSTRAINT settings_round_to_check CHECK (round_to IN (1, 100, 500, 1000)),
	ADD due_days          int NOT NULL DEFAULT 0,
	ADD postpaid_due_days int NOT NULL DEFAULT 10,
	ADD first_due_days    int NOT NULL DEFAULT 3,
	ADD other_due_days    int NOT NULL DEFAULT 7,
	ADD arrears           text NOT NULL DEFAULT 'stop' CONSTRAINT settings_arrears_check CHECK (arrears IN ('stop', 'bill')),
	ADD arrears_max       int NOT NULL DEFAULT 3,
	ADD first_payment_first boolean NOT NULL DEFAULT false,
	ADD prorate_last      boolean NOT NULL DEFAULT false,
	ADD tax_mode          text NOT NULL DEFAULT 'none' CONSTRAINT settings_tax_mode_check CHECK (tax_mode IN ('none', 'exclusive', 'inclusive')),
	ADD tax_rate          int NOT NULL DEFAULT 1100, -- in 1/100 %
	ADD tax_base          text NOT NULL DEFAULT '1/1' CONSTRAINT settings_tax_base_check CHECK (tax_base ~ '^[1-9]\d{0,3}/[1-9]\d{0,3}$'),
	ADD late_fee          bigint NOT NULL DEFAULT 0,
	ADD late_fee_percent  int NOT NULL DEFAULT 0,
	ADD late_fee_days     int NOT NULL DEFAULT 0,
	ADD reactivation_fee  bigint NOT NULL DEFAULT 0,
	ADD suspend_min_amount bigint NOT NULL DEFAULT 0,
	ADD no_suspend_days   text[] NOT NULL DEFAULT '{}',
	ADD suspend_guard     int,
	ADD promises_max      int NOT NULL DEFAULT 2,
	ADD operator_discount_max bigint NOT NULL DEFAULT 0,
	ADD operator_days_max int NOT NULL DEFAULT 3;

-- ---- what stands already

UPDATE invoices SET subtotal = amount, first_due_date = due_date, grants_days = kind IN ('first', 'renewal');
ALTER TABLE invoices ALTER first_due_date SET NOT NULL;
INSERT INTO invoice_lines (invoice_id, position, kind, text, unit_price, amount)
SELECT i.id, 1, CASE i.kind WHEN 'other' THEN 'charge' ELSE 'package' END, coalesce(p.name, nullif(i.notes, ''), 'Charge'), i.amount, i.amount
  FROM invoices i LEFT JOIN packages p ON p.id = i.package_id;

-- The days of a first bill were granted with it. While it is owed they stand as given, and its payment grants none again.
UPDATE invoices SET kind = 'other', period_start = NULL, period_end = NULL, grants_days = false
 WHERE kind = 'first' AND status IN ('unpaid', 'overdue');

INSERT INTO service_days (subscription_id, days, kind, invoice_id, reason, entered_on)
SELECT subscription_id, period_end - period_start + 1, 'period', id, 'paid before days had a ledger', issued_on
  FROM invoices WHERE status = 'paid' AND grants_days ORDER BY seq;
-- Enter the days that end_date grants beyond paid periods: at the start as far as the log says so, the rest as a gift.
WITH ledger AS (
	SELECT s.id, s.end_date - s.start_date + 1 - coalesce((SELECT sum(days) FROM service_days d WHERE d.subscription_id = s.id), 0) AS rest,
	       (SELECT (l.meta ->> 'end_date')::date - (l.meta ->> 'start_date')::date + 1 FROM billing_logs l
	         WHERE l.subscription_id = s.id AND l.action = 'created' ORDER BY l.id LIMIT 1) AS created,
	       EXISTS (SELECT FROM invoices i WHERE i.subscription_id = s.id AND i.kind = 'first' AND i.status = 'paid') AS is_paid,
	       s.start_date, s.seq
	  FROM subscriptions s
), start AS (
	INSERT INTO service_days (subscription_id, days, kind, reason, entered_on)
	SELECT id, least(rest, coalesce(created, rest)), 'start', 'given before days had a ledger', start_date
	  FROM ledger WHERE rest > 0 AND NOT is_paid ORDER BY seq
	RETURNING subscription_id, days
)
INSERT INTO service_days (subscription_id, days, kind, reason, entered_on)
SELECT l.id, l.rest - coalesce(g.days, 0), 'gift', 'so that the end date stays', l.start_date
  FROM ledger l LEFT JOIN start g ON g.subscription_id = l.id
 WHERE l.rest - coalesce(g.days, 0) <> 0 ORDER BY l.seq;

INSERT INTO service_offs (subscription_id, from_day, cause, was)
SELECT s.id, coalesce((SELECT (max(l.created_at) AT TIME ZONE 'Asia/Jakarta')::date FROM billing_logs l
                        WHERE l.subscription_id = s.id AND l.action IN ('suspended', 'expired')), greatest(s.end_date + 1, s.start_date)),
       coalesce(s.suspend_reason, 'expired'), 'active'
  FROM subscriptions s WHERE s.status IN ('suspended', 'expired') ORDER BY s.seq;

ALTER TABLE invoices
	DROP COLUMN replaced_end_date,
	DROP COLUMN settled_end_date,
	DROP CONSTRAINT invoices_kind_check,
	ADD CONSTRAINT invoices_kind_check CHECK (kind IN ('first', 'renewal', 'prepay', 'change', 'other')),
	DROP CONSTRAINT invoices_period_check,
	ADD CONSTRAINT invoices_period_check CHECK ((kind IN ('other', 'change')) = (period_start IS NULL)
		AND (period_start IS NULL) = (period_end IS NULL) AND period_end >= period_start);
ALTER TABLE subscriptions DROP COLUMN resumed_on CASCADE;

COMMIT;
