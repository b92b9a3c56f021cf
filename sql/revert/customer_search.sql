-- Revert customer_search.
BEGIN;

DROP INDEX customers_search_more;
ALTER TABLE customers DROP COLUMN phone_digits CASCADE;

COMMIT;
