-- name: subscription_create(jsonb)
SELECT subscription_create($1::jsonb, business_today());

-- name: subscription_update(uuid, jsonb)
SELECT subscription_update($1::uuid, $2::jsonb, business_today());

-- name: subscription_sealed(uuid)
SELECT mikrotik_password FROM subscriptions WHERE id = $1::uuid;

-- name: subscription_suspend(uuid, text)
SELECT subscription_suspend($1::uuid, $2::text, business_today());

-- name: subscription_activate(uuid, date, text)
SELECT subscription_activate($1::uuid, $2::date, $3::text, business_today());

-- name: subscription_cancel(uuid, text)
SELECT subscription_cancel($1::uuid, $2::text, business_today());

-- name: subscription_credentials(uuid, text)
SELECT s.mikrotik_username, s.mikrotik_password, audit('credentials', 'subscription', s.id::text, NULL, $2::text)
  FROM subscriptions s
 WHERE s.id = $1::uuid;

-- name: subscription_exists(uuid)
SELECT 1 FROM subscriptions WHERE id = $1::uuid;

-- name: subscription_days_add(uuid, jsonb)
SELECT require_operator_gift($1::uuid, ($2::jsonb ->> 'bounded')::boolean, ($2::jsonb ->> 'days')::int),
       subscription_days_add($1::uuid, ($2::jsonb ->> 'days')::int, $2::jsonb ->> 'reason', business_today());

-- name: subscription_pause(uuid, jsonb)
SELECT subscription_pause($1::uuid, ($2::jsonb ->> 'from')::date, ($2::jsonb ->> 'until')::date, $2::jsonb ->> 'reason', business_today());

-- name: subscription_resume(uuid, text)
SELECT subscription_resume($1::uuid, $2::text, business_today());

-- name: subscription_prepay(uuid, jsonb)
SELECT subscription_prepay_answer($1::uuid, $2::jsonb, business_today()) AS answer;

-- name: subscription_change(uuid, jsonb)
SELECT subscription_change_answer($1::uuid, $2::jsonb, business_today()) AS answer;

-- name: item_create(uuid, jsonb)
SELECT item_create($1::uuid, $2::jsonb, business_today()) AS id;

-- name: item_update(uuid, uuid, jsonb)
SELECT item_update($1::uuid, $2::uuid, $3::jsonb, business_today());

-- name: item_remove(uuid, uuid)
SELECT item_remove($1::uuid, $2::uuid);
