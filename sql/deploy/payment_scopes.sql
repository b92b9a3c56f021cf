-- One order at Midtrans may pay several bills of a customer.
BEGIN;

-- Functions that have other arguments now.
DROP FUNCTION IF EXISTS midtrans_page_find(uuid, boolean), midtrans_attempt_add(uuid, int, text, bigint),
	payment_spend(payments, invoices, text, date);

-- The bills that an attempt pays beside its own, by id. They are of the same customer, whose lock holds them all.
ALTER TABLE midtrans_attempts ADD COLUMN bills uuid[] NOT NULL DEFAULT '{}';
CREATE INDEX midtrans_attempts_bills ON midtrans_attempts USING gin (bills) WHERE bills <> '{}';

COMMIT;
