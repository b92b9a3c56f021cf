-- Tries are taken before they are made and given back when they succeed: what counts is failures,
-- and no number of tries at once gets past the limit.

-- One more try under this key. 0: go on; else the seconds to wait.
CREATE OR REPLACE FUNCTION throttle_take(k text, most int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
	t throttles;
BEGIN
	INSERT INTO throttles AS old (key, since, hits) VALUES (k, clock_timestamp(), 1)
	ON CONFLICT (key) DO UPDATE SET
		hits = CASE WHEN old.since < excluded.since - interval '1 minute' THEN 1 ELSE old.hits + 1 END,
		since = CASE WHEN old.since < excluded.since - interval '1 minute' THEN excluded.since
		        ELSE old.since END
	RETURNING * INTO t;
	IF t.hits <= most THEN
		RETURN 0;
	END IF;
	RETURN greatest(1, ceil(extract(epoch FROM t.since + interval '1 minute' - clock_timestamp())))::int;
END $$;

CREATE OR REPLACE FUNCTION throttle_give_back(k text) RETURNS void
LANGUAGE sql AS $$
	UPDATE throttles SET hits = hits - 1 WHERE key = k AND hits > 0;
$$;

-- Both limits of a login; the address first, so that one who sweeps many names locks nobody else out.
CREATE OR REPLACE FUNCTION login_take(mail text, ip text) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
	wait int;
BEGIN
	IF random() < 0.01 THEN
		DELETE FROM throttles WHERE since < clock_timestamp() - interval '1 hour';
	END IF;
	wait := throttle_take('login-address:' || ip, 30);
	IF wait = 0 THEN
		wait := throttle_take('login:' || lower(mail) || ':' || ip, 5);
	END IF;
	RETURN wait;
END $$;

CREATE OR REPLACE FUNCTION login_give_back(mail text, ip text) RETURNS void
LANGUAGE sql AS $$
	SELECT throttle_give_back('login-address:' || ip);
	SELECT throttle_give_back('login:' || lower(mail) || ':' || ip);
$$;
