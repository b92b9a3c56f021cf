-- Let later changes in this transaction end the sessions of the accounts they touch.
-- name: package_kick()
SELECT set_config('isp.kick', 'on', true);

-- name: package_other_profile(uuid, text)
SELECT 1 FROM packages WHERE id = $1::uuid AND router_profile <> $2::text;
