-- Refunds.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en'; -- of alerts
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT gateway(inv(:'s'), 130000, '2026-01-01') AS p \gset
SELECT payment_refund(:'p', 'R1', 30000, false, NULL, '2026-01-02') \g /dev/null
SELECT is(credit(:'c') || ', ' || owes(inv(:'s')), '0, paid 100000/100000', 'the payment''s credit goes first');
SELECT is(count(*), 0::bigint, 'nothing is lost') FROM customer_credits WHERE kind = 'loss';
SELECT payment_refund(:'p', 'R1', 30000, false, NULL, '2026-01-02') \g /dev/null
SELECT is(count(*), 1::bigint, 'the same refund again changes nothing') FROM refunds;
SELECT throws_ok(format($$SELECT payment_refund(%L, 'R1', 1, false, NULL, '2026-01-02')$$, :'p'), 'IS409', NULL, 'another under its id');
SELECT payment_refund(:'p', 'R2', 40000, false, NULL, '2026-03-02') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || is_now(:'s'), 'paid 100000/100000, active 2026-01-30', 'the rest is written off: the invoice stays paid');
SELECT is((SELECT amount FROM customer_credits WHERE kind = 'loss'), 40000::bigint, 'as a loss');
SELECT is(alerts('Payment taken back: refund written off'), 1::bigint, 'with an alert');
SELECT throws_ok(format($$SELECT payment_refund(%L, 'R3', 60001, false, NULL, '2026-03-02')$$, :'p'), 'IS422', NULL, 'not more than is left');
SELECT payment_refund(:'p', 'R4', 60000, true, NULL, '2026-03-02') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || is_now(:'s'), 'overdue 40000/100000, suspended(debt) 2025-12-31', 'reopen: a debt again, as undone money');
SELECT is(status, 'refunded', 'all of it') FROM payments WHERE id = :'p';
SELECT throws_ok(format($$SELECT payment_refund(%L, 'R5', 1, false, NULL, '2026-03-02')$$, :'p'), 'IS409', NULL, 'nothing left');
SELECT sound();
-- Paid twice, one given back: nothing was written off where the second payment stood as credit.
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT gateway(inv(:'s'), 100000, '2026-01-01') AS p, gateway(inv(:'s'), 100000, '2026-01-01') AS q \gset
SELECT payment_refund(:'p', 'R7', 100000, false, NULL, '2026-01-02') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || credit(:'c') || ', ' || is_now(:'s'), 'paid 100000/100000, 0, active 2026-01-30', 'paid twice, the first refunded: bill paid, no credit left');
SELECT is((SELECT count(*) FROM customer_credits WHERE payment_id = :'p' AND kind = 'loss'), 0::bigint, 'nothing is written off');
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT gateway(inv(:'s'), 100000, '2026-01-01') AS p, over(inv(sub(:'c')), 200000, '2026-01-01') AS q \gset
SELECT payment_refund_by_hand(:'p', '{"amount": 100000, "method": "transfer", "reason": "twice"}', '2026-01-02') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || credit(:'c'), 'paid 100000/100000, 0', 'VA money handed back by hand: other credit takes over');
SELECT is((SELECT method || ' ' || amount || ' ' || reason FROM refunds WHERE payment_id = :'p'), 'transfer 100000 twice', 'it stands as a refund');
SELECT sound();
-- Other credit took over the bill that was issued first, though its due date had been moved behind that of the next:
-- when the payment was undone later, the bill due first was the one left open.
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 40000, 'due_date', '2026-01-02'), '2026-01-01') AS first \gset
SELECT invoice_update(inv(:'s'), '{"due_date": "2026-01-20"}', '2026-01-01') \g /dev/null
SELECT gateway(:'first', 140000, '2026-01-01') AS p \gset
SELECT credit_enter(:'c', 30000, 'gift', '2026-01-01') \g /dev/null
SELECT payment_refund(:'p', 'R8', 30000, false, NULL, '2026-01-02'), payment_reverse(:'p', 'void', NULL, '2026-01-02') \g /dev/null
SELECT is(owes(:'first') || ', ' || owes(inv(:'s')), 'unpaid 30000/40000, unpaid 0/100000', 'other credit takes over what is due first');
-- Other credit takes over only what the payment still pays: it paid the first bill of a line that was cancelled, and then another one.
SELECT person() AS c \gset
SELECT sub(:'c') AS s, sub(:'c', '{"start_date": "2026-02-01", "end_date": "2026-03-02"}') AS later \gset
SELECT gateway(inv(:'later'), 100000, '2026-01-01') AS p, invoice_update(inv(:'s'), '{"due_date": "2026-03-20"}', '2026-01-01') \gset
SELECT subscription_cancel(:'later', NULL, '2026-01-02'), credit_enter(:'c', 30000, 'gift', '2026-01-02'), payment_refund(:'p', 'R9', 20000, true, NULL, '2026-01-03') \g /dev/null
SELECT is(owes(inv(:'later')) || ', ' || owes(inv(:'s')) || ', ' || credit(:'c'), 'cancelled 0/100000, paid 100000/100000, 10000', 'other credit takes over a part of the bill that it pays now');
SELECT payment_reverse(:'p', 'void', NULL, '2026-01-04') \g /dev/null
SELECT is(owes(inv(:'later')) || ', ' || owes(inv(:'s')) || ', ' || credit(:'c'), 'cancelled 0/100000, unpaid 30000/100000, 0', 'undone, it leaves that bill, and the credit pays what it can');
-- a write-off made good by a later reversal
SELECT sub(person()) AS s \gset
SELECT gateway(inv(:'s'), 100000, '2026-01-01') AS p \gset
SELECT payment_refund(:'p', 'R6', 25000, false, NULL, '2026-01-02') \g /dev/null
SELECT payment_reverse(:'p', 'void', NULL, '2026-01-02') \g /dev/null
SELECT is((SELECT amount FROM payment_reversals WHERE payment_id = :'p'), 75000::bigint, 'only what was not refunded can be reversed');
SELECT is(owes(inv(:'s')), 'overdue 0/100000', 'nothing pays it any more');
SELECT is((SELECT sum(amount) FROM customer_credits WHERE payment_id = :'p' AND kind = 'loss'), 0::numeric, 'the write-off is taken back');
-- Bug: a refund by hand sent twice was two. Under one Idempotency-Key it is one; the key for another refund is refused.
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') AS p \gset
CREATE FUNCTION hand(p uuid, money bigint, key text) RETURNS void LANGUAGE sql AS $$
	SELECT payment_refund_by_hand(p, jsonb_build_object('amount', money, 'idempotency_key', key), '2026-01-02') $$;
SELECT hand(:'p', 30000, 'click'), hand(:'p', 30000, 'click') \g /dev/null
SELECT is((SELECT sum(amount) FROM refunds WHERE payment_id = :'p'), 30000::numeric, 'the same key: one refund');
SELECT throws_ok(format('SELECT hand(%L, 20000, ''click'')', :'p'), 'IS409', NULL, 'another amount: refused');
SELECT throws_ok(format('SELECT payment_refund_by_hand(%L, %L, ''2026-01-02'')', :'p', jsonb_build_object('amount', 30000, 'idempotency_key', 'click') || other::jsonb), 'IS409',
	'The Idempotency-Key has been used for another refund.', other || ': refused') FROM unnest(ARRAY['{"method": "transfer"}', '{"reopen": true}', '{"reason": "slow"}']) other;
SELECT is_empty($$SELECT FROM billing_logs WHERE meta::text LIKE '%click%'$$, 'the key stands nowhere');
SELECT hand(:'p', 30000, 'second'), hand(:'p', 30000, NULL) \g /dev/null
SELECT is((SELECT sum(amount) FROM refunds WHERE payment_id = :'p'), 90000::numeric, 'other clicks: others');
-- Other credit takes over, or the bill is open again for, only what the payment's own credit lacks of a refund.
SELECT person() AS c, person() AS d \gset
SELECT sub(:'c') AS s, sub(:'d') AS t \gset
SELECT gateway(inv(:'s'), 130000, '2026-01-01') AS p, gateway(inv(:'t'), 130000, '2026-01-01') AS q, credit_enter(:'c', 90000, 'gift', '2026-01-01') \gset
SELECT payment_refund(:'p', 'RA', 50000, false, NULL, '2026-01-02'), payment_refund(:'q', 'RB', 50000, true, NULL, '2026-01-02') \g /dev/null
SELECT is(credit(:'c') || ' ' || sum(amount), '70000 0', 'the gift pays 20000 of the bill, and nothing is left of the payment') FROM customer_credits WHERE payment_id = :'p';
SELECT is(owes(inv(:'t')) || ' ' || (SELECT meta ->> 'amount' FROM billing_logs WHERE invoice_id = inv(:'t') AND action = 'undone'), 'overdue 80000/100000 20000', 'the bill lacks 20000 again');
-- Money goes back from the bill that was due last; among equals from the youngest.
CREATE FUNCTION bills_of(s uuid, VARIADIC due date[]) RETURNS text LANGUAGE sql AS $$
	SELECT invoice_create(jsonb_build_object('subscription_id', s, 'kind', 'other', 'amount', 50000, 'due_date', d), '2026-01-01') FROM unnest(due) d;
	SELECT payment_refund(gateway(inv(s), 100000, '2026-01-01'), s::text, 30000, true, NULL, '2026-01-01');
	SELECT string_agg(owes(id), ', ' ORDER BY seq) FROM invoices WHERE subscription_id = s $$;
SELECT is(bills_of(bare(), '2026-01-10', '2026-01-05'), 'unpaid 20000/50000, paid 50000/50000', 'the one that was due last is open again');
SELECT is(bills_of(bare(), '2026-01-05', '2026-01-05'), 'paid 50000/50000, unpaid 20000/50000', 'due together: the younger one');
SELECT sound();
SELECT finish();
ROLLBACK;
