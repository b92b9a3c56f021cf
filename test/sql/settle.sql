-- Money in: payments, credit, settlement, idempotency.
BEGIN;
\ir town.psql
SELECT no_plan();

-- paid in full, in part, too much
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT pay(inv(:'s'), '2026-01-02', '{"amount": 40000}') \g /dev/null
SELECT is(owes(inv(:'s')), 'unpaid 40000/100000', 'a part payment leaves it unpaid');
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 60001}')$$, :'s'), 'IS422', NULL, 'more than outstanding');
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 0}')$$, :'s'), 'IS422', NULL, 'nothing');
SELECT pay(inv(:'s'), '2026-01-02') AS p \gset
SELECT is(owes(inv(:'s')), 'paid 100000/100000', 'the outstanding is the default');
SELECT is(amount, 60000::bigint, 'the payment is what was received') FROM payments WHERE id = :'p';
SELECT is(received_on, '2026-01-02', 'on the business day') FROM payments WHERE id = :'p';
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02')$$, :'s'), 'IS409', NULL, 'paid already');
SELECT throws_ok($$SELECT pay(gen_random_uuid(), '2026-01-02')$$, 'IS404', NULL, 'no such invoice');
SELECT sub(:'c') AS t \gset
SELECT over(inv(:'t'), 130000, '2026-01-02') AS p \gset
SELECT is(credit(:'c'), 30000::bigint, 'surplus is credit');
SELECT is(amount, 130000::bigint, 'in full in the books') FROM payments WHERE id = :'p';
SELECT sub(:'c') AS u \gset
SELECT is(owes(inv(:'u')), 'unpaid 30000/100000', 'credit is used at issue');
SELECT is(credit(:'c'), 0::bigint, 'all of it');
SELECT credit_enter(:'c', 70000, 'sorry', '2026-01-02') \g /dev/null
SELECT is(owes(inv(:'u')), 'paid 100000/100000', 'a gift is used at once');

-- credit goes to the oldest due date, over all subscriptions of the customer and of nobody else
SELECT person() AS c \gset
SELECT sub(:'c', '{}', '2026-01-05') AS a \gset
SELECT sub(:'c', '{}', '2026-01-03') AS b \gset
SELECT sub(person(), '{}', '2026-01-01') AS foreigner \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'a', 'kind', 'other', 'amount', 7000, 'due_date', '2026-01-03'), '2026-01-03') \g /dev/null
SELECT credit_enter(:'c', 101000, 'gift', '2026-01-06') \g /dev/null
SELECT is(owes(inv(:'b')) || ', ' || owes(inv(:'a', 2)) || ', ' || owes(inv(:'a')), 'paid 100000/100000, unpaid 1000/7000, unpaid 0/100000',
	'oldest due date first, then order of issue');
SELECT is(owes(inv(:'foreigner')), 'unpaid 0/100000', 'never another customer''s');
-- oldest lot first
SELECT person() AS c \gset
SELECT credit_enter(:'c', 10000, 'one', '2026-01-01') AS one \gset
SELECT credit_enter(:'c', 10000, 'two', '2026-01-01') AS two \gset
SELECT credit_enter(:'c', -4000, 'cash', '2026-01-01') \g /dev/null
SELECT is((SELECT remainder FROM credit_lots(:'c') WHERE gift_id = :'one'), 6000::bigint, 'a payout takes the oldest lot');
-- Bug: a charge that was sent twice under one Idempotency-Key was charged twice.
SELECT person() AS k, person() AS other \gset
CREATE FUNCTION charged(c uuid, input jsonb, key text) RETURNS uuid LANGUAGE sql AS $$ SELECT charge_create_once(c, input, key, '2026-01-01') $$;
SELECT is(charged(:'k', '{"text": "cable", "amount": 9000}', 'c'), charged(:'k', '{"text": "cable", "amount": 9000}', 'c'), 'a charge under one key is one');
SELECT throws_ok(format('SELECT charged(%L, ''{"text": "cable", "amount": 9001}'', ''c'')', :'k'), 'IS409', NULL, 'another amount under the key is refused');
SELECT throws_ok(format('SELECT charged(%L, ''{"text": "cable", "amount": 9000}'', ''c'')', :'other'), 'IS409', NULL, 'so is another customer');
SELECT isnt(charged(:'k', '{"text": "cable", "amount": 9000}', NULL), charged(:'k', '{"text": "cable", "amount": 9000}', NULL), 'without a key each is one');
SELECT is(count(*), 3::bigint, 'three charges in all') FROM charges WHERE customer_id = :'k';

-- Bug: a payout that was sent twice under one Idempotency-Key was paid twice: the console sends the key, and nothing read it.
SELECT person() AS k \gset
CREATE FUNCTION once(c uuid, money bigint, key text) RETURNS uuid LANGUAGE sql AS $$ SELECT credit_enter_once(c, money, 'x', key, '2026-01-01') $$;
SELECT is(once(:'k', 9000, 'a'), once(:'k', 9000, 'a'), 'a gift under one key is one');
SELECT is(once(:'k', -2000, 'b'), once(:'k', -2000, 'b'), 'so is a payout');
SELECT is(credit(:'k'), 7000::bigint, 'and the credit knows it');
SELECT throws_ok(format('SELECT once(%L, 9001, ''a'')', :'k'), 'IS409', NULL, 'another amount under the key is refused');
SELECT throws_ok(format('SELECT once(%L, 9000, ''a'')', :'c'), 'IS409', NULL, 'so is another customer');
SELECT isnt(once(:'k', 1, NULL), once(:'k', 1, NULL), 'without a key each is one');
SELECT is_empty($$SELECT FROM billing_logs WHERE meta ->> 'idempotency_key' IS NOT NULL$$, 'the key is in no log');
SELECT sub(:'c', jsonb_build_object('package_id', pkg('W'))) AS s \gset
SELECT is((SELECT string_agg(amount::text, '+' ORDER BY id) FROM allocations WHERE invoice_id = inv(:'s')), '6000+10000', 'so does credit');
SELECT throws_ok(format('SELECT credit_enter(%L, -1, NULL, %L)', :'c', '2026-01-01'), 'IS409', NULL, 'no payout beyond the credit');
SELECT throws_ok(format('SELECT credit_enter(%L, 0, NULL, %L)', :'c', '2026-01-01'), 'IS422', NULL, 'nothing is nothing');
SELECT throws_ok($$SELECT credit_enter(gen_random_uuid(), 1, NULL, '2026-01-01')$$, 'IS404', NULL, 'no such customer');

SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') \g /dev/null
SELECT is(meta ->> 'days' || ' ' || (meta ->> 'end_date'), '30 2026-01-30', 'the log says what a payment brought') FROM billing_logs WHERE action = 'paid' AND subscription_id = :'s';
-- Two acts on one bill wait for each other, and so do acts on its line and its customer; those of others go on.
SELECT sub(person()) AS s, sub(person()) AS t \gset
UPDATE customers SET name = 'Ani' WHERE id = owner(:'s'); -- a row that the fixtures have not locked
SELECT is(locks(format('SELECT invoice_lock(%L)', inv(:'s')), watched), wanted, what) FROM (VALUES
	(format('invoices WHERE id = %L', inv(:'s')), true, 'a bill is locked'), (format('subscriptions WHERE id = %L', :'s'), true, 'with its line'),
	(format('customers WHERE id = %L', owner(:'s')), true, 'and its customer'), (format('subscriptions WHERE id = %L', :'t'), false, 'but no other line')) AS t (watched, wanted, what);
SELECT sound();
SELECT pay(inv(:'s'), '2026-01-02') AS p, pay(inv(:'t'), '2026-01-02') AS q \gset
UPDATE payments SET customer_id = person() WHERE id IN (:'p', :'q'); -- last, for it breaks the books: pay() has locked the customers of the bills
SELECT is(locks(format('SELECT payment_lock(%L)', :'p'), format('customers WHERE id = (SELECT customer_id FROM payments WHERE id = %L)', watched)), wanted, what)
FROM (VALUES (:'p', true, 'a payment is locked with its customer'), (:'q', false, 'but no other')) AS t (watched, wanted, what);
SELECT finish();
ROLLBACK;
