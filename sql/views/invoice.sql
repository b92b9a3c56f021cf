DROP VIEW IF EXISTS invoice_rows, public_invoice_rows CASCADE;

-- Whose it is says the subscription (and a key that it is the same): through it the index finds them.
CREATE VIEW invoice_rows AS
SELECT i.id, i.invoice_number, i.subscription_id, s.customer_id, i.package_id, i.kind, i.amount, i.paid_amount,
       CASE WHEN i.status = 'cancelled' THEN 0 ELSE i.amount - i.paid_amount END AS outstanding,
       i.period_start, i.period_end, i.issued_on, i.due_date, i.status, i.payment_reference, i.payment_url,
       i.midtrans_order_id, i.midtrans_transaction_id, i.notes, i.created_at, i.updated_at,
       s.id AS "subscription.id", s.mikrotik_username AS "subscription.mikrotik_username",
       s.start_date AS "subscription.start_date", s.end_date AS "subscription.end_date",
       s.status AS "subscription.status",
       c.id AS "subscription.customer.id", c.name AS "subscription.customer.name",
       c.email AS "subscription.customer.email", c.phone AS "subscription.customer.phone",
       c.address AS "subscription.customer.address",
       p.id AS "subscription.package.id", p.name AS "subscription.package.name",
       p.type AS "subscription.package.type", p.bandwidth AS "subscription.package.bandwidth",
       p.price AS "subscription.package.price", p.validity_days AS "subscription.package.validity_days",
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', m.id, 'amount', m.amount, 'method', m.method,
               'source', m.source, 'reference', m.reference, 'status', m.status, 'received_on', m.received_on,
               'payment_date', to_char(m.payment_date, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'notes', m.notes)
               ORDER BY m.seq), '[]')
          FROM payments m WHERE m.invoice_id = i.id) AS payments
  FROM invoices i
  LEFT JOIN subscriptions s ON s.id = i.subscription_id
  LEFT JOIN customers c ON c.id = s.customer_id
  LEFT JOIN packages p ON p.id = coalesce(i.package_id, s.package_id);

/*
 * What anybody with the link may see: no address, number or name to log in with.
 * service: what is true of the line now. older_open: the older open bills of the
 * line; where nothing is owed on this one, all open bills that keep the line off.
 */
CREATE VIEW public_invoice_rows AS
SELECT i.id, i.invoice_number, i.kind, i.amount, o.outstanding, i.status, i.due_date, i.created_at, i.notes,
       c.name AS "customer.name",
       s.start_date AS "subscription.start_date", s.end_date AS "subscription.end_date",
       p.name AS "subscription.package.name", p.bandwidth AS "subscription.package.bandwidth",
       t.company_name AS "company.name", t.company_phone AS "company.phone", t.company_whatsapp AS "company.whatsapp",
       t.company_address AS "company.address", NULL::text AS "company.logo",
       CASE WHEN s.status = 'cancelled' THEN 'ended'
            WHEN s.status = 'active' THEN 'on'
            WHEN s.suspend_reason = 'debt' OR s.status = 'expired' AND (o.outstanding > 0 OR open.total > 0) THEN 'off_for_debt'
            WHEN s.status IS NOT NULL THEN 'off' END AS service,
       open.bills AS older_open, o.outstanding + open.total AS total_due
  FROM invoices i
 CROSS JOIN settings t
 CROSS JOIN LATERAL (SELECT CASE WHEN i.status = 'cancelled' THEN 0 ELSE i.amount - i.paid_amount END AS outstanding) o
 CROSS JOIN LATERAL (
	SELECT coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'invoice_number', b.invoice_number,
	               'outstanding', b.amount - b.paid_amount, 'due_date', b.due_date) ORDER BY b.due_date, b.seq), '[]') AS bills,
	       coalesce(sum(b.amount - b.paid_amount), 0)::bigint AS total
	  FROM invoices b
	 WHERE b.subscription_id = i.subscription_id AND b.is_open AND b.id <> i.id AND b.amount > b.paid_amount
	   AND (CASE WHEN o.outstanding > 0 THEN (b.due_date, b.seq) < (i.due_date, i.seq) ELSE b.status = 'overdue' END)) open
  LEFT JOIN subscriptions s ON s.id = i.subscription_id
  LEFT JOIN customers c ON c.id = s.customer_id
  LEFT JOIN packages p ON p.id = coalesce(i.package_id, s.package_id);
