DROP VIEW IF EXISTS customer_rows, credit_rows CASCADE;

CREATE VIEW customer_rows AS
SELECT id, name, email, phone, address, status, npwp, tax_exempt, notes, message_opt_out, credit, archived_at, created_at,
       updated_at
  FROM customers;

-- The ledger of credit; balance is what stood after the entry.
CREATE VIEW credit_rows AS
SELECT id, customer_id, kind, amount,
       sum(amount) OVER (PARTITION BY customer_id ORDER BY seq)::bigint AS balance,
       payment_id, gift_id, invoice_id, reason, actor, entered_on, created_at
  FROM customer_credits;
