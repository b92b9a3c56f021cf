-- What a person asks for; as jsonb, which knows no order of keys, the same is the same.
-- name: payment_book(jsonb)
SELECT * FROM payment_book($1::jsonb || jsonb_build_object('source', 'manual',
       'request_hash', encode(sha256(convert_to($1::jsonb::text, 'UTF8')), 'hex')), business_today());

-- name: payment_reverse(uuid, text)
SELECT payment_reverse($1::uuid, 'reversal', $2::text, business_today());
