/*
 * pure.sql: the nightly run as somebody would write it with a machine for this alone: one
 * transaction, no report, no chunks, nothing tested twice, the product's own triggers that make
 * accounts and jobs switched off and their work done by hand.  It leaves the same rows behind as
 * billing-cron does: bills with their lines, days off, accounts, jobs, logs and the run itself.  The product is
 * held against its time.
 */
\set ON_ERROR_STOP 1
\set day '''2026-07-15'''
SET work_mem = '64MB';
BEGIN;
ALTER TABLE subscriptions DISABLE TRIGGER USER;
ALTER TABLE mikrotik_secrets DISABLE TRIGGER USER;

-- the run
INSERT INTO billing_runs (business_date, is_forced, actor) VALUES (:day::date, true, 'pure.sql') RETURNING id AS run \gset

-- renew: an invoice each, numbered without a gap, and a line in the log
WITH due AS (
	SELECT s.id, s.customer_id, p.id AS package_id, p.name, p.price, s.end_date, q.starts, q.starts + p.validity_days - 1 AS ends,
	       row_number() OVER (ORDER BY s.seq) AS nth, count(*) OVER () AS n
	  FROM subscriptions s
	  JOIN packages p ON p.id = coalesce(s.next_package_id, s.package_id)
	 CROSS JOIN LATERAL (
	       SELECT s.end_date + 1 + coalesce(sum(i.period_end - i.period_start + 1), 0)::int
	         FROM invoices i
	        WHERE i.customer_id = s.customer_id AND i.subscription_id = s.id AND i.is_open AND i.grants_days) AS q(starts)
	 WHERE s.status = 'active' AND s.auto_renew AND q.starts - least(7, p.validity_days - 1) <= :day::date
	   AND NOT EXISTS (SELECT FROM invoices i
	                    WHERE i.subscription_id = s.id AND i.period_end >= q.starts AND i.period_start <= q.starts
	                      AND i.period_held IS NOT NULL)
), counter AS (
	INSERT INTO invoice_counters AS c (day, last_number)
	SELECT :day::date, count(*) FROM due HAVING count(*) > 0
	    ON CONFLICT (day) DO UPDATE SET last_number = c.last_number + excluded.last_number
	RETURNING last_number
), made AS (
	INSERT INTO invoices (invoice_number, subscription_id, customer_id, package_id, kind, amount, subtotal, period_start,
	       period_end, grants_days, issued_on, due_date, first_due_date)
	SELECT format('INV-%s-%s', to_char(:day::date, 'YYYYMMDD'), lpad(at::text, greatest(4, length(at::text)), '0')),
	       d.id, d.customer_id, d.package_id, 'renewal', d.price, d.price, d.starts, d.ends, true, :day::date,
	       greatest(d.starts - 1, :day::date), greatest(d.starts - 1, :day::date)
	  FROM due d
	 CROSS JOIN counter c
	 CROSS JOIN LATERAL (SELECT c.last_number - d.n + d.nth) AS q(at)
	 ORDER BY d.nth
	RETURNING id, customer_id, subscription_id, invoice_number, kind, amount, period_start, period_end, due_date
), line AS (
	INSERT INTO invoice_lines (invoice_id, position, kind, text, unit_price, amount)
	SELECT made.id, 1, 'package', due.name, made.amount, made.amount FROM made JOIN due ON due.id = made.subscription_id
)
INSERT INTO billing_logs (customer_id, subscription_id, invoice_id, action, message, meta, actor)
SELECT customer_id, subscription_id, id, 'issued', format('%s issued over %s, due %s', invoice_number, rupiah(amount), due_date),
       jsonb_build_object('kind', kind, 'amount', amount, 'period_start', period_start, 'period_end', period_end,
                          'due_date', due_date), 'pure.sql'
  FROM made;

-- overdue
WITH late AS (
	UPDATE invoices SET status = 'overdue', updated_at = now()
	 WHERE is_open AND status = 'unpaid' AND due_date < :day::date
	RETURNING id, customer_id, subscription_id, invoice_number, due_date
)
INSERT INTO billing_logs (customer_id, subscription_id, invoice_id, action, message, meta, actor)
SELECT customer_id, subscription_id, id, 'overdue', format('%s was due %s', invoice_number, due_date),
       jsonb_build_object('due_date', due_date, 'date', :day::date, 'before', 'unpaid', 'after', 'overdue'), 'pure.sql'
  FROM late;

-- suspend: the subscription, what its account should be, the job for the router, the log
WITH debtors AS (
	SELECT DISTINCT ON (i.subscription_id) i.subscription_id AS id, i.id AS invoice_id
	  FROM invoices i
	  JOIN subscriptions s ON s.id = i.subscription_id
	 WHERE i.is_open AND i.status = 'overdue' AND greatest(i.due_date, s.end_date) + 1 < :day::date
	 ORDER BY i.subscription_id, i.due_date, i.seq
), cut AS (
	UPDATE subscriptions s SET status = 'suspended', suspend_reason = 'debt', updated_at = now()
	  FROM debtors d
	 WHERE s.id = d.id AND s.status = 'active' AND coalesce(s.hold_until < :day::date, true)
	RETURNING s.id, s.customer_id, s.mikrotik_username, d.invoice_id
), off AS (
	INSERT INTO service_offs (subscription_id, from_day, cause, run_id) SELECT id, :day::date, 'debt', :run FROM cut
), account AS (
	UPDATE mikrotik_secrets m SET wanted = 'suspended', disabled = true, updated_at = now()
	  FROM cut
	 WHERE m.subscription_id = cut.id
	RETURNING m.id, m.router_id
), job AS (
	UPDATE account_states s
	   SET generation = s.generation + 1, sync_state = 'pending', sync_error = NULL, attempts = 0, due_at = now(),
	       updated_at = now()
	  FROM account a
	 WHERE s.account_id = a.id AND s.router_id = a.router_id
)
INSERT INTO billing_logs (customer_id, subscription_id, invoice_id, action, message, meta, actor)
SELECT customer_id, id, invoice_id, 'suspended', mikrotik_username || ' is suspended (debt)', '{"reason": "an invoice is overdue beyond grace",
       "before": {"status": "active"}, "after": {"status": "suspended", "suspend_reason": "debt"}}', 'pure.sql'
  FROM cut;
SELECT pg_notify('router_jobs', id::text) FROM router_settings;
UPDATE billing_runs SET finished_at = now() WHERE id = :run;

ALTER TABLE subscriptions ENABLE TRIGGER USER;
ALTER TABLE mikrotik_secrets ENABLE TRIGGER USER;
COMMIT;
