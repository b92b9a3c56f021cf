-- At most five each of what a person may mean: $1 is a pattern, $2 that of the digits of a phone number.
-- name: search_all(text, text)
(SELECT 'customer' AS type, id, name AS title, concat_ws(', ', phone, address) AS subtitle
   FROM customers
  WHERE archived_at IS NULL
    AND (name ILIKE $1::text OR email ILIKE $1::text OR phone ILIKE $1::text OR address ILIKE $1::text
         OR phone_digits LIKE $2::text)
  ORDER BY name, id LIMIT 5)
UNION ALL
(SELECT 'subscription', s.id, s.mikrotik_username, concat_ws(', ', c.name, s.status, s.remote_address)
   FROM subscriptions s JOIN customers c ON c.id = s.customer_id
  WHERE s.mikrotik_username ILIKE $1::text OR s.remote_address ILIKE $1::text
  ORDER BY s.status = 'cancelled', s.mikrotik_username, s.id LIMIT 5)
UNION ALL
(SELECT 'invoice', i.id, i.invoice_number, concat_ws(', ', c.name, i.status)
   FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id JOIN customers c ON c.id = s.customer_id
  WHERE i.invoice_number ILIKE $1::text
  ORDER BY i.created_at DESC, i.id LIMIT 5)
UNION ALL
(SELECT 'payment', p.id, p.reference, concat_ws(', ', c.name, p.status)
   FROM payments p LEFT JOIN customers c ON c.id = p.customer_id
  WHERE p.reference ILIKE $1::text
  ORDER BY p.created_at DESC, p.id LIMIT 5);
