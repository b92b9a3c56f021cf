-- Verify catalog: every table with its columns, then the indexes, constraints and types.
BEGIN;

SELECT id, name, email, phone, address, status, credit, archived_at, created_at, updated_at FROM
	customers WHERE false;
SELECT id, name, type, bandwidth, burst, price, priority, validity_days, description, is_active,
	router_profile, created_at, updated_at FROM packages WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY[
		'customers_email', 'customers_name', 'customers_newest', 'customers_search',
		'customers_status', 'packages_is_active', 'packages_newest', 'packages_type']
	LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY[
		'customers_credit_not_negative', 'customers_status_check', 'packages_price_check',
		'packages_priority_check', 'packages_type_check', 'packages_validity_days_check',
		'packages_name_key', 'packages_router_profile_key']
	LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
