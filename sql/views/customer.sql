DROP VIEW IF EXISTS customer_rows, credit_rows CASCADE;

-- The debt of a customer and the state of the lines: each column is computed only where it is read.
CREATE VIEW customer_rows AS
SELECT c.id, c.name, c.email, c.phone, c.address, c.status, c.npwp, c.tax_exempt, c.notes, c.message_opt_out, c.credit,
       (SELECT coalesce(sum(i.amount - i.paid_amount), 0)::bigint
          FROM invoices i WHERE i.customer_id = c.id AND i.is_open) AS debt,
       (SELECT count(*) FROM invoices i WHERE i.customer_id = c.id AND i.is_open) AS open_invoices,
       (SELECT CASE WHEN bool_or(s.status = 'active') THEN 'on'
                    WHEN bool_or(s.suspend_reason = 'debt') THEN 'off_for_debt'
                    WHEN bool_or(s.status <> 'cancelled') THEN 'off'
                    ELSE 'none' END
          FROM subscriptions s WHERE s.customer_id = c.id) AS service,
       ARRAY(SELECT DISTINCT p.name::text FROM subscriptions s JOIN packages p ON p.id = s.package_id
              WHERE s.customer_id = c.id AND s.status <> 'cancelled' ORDER BY 1) AS packages,
       (SELECT p.name FROM subscriptions s JOIN packages p ON p.id = s.package_id
         WHERE s.customer_id = c.id AND s.status <> 'cancelled' ORDER BY s.id LIMIT 1) AS package,
       ARRAY(SELECT s.mikrotik_username::text FROM subscriptions s
              WHERE s.customer_id = c.id AND s.status <> 'cancelled' ORDER BY 1) AS usernames,
       ARRAY(SELECT s.package_id FROM subscriptions s
              WHERE s.customer_id = c.id AND s.status <> 'cancelled') AS package_ids,
       ARRAY(SELECT s.router_id FROM subscriptions s
              WHERE s.customer_id = c.id AND s.status <> 'cancelled' AND s.router_id IS NOT NULL) AS router_ids,
       EXISTS (SELECT FROM invoices i WHERE i.customer_id = c.id AND i.is_open AND i.amount > i.paid_amount) AS has_debt,
       (SELECT min(i.due_date) FROM invoices i WHERE i.customer_id = c.id AND i.is_open) AS next_due,
       (SELECT bool_or(account_online(m)) FROM mikrotik_secrets m
         WHERE m.customer_id = c.id AND m.removed_at IS NULL) AS online,
       c.phone_digits, c.archived_at, c.created_at, business_day(c.created_at) AS created_on, c.updated_at
  FROM customers c;

-- The ledger of credit; balance is what stood after the entry.
CREATE VIEW credit_rows AS
SELECT id, customer_id, kind, amount,
       sum(amount) OVER (PARTITION BY customer_id ORDER BY seq)::bigint AS balance,
       payment_id, gift_id, invoice_id, reason, actor, entered_on, created_at
  FROM customer_credits;
