DROP VIEW IF EXISTS day_rows, item_rows, charge_rows, run_rows, history_rows CASCADE;

-- The ledger of days; end_date is what stood after the row.
CREATE VIEW day_rows AS
SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(d.id), 12, '0'))::uuid AS id, d.subscription_id, d.days, d.kind, d.invoice_id,
       i.invoice_number, o.from_day AS off_from, o.back_on, d.reason, d.actor, d.entered_on,
       s.start_date - 1 + sum(d.days) OVER (PARTITION BY d.subscription_id ORDER BY d.id)::int AS end_date, d.created_at
  FROM service_days d
  JOIN subscriptions s ON s.id = d.subscription_id
  LEFT JOIN invoices i ON i.id = d.invoice_id
  LEFT JOIN service_offs o ON o.id = d.off_id;

CREATE VIEW item_rows AS
SELECT id, subscription_id, kind, text, amount, percent, quantity, from_day AS "from", periods, billed, reason, created_at, updated_at
  FROM subscription_items
 WHERE removed_at IS NULL;

CREATE VIEW charge_rows AS
SELECT c.id, c.customer_id, c.subscription_id, c.kind, c.text, c.amount, c.quantity, c.invoice_id, i.invoice_number, c.entered_on,
       c.actor, c.created_at
  FROM charges c
  LEFT JOIN invoices i ON i.id = c.invoice_id;

CREATE VIEW run_rows AS
SELECT ('00000000-0000-0000-0000-' || lpad(to_hex(id), 12, '0'))::uuid AS id, id AS number, business_date AS date, started_at,
       finished_at, duration_ms, counts, report, is_forced, actor, undone_at, undone_by, started_at AS created_at
  FROM billing_runs;

/*
 * The history of a line, each row with the row that caused it: a change, a
 * day, a payment, a message, an act on a router.
 */
CREATE VIEW history_rows AS
SELECT l.id, l.customer_id, l.subscription_id, 'change' AS type, l.action AS title, l.message AS text, l.actor,
       CASE WHEN l.invoice_id IS NOT NULL THEN 'invoice' WHEN l.meta ? 'payment_id' THEN 'payment' END AS cause_type,
       coalesce(l.invoice_id, (l.meta ->> 'payment_id')::uuid) AS cause_id, l.meta ->> 'reason' AS cause, l.created_at
  FROM billing_logs l
UNION ALL
SELECT ('00000000-0000-0000-0001-' || lpad(to_hex(d.id), 12, '0'))::uuid, s.customer_id, d.subscription_id, 'days', d.kind,
       format('%s days', d.days), d.actor, CASE WHEN d.invoice_id IS NOT NULL THEN 'invoice' END, d.invoice_id, d.reason, d.created_at
  FROM service_days d JOIN subscriptions s ON s.id = d.subscription_id
UNION ALL
SELECT p.id, p.customer_id, i.subscription_id, 'payment', p.method, format('%s received', rupiah(p.amount)), p.actor,
       CASE WHEN p.invoice_id IS NOT NULL THEN 'invoice' END, p.invoice_id, p.reference, p.created_at
  FROM payments p LEFT JOIN invoices i ON i.id = p.invoice_id
UNION ALL
SELECT m.id, m.customer_id, m.subscription_id, 'message', m.event, format('%s, %s', m.channel, m.state), NULL,
       CASE WHEN m.invoice_id IS NOT NULL THEN 'invoice' END, m.invoice_id, m.last_error, m.created_at
  FROM message_outbox m
 WHERE m.customer_id IS NOT NULL
UNION ALL
SELECT a.id, s.customer_id, a.subscription_id, 'router', a.act, concat_ws(': ', coalesce(r.name, 'a router that is gone'), a.detail), NULL,
       CASE WHEN l.id IS NOT NULL THEN 'change' END, l.id, l.message, a.created_at
  FROM router_acts a
  JOIN subscriptions s ON s.id = a.subscription_id
  LEFT JOIN router_settings r ON r.id = a.router_id
  LEFT JOIN billing_logs l ON l.id = a.log_id;
