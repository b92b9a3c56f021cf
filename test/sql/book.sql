-- Idempotency, and money of the gateway.
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en'; -- of alerts
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-02', '{"amount": 10000, "idempotency_key": "A", "request_hash": "1"}') AS p \gset
SELECT is((SELECT (payment_id, invoice_id, repeated) FROM payment_book(jsonb_build_object('invoice_id', inv(:'s'), 'amount', 10000, 'idempotency_key', 'A', 'request_hash', '1'), '2026-01-03')),
	(:'p'::uuid, inv(:'s'), true), 'the same request again: the first answer');
SELECT is(owes(inv(:'s')), 'unpaid 10000/100000', 'and nothing changes');
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 20000, "idempotency_key": "A", "request_hash": "2"}')$$, :'s'),
	'IS409', NULL, 'another request under the same key');
SELECT pay(inv(:'s'), '2026-01-02', '{"idempotency_key": "B", "request_hash": "1"}') AS q \gset
SELECT is(pay(inv(:'s'), '2026-01-09', '{"idempotency_key": "B", "request_hash": "1"}'), :'q'::uuid, 'repeated on an invoice paid meanwhile');
SELECT throws_ok($$INSERT INTO payments (invoice_id, invoice_number, customer_id, amount, received_on, idempotency_key) SELECT invoice_id, invoice_number, customer_id, 1, received_on, 'B' FROM payments LIMIT 1$$,
	'23505', NULL, 'a key is unique');
SELECT lives_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 5, "reference": "B", "source": "midtrans"}')$$, :'s'), 'the gateway''s references are its own');
SELECT is(alerts('Money for a paid invoice'), 1::bigint, 'gateway money for a paid invoice: alert');
SELECT is(credit(owner(:'s')), 5::bigint, 'and credit');

SELECT sub(person()) AS s \gset
SELECT invoice_cancel(inv(:'s'), '2026-01-02') \g /dev/null
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02')$$, :'s'), 'IS409', NULL, 'a cancelled invoice is not paid by hand');
SELECT gateway(inv(:'s'), 100000, '2026-01-02') AS p \gset
SELECT is(owes(inv(:'s')), 'cancelled 0/100000', 'gateway money: the invoice stays cancelled');
SELECT is(credit(owner(:'s')), 100000::bigint, 'all of it is credit');
SELECT is(alerts('Money for a cancelled invoice'), 1::bigint, 'with an alert');
SELECT is((SELECT count(*) FROM alert_logs WHERE notify = 'pending'), 2::bigint, 'that waits for the notifier');
SELECT sub(person()) AS s \gset
SELECT customer_archive(owner(:'s'), false, '2026-01-02') \g /dev/null
SELECT gateway(inv(:'s'), 150000, '2026-01-02') AS p \gset
SELECT is(owes(inv(:'s')) || ' ' || credit(owner(:'s')), 'paid 100000/100000 50000', 'an archived customer still pays what is owed');
SELECT is(alerts('Money for an archived customer'), 1::bigint, 'with an alert');

-- a clerk's reference is free text; two clicks make one payment
SELECT sub(person()) AS s, sub(person()) AS t \gset
SELECT lives_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 1000, "reference": "tunai", "duplicate": false}')$$, :'s'), 'a reference');
SELECT lives_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 1000, "reference": "tunai", "duplicate": false}')$$, :'t'), 'the same for two customers: both booked');
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 1000, "reference": "tunai", "duplicate": false}')$$, :'s'), 'IS409', NULL, 'the same click twice: once');
SELECT lives_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"amount": 1000, "reference": "tunai", "duplicate": true}')$$, :'s'), 'unless it is meant');
SELECT lives_ok(format($$SELECT pay(inv(%L), '2026-01-05', '{"amount": 1000, "reference": "tunai", "payment_date": "2026-01-05", "duplicate": false}')$$, :'s'), 'two instalments three days apart: both booked');
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-05', '{"amount": 1, "payment_date": "2026-01-03", "bounded": true}')$$, :'s'), 'IS403', NULL, 'an operator dates a payment today or yesterday');

-- deposits
SELECT person() AS c \gset
SELECT payment_id AS p FROM payment_book(jsonb_build_object('customer_id', :'c', 'amount', 70000, 'surplus_to_credit', true), '2026-01-02') \gset
SELECT is(credit(:'c') || ' ' || (SELECT amount FROM payments WHERE id = :'p' AND invoice_id IS NULL), '70000 70000', 'money without a bill is a payment and credit');
SELECT is(owes(inv(sub(:'c'))), 'unpaid 70000/100000', 'the next bill takes it');
SELECT payment_reverse(:'p', 'reversal', NULL, '2026-01-02') \g /dev/null
SELECT is(credit(:'c'), 0::bigint, 'a deposit can be undone');
SELECT throws_ok($$SELECT payment_book('{"customer_id": "00000000-0000-0000-0000-000000000000", "amount": 1}', '2026-01-02')$$, 'IS422', NULL, 'an unknown customer');

-- the scope of a payment page
SELECT person() AS c \gset
SELECT sub(:'c') AS s, sub(:'c') AS t \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 7000, 'due_date', '2026-01-20'), '2026-01-02') AS later \gset
SELECT results_eq(format($$SELECT scope, invoice_scope_owed(%L, scope) FROM unnest('{bill,due,all}'::text[]) scope$$, :'later'),
	$$VALUES ('bill', 7000::bigint), ('due', 107000), ('all', 207000)$$, 'three open bills: what each scope asks for');
SELECT pay(:'later', '2026-01-03', jsonb_build_object('amount', 107000, 'source', 'midtrans', 'reference', 'scope', 'bills', jsonb_build_array(inv(:'s')))) AS p \gset
SELECT is(owes(:'later') || ', ' || owes(inv(:'s')) || ', ' || owes(inv(:'t')), 'paid 7000/7000, paid 100000/100000, unpaid 0/100000', 'one payment settles its scope');
SELECT pay(inv(:'s'), '2026-01-03', '{"amount": 100000, "source": "midtrans", "reference": "again"}') \g /dev/null
SELECT is(credit(:'c') || ', ' || owes(inv(:'t')), '0, paid 100000/100000', 'a bill paid meanwhile becomes credit, and that pays the rest');

-- a payment is of the business day on which it is booked, unless it is dated; "now" is no day of business
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-02', '{"amount": 1000}') AS p \gset
SELECT is(business_day(payment_date) || ' ' || received_on, '2026-01-02 2026-01-02', 'payment_date is the business day by default') FROM payments WHERE id = :'p';
SELECT pay(inv(:'s'), '2026-01-05', '{"amount": 1000, "payment_date": "2026-01-03"}') AS p \gset
SELECT is(business_day(payment_date) || ' ' || received_on, '2026-01-03 2026-01-05', 'or the day that was given') FROM payments WHERE id = :'p';
SELECT pay(inv(:'s'), '2026-01-05', '{"amount": 1000, "payment_date": "2026-01-04T18:00:00Z"}') AS p \gset
SELECT is(payment_date, '2026-01-04 18:00+00', 'or the moment') FROM payments WHERE id = :'p';
SELECT is(payment_moment(NULL, business_day(now())), now(), 'today it is now');
SET LOCAL isp.timezone = 'America/Lima';
SELECT is(business_day(payment_moment('2026-01-03', '2026-01-05')), '2026-01-03', 'a day is that day west of Greenwich too');
SET LOCAL isp.timezone = '';

-- nobody has paid tomorrow; the gateway's clock is its own
SELECT sub(person()) AS s \gset
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"payment_date": "2026-01-03"}')$$, :'s'), 'IS422',
	'The payment date must not be later than 2026-01-02.', 'not in the future');
SELECT lives_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"payment_date": "2026-01-02T16:59:59Z", "amount": 1}')$$, :'s'), 'today is, to its last second where we are');
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"payment_date": "2026-01-02T17:00:00Z", "amount": 1}')$$, :'s'), 'IS422', NULL, 'tomorrow began');
SET LOCAL isp.timezone = 'America/Lima';
SELECT throws_ok(format($$SELECT pay(inv(%L), '2026-01-01', '{"payment_date": "2026-01-02", "amount": 1}')$$, :'s'), 'IS422', NULL, 'a date is that date everywhere');
SELECT is(payment_day('2026-01-02') || ' ' || payment_day('2026-01-02T04:59:00Z'), '2026-01-02 2026-01-01', 'west of Greenwich too');
SET LOCAL isp.timezone = '';
SELECT lives_ok(format($$SELECT pay(inv(%L), '2026-01-02', '{"payment_date": "2026-01-03", "source": "midtrans", "reference": "T"}')$$, :'s'),
	'a payment of the gateway is booked');

-- payment pages of the old amount are dropped
SELECT sub(person()) AS s \gset
INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, state, expires_at)
SELECT inv(:'s'), n, 'O' || n, 100000, state, now() FROM unnest('{open,paid,closed,pending}'::text[]) WITH ORDINALITY t (state, n);
SELECT pay(inv(:'s'), '2026-01-02', '{"amount": 1}') \g /dev/null
SELECT results_eq($$SELECT order_id, kind FROM midtrans_jobs JOIN midtrans_attempts a ON a.id = attempt_id ORDER BY 1$$,
	$$VALUES ('O1', 'cancel'), ('O4', 'cancel')$$, 'the owed amount changed: open pages are cancelled');
SELECT pay(inv(:'s'), '2026-01-02') \g /dev/null
SELECT is(count(*), 2::bigint, 'once') FROM midtrans_jobs;
SELECT sound();
SELECT finish();
ROLLBACK;
