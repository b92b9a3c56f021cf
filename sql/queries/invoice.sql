-- name: invoice_create(jsonb)
SELECT invoice_create($1::jsonb, business_today()) AS id;

-- name: invoice_update(uuid, jsonb)
SELECT invoice_update($1::uuid, $2::jsonb, business_today());

-- name: invoice_cancel(uuid, boolean, boolean)
SELECT invoice_cancel($1::uuid, business_today(), $2::boolean, $3::boolean);

-- name: public_read_pace(text)
SELECT public_read_pace($1);

-- name: public_token_pace(text)
SELECT public_token_pace($1);

-- name: invoice_public(uuid)
SELECT * FROM public_invoice_rows WHERE id = $1::uuid;

-- name: invoice_exists(uuid)
SELECT 1 FROM invoices WHERE id = $1::uuid;
