-- So many a minute and a burst of 30 (contract 7), by the clock.
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
SELECT finish();
ROLLBACK;
