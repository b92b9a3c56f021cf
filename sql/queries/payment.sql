-- Book what a person sent. As jsonb, which knows no order of keys, the same request has the same hash.
-- name: payment_book(jsonb)
SELECT * FROM payment_book($1::jsonb || jsonb_build_object('source', 'manual',
       'request_hash', encode(sha256(convert_to(($1::jsonb - 'bounded')::text, 'UTF8')), 'hex')), business_today());

-- name: payment_reverse(uuid, text)
SELECT payment_reverse($1::uuid, 'reversal', $2::text, business_today());
