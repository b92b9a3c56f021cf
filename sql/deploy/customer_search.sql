-- Deploy customer_search: a phone number is found by its digits, and a customer by address.
BEGIN;

-- 0812… for +62 812…: an operator types what the caller says.
ALTER TABLE customers ADD COLUMN phone_digits text GENERATED ALWAYS AS
	(regexp_replace(regexp_replace(phone, '[^0-9]', '', 'g'), '^62', '0')) STORED;
CREATE INDEX customers_search_more ON customers USING gin (phone_digits gin_trgm_ops, address gin_trgm_ops);

COMMIT;
