-- Limits on requests. One call in a hundred deletes the keys that were not used for an hour.

-- The key of a client: its IPv4 address, or the /64 of its IPv6 address, for a customer has all of a /64.
CREATE OR REPLACE FUNCTION throttle_address(ip text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE
	       WHEN ip ~* '^::ffff:[0-9.]+$' THEN substr(ip, 8)
	       WHEN ip ~* '^[0-9a-f:.]*:[0-9a-f:.]*$' THEN network(set_masklen(ip::inet, 64))::text
	       ELSE ip END;
$$;

CREATE OR REPLACE FUNCTION throttle_sweep() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	IF random() < 0.01 THEN
		DELETE FROM throttles WHERE since < clock_timestamp() - interval '1 hour';
	END IF;
END $$;

/*
 * Allow per_minute requests a minute under this key, and a burst of 30 beyond.
 * `since` is the moment at which all requests so far have been earned.
 */
CREATE OR REPLACE FUNCTION throttle_pace(throttle_key text, per_minute int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	burst  CONSTANT int := 30;
	step   interval := interval '1 minute' / per_minute;
	moment timestamptz := clock_timestamp();
	earned timestamptz;
BEGIN
	PERFORM throttle_sweep();
	INSERT INTO throttles AS old (key, since, hits) VALUES (throttle_key, moment + step, 1)
	ON CONFLICT (key) DO UPDATE SET since = greatest(old.since, moment) + step
	 WHERE old.since - moment <= burst * step;
	IF NOT FOUND THEN
		SELECT since INTO earned FROM throttles WHERE key = throttle_key;
		PERFORM raise_throttled('Too many requests. Please slow down.',
			greatest(1, ceil(extract(epoch FROM earned - burst * step - moment)))::int);
	END IF;
END $$;

CREATE OR REPLACE FUNCTION public_read_pace(ip text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM throttle_pace('public-reads:' || throttle_address(ip), (SELECT public_reads_per_minute FROM settings));
END $$;

CREATE OR REPLACE FUNCTION public_token_pace(ip text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM throttle_pace('public-tokens:' || throttle_address(ip), (SELECT public_tokens_per_minute FROM settings));
END $$;

-- An attempt is counted before it is made and taken off again when it succeeds: only failures
-- count, and simultaneous attempts cannot pass the limit.

-- Count one more attempt under this key. 0: allowed; else the seconds to wait.
CREATE OR REPLACE FUNCTION throttle_take(throttle_key text, most int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
	t throttles;
BEGIN
	INSERT INTO throttles AS old (key, since, hits) VALUES (throttle_key, clock_timestamp(), 1)
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

CREATE OR REPLACE FUNCTION throttle_give_back(throttle_key text) RETURNS void
LANGUAGE sql AS $$
	UPDATE throttles SET hits = hits - 1 WHERE key = throttle_key AND hits > 0;
$$;

-- Both limits of a login; the address first, so that an attacker who tries many names does not lock
-- other addresses out. An attempt that the pair refuses does not count for the address.
CREATE OR REPLACE FUNCTION login_take(mail text, ip text) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
	wait int;
BEGIN
	PERFORM throttle_sweep();
	wait := throttle_take('login-address:' || throttle_address(ip), 30);
	IF wait = 0 THEN
		wait := throttle_take('login:' || lower(mail) || ':' || throttle_address(ip), 5);
		IF wait > 0 THEN
			PERFORM throttle_give_back('login-address:' || throttle_address(ip));
		END IF;
	END IF;
	RETURN wait;
END $$;

CREATE OR REPLACE FUNCTION login_give_back(mail text, ip text) RETURNS void
LANGUAGE sql AS $$
	SELECT throttle_give_back('login-address:' || throttle_address(ip));
	SELECT throttle_give_back('login:' || lower(mail) || ':' || throttle_address(ip));
$$;
