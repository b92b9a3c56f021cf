-- Money undone: reversals, refunds, what they do to invoices and service.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en'; -- of alerts

SELECT bare() AS s \gset
SELECT night('2026-01-25') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-26') AS p \gset
SELECT payment_reverse(:'p', 'reversal', 'a mistake', '2026-01-30') \g /dev/null
SELECT is(is_now(:'s') || ', ' || owes(inv(:'s')), 'active 2026-01-30, unpaid 0/100000', 'not due yet: unpaid, end_date goes back');
SELECT is((SELECT string_agg(days::text, ' ' ORDER BY id) FROM service_days WHERE subscription_id = :'s' AND kind = 'period'), '30 -30', 'the days leave the ledger by a row');
SELECT is((SELECT status || ' ' || amount FROM payments WHERE id = :'p'), 'reversed 100000', 'the payment stays');
SELECT is((SELECT kind || ' ' || amount || ' ' || reversed_on FROM payment_reversals WHERE payment_id = :'p'), 'reversal 100000 2026-01-30', 'beside a counter-entry');
SELECT throws_ok(format('SELECT payment_reverse(%L, %L, NULL, %L)', :'p', 'reversal', '2026-01-30'), 'IS409', NULL, 'once');
SELECT throws_ok($$SELECT payment_reverse(gen_random_uuid(), 'reversal', NULL, '2026-01-30')$$, 'IS404', NULL, 'no such payment');

SELECT pay(inv(:'s'), '2026-01-30') AS p \gset
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-31') \g /dev/null
SELECT is(is_now(:'s') || ', ' || owes(inv(:'s')), 'active 2026-01-30, overdue 0/100000', 'past due: overdue, within grace not cut off');
SELECT pay(inv(:'s'), '2026-01-30') AS p \gset
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-02-01') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(debt) 2026-01-30', 'beyond grace: cut off in the same transaction');
SELECT pay(inv(:'s'), '2026-02-01') AS p \gset
SELECT is(is_now(:'s'), 'active 2026-03-01', 'and back');
SELECT change(:'s', '{"end_date": "2026-03-05"}', '2026-02-01') \g /dev/null
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-02-04') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-02-03', 'given days stay, and nobody is cut on a given day or in its grace');

-- a hold, a manual suspension, a cancelled subscription
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') AS p \gset
UPDATE subscriptions SET hold_until = '2026-01-10' WHERE id = :'s';
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-10') \g /dev/null
SELECT is(is_now(:'s'), 'active 2025-12-31', 'a hold protects to its day');
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') AS p \gset
SELECT subscription_cancel(:'s', NULL, '2026-01-02') \g /dev/null
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-02-10') \g /dev/null
SELECT is(is_now(:'s') || ', ' || owes(inv(:'s')), 'cancelled 2025-12-31, overdue 0/100000', 'the ledger and the invoice of a cancelled subscription change');

-- part payments, surplus, credit that steps in
SELECT person() AS c \gset
SELECT sub(:'c') AS a \gset
SELECT sub(:'c', '{}', '2026-01-02') AS b \gset
SELECT over(inv(:'a'), 180000, '2026-01-02') AS p \gset
SELECT is(owes(inv(:'a')) || ', ' || owes(inv(:'b')), 'paid 100000/100000, unpaid 80000/100000', 'a lot pays two invoices');
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-02') \g /dev/null
SELECT is(owes(inv(:'a')) || ', ' || owes(inv(:'b')), 'overdue 0/100000, unpaid 0/100000', 'and leaves both; a part payment undone changes no status');
SELECT is((SELECT sum(amount) FROM customer_credits WHERE payment_id = :'p'), 0::numeric, 'nothing is left of it');
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT pay(inv(:'s'), '2026-01-01') AS p \gset
SELECT credit_enter(:'c', 100000, 'gift', '2026-01-01') \g /dev/null
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-03-01') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || is_now(:'s'), 'paid 100000/100000, active 2026-01-30', 'other credit steps in before anybody is cut off');
-- paid out already
SELECT person() AS c \gset
SELECT sub(:'c') AS s \gset
SELECT over(inv(:'s'), 150000, '2026-01-01') AS p \gset
SELECT credit_enter(:'c', -50000, 'cash', '2026-01-01') \g /dev/null
SELECT throws_ok(format('SELECT payment_reverse(%L, %L, NULL, %L)', :'p', 'reversal', '2026-01-02'), 'IS409', NULL, 'paid out: not by hand');
SELECT payment_reverse(:'p', 'chargeback', NULL, '2026-01-02') \g /dev/null
SELECT is((SELECT amount FROM customer_credits WHERE payment_id = :'p' AND kind = 'loss'), 50000::bigint, 'the gateway does not ask: a loss');
SELECT is(alerts('Payment taken back: charged back'), 1::bigint, 'with an alert');
SELECT sub(person()) AS s \gset
SELECT gateway(inv(:'s'), 100000, '2026-01-01') AS p \gset
SELECT throws_ok(format('SELECT payment_reverse(%L, %L, NULL, %L)', :'p', 'reversal', '2026-01-02'), 'IS409', NULL, 'a gateway payment is refunded, not deleted');

-- Cut, then paid twice a month late; the first payment is taken back. The order in which things become known decided
-- whether the days stayed (a soak's seed 483467, round 119).
SELECT sub(person()) AS s \gset
SELECT night('2026-01-02'), night('2026-01-03') \g /dev/null
SELECT gateway(inv(:'s'), 100000, '2026-03-02') AS p, gateway(inv(:'s'), 100000, '2026-03-02') AS q \gset
SELECT is(is_now(:'s'), 'active 2026-03-29', 'paid twice, a month late');
SELECT payment_reverse(:'p', 'chargeback', NULL, '2026-03-02') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || is_now(:'s'), 'paid 100000/100000, active 2026-03-29', 'other credit steps in: the days stay');
SELECT payment_reverse(:'q', 'chargeback', NULL, '2026-03-02') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || is_now(:'s'), 'overdue 0/100000, suspended(debt) 2026-02-27', 'both gone: only the days off stay');
-- An operator's bound: the own cash of the day.
SELECT set_config('isp.actor', 'ani@example.net', true) \g /dev/null
SELECT person() AS c \gset
SELECT payment_id AS p FROM payment_book(jsonb_build_object('customer_id', :'c', 'amount', 70000, 'method', 'cash'), '2026-03-03') \gset
SELECT payment_id AS q FROM payment_book(jsonb_build_object('customer_id', :'c', 'amount', 30000, 'method', 'transfer'), '2026-03-03') \gset
CREATE FUNCTION bound(p uuid, d date) RETURNS void LANGUAGE sql AS $$
	SELECT require_payment_reversible(x, 'reversal', d, true) FROM payments x WHERE x.id = p $$;
SELECT lives_ok(format('SELECT bound(%L, %L)', :'p', '2026-03-03'), 'the own deposit of the day');
SELECT throws_ok(format('SELECT bound(%L, %L)', :'p', '2026-03-04'), 'IS403', NULL, 'not on another day');
SELECT throws_ok(format('SELECT bound(%L, %L)', :'q', '2026-03-03'), 'IS403', NULL, 'not a transfer');
SELECT set_config('isp.actor', 'adi@example.net', true) \g /dev/null
SELECT throws_ok(format('SELECT bound(%L, %L)', :'p', '2026-03-03'), 'IS403', NULL, 'not another''s');
SELECT set_config('isp.actor', '', true) \g /dev/null
SELECT throws_ok(format('SELECT bound(%L, %L)', :'p', '2026-03-03'), 'IS403', NULL, 'the payment of no session');
SELECT sound();
SELECT finish();
ROLLBACK;
