DROP VIEW IF EXISTS payment_rows CASCADE;

CREATE VIEW payment_rows AS
SELECT m.id, m.invoice_id, m.customer_id, m.amount, m.fee, m.method, m.source, m.reference, m.status,
       m.transaction_id, m.midtrans_transaction_id, m.midtrans_status, m.payment_date, m.received_on, m.notes, m.actor,
       m.created_at, m.updated_at,
       s.router_id, i.id AS "invoice.id", m.invoice_number AS "invoice.invoice_number", i.amount AS "invoice.amount",
       i.paid_amount AS "invoice.paid_amount", i.due_date AS "invoice.due_date", i.status AS "invoice.status",
       i.subscription_id AS "invoice.subscription_id",
       c.id AS "customer.id", c.name AS "customer.name"
  FROM payments m
  LEFT JOIN invoices i ON i.id = m.invoice_id
  LEFT JOIN subscriptions s ON s.id = i.subscription_id
  LEFT JOIN customers c ON c.id = m.customer_id;
