-- At most five each of what a person may mean: $1 is a pattern, $2 that of the digits of a phone number. The lines, bills and
-- payments of the first 20 customers found are found too, and the payments of the bills. Each part has an index of its own.
-- A payment is found again in its list by its title.
-- name: search_all(text, text)
WITH who AS MATERIALIZED (
	SELECT id, name, phone, address FROM customers
	 WHERE archived_at IS NULL
	   AND (name ~* $1::text OR email ~* $1::text OR phone ~* $1::text OR address ~* $1::text
	        OR phone_digits ~* $2::text)
	 ORDER BY name, id LIMIT 20
), bills AS MATERIALIZED (
	SELECT f.id, f.invoice_number, f.customer_id, f.status, f.created_at FROM (
		(SELECT * FROM invoices WHERE invoice_number ~* $1::text ORDER BY created_at DESC, id LIMIT 5)
		UNION
		(SELECT i.* FROM who w JOIN subscriptions s ON s.customer_id = w.id JOIN invoices i ON i.subscription_id = s.id
		  ORDER BY i.created_at DESC, i.id LIMIT 5)) f
	 ORDER BY f.created_at DESC, f.id LIMIT 5
)
(SELECT 'customer' AS type, id, name AS title, concat_ws(', ', phone, address) AS subtitle FROM who ORDER BY name, id LIMIT 5)
UNION ALL
(SELECT 'subscription', s.id, s.mikrotik_username, concat_ws(', ', c.name, s.status, s.remote_address)
   FROM ((SELECT id FROM subscriptions WHERE is_live AND (mikrotik_username ~* $1::text OR remote_address ~* $1::text)
           ORDER BY mikrotik_username, id LIMIT 5)
         UNION
         (SELECT id FROM subscriptions WHERE NOT is_live AND (mikrotik_username ~* $1::text OR remote_address ~* $1::text)
           ORDER BY mikrotik_username, id LIMIT 5)
         UNION
         SELECT x.id FROM who w JOIN subscriptions x ON x.customer_id = w.id) f
   JOIN subscriptions s ON s.id = f.id JOIN customers c ON c.id = s.customer_id
  ORDER BY s.status = 'cancelled', s.mikrotik_username, s.id LIMIT 5)
UNION ALL
(SELECT 'invoice', b.id, b.invoice_number, concat_ws(', ', c.name, b.status)
   FROM bills b JOIN customers c ON c.id = b.customer_id
  ORDER BY b.created_at DESC, b.id)
UNION ALL
(SELECT 'payment', p.id, coalesce(p.reference, p.invoice_number, c.name), concat_ws(', ', c.name, rupiah(p.amount), p.status)
   FROM ((SELECT id FROM payments WHERE reference ~* $1::text ORDER BY created_at DESC, id LIMIT 5)
         UNION
         (SELECT x.id FROM who w JOIN payments x ON x.customer_id = w.id ORDER BY x.created_at DESC, x.id LIMIT 5)
         UNION
         (SELECT x.id FROM bills b JOIN payments x ON x.invoice_id = b.id ORDER BY x.created_at DESC, x.id LIMIT 5)) f
   JOIN payments p ON p.id = f.id LEFT JOIN customers c ON c.id = p.customer_id
  ORDER BY p.created_at DESC, p.id LIMIT 5);
