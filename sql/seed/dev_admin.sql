-- The plan's admin, admin@ispbilling.com / admin123, for development alone: everybody knows it.
-- Refused unless APP_ENV is local or testing (the environment's, or psql -v app_env=local).
\if :{?app_env}
\else
	\set app_env ''
	\getenv app_env APP_ENV
\endif
SELECT set_config('isp.env', :'app_env', false) \g /dev/null
DO $$
BEGIN
	IF current_setting('isp.env') NOT IN ('local', 'testing') THEN
		RAISE EXCEPTION 'dev_admin.sql: only where APP_ENV is local or testing; use ispctl user add --admin';
	END IF;
END $$;

-- argon2id by libsodium, interactive limits.
INSERT INTO users (name, email, password, role)
SELECT 'Administrator', 'admin@ispbilling.com',
	'$argon2id$v=19$m=65536,t=2,p=1$ktsSf+YRh+LG51oBaLjkRw$KwGjowqtdrZiu+DBX3ZpwqRb2RAkkj9pATIeCIFuKsY',
	'admin'
WHERE NOT EXISTS (SELECT FROM users WHERE lower(email) = 'admin@ispbilling.com');
