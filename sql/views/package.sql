DROP VIEW IF EXISTS package_rows CASCADE;

CREATE VIEW package_rows AS
SELECT id, name, type, bandwidth, burst, price, priority, period_unit, validity_days, validity_months, description, is_active, router_profile,
       created_at, updated_at
  FROM packages;
