-- Refunds that people ask for (midtrans_4_refund.sql).
BEGIN;
\ir town.psql
\ir midtrans.psql
SELECT no_plan();
SELECT set_config('isp.actor', 'ani@example.net', true) \g /dev/null
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'T1', 'notification', 'settlement', 'note book', '{"attempt": "paid", "fee": 4000}') \g /dev/null
CREATE FUNCTION ask(att uuid, with_ jsonb, waited boolean DEFAULT false) RETURNS text LANGUAGE sql AS $$
	SELECT refund_key FROM midtrans_refund_begin(order_of(att), '{"reopen": false, "reason": null, "key": null}' || with_, waited) $$;
CREATE FUNCTION asked_for(k text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s+%s of %s, %s', amount, fee, actor, state) FROM midtrans_refunds WHERE refund_key = k $$;

SELECT throws_ok($$SELECT ask(NULL, '{}')$$, 'IS404', NULL, 'no such order');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{"amount": 100001}'), 'IS422', 'The amount must not be greater than 100000.', 'more than came');
SELECT ask(:'a', '{"amount": 40000}') AS k \gset
SELECT is(asked_for(:'k'), '40000+0 of ani@example.net, asked', 'a part, by whom');
SELECT is(ask(:'a', '{"amount": 40000}'), :'k', 'under way: the same amount is the same refund');
SELECT is(ask(:'a', '{"amount": 40000, "key": "K"}'), :'k', 'also under a key');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{"amount": 30000}'), 'IS409', NULL, 'another amount has to wait');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{}'), 'IS409', NULL, 'so has the rest');
SELECT throws_ok(format('SELECT ask(%L, %L, true)', :'a', '{"amount": 40000}'), 'IS409', NULL, 'and whoever came while it was being made');
SELECT is(ask(:'a', '{"amount": 40000, "key": "K"}', true), :'k', 'but for its own key');
SELECT throws_ok(format('SELECT ask(%L, %L)', :'a', '{"amount": 30000, "key": "K"}'), 'IS409', 'The Idempotency-Key has been used for another refund.', 'which means this one');
-- whatever should let a second one through: the index does not, and it is a conflict
SELECT throws_ok(format('SELECT midtrans_refund_add((SELECT a FROM midtrans_attempts a WHERE id = %L), %L)', :'a', '{"amount": 1}'),
	'IS409', 'A refund of this order is under way.', 'one at a time');

-- Midtrans says that it was made: it is hers who asked, though a program books it
SELECT set_config('isp.actor', 'gateway-sync', true) \g /dev/null
SELECT say(:'a', 'T1', 'status', 'partial_refund', 'note refund', jsonb_build_object('refund_total', 40000, 'refunds', jsonb_build_array(
	jsonb_build_object('id', :'k', 'amount', 40000)))) \g /dev/null
SELECT is(asked_for(:'k'), '40000+0 of ani@example.net, done', 'done');
SELECT is(actor, 'ani@example.net', 'the refund is of who asked for it') FROM refunds;
SELECT is(who_actor(), 'gateway-sync', 'for so long');
SELECT is(ask(:'a', '{"amount": 40000}'), :'k', 'nobody was told yet: asked again, it is the same');
UPDATE midtrans_refunds SET told = true;
SELECT isnt(ask(:'a', '{"amount": 40000}'), :'k', 'told, it is another');
UPDATE midtrans_refunds SET state = 'refused' WHERE state = 'asked';

-- the rest is with the fee, whether by its sum or without one
SELECT ask(:'a', '{"amount": 60000}') AS k \gset
SELECT is(asked_for(:'k'), '60000+4000 of gateway-sync, asked', 'the rest');
SELECT is(ask(:'a', '{}'), :'k', 'all that is left is the same');
UPDATE midtrans_refunds SET state = 'refused' WHERE state = 'asked';
SELECT ask(:'a', '{"key": "L"}') AS k \gset
SELECT results_eq(format('SELECT gross, whole, captured FROM midtrans_refund(%L)', :'k'), 'VALUES (64000::bigint, true, false)', 'what Midtrans is asked for');
UPDATE midtrans_refunds SET state = 'refused' WHERE state = 'asked';
SELECT isnt(ask(:'a', '{"amount": 1, "key": "L"}'), NULL, 'the key of what was refused is free');
SELECT sound();
SELECT finish();
ROLLBACK;
