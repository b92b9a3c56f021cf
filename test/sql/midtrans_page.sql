-- The page that a customer is sent to: one for the same bills and the same debt, as long as it can be paid
-- (midtrans_page_find() in sql/functions/midtrans_attempt.sql).
BEGIN;
\ir town.psql
\ir midtrans.psql
SELECT no_plan();

-- new or kept, the number of the attempt, its calls, its token, and what is owed on it.
CREATE FUNCTION found(i uuid, scope text DEFAULT 'bill') RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', CASE WHEN attempt_id IS NULL THEN 'new' ELSE 'kept' END, attempt, calls, snap_token, owed)
	  FROM midtrans_page_find(i, scope, false) $$;
CREATE FUNCTION is_now_page(a uuid, change text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('UPDATE midtrans_attempts SET %s WHERE id = %L', change, a);
END $$;

SELECT person() AS c \gset
SELECT sub(:'c') AS s, sub(:'c') AS t \gset
SELECT inv(:'s') AS i, inv(:'t') AS j \gset
SELECT is(found(:'i'), 'new 1 100000', 'the first page');
SELECT page(:'i', 1, '{"state": "new"}') AS a \gset
SELECT is(found(:'i'), 'kept 1 2 100000', 'one that has no token yet is asked for again');
SELECT is(state_of(:'a'), 'unknown', 'whatever became of the first call');
SELECT is(found(:'i'), 'kept 1 3 100000', 'each call is counted');
SELECT is(found(:'j'), 'new 1 100000', 'another bill has a page of its own');
SELECT is_now_page(:'a', 'expires_at = now() + interval ''6 minutes''') \g /dev/null
SELECT is(found(:'i'), 'new 2 100000', 'with less than six minutes left Midtrans would refuse it');
SELECT is_now_page(:'a', 'expires_at = now() + interval ''6 minutes 1 second''') \g /dev/null
SELECT is(found(:'i'), 'kept 1 4 100000', 'with more it is asked for');
SELECT is_now_page(:'a', 'state = ''open''') \g /dev/null
SELECT is(found(:'i'), 'new 2 100000', 'an open one without a token is of no use');
SELECT is_now_page(:'a', 'snap_token = ''T'', expires_at = now() + interval ''61 seconds''') \g /dev/null
SELECT is(found(:'i'), 'kept 1 4 T 100000', 'a page that is there is used, without a call');
SELECT is_now_page(:'a', 'expires_at = now() + interval ''1 minute''') \g /dev/null
SELECT is(found(:'i'), 'new 2 100000', 'not in its last minute');
SELECT is_now_page(:'a', 'expires_at = now() + interval ''1 hour''') \g /dev/null
SELECT is(found(:'i', 'all'), 'new 2 200000', 'nor for more bills');
SELECT is(cardinality(bills), 1, 'which it names') FROM midtrans_page_find(:'i', 'all', false);
SELECT is_now_page(:'a', 'state = ''closed'', closed_at = now()') \g /dev/null
SELECT is(found(:'i'), 'new 2 100000', 'a closed one is over');
SELECT is_now_page(:'a', 'state = ''paid'', closed_at = NULL') \g /dev/null
SELECT is(found(:'i'), 'new 2 100000', 'so is a paid one');
SELECT is_now_page(:'a', 'state = ''pending''') \g /dev/null
SELECT is(found(:'i'), 'kept 1 4 T 100000', 'one under way goes on');
SELECT pay(:'i', '2026-01-02', '{"amount": 40000}') \g /dev/null
SELECT is(found(:'i'), 'new 2 60000', 'paid in part, another sum is owed');
SELECT is_now_page(:'a', 'amount = 60000'), page(:'i', 2) AS b \gset
SELECT is_now_page(:'b', 'snap_token = ''U''') \g /dev/null
SELECT is(found(:'i'), 'kept 2 1 U 60000', 'the newest of two');
-- So many requests a minute for one bill.
UPDATE settings SET invoice_tokens_per_minute = 2;
SELECT midtrans_page_find(:'j', 'bill', true) FROM generate_series(1, 2) \g /dev/null
SELECT throws_ok(format('SELECT midtrans_page_find(%L, ''bill'', true)', :'j'), 'IS429', NULL, 'a third request within the minute');
SELECT lives_ok(format('SELECT midtrans_page_find(%L, ''bill'', false)', :'j'), 'one that does not count');
SELECT lives_ok(format('SELECT midtrans_page_find(%L, ''bill'', true)', :'i'), 'one for another bill');

-- Each change of what is owed ends the page: its customer would pay another sum.
CREATE FUNCTION owed_changes(what text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	s uuid := sub(person());
	a uuid := page(inv(s));
BEGIN
	EXECUTE replace(replace(what, ':i', quote_literal(inv(s))), ':s', quote_literal(s));
	RETURN jobs(a);
END $$;
SELECT is(owed_changes('SELECT pay(:i, ''2026-01-02'')'), 'cancel', 'paid in cash');
SELECT is(owed_changes('SELECT pay(:i, ''2026-01-02'', ''{"amount": 40000}'')'), 'cancel', 'paid in part');
SELECT is(owed_changes('SELECT invoice_cancel(:i, ''2026-01-02'')'), 'cancel', 'cancelled');
SELECT is(owed_changes('SELECT invoice_update(:i, ''{"due_date": "2026-01-09"}'', ''2026-01-02'')'), NULL, 'moved: it stays');
SELECT sub(person()) AS u \gset
SELECT pay(inv(:'u'), '2026-01-02', '{"amount": 40000}') AS p, page(inv(:'u')) AS a \gset
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-03') \g /dev/null
SELECT is(jobs(:'a'), 'cancel', 'a part taken back');

-- A new attempt is asked about two minutes after its first call, and a minute after each news.
SELECT midtrans_attempt_add(:'j', '{}', 1, 'o-1', 100000) AS n \gset
SELECT is((next_check_at - now())::text || ' ' || calls || ' ' || state || ' ' || (expires_at - now() BETWEEN interval '5 minutes' AND interval '30 days'),
	'00:02:00 1 new true', 'a new attempt') FROM midtrans_attempts WHERE id = :'n';
SELECT say(:'n', 'T1', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is((next_check_at - now())::text || ' ' || state, '00:01:00 pending', 'after news') FROM midtrans_attempts WHERE id = :'n';

-- The worker sleeps until a job or a check is due, at most half a minute.
CREATE FUNCTION sleeps() RETURNS int LANGUAGE sql AS $$ SELECT ceil(midtrans_work_wait() / 1000.0)::int $$;
UPDATE midtrans_attempts SET next_check_at = NULL;
UPDATE midtrans_jobs SET done_at = now();
SELECT is(sleeps(), 30, 'nothing is due');
UPDATE midtrans_attempts SET next_check_at = clock_timestamp() + interval '20 seconds' WHERE id = :'n';
SELECT is(sleeps(), 20, 'a check');
SELECT midtrans_job_add(:'n', 'cancel') \g /dev/null
UPDATE midtrans_jobs SET due_at = clock_timestamp() + interval '10 seconds' WHERE done_at IS NULL;
SELECT is(sleeps(), 10, 'a job');
UPDATE midtrans_jobs SET due_at = now() - interval '1 minute' WHERE done_at IS NULL;
SELECT is(sleeps(), 0, 'one that is late');
SELECT finish();
ROLLBACK;
