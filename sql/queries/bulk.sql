-- bulk.sql: one act on many rows; the rules are in sql/functions/bulk.sql.

-- name: bulk_act(text, jsonb)
SELECT id, ok, code, message FROM bulk_act($1::text, $2::jsonb, business_today());
