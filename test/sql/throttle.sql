-- So many a minute and a burst of 30, by the clock.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET public_reads_per_minute = 60, public_tokens_per_minute = 1;

CREATE FUNCTION requests(times int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM public_read_pace('192.0.2.1') FROM generate_series(1, times);
END $$;
SELECT lives_ok('SELECT requests(31)', 'one, and thirty beyond');
SELECT throws_ok('SELECT requests(1)', 'IS429', 'Too many requests. Please slow down.', 'then no more');
SELECT lives_ok($$SELECT public_read_pace('192.0.2.2')$$, 'another address has its own');
SELECT lives_ok($$SELECT public_token_pace('192.0.2.1')$$, 'and tokens are counted apart');
UPDATE throttles SET since = since - interval '2 seconds' WHERE key = 'public-reads:192.0.2.1';
SELECT lives_ok('SELECT requests(2)', 'two seconds earn two');
SELECT throws_ok('SELECT requests(1)', 'IS429', NULL, 'and not three');
UPDATE throttles SET since = clock_timestamp() - interval '1 minute' WHERE key = 'public-reads:192.0.2.1';
SELECT lives_ok('SELECT requests(31)', 'after a long pause the burst is there again');
SELECT throws_ok('SELECT requests(1)', 'IS429', NULL, 'and no more than that');

CREATE FUNCTION seconds_to_wait() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	hint text;
BEGIN
	PERFORM public_token_pace('192.0.2.3') FROM generate_series(1, 32);
	RETURN 0;
EXCEPTION WHEN SQLSTATE 'IS429' THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN hint;
END $$;
SELECT ok(seconds_to_wait() BETWEEN 55 AND 60, 'at one a minute the wait is a minute');

-- Too many attempts at one name used up the attempts of all who share the address.
SELECT is(array_agg(login_take('a@x', '192.0.2.9') > 0), array_fill(false, ARRAY[5]) || array_fill(true, ARRAY[45]),
	'five failures a minute for a person at an address') FROM generate_series(1, 50);
SELECT is(count(*) FILTER (WHERE login_take(n || '@x', '192.0.2.9') = 0), 25::bigint, 'thirty at the address in all')
FROM generate_series(1, 40) n;
SELECT ok(login_take('a@x', '192.0.2.9') BETWEEN 55 AND 60, 'then it waits');

-- A minute after its first attempt the count begins anew, and no second before.
CREATE FUNCTION allowed(mail text, ip text, times int) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FILTER (WHERE login_take(mail, ip) = 0) FROM generate_series(1, times) $$;
CREATE FUNCTION later(ip text, passed interval) RETURNS void LANGUAGE sql AS $$
	UPDATE throttles SET since = since - passed WHERE key LIKE 'login%' || ip $$;
SELECT is(allowed('b@x', '192.0.2.8', 6), 5::bigint, 'five of six');
SELECT later('192.0.2.8', '58 seconds') \g /dev/null
SELECT ok(login_take('b@x', '192.0.2.8') BETWEEN 1 AND 2, 'the wait is what is left of the minute');
SELECT later('192.0.2.8', '3 seconds') \g /dev/null
SELECT is(allowed('b@x', '192.0.2.8', 5), 5::bigint, 'after it there are five again');
-- A login that succeeds was no failure: for the name and the address, however they are written.
SELECT login_give_back('B@x', '::ffff:192.0.2.8') \g /dev/null
SELECT is(allowed('b@x', '192.0.2.8', 3), 1::bigint, 'a success gives one attempt back');
SELECT is(hits, 5, 'to the address, too') FROM throttles WHERE key = 'login-address:192.0.2.8';
SELECT allowed('c@x', '192.0.2.7', 1), login_give_back('c@x', '192.0.2.7'), login_give_back('c@x', '192.0.2.7') \g /dev/null
SELECT is(allowed('c@x', '192.0.2.7', 9), 5::bigint, 'and never more than were taken');
SELECT is(throttle_address('::ffff:192.0.2.8') || ' ' || throttle_address('2001:db8:1:2:3::9') || ' ' || throttle_address('192.0.2.8'),
	'192.0.2.8 2001:db8:1:2::/64 192.0.2.8', 'a client is an address, or a /64');

-- The table holds the clients of the last hour.
INSERT INTO throttles (key, since, hits) VALUES ('old', clock_timestamp() - interval '61 minutes', 1), ('young', clock_timestamp() - interval '59 minutes', 1);
SELECT throttle_sweep() FROM generate_series(1, 3000) \g /dev/null
SELECT is((SELECT string_agg(key, ' ') FROM throttles WHERE key IN ('old', 'young')), 'young', 'keys older than an hour are swept');
-- Requests alone sweep: a path that forgot it kept a row of every client that ever asked.
CREATE FUNCTION swept() RETURNS boolean LANGUAGE sql AS $$ SELECT NOT EXISTS (SELECT FROM throttles WHERE key = 'old') $$;
INSERT INTO throttles (key, since, hits) VALUES ('old', clock_timestamp() - interval '61 minutes', 1);
SELECT login_take('d@x', '192.0.2.6') FROM generate_series(1, 3000) \g /dev/null
SELECT ok(swept(), 'attempts to log in sweep');
INSERT INTO throttles (key, since, hits) VALUES ('old', clock_timestamp() - interval '61 minutes', 1);
SELECT public_read_pace('10.0.' || n / 250 || '.' || n % 250) FROM generate_series(1, 3000) n \g /dev/null
SELECT ok(swept(), 'public reads do');
SELECT finish();
ROLLBACK;
