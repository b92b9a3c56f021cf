-- Book what a person sent. As jsonb, which knows no order of keys, the same request has the same hash.
-- name: payment_book(jsonb)
SELECT * FROM payment_book($1::jsonb || jsonb_build_object('source', 'manual',
       'request_hash', encode(sha256(convert_to(($1::jsonb - 'bounded')::text, 'UTF8')), 'hex')), business_today());

-- name: payment_reverse(uuid, text, boolean)
SELECT payment_reverse($1::uuid, 'reversal', $2::text, business_today(), $3::boolean);

-- name: payment_update(uuid, jsonb)
SELECT payment_update($1::uuid, $2::jsonb);

-- name: payment_refund(uuid, jsonb)
SELECT payment_refund_by_hand($1::uuid, $2::jsonb, business_today());
