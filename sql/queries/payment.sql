-- name: payment_book(jsonb)
SELECT * FROM payment_book($1::jsonb, business_today());

-- name: payment_reverse(uuid, text)
SELECT payment_reverse($1::uuid, 'reversal', $2::text, business_today());
