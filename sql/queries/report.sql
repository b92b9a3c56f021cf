-- report.sql: the reports, each over the days $1 to $2.

-- Money received by the day of payment, less reversals and refunds by their own day.
-- name: report_revenue(date, date, text)
WITH moved (day, method, actor, amount) AS (
	SELECT business_day(p.payment_date), p.method, CASE p.source WHEN 'midtrans' THEN 'midtrans' ELSE p.actor END, p.amount
	  FROM payments p
	 WHERE p.payment_date >= day_begin($1::date) AND p.payment_date < day_begin($2::date + 1)
	UNION ALL
	SELECT r.reversed_on, p.method, r.actor, -r.amount FROM payment_reversals r JOIN payments p ON p.id = r.payment_id
	 WHERE r.reversed_on BETWEEN $1::date AND $2::date
	UNION ALL
	SELECT r.refunded_on, coalesce(r.method, p.method), r.actor, -r.amount FROM refunds r JOIN payments p ON p.id = r.payment_id
	 WHERE r.refunded_on BETWEEN $1::date AND $2::date
)
SELECT CASE $3 WHEN 'month' THEN to_char(day, 'YYYY-MM') WHEN 'method' THEN method WHEN 'actor' THEN coalesce(actor, '')
            ELSE day::text END AS name,
       count(*) FILTER (WHERE amount > 0) AS payments,
       coalesce(sum(amount) FILTER (WHERE amount > 0), 0)::bigint AS received,
       coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)::bigint AS given_back, sum(amount)::bigint AS revenue
  FROM moved GROUP BY 1 ORDER BY 1;

-- name: report_receivables(date)
SELECT * FROM receivables($1::date);

-- Bills that stand, with what is taxed and its tax. A discount may take from what is not taxed, too.
-- name: report_tax(date, date)
SELECT i.issued_on, i.invoice_number, c.name AS customer, c.npwp, i.amount - i.tax_amount - l.untaxed AS base, l.untaxed,
       i.tax_amount, i.amount, i.status
  FROM invoices i
  JOIN customers c ON c.id = i.customer_id
 CROSS JOIN LATERAL (SELECT least(coalesce(sum(amount) FILTER (WHERE NOT taxable AND kind <> 'tax'), 0), i.amount - i.tax_amount)::bigint AS untaxed
                       FROM invoice_lines WHERE invoice_id = i.id) l
 WHERE i.issued_on BETWEEN $1::date AND $2::date AND i.status <> 'cancelled'
 ORDER BY i.issued_on, i.invoice_number;

-- name: report_payments(date, date)
SELECT business_day(p.payment_date) AS day, c.name AS customer, i.invoice_number, p.method, p.source, p.reference, p.amount, p.fee,
       p.status, p.id
  FROM payments p JOIN customers c ON c.id = p.customer_id LEFT JOIN invoices i ON i.id = p.invoice_id
 WHERE p.payment_date >= day_begin($1::date) AND p.payment_date < day_begin($2::date + 1)
 ORDER BY p.payment_date, p.id;

-- Lines by package as they are now, and those that began and ended in these days.
-- name: report_subscribers(date, date)
SELECT p.name AS package, p.price, count(*) FILTER (WHERE s.status = 'active') AS active,
       count(*) FILTER (WHERE s.status = 'suspended') AS suspended, count(*) FILTER (WHERE s.status = 'expired') AS expired,
       count(*) FILTER (WHERE s.start_date BETWEEN $1::date AND $2::date) AS began,
       count(*) FILTER (WHERE business_day(s.cancelled_at) BETWEEN $1::date AND $2::date) AS ended
  FROM subscriptions s
  JOIN packages p ON p.id = s.package_id
 GROUP BY p.id ORDER BY p.name, p.id;

-- The account of a customer: what was owed before, each bill and payment, what is owed after. More than 0: owed to us.
-- name: customer_statement(uuid, date, date)
SELECT customer_statement($1::uuid, $2::date, $3::date)::text AS answer;

-- The days that a report is over: this month up to today, where none are given.
-- name: report_days(text, text)
SELECT first::text AS first, last::text AS last, last - first + 1 AS days
  FROM (SELECT coalesce($1::date, date_trunc('month', coalesce($2::date, business_today()))::date) AS first,
               coalesce($2::date, greatest(business_today(), $1::date)) AS last) d;
