-- Refused by a standby and by a read-only session, and locks no row.
-- name: health()
SELECT FROM settings WHERE false FOR SHARE;

-- name: meta_business()
SELECT coalesce(nullif(current_setting('isp.timezone', true), ''), 'Asia/Jakarta') AS time_zone, business_today() AS business_day,
       coalesce(to_jsonb((SELECT utc_text(max(proved_at)) FROM restore_proofs)),
                'null')::text AS last_proven_restore;
