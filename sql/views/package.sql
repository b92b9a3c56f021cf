DROP VIEW IF EXISTS package_rows CASCADE;

-- subscriptions: how many lines have it now; monthly_value: what they pay in 30 days.
CREATE VIEW package_rows AS
SELECT p.id, p.name, p.type, p.bandwidth, p.burst, p.price, p.priority, p.period_unit, p.validity_days, p.validity_months,
       p.description, p.is_active, p.router_profile,
       (SELECT count(*) FROM subscriptions s WHERE s.package_id = p.id AND s.status = 'active') AS subscriptions_count,
       (SELECT round(count(*) * p.price / CASE p.period_unit WHEN 'month' THEN p.validity_months ELSE p.validity_days / 30.0 END)::bigint
          FROM subscriptions s WHERE s.package_id = p.id AND s.status = 'active') AS monthly_value,
       p.created_at, p.updated_at
  FROM packages p;
