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
