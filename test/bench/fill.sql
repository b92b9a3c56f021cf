/*
 * fill.sql: a provider of :n subscribers on the business day 2026-07-15, for test/bench/run.
 *
 * Each has one subscription and :periods invoices (two, where not said), in three groups:
 *	4 of 10  paid, ends within 7 days:  tonight renews them
 *	2 of 10  their invoice fell due 5 to 21 days ago (nobody ran the nights between): tonight marks
 *	         it overdue, and suspends them
 *	4 of 10  paid, ends later:          tonight leaves them alone
 * Money, periods and numbers are as the product would have left them: ispctl check finds no fault.
 */
\set ON_ERROR_STOP 1
\set day '''2026-07-15'''
\if :{?periods}
\else
\set periods 2
\endif
SET synchronous_commit = off;
SET work_mem = '64MB';
SET maintenance_work_mem = '128MB';
BEGIN;

INSERT INTO router_settings (name, host, port, username) VALUES ('Bench', '127.0.0.1', 1, 'nobody');

INSERT INTO packages (name, bandwidth, price, router_profile)
SELECT format('Bench %s', n), format('%s0M/%s0M', n, n), 50000 * (n + 2), format('bench-%s', n)
  FROM generate_series(1, 4) AS n;

CREATE TEMPORARY TABLE filling AS
SELECT n,
       uuidv7() AS customer_id,
       uuidv7() AS subscription_id,
       p.id AS package_id, p.price,
       CASE WHEN n % 10 < 4 THEN :day::date + n % 8
            WHEN n % 10 < 6 THEN :day::date - 5 - n % 17
            ELSE :day::date + 8 + n % 20 END AS end_date,
       n % 10 IN (4, 5) AS owes,
       timestamptz '2026-01-01 00:00Z' + n * interval '1 minute' AS made_at
  FROM generate_series(1, :n) AS n
  JOIN packages p ON p.name = format('Bench %s', n % 4 + 1);
ANALYZE filling;

INSERT INTO customers (id, name, email, phone, address, created_at, updated_at)
SELECT customer_id, format('Pelanggan %s %s', lpad(n::text, 6, '0'), CASE WHEN n % 997 = 0 THEN 'Xaverius' ELSE
       (ARRAY['Ayu', 'Budi', 'Citra', 'Dewi', 'Eko', 'Fitri', 'Galih', 'Hadi', 'Indah', 'Joko', 'Kartika', 'Lestari', 'Made',
              'Nur', 'Oka', 'Putu', 'Rahmat', 'Siti', 'Tri', 'Wayan'])[abs(hashint4(n)) % 20 + 1] END), format('pelanggan%s@example.net', n),
       format('+62 812 %s', lpad(n::text, 7, '0')), format('Jalan Merdeka %s, Bandung', n), made_at, made_at
  FROM filling
 ORDER BY n;

INSERT INTO subscriptions (id, customer_id, package_id, mikrotik_username, mikrotik_password, start_date, end_date,
       created_at, updated_at)
SELECT subscription_id, customer_id, package_id, format('pelanggan%s', n), 'sealed',
       end_date - 30 * :periods + CASE WHEN owes THEN 31 ELSE 1 END, end_date, made_at, made_at
  FROM filling
 ORDER BY n;

-- For customers who owe, the last period is the one not paid.
CREATE TEMPORARY TABLE billing AS
SELECT f.*, i.nth, uuidv7() AS invoice_id, i.nth < :periods OR NOT f.owes AS is_paid, p.starts,
       CASE WHEN i.nth = 1 THEN p.starts ELSE p.starts - 8 END AS issued_on,
       CASE WHEN i.nth = 1 THEN p.starts ELSE p.starts - 1 END AS due_date
  FROM filling f
 CROSS JOIN generate_series(1, :periods) AS i(nth)
 CROSS JOIN LATERAL (SELECT f.end_date + CASE WHEN f.owes THEN 1 ELSE -29 END - 30 * (:periods - i.nth)) AS p(starts);

INSERT INTO invoices (id, invoice_number, subscription_id, customer_id, package_id, kind, amount, paid_amount,
       period_start, period_end, issued_on, due_date, first_due_date, subtotal, grants_days, status, created_at, updated_at)
SELECT invoice_id,
       format('INV-%s-%s', to_char(issued_on, 'YYYYMMDD'),
              lpad(at::text, greatest(4, length(at::text)), '0')),
       subscription_id, customer_id, package_id, CASE nth WHEN 1 THEN 'first' ELSE 'renewal' END, price,
       CASE WHEN is_paid THEN price ELSE 0 END, starts, starts + 29, issued_on, due_date,
       due_date, price, true, CASE WHEN is_paid THEN 'paid' ELSE 'unpaid' END, issued_on, issued_on
  FROM (SELECT *, row_number() OVER (PARTITION BY issued_on ORDER BY n) AS at FROM billing) b
 ORDER BY issued_on, n;

INSERT INTO invoice_lines (invoice_id, position, kind, text, unit_price, amount)
SELECT invoice_id, 1, 'package', 'Bench', price, price FROM billing ORDER BY issued_on, n;

INSERT INTO service_days (subscription_id, days, kind, invoice_id, entered_on)
SELECT subscription_id, 30, 'period', invoice_id, due_date FROM billing WHERE is_paid ORDER BY due_date, n;

INSERT INTO invoice_counters (day, last_number)
SELECT issued_on, count(*) FROM billing GROUP BY issued_on;

INSERT INTO payments (id, invoice_id, invoice_number, customer_id, amount, payment_date, received_on, created_at, updated_at)
SELECT uuidv7(), invoice_id, i.invoice_number, b.customer_id, price, b.due_date, b.due_date, b.due_date, b.due_date
  FROM billing b
  JOIN invoices i ON i.id = b.invoice_id
 WHERE is_paid
 ORDER BY b.due_date, n;

INSERT INTO allocations (invoice_id, payment_id, amount, entered_on)
SELECT invoice_id, id, amount, received_on FROM payments ORDER BY seq;

-- The router has what it should have.
UPDATE account_states SET synced_generation = generation, sync_state = 'synced', synced_at = now();
UPDATE profile_states SET synced_generation = generation, sync_state = 'synced', synced_at = now();
COMMIT;

VACUUM ANALYZE;
