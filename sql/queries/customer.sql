-- name: customer_exists(uuid)
SELECT 1 FROM customers WHERE id = $1::uuid;

-- name: customer_archive(uuid, boolean)
SELECT customer_archive($1::uuid, $2::boolean, business_today());

-- name: credit_enter(uuid, bigint, text)
SELECT credit_enter($1::uuid, $2::bigint, $3::text, business_today()) AS id;
