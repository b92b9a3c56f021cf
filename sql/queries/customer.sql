-- name: customer_exists(uuid)
SELECT 1 FROM customers WHERE id = $1::uuid;

-- name: customer_archive(uuid, boolean)
SELECT customer_archive($1::uuid, $2::boolean, business_today());

-- name: credit_enter(uuid, bigint, text, text)
SELECT credit_enter_once($1::uuid, $2::bigint, $3::text, $4::text, business_today()) AS id;

-- Its last line tells the whole of a payout, though each lot it came from has a line of its own.
-- name: credit_entered(uuid, uuid, bigint)
SELECT (entered.line).*
  FROM (SELECT jsonb_populate_record(r, jsonb_build_object('amount', $3::bigint)) AS line
          FROM credit_rows r
         WHERE r.customer_id = $1::uuid AND r.id = $2::uuid
        OFFSET 0) entered;

-- name: charge_create(uuid, jsonb, text)
SELECT charge_create_once($1::uuid, $2::jsonb, $3::text, business_today()) AS id;
