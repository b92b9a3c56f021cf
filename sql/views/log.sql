DROP VIEW IF EXISTS billing_log_rows, audit_log_rows, midtrans_log_rows CASCADE;

CREATE VIEW billing_log_rows AS
SELECT l.id, l.action, l.message, l.customer_id, l.subscription_id, l.invoice_id, l.meta, l.actor, l.request_id,
       l.created_at, l.updated_at,
       c.name AS "customer.name", s.mikrotik_username AS "subscription.mikrotik_username",
       i.invoice_number AS "invoice.invoice_number"
  FROM billing_logs l
  LEFT JOIN customers c ON c.id = l.customer_id
  LEFT JOIN subscriptions s ON s.id = l.subscription_id
  LEFT JOIN invoices i ON i.id = l.invoice_id;

CREATE VIEW audit_log_rows AS
SELECT l.id, l.action, l.subject_type, l.subject_id, l.user_id, l.actor, l.ip, l.request_id, l.meta, l.created_at,
       u.name AS "user.name"
  FROM audit_logs l
  LEFT JOIN users u ON u.id = l.user_id;

CREATE VIEW midtrans_log_rows AS
SELECT l.id, l.invoice_id, l.order_id, l.transaction_id, l.event, l.status, l.request, l.response, l.created_at,
       l.updated_at, i.invoice_number AS "invoice.invoice_number"
  FROM midtrans_logs l
  LEFT JOIN invoices i ON i.id = l.invoice_id;
