-- The actions on a message once it is decided.
BEGIN;
\ir town.psql
\ir midtrans.psql
SELECT no_plan();

-- A partial chargeback after a partial refund was weighed against the sum of refunds, 50,000, which
-- was in the books: of the 30,000 nothing was taken, and the customer kept them.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'T1', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT say(:'a', 'T1', 'status', 'partial_refund', 'save refund', '{"refund_total": 50000, "refunds": [{"id": "k", "amount": 50000}]}') \g /dev/null
SELECT results_eq($$SELECT refunded, charged_back FROM midtrans_event_record('status', (SELECT order_id FROM midtrans_attempts), 'T1', '{}', NULL, NULL)$$,
	$$VALUES (50000::bigint, 0::bigint)$$, 'a refund is known as one');
SELECT say(:'a', 'T1', 'status', 'partial_chargeback', 'save reopen',
	'{"refund_total": 50000, "refunds": [{"id": "k", "amount": 50000}], "charged": 30000}') \g /dev/null
SELECT results_eq('SELECT amount, reopen FROM refunds ORDER BY id', 'VALUES (50000::bigint, false), (30000, true)',
	'a partial chargeback is booked on its own sum');
SELECT is(owes(inv(:'s')), 'overdue 70000/100000', 'and the amount that it took is owed again');
SELECT say(:'a', 'T1', 'status', 'partial_chargeback', 'save reopen', '{"charged": 30000}') \g /dev/null
SELECT results_eq($$SELECT refunded, charged_back FROM midtrans_event_record('status', (SELECT order_id FROM midtrans_attempts), 'T1', '{}', NULL, NULL)$$,
	$$VALUES (50000::bigint, 30000::bigint)$$, 'once, and apart from refunds');
SELECT say(:'a', 'T1', 'status', 'refund', 'save refund', '{"refunds": []}') \g /dev/null
SELECT is(string_agg(amount::text, ' ' ORDER BY id), '50000 30000 20000', 'a refund of the rest leaves nothing') FROM refunds;
SELECT is(status, 'refunded', 'the payment is gone') FROM payments;
SELECT say(:'a', 'T1', 'status', 'partial_chargeback', 'save reopen', '{"charged": 90000}') \g /dev/null
SELECT is(sum(amount), 100000::numeric, 'never more than came') FROM refunds;

-- An answer to what was asked before the payment came is none against it.
CREATE FUNCTION fresh(att uuid, tx text) RETURNS boolean LANGUAGE sql AS $$
	SELECT just_booked FROM midtrans_event_record('status', order_of(att), tx, '{}', NULL, NULL) $$;
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'Q1', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(fresh(:'a', 'Q1') || ' ' || fresh(:'a', 'nobody''s'), 'false false', 'nothing is paid');
SELECT say(:'a', 'Q1', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT is(fresh(:'a', 'Q1'), true, 'paid a moment ago');
UPDATE midtrans_transactions SET updated_at = now() - interval '61 seconds' WHERE transaction_id = 'Q1';
SELECT is(fresh(:'a', 'Q1'), false, 'after a minute nobody waits for an older answer');

-- Each list of refunds names the earlier ones, too.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'F', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT say(:'a', 'F', 'status', 'partial_refund', 'save refund', '{"refund_total": 30000, "refunds": [{"id": "k1", "amount": 30000}]}') \g /dev/null
SELECT say(:'a', 'F', 'status', 'partial_refund', 'save refund', '{"refund_total": 50000, "refunds": [{"id": "k1", "amount": 30000}, {"id": "k2", "amount": 20000}]}') FROM generate_series(1, 2) \g /dev/null
SELECT results_eq($$SELECT refund_id, amount FROM refunds WHERE refund_id LIKE 'F:%' ORDER BY id$$, $$VALUES ('F:k1', 30000::bigint), ('F:k2', 20000)$$,
	'each is booked once, by its id');

-- The history of an order: each message once, with its decision, and what the gateway answered to a new page.
SELECT results_eq(format($$SELECT event, transaction_id, status, response ->> 'verdict', response ->> 'gross_amount', invoice_id FROM midtrans_logs
	WHERE order_id = order_of(%L) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 3$$, :'a'), format($$VALUES ('notification', 'F', 'settlement', 'applied', '100000', inv(%1$L)),
	('status_check', 'F', 'partial_refund', 'applied', '100000', inv(%1$L))$$, :'s'), 'a notification and its checks are in the history');
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s'), 1, '{"state": "new"}') AS b \gset
SELECT is(midtrans_attempt_record_answer(:'b', 1, 'snap', 'https://pay.example', 'open', '{"status": 201}'), true, 'a new page may be handed out');
SELECT results_eq(format($$SELECT event, status, request, response, invoice_id FROM midtrans_logs WHERE order_id = order_of(%L)$$, :'b'),
	format($$VALUES ('create', 'open', '{"amount": 100000, "call": 1}'::jsonb, '{"status": 201}'::jsonb, inv(%L))$$, :'s'), 'and is in the history');
SELECT is(payment_url, 'https://pay.example', 'the bill names it') FROM invoices WHERE id = inv(:'s');

-- Not ours: kept, and never taken for one that was not applied.
SELECT is(attempt_id, NULL, 'no such order') FROM midtrans_event_record('notification', 'nobody''s', 'U', '{}', NULL, NULL);
SELECT is((SELECT verdict FROM midtrans_verdicts v JOIN midtrans_events e ON e.id = v.event_id WHERE order_id = 'nobody''s'),
	'unknown_order', 'the verdict says so');
SELECT is_empty('SELECT FROM midtrans_logs WHERE order_id = ''nobody''''s''', 'a message without money is not in the history');
SELECT midtrans_event_record('notification', 'nobody''s', 'U2', '{"transaction_status": "settlement", "gross_amount": "7000.00"}', 'received', NULL) FROM generate_series(1, 2) \g /dev/null
SELECT results_eq($$SELECT event, transaction_id, status, response ->> 'verdict', response ->> 'gross_amount' FROM midtrans_logs WHERE order_id = 'nobody''s'$$,
	$$VALUES ('notification', 'U2', 'settlement', 'unknown_order', '7000.00')$$, 'money that is not ours is, once');
SELECT results_eq('SELECT order_id, gross_amount FROM midtrans_unknown_orders()', $$VALUES ('nobody''s', '7000.00')$$, 'it is reported to ispctl check');
UPDATE midtrans_events SET received_at = now() - interval '30 days' WHERE transaction_id = 'U2';
SELECT is_empty('SELECT FROM midtrans_unknown_orders()', 'for thirty days');

-- An order with two payments under way was closed by the end of one: the customer got another page,
-- and could pay twice.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'P1', 'notification', 'pending', 'save', '{"attempt": "pending"}'), say(:'a', 'P2', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT say(:'a', 'P1', 'notification', 'expire', 'save', '{"attempt": "closed"}') \g /dev/null
SELECT is(state_of(:'a'), 'pending', 'one expired, the other still waits');
SELECT say(:'a', 'P3', 'notification', 'deny', 'save', '{"attempt": "open"}') \g /dev/null
SELECT is(state_of(:'a'), 'pending', 'nor does a refused card end the waiting');
SELECT say(:'a', 'P2', 'notification', 'capture', 'save', '{"attempt": "review", "fraud_status": "challenge"}'),
	say(:'a', 'P3', 'notification', 'cancel', 'save', '{"attempt": "closed"}') \g /dev/null
SELECT is(state_of(:'a'), 'review', 'nor the looking');
SELECT say(:'a', 'P2', 'notification', 'deny', 'save', '{"attempt": "closed"}') \g /dev/null
SELECT is(state_of(:'a'), 'closed', 'the last one closes');

SELECT say(:'a', 'P4', 'notification', 'deny', 'save', '{"attempt": "open"}') \g /dev/null
SELECT is(state_of(:'a'), 'closed', 'and a card refused on the page does not open it again');

-- A payment begun on a page whose amount is not owed any more is to be cancelled.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'O1', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(jobs(:'a'), NULL, 'it is owed');
UPDATE midtrans_attempts SET amount = amount - 1 WHERE id = :'a';
SELECT say(:'a', 'O2', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(jobs(:'a'), 'cancel', 'it is not');

-- A payment still under way beside a payment stayed payable until it ran out.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'R1', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT say(:'a', 'R1', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT is(jobs(:'a'), NULL, 'a payment that waits for nobody leaves no work');
SELECT say(:'a', 'R2', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(state_of(:'a') || ' ' || jobs(:'a'), 'paid cancel', 'a transaction beside a payment is to be cancelled');
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'R3', 'notification', 'pending', 'save', '{"attempt": "pending"}'), say(:'a', 'R4', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT say(:'a', 'R4', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT is(state_of(:'a') || ' ' || jobs(:'a'), 'paid cancel', 'and an earlier one');

-- Another party of our merchant had the order_id before us, and its payment paid our invoice.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT results_eq(format('SELECT is_other_order, invoice_id FROM midtrans_event_record(%L, order_of(%L), %L, %L, NULL, NULL)', 'notification', :'a', 'X', '{}'),
	format('VALUES (false, %L::uuid)', inv(:'s')), 'an order that a call of ours may have made is ours');
UPDATE midtrans_attempts SET calls = 0 WHERE id = :'a';
SELECT results_eq(format('SELECT is_other_order, status FROM midtrans_event_record(%L, order_of(%L), %L, %L, NULL, NULL)', 'status', :'a', 'X', '{}'),
	'VALUES (true, NULL::text)', 'one that none did is not');

-- Anybody who saw one genuine body can claim any transaction as the order's: the one whose it is was
-- then "of another attempt", and its money never booked.
SELECT sub(person()) AS s \gset
SELECT sub(person()) AS z \gset
SELECT page(inv(:'s')) AS a, page(inv(:'z')) AS b \gset
SELECT say(:'b', 'M1', 'notification', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(is_other_order, true, 'claimed by another order, a notification is not believed') FROM midtrans_event_record('notification', order_of(:'a'), 'M1', '{"n": 1}', NULL, NULL);
SELECT results_eq(format('SELECT is_other_order, status FROM midtrans_event_record(%L, order_of(%L), %L, %L, NULL, NULL)', 'status', :'a', 'M1', '{"n": 2}'),
	$$VALUES (false, 'moved')$$, 'Midtrans'' own word is');
SELECT say(:'a', 'M1', 'status', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || owes(inv(:'z')), 'paid 100000/100000, unpaid 0/100000', 'the money is where it belongs');
SELECT results_eq(format('SELECT is_other_order FROM midtrans_event_record(%L, order_of(%L), %L, %L, NULL, NULL)', 'status', :'b', 'M1', '{"n": 3}'),
	'VALUES (true)', 'and stays there');

-- Copies altered in what no signature covers made one alert after the other: the sum of refunds was
-- in the key.
SELECT page(inv(:'z'), 2) AS a \gset
SELECT say(:'a', 'C' || n, 'notification', 'capture', 'alert', jsonb_build_object('rows', '3', 'refund_total', n)) FROM generate_series(1, 5) n \g /dev/null
SELECT is(count(*), 1::bigint, 'one alert for all of them') FROM alert_logs WHERE meta ->> 'attempt_id' = :'a';
SELECT say(:'a', 'C1', 'status', 'partial_refund', 'alert', jsonb_build_object('refund_total', n)) FROM generate_series(1, 2) n \g /dev/null
SELECT is(count(*), 3::bigint, 'Midtrans'' own word is reported each time it is another') FROM alert_logs WHERE meta ->> 'attempt_id' = :'a';

-- A second card under review was hidden by the first: one alert for the whole order.
SELECT page(inv(:'z'), 3) AS a \gset
CREATE FUNCTION reported(att uuid) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM alert_logs WHERE meta ->> 'attempt_id' = att::text $$;
SELECT say(:'a', 'V1', 'notification', 'capture', 'save alert', '{"attempt": "review", "rows": "3"}'),
	say(:'a', 'V1', 'status', 'capture', 'alert', '{"verdict": "duplicate", "rows": "3"}') \g /dev/null
SELECT is(reported(:'a'), 1::bigint, 'reported once, whoever says it');
SELECT say(:'a', 'V2', 'notification', 'capture', 'save alert', '{"attempt": "review", "rows": "3"}') \g /dev/null
SELECT is(reported(:'a'), 1::bigint, 'a notification of another transaction is not believed');
SELECT say(:'a', 'V2', 'status', 'capture', 'alert', '{"verdict": "duplicate", "rows": "3"}') FROM generate_series(1, 2) \g /dev/null
SELECT is(reported(:'a'), 2::bigint, 'Midtrans is');
SELECT say(:'a', 'V' || n, 'status', 'pending', 'alert', '{"verdict": "foreign", "rows": "22"}') FROM generate_series(3, 4) n \g /dev/null
SELECT is(reported(:'a'), 4::bigint, 'so of other merchants'' money');

-- Dead by an altered copy alone, a payment was cancelled by nobody, and never asked about again.
SELECT page(inv(:'z'), 4) AS a \gset
SELECT say(:'a', 'Z', 'notification', 'pending', 'save', '{"attempt": "pending"}'), say(:'a', 'Z', 'notification', 'expire', 'save', '{"attempt": "closed"}') \g /dev/null
SELECT is(state_of(:'a') || ' ' || (closed_at IS NULL), 'closed false', 'they say') FROM midtrans_attempts WHERE id = :'a';
UPDATE invoices SET paid_amount = amount - 1 WHERE id = inv(:'z');
SELECT say(:'a', 'Z', 'status', 'pending', 'save', '{"attempt": "pending"}') \g /dev/null
SELECT is(state_of(:'a') || ' ' || (closed_at IS NULL) || ' ' || jobs(:'a'), 'pending true cancel', 'Midtrans says otherwise: what is not owed is cancelled')
	FROM midtrans_attempts WHERE id = :'a';
UPDATE invoices SET paid_amount = 0 WHERE id = inv(:'z');

-- A notification with 200 that was stored and could not be applied: a copy of it, altered, was booked
-- at once, and the real one after it.
SELECT page(inv(:'z'), 5) AS a \gset
CREATE FUNCTION had_200(att uuid, body jsonb) RETURNS boolean LANGUAGE sql AS $$
	SELECT had_200 FROM midtrans_event_record('notification', order_of(att), 'W', body, NULL, NULL) $$;
SELECT is(had_200(:'a', '{"status_code": "201"}'), false, 'none yet');
SELECT midtrans_event_store('status', order_of(:'a'), 'W', '{"status_code": "200"}', NULL, NULL) \g /dev/null
SELECT is(had_200(:'a', '{"status_code": "200", "n": 1}'), false, 'the first');
SELECT is(had_200(:'a', '{"status_code": "200", "n": 1}'), false, 'sent again, it still is');
SELECT is(had_200(:'a', '{"status_code": "200", "n": 2}'), true, 'altered, it is not');

-- The sender of a copy, again and again, made us ask Midtrans as often.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
CREATE FUNCTION look_up_again(att uuid, more jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	UPDATE midtrans_jobs SET done_at = now() WHERE attempt_id = att;
	PERFORM say(att, 'C1', 'notification', 'refund', 'confirm', '{"verdict": "confirm"}' || more);
	RETURN jobs(att) IS NOT NULL;
END $$;
SELECT is(look_up_again(:'a', '{}'), true, 'a message');
SELECT is(look_up_again(:'a', '{}'), false, 'its copy a moment later');
SELECT is(look_up_again(:'a', '{"n": 1}'), true, 'another one');
UPDATE midtrans_jobs SET created_at = now() - interval '61 seconds';
SELECT is(look_up_again(:'a', '{}'), true, 'a copy a minute later');
UPDATE midtrans_jobs SET created_at = now() - interval '61 seconds', attempts = 5, due_at = now() + interval '1 minute';
SELECT say(:'a', 'C1', 'notification', 'refund', 'confirm', '{"verdict": "confirm"}') \g /dev/null
SELECT is(attempts || ' ' || (due_at > now()), '5 true', 'what fails is not tried oftener for a copy') FROM midtrans_jobs WHERE attempt_id = :'a';

-- Paid and charged back before any message of it: its page was on offer again.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'B1', 'notification', 'pending', 'save', '{"attempt": "pending"}'),
	say(:'a', 'B1', 'status', 'chargeback', 'book charge save', '{"attempt": "closed"}') \g /dev/null
SELECT is(state_of(:'a') || ', ' || owes(inv(:'s')), 'closed, overdue 0/100000', 'it came and went, and its page with it');

-- The code that the customer types to pay is kept, and so is when the time is over.
SELECT page(inv(:'s'), 2) AS a \gset
SELECT say(:'a', 'P1', 'notification', 'pending', 'save', '{"bank": "bca", "pay_code": "812345", "expiry_time": "2026-01-03 10:00:00+07"}'),
	say(:'a', 'P1', 'status', 'expire', 'save') \g /dev/null
SELECT results_eq($$SELECT bank, pay_code, expiry_time, transaction_status FROM midtrans_transactions WHERE transaction_id = 'P1'$$,
	$$VALUES ('bca', '812345', '2026-01-03 03:00:00+00'::timestamptz, 'expire')$$, 'once known');

SELECT sound();
SELECT finish();
ROLLBACK;
