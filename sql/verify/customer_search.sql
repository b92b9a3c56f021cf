-- Verify customer_search.
BEGIN;

SELECT phone_digits FROM customers WHERE false;
SELECT 1 / count(*) FROM pg_class WHERE relname = 'customers_search_more';

ROLLBACK;
