-- The attempts that Midtrans is asked about, and when.
BEGIN;
\ir town.psql
\ir midtrans.psql
UPDATE settings SET message_language = 'en'; -- of alerts
SELECT no_plan();

-- With no job and no attempt the wait was 0: an idle gateway-sync asked the database without a pause.
SELECT ok(midtrans_work_wait() BETWEEN 29000 AND 30000, 'with nothing due the wait is half a minute');

-- ---- which transactions

-- The newest 20 were asked about: twenty altered copies of one body, each naming another transaction,
-- and the real one was never asked about again.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
CREATE FUNCTION looked_up(att uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(transaction_id, ' ' ORDER BY transaction_id) FROM midtrans_transactions_to_ask(att) $$;
CREATE FUNCTION claim(att uuid, tx text, verdict text, at timestamptz) RETURNS void LANGUAGE sql AS $$
	WITH e AS (
		INSERT INTO midtrans_events (source, order_id, transaction_id, body, body_hash, money, received_at)
		VALUES ('notification', order_of(att), tx, '{"transaction_status": "settlement"}', sha256(convert_to(tx, 'UTF8')), 'received', at) RETURNING id)
	INSERT INTO midtrans_verdicts (event_id, verdict) SELECT id, verdict FROM e $$;
SELECT say(:'a', 'reported', 'status', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT claim(:'a', 'claim' || to_char(n, 'FM00'), 'confirm', now() - (51 - n) * interval '1 minute') FROM generate_series(1, 50) n \g /dev/null
SELECT is((SELECT transaction_id FROM midtrans_transactions_to_ask(:'a') LIMIT 1), 'reported', 'a transaction that Midtrans named comes first');
SELECT is(count(*), 21::bigint, 'of what anybody may have named, twenty') FROM midtrans_transactions_to_ask(:'a');
SELECT is(string_agg(transaction_id, ' ' ORDER BY transaction_id), 'claim01 claim10 claim41 claim50', 'the oldest and the newest')
	FROM midtrans_transactions_to_ask(:'a') WHERE transaction_id IN ('claim01', 'claim10', 'claim11', 'claim40', 'claim41', 'claim50');
SELECT say(:'a', 'reported' || n, 'status', 'deny', 'save') FROM generate_series(1, 30) n \g /dev/null
SELECT is(count(*), 31::bigint, 'of what Midtrans named, all') FROM midtrans_transactions_to_ask(:'a') WHERE confirmed;

-- Midtrans does not know it: the next ones get their turn.
SELECT midtrans_unknown_id_count(:'a', transaction_id) FROM midtrans_transactions_to_ask(:'a') WHERE NOT confirmed \g /dev/null
SELECT is(string_agg(transaction_id, ' ' ORDER BY transaction_id), 'claim11 claim20 claim31 claim40', 'then the next')
	FROM midtrans_transactions_to_ask(:'a') WHERE transaction_id IN ('claim01', 'claim10', 'claim11', 'claim20', 'claim21', 'claim31', 'claim40', 'claim41');
SELECT midtrans_check_finish(:'a', true) \g /dev/null
SELECT is((SELECT (checks, next_check_at - now()) FROM midtrans_attempts WHERE id = :'a'), (0, interval '1 minute'), 'at once: the round was not whole');
-- One answer that it knows no such thing was final, though Midtrans may lag: a payment was lost.
CREATE FUNCTION asks(att uuid, tx text) RETURNS int LANGUAGE sql AS $$
	SELECT coalesce(sum(asks), 0)::int FROM midtrans_unknown_ids WHERE (attempt_id, transaction_id) = (att, tx) $$;
-- So many times, each a minute after the last.
CREATE FUNCTION unknown(att uuid, tx text, times int DEFAULT midtrans_asks_until_unknown()) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	before int := asks(att, tx);
BEGIN
	PERFORM midtrans_unknown_id_count(att, tx);
	UPDATE midtrans_unknown_ids SET asks = before + times WHERE (attempt_id, transaction_id) = (att, tx);
END $$;
SELECT unknown(:'a', 'claim' || to_char(n, 'FM00'), 1) FROM generate_series(1, 50) n \g /dev/null
SELECT is(max(asks) || ' ' || count(*), '1 20', 'until each had one: then they are asked about again') FROM midtrans_transactions_to_ask(:'a') WHERE NOT confirmed;
SELECT midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(checks, 1, 'but that is another round') FROM midtrans_attempts WHERE id = :'a';
SELECT unknown(:'a', 'claim' || to_char(n, 'FM00')) FROM generate_series(1, 50) n \g /dev/null
-- Asked five times in half an hour, Midtrans did not know a payment yet, and was never asked about it again.
SELECT is(count(*), 20::bigint, 'however often it has said so') FROM midtrans_transactions_to_ask(:'a') WHERE NOT confirmed;
SELECT claim(:'a', 'ancient', 'confirm', now() - interval '71 hours'), unknown(:'a', 'ancient', 1) \g /dev/null
SELECT is(looked_up(:'a') ~ 'ancient', true, 'for three days');
UPDATE midtrans_events SET received_at = now() - interval '73 hours' WHERE transaction_id = 'ancient';
SELECT is(looked_up(:'a') ~ 'ancient', false, 'and no longer');
INSERT INTO midtrans_copies SELECT id, 1, now() + interval '2 hours' FROM midtrans_events WHERE transaction_id = 'claim07';
SELECT is(string_agg(transaction_id, ' '), 'claim07', 'reported of anew, it is asked about anew') FROM midtrans_transactions_to_ask(:'a') WHERE asks = 0;
UPDATE midtrans_unknown_ids SET asked_at = now() - interval '1 hour';
UPDATE midtrans_copies SET last_at = now();
UPDATE midtrans_events SET received_at = now() - interval '4 days' WHERE transaction_id = 'claim07';
SELECT is(looked_up(:'a') ~ 'claim07', true, 'however old the first of it is');
SELECT midtrans_unknown_id_count(:'a', 'claim07') \g /dev/null
SELECT is(asks, 1, 'from the beginning') FROM midtrans_transactions_to_ask(:'a') WHERE transaction_id = 'claim07';
SELECT say(:'a', 'claim07', 'status', 'pending', 'save') \g /dev/null
SELECT is((SELECT confirmed FROM midtrans_transactions_to_ask(:'a') WHERE transaction_id = 'claim07'), true, 'Midtrans knows it after all');
SELECT is(count(*), 0::bigint, 'it is no unknown id any more') FROM midtrans_unknown_ids WHERE transaction_id = 'claim07';

-- A claim that Midtrans answers with something nobody knows is settled, too.
SELECT claim(:'a', 'odd', 'confirm', now()) \g /dev/null
SELECT say(:'a', 'odd', 'status', 'quantum', 'alert') \g /dev/null
SELECT is(asks, midtrans_asks_until_unknown(), 'not asked about at once again') FROM midtrans_transactions_to_ask(:'a') WHERE transaction_id = 'odd';
-- Named by a notification of its own order, while another order has it by an unsigned word.
SELECT page(inv(:'s'), 2) AS b \gset
SELECT say(:'a', 'stolen', 'notification', 'pending', 'save') \g /dev/null
SELECT claim(:'b', 'stolen', 'inconsistent', now()) \g /dev/null
SELECT is(looked_up(:'b'), 'stolen', 'the order whose it may be asks about it');

-- ---- what is live

-- A transaction that nobody at Midtrans knows kept a page waiting, and made a job each half minute.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
CREATE FUNCTION open_transactions(att uuid) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(transaction_id, ' ' ORDER BY transaction_id) FROM midtrans_transactions_to_ask(att) WHERE open $$;
SELECT say(:'a', 'received', 'notification', 'pending', 'save', '{"attempt": "pending"}'),
	say(:'a', 'known', 'status', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(open_transactions(:'a'), 'known received', 'both may be paid');
SELECT unknown(:'a', 'received', 4), unknown(:'a', 'known') \g /dev/null
SELECT is(open_transactions(:'a'), 'known received', 'they may still: Midtrans may lag');
SELECT unknown(:'a', 'received', 1) \g /dev/null
SELECT is(open_transactions(:'a'), 'known', 'one that a notification alone named, and Midtrans does not know, may not');
-- Five looks within a minute were an answer for good.
SELECT midtrans_unknown_id_count(:'a', 'received') FROM generate_series(1, 9) \g /dev/null
SELECT is(asks(:'a', 'received'), 5, 'two look-ups in a minute count once');
UPDATE midtrans_unknown_ids SET asked_at = now() - interval '1 minute' WHERE transaction_id = 'received';
UPDATE midtrans_events SET received_at = now() - interval '1 hour' WHERE transaction_id = 'received';
SELECT midtrans_unknown_id_count(:'a', 'received') FROM generate_series(1, 9) \g /dev/null
SELECT is(asks(:'a', 'received'), 6, 'and a minute later again');
UPDATE midtrans_attempts SET expires_at = now() - interval '1 minute' WHERE id = :'a';
SELECT is(open_transactions(:'a'), NULL, 'nor one that it does not know any more when the time is over');
SELECT midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(state_of(:'a'), 'closed', 'so the page is closed by our clock');

-- A forged payment under way kept a page that had been ended: the customer got it again and again.
SELECT page(inv(:'s'), 2) AS a \gset
SELECT say(:'a', 'real', 'status', 'pending', 'save', '{"attempt": "pending"}'), say(:'a', 'forged', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT say(:'a', 'real', 'notification', 'expire', 'save', '{"attempt": "closed"}') \g /dev/null
SELECT is(state_of(:'a'), 'pending', 'as far as is known');
SELECT unknown(:'a', 'forged'), midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(state_of(:'a'), 'closed', 'until Midtrans was asked');
SELECT page(inv(:'s'), 3) AS a \gset
SELECT say(:'a', 'forged2', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT unknown(:'a', 'forged2'), midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(state_of(:'a'), 'open', 'nothing was ended: it can still be used');

-- A card under review that was made up kept an order in review, and asked about, for ever.
SELECT page(inv(:'s'), 4) AS a \gset
SELECT say(:'a', 'forged3', 'notification', 'capture', 'save', '{"attempt": "review"}') \g /dev/null
SELECT is(state_of(:'a'), 'review', 'somebody says so');
SELECT unknown(:'a', 'forged3'), midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(state_of(:'a'), 'open', 'Midtrans does not');

-- ---- ending

SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'L1', 'status', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(midtrans_attempt_close(:'a'), 1::bigint, 'one could not be ended');
SELECT is(state_of(:'a'), 'pending', 'so it stays open');
SELECT say(:'a', 'L1', 'cancel', 'cancel', 'save') \g /dev/null
SELECT is(midtrans_attempt_close(:'a') || state_of(:'a'), '0closed', 'then it is closed');
-- Any number of payments under way can be made up: they must not keep it open.
SELECT page(inv(:'s'), 2) AS a \gset
SELECT say(:'a', 'L2', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(midtrans_attempt_close(:'a'), 1::bigint, 'one nobody asked about may be under way');
SELECT unknown(:'a', 'L2', 1) \g /dev/null
SELECT is(midtrans_attempt_close(:'a') || state_of(:'a'), '0closed', 'one that Midtrans does not know is not');
SELECT say(:'a', 'L2', 'status', 'pending', '', '{"verdict": "duplicate"}') \g /dev/null
SELECT is(state_of(:'a') || ' ' || coalesce(jobs(:'a'), 'owed'), 'pending owed', 'but it was wrong: it is open again');
SELECT page(inv(:'s'), 3, '{"state": "closed"}') AS a \gset
SELECT say(:'a', 'L3', 'notification', 'pending', 'save'), say(:'a', 'L4', 'notification', 'pending', 'save') \g /dev/null
UPDATE midtrans_attempts SET amount = amount - 1, state = 'closed' WHERE id = :'a';
UPDATE midtrans_jobs SET done_at = now() WHERE attempt_id = :'a';
SELECT say(:'a', 'L3', 'status', 'pending', '', '{"verdict": "duplicate"}') \g /dev/null
SELECT is(state_of(:'a') || ' ' || jobs(:'a'), 'pending cancel', 'and ended, where it is not owed');
UPDATE midtrans_attempts SET state = 'paid' WHERE id = :'a';
UPDATE midtrans_jobs SET done_at = now() WHERE attempt_id = :'a';
SELECT say(:'a', 'L4', 'status', 'pending', '', '{"verdict": "duplicate"}') FROM generate_series(1, 2) \g /dev/null
SELECT is(state_of(:'a') || ' ' || jobs(:'a'), 'paid cancel', 'or paid by another');

-- A page that ran out left a job each half minute for as long as something of it could not be ended.
SELECT page(inv(:'s'), 4, jsonb_build_object('expires_at', now() - interval '1 minute', 'state', 'pending')) AS a \gset
SELECT midtrans_sweep() \g /dev/null
SELECT is(jobs(:'a'), 'expire', 'a page ran out');
UPDATE midtrans_jobs SET done_at = now() - interval '1 hour' WHERE attempt_id = :'a';
SELECT midtrans_sweep() \g /dev/null
SELECT is(jobs(:'a'), NULL, 'one job, and no more: the rest is asked about like all the rest');

-- A notification that was stored and not applied: its invoice was locked for too long, or the worker died.
SELECT page(inv(:'s'), 5) AS a \gset
CREATE FUNCTION left_lying(ord text, age interval) RETURNS void LANGUAGE sql AS $$
	INSERT INTO midtrans_events (source, order_id, transaction_id, body, body_hash, received_at)
	VALUES ('notification', ord, 'lost', '{}', sha256(convert_to(age::text, 'UTF8')), now() - age) $$;
SELECT left_lying(order_of(:'a'), '29 seconds') \g /dev/null
SELECT midtrans_sweep() \g /dev/null
SELECT is(jobs(:'a'), NULL, 'it may be at work still');
-- Only the newest 5,000 messages were looked at: a flood hid what came before it.
SELECT page(inv(sub(person()))) AS other \gset
SELECT left_lying(order_of(:'a'), '31 seconds'), left_lying('no order of ours', '71 hours') \g /dev/null
INSERT INTO midtrans_events (source, order_id, body, body_hash) SELECT 'notification', 'flood', '{}', sha256(n::text::bytea) FROM generate_series(1, 5001) n;
SELECT midtrans_sweep() \g /dev/null
SELECT is(jobs(:'a'), 'confirm', 'then Midtrans is asked');
SELECT is(jobs(:'other'), NULL, 'about that order alone');
SELECT is(midtrans_named_at(:'a', 'lost'), now() - interval '29 seconds', 'the newest notification that named it');
SELECT is(coalesce(midtrans_named_at(:'a', 'another'), midtrans_named_at(:'other', 'lost')), NULL, 'those of another payment or order are none');
SELECT is(count(*), 2::bigint, 'and it lies there no more') FROM midtrans_verdicts WHERE detail = 'was stored, but not applied';
SELECT is(looked_up(:'a'), 'lost', 'about what it named');
UPDATE midtrans_jobs SET done_at = now() WHERE attempt_id = :'a';
SELECT midtrans_sweep() \g /dev/null
SELECT is(jobs(:'a'), NULL, 'once');

-- ---- how often

-- 1, 2, 4 minutes ... 6 hours; a check that failed did not count, and an order that always failed was
-- asked about every two minutes for ever.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
CREATE FUNCTION paces(att uuid, answered boolean, n int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found_paces text[];
BEGIN
	FOR i IN 1..n LOOP
		PERFORM midtrans_check_finish(att, answered);
		found_paces := found_paces || (SELECT extract(epoch FROM next_check_at - now()) / 60 FROM midtrans_attempts WHERE id = att)::int::text;
	END LOOP;
	RETURN array_to_string(found_paces, ' ');
END $$;
SELECT is(paces(:'a', true, 11), '1 2 4 8 16 32 64 128 256 360 360', 'answered: less and less often');
SELECT say(:'a', 'N', 'status', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(paces(:'a', true, 3), '1 2 4', 'news: from the beginning');
SELECT say(:'a', 'N', 'status', 'pending', '', '{"verdict": "duplicate"}') \g /dev/null
SELECT is(paces(:'a', true, 1), '8', 'the same again is no news');
SELECT page(inv(:'s'), 2) AS a \gset
SELECT is(paces(:'a', false, 11), '1 2 4 8 16 32 64 128 256 360 360', 'unanswered: the same');
SELECT is(paces(:'a', true, 1), '360', 'together they count');

-- Until three days after it was over, answered or not.
CREATE TEMP TABLE over_since AS SELECT since, answered, page(inv(:'s'), 10 + row_number() OVER ()::int,
	jsonb_build_object('state', 'closed', 'closed_at', now() - since, 'expires_at', now() - interval '9 days')) AS att
FROM unnest('{71:59,72:01}'::interval[]) since, unnest('{true,false}'::boolean[]) answered;
SELECT midtrans_check_finish(att, answered) FROM over_since \g /dev/null
SELECT results_eq('SELECT since, answered, next_check_at - now() FROM over_since JOIN midtrans_attempts ON id = att ORDER BY 1, 2',
	$$VALUES (interval '71:59', false, interval '1 minute'), ('71:59', true, '1 minute'), ('72:01', false, NULL), ('72:01', true, NULL)$$,
	'the end is the same');

-- ---- what is open of it

-- A refund whose answer was lost, of an order that was finally closed, was asked about once: when it
-- came an hour later, nobody learned of it.
CREATE FUNCTION due_in(att uuid) RETURNS interval LANGUAGE sql AS $$ SELECT next_check_at - now() FROM midtrans_attempts WHERE id = att $$;
CREATE FUNCTION long_over(att uuid) RETURNS void LANGUAGE sql AS $$
	UPDATE midtrans_attempts SET closed_at = now() - interval '30 days', next_check_at = NULL, checks = 12 WHERE id = att $$;
-- As lib/midtrans/message.c reads a sum: what is malformed there is none.
CREATE FUNCTION amount_of(v jsonb) RETURNS bigint LANGUAGE sql AS $$
	SELECT CASE WHEN v #>> '{}' ~ '^[0-9]{1,12}(\.0{1,2})?$' THEN (v #>> '{}')::numeric::bigint END $$;
CREATE FUNCTION received(att uuid, tx text, verdict text, body jsonb, age interval DEFAULT '1 hour') RETURNS void LANGUAGE sql AS $$
	WITH e AS (
		INSERT INTO midtrans_events (source, order_id, transaction_id, body, body_hash, money, claimed_amount, received_at)
		VALUES ('notification', order_of(att), tx, body, sha256(convert_to(tx || body || verdict, 'UTF8')),
			money_of(body ->> 'transaction_status'), amount_of(coalesce(body -> 'refund_amount', body -> 'refund_chargeback_amount')),
			now() - age) RETURNING id)
	INSERT INTO midtrans_verdicts (event_id, verdict) SELECT id, verdict FROM e $$;
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'Q', 'notification', 'settlement', 'save book', '{"attempt": "paid"}'),
	say(:'a', 'Q', 'status', 'settlement', '', '{"verdict": "duplicate"}'), long_over(:'a') \g /dev/null
SELECT midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(due_in(:'a'), NULL, 'paid for good, nothing is open');
INSERT INTO midtrans_refunds (refund_key, transaction_id, amount, reopen, created_at) VALUES ('r1', 'Q', 40000, false, now() - interval '2 minutes');
SELECT is(paces(:'a', true, 4), '1 2 4 8', 'a refund is, and the pace begins anew');
SELECT page(inv(sub(person()))) AS other \gset
SELECT long_over(:'a'), long_over(:'other'), midtrans_sweep() \g /dev/null
SELECT is(due_in(:'other'), NULL, 'an order without a refund rests');
SELECT is((SELECT (checks, due_in(id)) FROM midtrans_attempts WHERE id = :'a'), (0, interval '0'), 'also where whoever asked left no job behind');
UPDATE midtrans_refunds SET state = 'done';
SELECT midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(due_in(:'a'), NULL, 'its end is known');

-- So was what a notification said and Midtrans did not confirm at once.
CREATE FUNCTION waits(att uuid, tx text, verdict text, body jsonb, age interval DEFAULT '1 hour') RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM received(att, tx, verdict, body, age), long_over(att), unknown(att, tx), midtrans_check_finish(att, true);
	RETURN due_in(att) IS NOT NULL;
END $$;
SELECT is(waits(:'a', 'Q', 'confirm', '{"transaction_status": "settlement"}'), false, 'a payment that is booked waits for nothing');
SELECT is(waits(:'a', 'Q', 'applied', '{"transaction_status": "refund"}'), false, 'nor an applied one');
SELECT is(waits(:'a', 'Q', 'confirm', '{"transaction_status": "refund"}', '73 hours'), false, 'nor an old one');
SELECT is(waits(:'a', 'Q', 'confirm', '{"transaction_status": "partial_refund", "refund_amount": "50000.00"}'), true, 'a refund nobody knows of');
SELECT say(:'a', 'Q', 'status', 'partial_refund', 'save refund', '{"refund_total": 50000}'), long_over(:'a'), midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(due_in(:'a'), NULL, 'until it is booked');
SELECT is(waits(:'a', 'Q', 'confirm', '{"transaction_status": "partial_refund", "refund_amount": 70000}'), true, 'or another after it');
SELECT is(waits(:'a', 'Q', 'confirm', '{"transaction_status": "partial_refund", "refund_amount": "1e9 x"}'), true, 'with any text there');
SELECT say(:'a', 'Q', 'status', 'partial_refund', 'save refund', '{"refund_total": 70000}'), long_over(:'a'), midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(due_in(:'a'), NULL, 'a refund is booked, too');
SELECT is(waits(:'a', 'Q', 'confirm', '{"transaction_status": "partial_chargeback", "refund_chargeback_amount": "10000.00"}'), true, 'a part charged back');
SELECT say(:'a', 'Q', 'status', 'partial_chargeback', 'save reopen', '{"charged": 10000}'), long_over(:'a'), midtrans_check_finish(:'a', true) \g /dev/null
SELECT is(due_in(:'a'), NULL, 'is another sum');
SELECT is(waits(:'a', 'nobody''s', 'confirm', '{"transaction_status": "deny"}'), false, 'an unbooked one needs no undoing');
SELECT is(waits(:'a', 'nobody''s', 'inconsistent', '{"transaction_status": "settlement"}'), true, 'a payment nobody knows of');
SELECT is(count(*), 0::bigint, 'about which people were informed by itself') FROM alert_logs WHERE meta ->> 'attempt_id' = :'a' AND title ~ 'not confirmed';

-- ---- unconfirmed

-- No alert was raised about a second thing that Midtrans did not confirm.
CREATE FUNCTION unconfirmed_alerts(att uuid) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	PERFORM midtrans_alert_unconfirmed(att, now() - interval '2 hours');
	RETURN (SELECT count(*) FROM alert_logs WHERE meta ->> 'attempt_id' = att::text AND title = 'A notification was not confirmed');
END $$;
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'D', 'notification', 'settlement', 'save book', '{"attempt": "paid"}'), received(:'a', 'D', 'confirm', '{"transaction_status": "deny"}') \g /dev/null
SELECT is(unconfirmed_alerts(:'a') + unconfirmed_alerts(:'a'), 2::bigint, 'it was not taken back, they say: reported once');
SELECT received(:'a', 'D', 'confirm', '{"transaction_status": "chargeback"}') \g /dev/null
SELECT is(unconfirmed_alerts(:'a'), 2::bigint, 'nor by the bank');
SELECT received(:'a', 'made up ' || n, 'confirm', '{"transaction_status": "settlement"}') FROM generate_series(1, 9) n \g /dev/null
SELECT is(unconfirmed_alerts(:'a'), 3::bigint, 'a message that anybody may have made up makes one more');

-- Money booked on the word of a notification, of which Midtrans knew nothing, stayed booked in silence.
CREATE FUNCTION unknowns(att uuid) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM alert_logs WHERE meta ->> 'attempt_id' = att::text AND title ~ 'does not know' $$;
SELECT unknown(:'a', 'made up 1') \g /dev/null
SELECT is(unknowns(:'a'), 0::bigint, 'nothing was booked');
SELECT unknown(:'a', 'D') \g /dev/null
SELECT is(unknowns(:'a'), 1::bigint, 'people are informed, once');
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'E', 'status', 'settlement', 'save book', '{"attempt": "paid"}'), unknown(:'a', 'E') \g /dev/null
SELECT is(unknowns(:'a'), 0::bigint, 'not of what Midtrans itself reported: it may lag');

-- ---- jobs

-- Each repetition of a message left another row.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
CREATE FUNCTION job(att uuid) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s.%s of %s, %s', generation, attempts, count(*) OVER (), CASE WHEN done_at IS NOT NULL THEN 'done' WHEN due_at <= now() THEN 'due'
		ELSE 'later' END) FROM midtrans_jobs WHERE attempt_id = att $$;
CREATE FUNCTION job_id(att uuid) RETURNS bigint LANGUAGE sql AS $$ SELECT id FROM midtrans_jobs WHERE attempt_id = att $$;
SELECT midtrans_job_add(:'a', 'confirm') FROM generate_series(1, 3) \g /dev/null
SELECT is(job(:'a'), '3.0 of 1, due', 'asked for three times, it is one');
UPDATE midtrans_jobs SET attempts = 9 WHERE attempt_id = :'a';
SELECT midtrans_job_fail(job_id(:'a'), 3, 'no answer') \g /dev/null
SELECT is(job(:'a'), '3.9 of 1, later', 'it failed');
SELECT midtrans_job_add(:'a', 'confirm'), midtrans_job_fail(job_id(:'a'), 3, 'no answer') \g /dev/null
-- A reversal that came during the ninth failing run waited a quarter of an hour with it.
SELECT is(job(:'a'), '4.0 of 1, due', 'a job asked for meanwhile has not failed yet');
SELECT midtrans_job_finish(job_id(:'a'), 4) \g /dev/null
SELECT is(job(:'a'), '4.0 of 1, done', 'done');
SELECT midtrans_job_add(:'a', 'confirm') \g /dev/null
SELECT is(job(:'a'), '5.0 of 1, due', 'and asked for again');

-- ---- one transaction and no other

-- Each of these touched rows of others when one word of its condition was another, and no test saw it.
SELECT page(inv(sub(person()))) AS p, page(inv(sub(person()))) AS q \gset
SELECT say(:'p', 'P1', 'status', 'settlement', 'save book', '{"attempt": "paid"}'), say(:'q', 'Q1', 'status', 'settlement', 'save book', '{"attempt": "paid"}'),
	say(:'p', 'P1', 'status', 'partial_refund', 'save refund', '{"refund_total": 1000}') \g /dev/null
SELECT results_eq($$ SELECT t.transaction_id, p.midtrans_status FROM midtrans_transactions t JOIN payments p ON p.id = t.payment_id
	WHERE t.transaction_id IN ('P1', 'Q1') ORDER BY 1 $$, $$ VALUES ('P1', 'partial_refund'), ('Q1', 'settlement') $$, 'the status of one payment is no other''s');
SELECT unknown(:'p', 'P2', 1), unknown(:'p', 'P3', 1), unknown(:'q', 'P2', 1), say(:'p', 'P2', 'status', 'pending', 'save') \g /dev/null
SELECT is(concat_ws(' ', asks(:'p', 'P2'), asks(:'p', 'P3'), asks(:'q', 'P2')), '0 1 1', 'an id that Midtrans knows after all is one of one order');
SELECT page(inv(sub(person()))) AS p \gset
SELECT say(:'p', 'N1', 'notification', 'pending', 'save') \g /dev/null
UPDATE midtrans_events SET received_at = now() - interval '4 days' WHERE transaction_id = 'N1';
SELECT unknown(:'p', 'N1', 1) \g /dev/null
UPDATE midtrans_unknown_ids SET asked_at = now() - interval '4 days' WHERE transaction_id = 'N1';
SELECT is(looked_up(:'p'), NULL, 'asked when it was named, it has been asked about');
UPDATE midtrans_unknown_ids SET asked_at = now() - interval '4 days 1 second' WHERE transaction_id = 'N1';
SELECT is(looked_up(:'p'), 'N1', 'before that, it has not');
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s'), 1, '{"expires_at": "2026-01-01"}') AS p \gset
SELECT is(midtrans_attempt_state_now(a), 'closed', 'a page over, unused, is closed') FROM midtrans_attempts a WHERE id = :'p';
SELECT say(:'p', 'P4', 'status', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(midtrans_attempt_state_now(a), 'pending', 'one with a transaction under way is not') FROM midtrans_attempts a WHERE id = :'p';
SELECT say(:'p', 'P4', 'status', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT is(midtrans_attempt_state_now(a), 'paid', 'nor a paid one') FROM midtrans_attempts a WHERE id = :'p';

SELECT finish();
ROLLBACK;
