-- The rows that screens and customers see of money and service (sql/views): each column is of its own row,
-- beside lines of the same customer and of another.
BEGIN;
\ir town.psql
SELECT no_plan();

SELECT person() AS c, person() AS d \gset
SELECT sub(:'c') AS one, sub(:'c', jsonb_build_object('package_id', pkg('Q'))) AS two, sub(:'d') AS three, sub(:'d', '{}', '2026-01-05') AS four,
	sub(person()) AS five \gset
SELECT pay(inv(:'one'), '2026-01-01'), pay(inv(:'two'), '2026-01-01', '{"amount": 50000}') \g /dev/null
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT over(inv(:'three'), 130000, '2026-01-25'), subscription_cancel(:'four', NULL, '2026-01-20') \g /dev/null
SELECT subscription_days_add(:'one', 3, 'storm', '2026-01-25'), credit_enter(:'c', 10000, 'thanks', '2026-01-25') \g /dev/null
SELECT step('overdue', '2026-01-25') \g /dev/null
SELECT step('suspend', '2026-01-25') \g /dev/null
SELECT pay(inv(:'two', 2), '2026-01-25') \g /dev/null
SELECT subscription_suspend(:'three', 'moving', '2026-01-25') \g /dev/null
SELECT item_create(:'one', '{"kind": "item", "text": "modem", "amount": 10000}', '2026-01-25') AS gone,
	item_create(:'one', '{"kind": "discount", "text": "friend", "percent": 5}', '2026-01-25'), charge_create(:'c', '{"text": "cable", "amount": 7000}', '2026-01-25') \gset
SELECT item_remove(:'one', :'gone') \g /dev/null

-- The rows of a query as text; a bill is named by the last letters of its number.
CREATE FUNCTION rows_of(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT array_to_string(ARRAY(SELECT value FROM json_each_text(row_to_json(r))), %L) FROM (%s) r', '|', query);
END $$;
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT mikrotik_username, status, suspend_reason, end_date, debt, next_due, "package.name", "customer.id" = customer_id AS own
	FROM subscription_rows ORDER BY 1$$) r),
'u1|active|2026-02-02|100000|2026-02-02|P|true
u2|active|2026-01-30|140000|2026-01-01|Q|true
u3|suspended|manual|2026-01-30|0|P|true
u4|cancelled|2026-01-04|70000|2026-01-05|P|true
u5|suspended|debt|2025-12-31|200000|2026-01-01|P|true', 'lines: money owed and due is of the line');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT usernames, packages, package, service, credit, debt, open_invoices, has_debt, next_due, cardinality(package_ids), cardinality(router_ids) AS routers
	FROM customer_rows ORDER BY usernames$$) r),
'["u1","u2"]|["P","Q"]|P|on|0|240000|2|true|2026-01-01|2|0
["u3"]|["P"]|P|off|0|70000|1|true|2026-01-05|1|0
["u5"]|["P"]|P|off_for_debt|0|200000|2|true|2026-01-01|1|0', 'customers: of all their lines');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT r.kind, r.amount, r.balance, r.reason FROM credit_rows r JOIN customer_credits c USING (id) ORDER BY c.seq$$) r),
'surplus|30000|30000
applied|-30000|0
gift|10000|10000|thanks
applied|-10000|0', 'credit, and its balance after each entry');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT right(invoice_number, 7), amount, paid_amount, outstanding, status, "subscription.mikrotik_username" AS line, "subscription.package.name" AS package,
	jsonb_path_query_array(payments, '$.amount') AS payments, jsonb_path_query_array(allocations, '$.amount') AS allocations,
	jsonb_path_query_array(older_open, '$.outstanding') AS older FROM invoice_rows ORDER BY invoice_number$$) r),
'01-0001|100000|100000|0|paid|u1|P|[100000]|[100000]|[]
01-0002|200000|60000|140000|overdue|u2|Q|[50000]|[50000, 10000]|[]
01-0003|100000|100000|0|paid|u3|P|[130000]|[100000]|[]
01-0004|100000|0|100000|overdue|u5|P|[]|[]|[]
05-0001|100000|30000|70000|overdue|u4|P|[]|[30000]|[]
24-0001|100000|0|100000|unpaid|u1|P|[]|[]|[]
24-0002|200000|200000|0|paid|u2|Q|[200000]|[200000]|[140000]
24-0003|100000|0|0|cancelled|u3|P|[]|[]|[]
24-0004|100000|0|100000|unpaid|u5|P|[]|[]|[100000]', 'bills: with their payments, what paid them, and older open ones');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT right(invoice_number, 7), outstanding, service, total_due, total_all, jsonb_path_query_array(older_open, '$.outstanding') AS older
	FROM public_invoice_rows ORDER BY invoice_number$$) r),
'01-0001|0|on|0|240000|[]
01-0002|140000|on|140000|240000|[]
01-0003|0|off|0|70000|[]
01-0004|100000|off_for_debt|100000|200000|[]
05-0001|70000|ended|70000|70000|[]
24-0001|100000|on|100000|240000|[]
24-0002|0|on|140000|240000|[140000]
24-0003|0|off|0|70000|[]
24-0004|100000|off_for_debt|200000|200000|[100000]', 'as customers see them: what is owed of the bill and its elders, and of all');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT r.amount, right("invoice.invoice_number", 7), "invoice.paid_amount" AS paid, r."customer.id" = r.customer_id AS own FROM payment_rows r JOIN payments p USING (id) ORDER BY p.seq$$) r),
'100000|01-0001|100000|true
50000|01-0002|60000|true
130000|01-0003|100000|true
200000|24-0002|200000|true', 'payments: what came, whoever it paid');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT kind, days, right(invoice_number, 7), off_from, back_on, reason, end_date FROM day_rows ORDER BY id$$) r),
'period|30|01-0001|INV-20260101-0001|2026-01-30
period|30|01-0003|INV-20260101-0003|2026-01-30
gift|3|storm|2026-02-02
period|30|24-0002|INV-20260124-0002|2026-01-30', 'days, and the end after each');
SELECT bare() AS off, bare() AS also_off \gset
SELECT subscription_suspend(:'off', NULL, '2026-01-02'), subscription_suspend(:'also_off', NULL, '2026-01-03') \g /dev/null
SELECT subscription_activate(:'off', NULL, NULL, '2026-01-05'), subscription_activate(:'also_off', NULL, NULL, '2026-01-06') \g /dev/null
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of(format('SELECT kind, days, off_from, back_on, end_date FROM day_rows WHERE subscription_id IN (%L, %L) ORDER BY subscription_id, id', :'off', :'also_off')) r),
'start|30|2026-01-30
off|3|2026-01-02|2026-01-05|2026-02-02
start|30|2026-01-30
off|3|2026-01-03|2026-01-06|2026-02-02', 'days off, from when to when');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of('SELECT text, amount, percent FROM item_rows') r),
'friend|5', 'items that stand');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of('SELECT text, amount, right(invoice_number, 7) FROM charge_rows') r),
'cable|7000', 'charges');
SELECT is((SELECT string_agg(r, E'\n') FROM rows_of($$SELECT type, title, text, cause_type, coalesce((SELECT right(invoice_number, 7) FROM invoices WHERE id = cause_id),
	(SELECT amount::text FROM payments WHERE id = cause_id)) AS of, cause FROM history_rows WHERE subscription_id = (SELECT id FROM subscriptions WHERE mikrotik_username = 'u1') ORDER BY type, title, text$$) r),
'change|created|u1 with P from 2026-01-01
change|days|3 days given|storm
change|issued|INV-20260101-0001 issued over Rp100.000, due 2026-01-01|invoice|01-0001
change|issued|INV-20260124-0001 issued over Rp100.000, due 2026-01-30|invoice|24-0001
change|item_added|discount: friend
change|item_added|item: modem
change|item_removed|item: modem
change|paid|Rp100.000 by cash for INV-20260101-0001|invoice|01-0001
days|gift|3 days|storm
days|period|30 days|invoice|01-0001|INV-20260101-0001
payment|cash|Rp100.000 received|invoice|01-0001', 'the history of a line, each row with its cause');
-- packages by what their texts say, not by their letters: "100M/100M" comes before "20M/20M"
SELECT is(package_download(rate), bits, rate) FROM (VALUES ('100M/100M', 100000000::bigint), ('20M/5M', 20000000), ('512k/1.5M', 512000),
	('1.5G/1G', 1500000000), ('12345G/1k', 12345000000000), ('fast', 0), ('', 0)) AS t (rate, bits);
UPDATE packages SET period_unit = 'month', validity_months = 3, validity_days = 7 WHERE id = pkg('P');
UPDATE packages SET period_unit = 'day', validity_days = 40 WHERE id = pkg('Q');
SELECT is(string_agg(name || ' ' || period_days, ', ' ORDER BY period_days), 'Q 40, P 90', 'and by the days of a period')
  FROM package_rows WHERE id IN (pkg('P'), pkg('Q'));

-- A payment that was undone pays nothing.
SELECT bare() AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 1000), '2026-01-02') AS o \gset
SELECT payment_reverse(pay(:'o', '2026-01-02'), 'reversal', NULL, '2026-01-02') \g /dev/null
SELECT is(allocations::text, '[]', 'no money stands on the bill') FROM invoice_rows WHERE id = :'o';
SELECT finish();
ROLLBACK;
