DROP VIEW IF EXISTS invoice_rows, public_invoice_rows CASCADE;

-- The customer comes from the subscription (and a key that it is the same): through it the index finds them.
CREATE VIEW invoice_rows AS
SELECT i.id, i.invoice_number, i.subscription_id, s.customer_id, i.package_id, i.kind, i.amount, i.subtotal, i.discount, i.tax_amount,
       i.paid_amount, i.outstanding, i.period_start, i.period_end, i.issued_on, i.due_date, i.status, i.is_open, i.cancelled_on,
       i.payment_reference, i.payment_url, i.midtrans_order_id, i.midtrans_transaction_id, i.notes, i.created_at, i.updated_at, s.router_id,
       coalesce(current_setting('isp.url', true), '') || '/pay/' || i.id AS pay_url,
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
               'payment_date', utc_text(m.payment_date), 'notes', m.notes)
               ORDER BY m.seq), '[]')
          FROM payments m WHERE m.invoice_id = i.id) AS payments,
       bill_lines_json(bill_lines_of(i.id)) AS lines,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('amount', a.amount, 'payment_id', a.payment_id, 'gift_id', a.gift_id)
               ORDER BY a.first), '[]')
          FROM (SELECT payment_id, gift_id, sum(amount) AS amount, min(id) AS first FROM allocations
                 WHERE invoice_id = i.id GROUP BY payment_id, gift_id HAVING sum(amount) > 0) a) AS allocations,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'invoice_number', o.invoice_number,
               'outstanding', o.amount - o.paid_amount, 'due_date', o.due_date) ORDER BY o.due_date, o.seq), '[]')
          FROM invoices o WHERE o.customer_id = i.customer_id AND o.subscription_id = i.subscription_id AND o.is_open
           AND (o.due_date, o.seq) < (i.due_date, i.seq)) AS older_open
  FROM invoices i
  LEFT JOIN subscriptions s ON s.id = i.subscription_id
  LEFT JOIN customers c ON c.id = s.customer_id
  LEFT JOIN packages p ON p.id = coalesce(i.package_id, s.package_id);

-- The invoice as anybody with the link may see it: no address, number or name to log in with.
CREATE VIEW public_invoice_rows AS
SELECT i.id, i.invoice_number, i.kind, i.amount,
       i.outstanding, i.status, i.due_date, i.created_at, i.notes,
       bill_lines_json(bill_lines_of(i.id), 'position', 'kind', 'taxable') AS lines,
       CASE WHEN s.status = 'active' THEN 'on' WHEN s.suspend_reason = 'debt' THEN 'off_for_debt'
            WHEN s.status = 'suspended' THEN 'off' ELSE 'ended' END AS service,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'invoice_number', o.invoice_number,
               'outstanding', o.amount - o.paid_amount, 'due_date', o.due_date) ORDER BY o.due_date, o.seq), '[]')
          FROM invoices o WHERE o.customer_id = i.customer_id AND o.subscription_id = i.subscription_id AND o.is_open
           AND CASE WHEN i.is_open THEN (o.due_date, o.seq) < (i.due_date, i.seq)
                      ELSE o.id <> i.id AND o.status = 'overdue' END) AS older_open, -- of a paid one: what keeps the line off
       invoice_scope_owed(i.id, 'due') AS total_due, invoice_scope_owed(i.id, 'all') AS total_all,
       c.name AS "customer.name",
       s.start_date AS "subscription.start_date", s.end_date AS "subscription.end_date",
       p.name AS "subscription.package.name", p.bandwidth AS "subscription.package.bandwidth",
       t.name AS "company.name", t.phone AS "company.phone", t.whatsapp AS "company.whatsapp",
       t.address AS "company.address", t.logo AS "company.logo"
  FROM invoices i
 CROSS JOIN company_rows t
  LEFT JOIN subscriptions s ON s.id = i.subscription_id
  LEFT JOIN customers c ON c.id = s.customer_id
  LEFT JOIN packages p ON p.id = coalesce(i.package_id, s.package_id);
