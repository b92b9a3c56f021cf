-- What is done with a message once it is decided (midtrans_2_apply.sql).
BEGIN;
\ir town.psql
\ir midtrans.psql
SELECT no_plan();

-- A partial chargeback after a partial refund was weighed against the sum of refunds, 50,000, which
-- was in the books: of the 30,000 nothing was taken, and the customer kept them.
SELECT sub(person()) AS s \gset
SELECT page(inv(:'s')) AS a \gset
SELECT say(:'a', 'T1', 'notification', 'settlement', 'note book', '{"attempt": "paid"}') \g /dev/null
SELECT say(:'a', 'T1', 'status', 'partial_refund', 'note refund', '{"refund_total": 50000, "refunds": [{"id": "k", "amount": 50000}]}') \g /dev/null
SELECT results_eq($$SELECT refunded, charged FROM midtrans_hear('status', (SELECT order_id FROM midtrans_attempts), 'T1', '{}')$$,
	$$VALUES (50000::bigint, 0::bigint)$$, 'a refund is known as one');
SELECT say(:'a', 'T1', 'status', 'partial_chargeback', 'note take',
	'{"refund_total": 50000, "refunds": [{"id": "k", "amount": 50000}], "charged": 30000}') \g /dev/null
SELECT results_eq('SELECT amount, reopen FROM refunds ORDER BY id', 'VALUES (50000::bigint, false), (30000, true)',
	'a partial chargeback is booked on its own sum');
SELECT is(owes(inv(:'s')), 'overdue 70000/100000', 'and what it took is owed again');
SELECT say(:'a', 'T1', 'status', 'partial_chargeback', 'note take', '{"charged": 30000}') \g /dev/null
SELECT results_eq($$SELECT refunded, charged FROM midtrans_hear('status', (SELECT order_id FROM midtrans_attempts), 'T1', '{}')$$,
	$$VALUES (50000::bigint, 30000::bigint)$$, 'once, and apart from refunds');
SELECT say(:'a', 'T1', 'status', 'refund', 'note refund', '{"refunds": []}') \g /dev/null
SELECT is(string_agg(amount::text, ' ' ORDER BY id), '50000 30000 20000', 'a refund of the rest leaves nothing') FROM refunds;
SELECT is(status, 'refunded', 'the payment is gone') FROM payments;
SELECT say(:'a', 'T1', 'status', 'partial_chargeback', 'note take', '{"charged": 90000}') \g /dev/null
SELECT is(sum(amount), 100000::numeric, 'never more than came') FROM refunds;

SELECT sound();
SELECT finish();
ROLLBACK;
