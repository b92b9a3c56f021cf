DROP VIEW IF EXISTS package_rows CASCADE;

-- subscriptions: how many lines have it now; monthly_value: what they pay in a month; download_rate and
-- period_days: bandwidth and validity as numbers, by which lists are sorted.
CREATE VIEW package_rows AS
SELECT p.id, p.name, p.type, p.bandwidth, p.burst, p.price, p.priority, p.period_unit, p.validity_days, p.validity_months,
       p.description, p.is_active, p.router_profile, package_download(p.bandwidth) AS download_rate,
       CASE p.period_unit WHEN 'month' THEN 30 * p.validity_months ELSE p.validity_days END AS period_days,
       (SELECT count(*) FROM subscriptions s WHERE s.package_id = p.id AND s.status = 'active') AS subscriptions_count,
       (SELECT round(count(*) * package_monthly(p))::bigint
          FROM subscriptions s WHERE s.package_id = p.id AND s.status = 'active') AS monthly_value,
       p.created_at, p.updated_at
  FROM packages p;
