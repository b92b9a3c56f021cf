-- Refunds that people ask for (midtrans_4_refund.sql).
BEGIN;
\ir town.psql
\ir midtrans.psql
SELECT no_plan();
SELECT set_config('isp.actor', 'ani@example.net', true) \g /dev/null
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'T1', 'notification', 'settlement', 'save book', '{"attempt": "paid", "fee": 4000}') \g /dev/null
CREATE FUNCTION ask(att uuid, with_ jsonb, waited boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
	SELECT refund_key FROM midtrans_refund_begin(order_of(att), '{"reopen": false, "reason": null, "key": null}' || with_, waited) $$;
CREATE FUNCTION requested(k text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s+%s of %s, %s', amount, fee, actor, state) FROM midtrans_refunds WHERE refund_key = k $$;

SELECT throws_ok($$SELECT ask(NULL, '{}')$$, 'IS404', NULL, 'no such order');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{"amount": 100001}'), 'IS422', 'The amount must not be greater than 100000.', 'more than came');
SELECT ask(:'a', '{"amount": 40000, "key": "K"}') AS k \gset
SELECT is(requested(:'k'), '40000+0 of ani@example.net, requested', 'a part, by whom');
SELECT is(ask(:'a', '{"amount": 40000}'), :'k', 'under way: the same again is the same refund');
SELECT is(ask(:'a', '{"amount": 40000, "key": "K"}'), :'k', 'also under its key');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{"amount": 30000}'), 'IS409',
	'A refund of Rp40.000 is under way. Ask for the very same again, without another key, to learn its outcome.',
	'another amount has to wait');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', other), 'IS409', NULL, 'so has another request ' || other)
FROM unnest(ARRAY['{"amount": 40000, "key": "M"}', '{"amount": 40000, "reopen": true}', '{"amount": 40000, "reason": "late"}']) other;
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{}'), 'IS409', NULL, 'so has the rest');
SELECT throws_ok(format('SELECT ask(%L, %L, true)', :'a', '{"amount": 40000}'), 'IS409', NULL, 'and so is a request while it was being made');
SELECT is(ask(:'a', '{"amount": 40000, "key": "K"}', true), :'k', 'but for its own key');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{"amount": 30000, "key": "K"}'), 'IS409', 'The Idempotency-Key has been used for another refund.', 'the key means this one');
-- whatever should let a second one through: the index does not, and it is a conflict
SELECT throws_ok(format('SELECT midtrans_refund_add((SELECT a FROM midtrans_attempts a WHERE id = %L), %L)', :'a', '{"amount": 1}'),
	'IS409', 'A refund of this order is under way.', 'one at a time');

-- Midtrans says that it was made: it is hers who asked, though a program books it
SELECT set_config('isp.actor', 'gateway-sync', true) \g /dev/null
SELECT say(:'a', 'T1', 'status', 'partial_refund', 'save refund', jsonb_build_object('refund_total', 40000, 'refunds', jsonb_build_array(
	jsonb_build_object('id', :'k', 'amount', 40000)))) \g /dev/null
SELECT is(requested(:'k'), '40000+0 of ani@example.net, done', 'done');
SELECT is(actor, 'ani@example.net', 'the refund is of who asked for it') FROM refunds;
SELECT is(session_actor(), 'gateway-sync', 'for so long');
SELECT is(ask(:'a', '{"amount": 40000}'), :'k', 'no answer was given yet: asked again, it is the same');
SELECT isnt(midtrans_refund_open(a, '{"amount": 40000, "reopen": false}'), NULL, 'it is') FROM midtrans_attempts a WHERE id = :'a';
SELECT is(midtrans_refund_open(a, ('{"amount": 40000, "reopen": false}'::jsonb || other)), NULL, 'but not ' || other::text)
FROM midtrans_attempts a, unnest(ARRAY['{"key": "M"}', '{"reopen": true}', '{"reason": "late"}', '{"amount": 1}']::jsonb[]) other WHERE a.id = :'a';
UPDATE midtrans_refunds SET created_at = now() - interval '25 hours';
SELECT is(midtrans_refund_open(a, '{"amount": 40000, "reopen": false}'), NULL, 'nor a day later') FROM midtrans_attempts a WHERE id = :'a';
UPDATE midtrans_refunds SET result_delivered = true;
SELECT isnt(ask(:'a', '{"amount": 40000}'), :'k', 'reported, it is another');
UPDATE midtrans_refunds SET state = 'refused' WHERE state = 'requested';

-- the rest is with the fee, whether by its sum or without one
SELECT ask(:'a', '{"amount": 60000}') AS k \gset
SELECT is(requested(:'k'), '60000+4000 of gateway-sync, requested', 'the rest');
SELECT is(ask(:'a', '{}'), :'k', 'all that is left is the same');
UPDATE midtrans_refunds SET state = 'refused' WHERE state = 'requested';
SELECT ask(:'a', '{"key": "L"}') AS k \gset
SELECT results_eq(format('SELECT gross, whole, captured FROM midtrans_refund(%L)', :'k'), 'VALUES (64000::bigint, true, false)', 'the amount that Midtrans is asked for');
UPDATE midtrans_refunds SET state = 'refused' WHERE state = 'requested';
SELECT isnt(ask(:'a', '{"amount": 1, "key": "L"}'), NULL, 'the key of what was refused is free');
UPDATE midtrans_refunds SET state = 'refused' WHERE state = 'requested';

-- paid twice: what the first is not enough for is taken of the second
SELECT say(:'a', 'T2', 'status', 'settlement', 'save book', '{"attempt": "paid", "amount": 80000}') \g /dev/null
CREATE FUNCTION of(att uuid, money bigint) RETURNS text LANGUAGE sql AS $$
	SELECT r.transaction_id FROM midtrans_attempts a, midtrans_refund_add(a, jsonb_build_object('amount', money)) r WHERE a.id = att $$;
SELECT throws_ok(format('SELECT of(%L, 80001)', :'a'), 'IS422', 'The amount must not be greater than 80000.', 'more than either');
SELECT is(of(:'a', 60001), 'T2', 'more than is left of the first');
SELECT is(of(:'a', 60000), 'T1', 'as much as is left of it');

-- a card's captured payment, voided: a refund of all of it is what was asked for; else the payment is undone
CREATE FUNCTION voided(wanted jsonb, status text DEFAULT 'cancel') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	i  uuid := inv(sub(person()));
	a  uuid := page(i);
	tx text := gen_random_uuid();
	k  text;
BEGIN
	PERFORM say(a, tx, 'status', 'capture', 'save book', '{"attempt": "paid"}');
	IF wanted IS NOT NULL THEN
		k := ask(a, wanted);
	END IF;
	PERFORM say(a, tx, 'status', status, 'undo save', '{"attempt": "closed"}');
	RETURN (SELECT format('invoice %s, payment %s, attempt %s, refund %s', n.status, p.status, state_of(a),
			coalesce((SELECT r.amount::text FROM refunds r WHERE r.payment_id = p.id AND r.refund_id = tx || ':' || k), '-'))
			|| coalesce(', ' || (SELECT state FROM midtrans_refunds WHERE refund_key = k), '')
		FROM invoices n JOIN payments p ON p.invoice_id = n.id WHERE n.id = i);
END $$;
SELECT is(voided('{}'), 'invoice paid, payment refunded, attempt paid, refund 100000, done', 'all of it is a refund');
SELECT is(voided('{"reopen": true}'), 'invoice overdue, payment reversed, attempt closed, refund -, done', 'or opens the debt');
SELECT is(voided('{"amount": 1}'), 'invoice overdue, payment reversed, attempt closed, refund -, refused', 'a part is not what was done');
SELECT is(voided('{}', 'deny'), 'invoice overdue, payment reversed, attempt closed, refund -, refused', 'nor money that the bank takes back');
SELECT is(voided(NULL), 'invoice overdue, payment reversed, attempt closed, refund -', 'no request was made');
-- One that nobody repeats stayed asked for, and asked about, when nothing was left to refund.
CREATE FUNCTION after_request(tx text, then_ text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	att uuid := page(inv(sub(person())));
	k   text;
BEGIN
	PERFORM say(att, tx, 'notification', 'settlement', 'save book', '{"attempt": "paid"}');
	k := ask(att, '{"amount": 40000}');
	PERFORM say(att, tx, 'status', then_, 'save ' || CASE then_ WHEN 'partial_chargeback' THEN 'reopen' WHEN 'chargeback' THEN 'charge' ELSE then_ END,
		'{"refunds": [{"id": "dashboard", "amount": 100000}], "charged": 100000, "attempt": "closed"}');
	RETURN (SELECT state FROM midtrans_refunds WHERE refund_key = k);
END $$;
SELECT is(after_request('Z' || w, w), 'refused', 'nothing is left of it: ' || w) FROM unnest(ARRAY['refund', 'chargeback', 'partial_chargeback']) w;

SELECT sound();

-- A gateway refund's answer was lost and the clerk paid in cash: the customer had the money twice, silently.
-- While one is requested none is booked by hand; what was handed back by hand hides no refund of Midtrans.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'T-hand', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT payment_id AS p FROM midtrans_transactions WHERE transaction_id = 'T-hand' \gset
SELECT ask(:'a', '{"amount": 40000}') AS k \gset
SELECT throws_ok(format($$SELECT payment_refund_by_hand(%L, '{"amount": 40000, "method": "cash"}', '2026-01-02')$$, :'p'), 'IS409', NULL,
	'not while one is requested');
UPDATE midtrans_refunds SET state = 'refused' WHERE refund_key = :'k';
SELECT payment_refund_by_hand(:'p', '{"amount": 60000, "method": "cash"}', '2026-01-02') \g /dev/null
SELECT say(:'a', 'T-hand', 'status', 'partial_refund', 'save refund', '{"refund_total": 30000, "refunds": []}') \g /dev/null
SELECT is((SELECT sum(amount) FROM refunds WHERE payment_id = :'p'), 90000::numeric, 'Midtrans'' refund stands beside that by hand');
SELECT say(:'a', 'T-hand', 'status', 'refund', 'save refund', '{"refund_total": 100000, "refunds": []}') \g /dev/null
SELECT is((SELECT sum(amount) FROM refunds WHERE payment_id = :'p'), 100000::numeric, 'and never more than came');
-- Bug: the answer to a refund by hand was lost, Midtrans was then asked for the rest, and the refund that was sent again
-- under its key was refused as if it had never been made.
SELECT page(inv(sub(person()))) AS a \gset
SELECT say(:'a', 'T-key', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
SELECT payment_id AS p FROM midtrans_transactions WHERE transaction_id = 'T-key' \gset
SELECT payment_refund_by_hand(:'p', '{"amount": 60000, "method": "cash", "idempotency_key": "once"}', '2026-01-02') \g /dev/null
SELECT ask(:'a', '{"amount": 40000}') \g /dev/null
SELECT lives_ok(format($$SELECT payment_refund_by_hand(%L, '{"amount": 60000, "method": "cash", "idempotency_key": "once"}', '2026-01-02')$$, :'p'),
	'the refund of before is answered again');
SELECT is((SELECT sum(amount) FROM refunds WHERE payment_id = :'p'), 60000::numeric, 'and stands once');
-- Refunds asked for and not made are refused when nothing is left of the payment: those of that payment alone.
SELECT page(inv(sub(person()))) AS a, page(inv(sub(person()))) AS b \gset
SELECT say(:'a', 'RA', 'notification', 'settlement', 'save book', '{"attempt": "paid"}'), say(:'b', 'RB', 'notification', 'settlement', 'save book', '{"attempt": "paid"}') \g /dev/null
INSERT INTO midtrans_refunds (refund_key, transaction_id, amount, reopen) VALUES ('ra', 'RA', 10000, false), ('rb', 'RB', 10000, false);
SELECT say(:'b', 'RB', 'status', 'refund', 'save refund', '{"refund_total": 100000, "refunds": [{"id": "k", "amount": 100000}]}') \g /dev/null
SELECT throws_ok(format('SELECT payment_refund_by_hand(%L, ''{"amount": 1000, "method": "cash", "reason": "x"}'', ''2026-01-03'')', payment_id), 'IS409',
	'A refund of this payment is under way at Midtrans: its outcome comes first.', 'no money by hand meanwhile') FROM midtrans_transactions WHERE transaction_id = 'RA';
SELECT midtrans_refunds_refuse_rest('RA'), midtrans_refunds_refuse_rest('RB') \g /dev/null
SELECT is((SELECT string_agg(refund_key || ' ' || state, ', ' ORDER BY refund_key) FROM midtrans_refunds WHERE refund_key IN ('ra', 'rb')), 'ra requested, rb refused', 'the other one stands');
SELECT finish();
ROLLBACK;
