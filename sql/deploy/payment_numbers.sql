-- Deploy payment_numbers: a payment is found by the number of its bill from an index of its own. The join of 1,000,000 payments with
-- the 120,000 bills of a year took 0.5 of 0.76 s. The number of a bill never changes.
BEGIN;

ALTER TABLE payments ADD COLUMN invoice_number text;
UPDATE payments p SET invoice_number = i.invoice_number FROM invoices i WHERE i.id = p.invoice_id;
ALTER TABLE payments ADD CONSTRAINT payments_invoice_number_check CHECK ((invoice_id IS NULL) = (invoice_number IS NULL));
CREATE INDEX payments_invoice_number ON payments USING gin (invoice_number gin_trgm_ops);

-- Numbers that begin alike lie side by side, with what a list counts and sorts, and with the columns of joins that PostgreSQL leaves
-- out, but not their columns: the 250,000 payments of a year in 40 ms, which took 140 by the index of words.
CREATE INDEX payments_number ON payments (invoice_number text_pattern_ops) INCLUDE (id, created_at, amount, invoice_id, customer_id);
CREATE INDEX invoices_number ON invoices (invoice_number text_pattern_ops) INCLUDE (id, created_at, amount, subscription_id, package_id);

COMMIT;
