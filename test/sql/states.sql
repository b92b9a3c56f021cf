-- Overdue, suspension, expiry, activation, cancelling, archiving.
BEGIN;
\ir town.psql
SELECT no_plan();

-- overdue
SELECT sub(person()) AS s \gset
SELECT is(night('2026-01-01'), NULL, 'due today is not overdue');
SELECT is(night('2026-01-02'), 'overdue:done', 'the day after it is');
SELECT is(is_now(:'s'), 'active 2025-12-31', 'grace');
UPDATE settings SET grace_days = 3;
SELECT is(night('2026-01-04'), NULL, 'grace of 3 days: not on the third');
SELECT is((SELECT amount || ' ' || due_date || ' ' || (invoice_id = inv(:'s')) FROM step('suspend', '2026-01-05')), '100000 2026-01-01 true', 'but on the fourth');
SELECT is(is_now(:'s'), 'suspended(debt) 2025-12-31', 'cut off');
UPDATE settings SET grace_days = 1;
SELECT invoice_update(inv(:'s'), '{"due_date": "2026-12-01"}', '2026-01-05') \g /dev/null
SELECT is(owes(inv(:'s')) || ', ' || is_now(:'s'), 'unpaid 0/100000, active 2025-12-31', 'a later due date makes it unpaid, and lifts the suspension');
SELECT is(outcome || ' ' || detail, 'skipped changed meanwhile', 'a candidate paid meanwhile is skipped') FROM billing_suspend(ARRAY[:'s'::uuid], '2026-01-09');
SELECT is(outcome, 'skipped', 'what is not late is not marked') FROM billing_overdue(ARRAY[inv(:'s')], '2026-11-09');

-- holds
SELECT sub(person()) AS s \gset
SELECT night('2026-01-03') \g /dev/null
SELECT throws_ok(format($$SELECT subscription_activate(%L, '2026-01-03', NULL, '2026-01-04')$$, :'s'), 'IS422', NULL, 'until in the past');
SELECT throws_ok(format($$SELECT subscription_activate(%L, '2026-01-19', NULL, '2026-01-04')$$, :'s'), 'IS422', NULL, 'until beyond 14 days');
SELECT subscription_activate(:'s', '2026-01-18', 'promised', '2026-01-04') \g /dev/null
SELECT is(hold_until, '2026-01-18', 'holds to the day promised') FROM subscriptions WHERE id = :'s';
SELECT is(night('2026-01-18'), NULL, 'to the day');
SELECT is(night('2026-01-19'), 'suspend:done', 'and no longer');
SELECT subscription_activate(:'s', NULL, NULL, '2026-01-20') \g /dev/null
SELECT is(hold_until, '2026-01-20', 'without a promise: today') FROM subscriptions WHERE id = :'s';
SELECT throws_ok(format($$SELECT subscription_activate(%L, NULL, NULL, '2026-01-20')$$, :'s'), 'IS409', NULL, 'active already');
SELECT pay(inv(:'s'), '2026-01-20') \g /dev/null
SELECT is(hold_until, NULL, 'paid: no hold') FROM subscriptions WHERE id = :'s';
SELECT bare() AS s \gset
SELECT subscription_suspend(:'s', NULL, '2026-01-02') \g /dev/null
SELECT subscription_activate(:'s', '2026-01-09', NULL, '2026-01-03') \g /dev/null
SELECT is(hold_until, NULL, 'without debt there is nothing to hold') FROM subscriptions WHERE id = :'s';
-- A promise was forgotten where the invoice it was given for was not past due that day.
SELECT sub(person()) AS s \gset
SELECT subscription_activate(:'s', '2026-01-10', NULL, '2026-01-01') \g /dev/null
SELECT is(hold_until, '2026-01-10', 'due today is open, too: the promise stands') FROM subscriptions WHERE id = :'s';
SELECT is((SELECT string_agg(r.step, ' ') FROM (SELECT * FROM step('overdue', '2026-01-09') UNION ALL SELECT * FROM step('suspend', '2026-01-09')) r
	WHERE r.subscription_id = :'s'), 'overdue', 'and holds');
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 1), '2026-01-09') AS other \gset
SELECT pay(:'other', '2026-01-09') \g /dev/null
SELECT is(hold_until, '2026-01-10', 'also when something else is paid') FROM subscriptions WHERE id = :'s';
SELECT pay(inv(:'s'), '2026-01-09') \g /dev/null
SELECT is(hold_until, NULL, 'nothing is open: no hold') FROM subscriptions WHERE id = :'s';

-- by hand
SELECT sub(person()) AS s \gset
SELECT night('2026-01-03') \g /dev/null
SELECT subscription_suspend(:'s', 'abuse', '2026-01-04') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(manual) 2026-01-01', 'debt gives way to a decision; its day off is given back');
SELECT throws_ok(format($$SELECT subscription_suspend(%L, NULL, '2026-01-04')$$, :'s'), 'IS409', NULL, 'suspended already');
SELECT pay(inv(:'s'), '2026-01-04') \g /dev/null
SELECT is(is_now(:'s'), 'suspended(manual) 2026-01-31', 'payment does not lift it');
SELECT is((SELECT meta #>> '{reason}' FROM billing_logs WHERE subscription_id = :'s' AND action = 'suspended' AND meta ->> 'reason' = 'abuse'), 'abuse', 'the log says why');

-- expiry
SELECT bare() AS s \gset
SELECT change(:'s', '{"auto_renew": false}', '2026-01-01') \g /dev/null
SELECT is((SELECT count(*) FROM step('expire', '2026-01-30')), 0::bigint, 'on its last day it serves');
SELECT is((SELECT outcome FROM step('expire', '2026-01-31')), 'done', 'the day after it is expired');
SELECT is(is_now(:'s'), 'expired 2026-01-30', 'without a reason');
SELECT is((SELECT count(*) FROM step('renew', '2026-02-01') WHERE subscription_id = :'s'), 0::bigint, 'expired is not billed');
SELECT subscription_activate(:'s', NULL, NULL, '2026-02-01') \g /dev/null
SELECT is(is_now(:'s'), 'active 2026-01-31', 'activated from expired; its day off is given back');
SELECT sub(person()) AS s \gset
SELECT change(:'s', '{"auto_renew": false}', '2026-01-01') \g /dev/null
SELECT step('overdue', '2026-01-03'), step('suspend', '2026-01-03') \g /dev/null
SELECT step('expire', '2026-02-03') \g /dev/null
SELECT is(is_now(:'s'), 'expired 2025-12-31', 'expired from suspended');
SELECT is(outcome, 'skipped', 'and not again') FROM billing_expire(ARRAY[:'s'::uuid], '2026-02-04');

-- cancelling
SELECT bare() AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s'), '2026-01-20') AS ahead \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 1), '2026-01-20') AS other \gset
INSERT INTO midtrans_attempts (invoice_id, attempt, order_id, amount, state, expires_at) VALUES (:'ahead', 1, 'O', 100000, 'open', now());
SELECT subscription_cancel(:'s', 'moved away', '2026-01-20') \g /dev/null
SELECT is(owes(:'ahead') || ', ' || owes(:'other'), 'cancelled 0/100000, unpaid 0/1', 'periods not begun are cancelled, other stays due');
SELECT is(count(*), 1::bigint, 'its payment page too') FROM midtrans_jobs WHERE kind = 'cancel';
SELECT lives_ok(format('SELECT subscription_cancel(%L, NULL, %L)', :'s', '2026-01-21'), 'again: nothing happens');
SELECT is(count(*), 1::bigint, 'logged once') FROM billing_logs WHERE subscription_id = :'s' AND action = 'cancelled';
SELECT throws_ok(format('SELECT %s', x), 'IS409', NULL, 'from cancelled: ' || x) FROM unnest(ARRAY[
	format('subscription_suspend(%L, NULL, %L)', :'s', '2026-01-21'), format('subscription_activate(%L, NULL, NULL, %L)', :'s', '2026-01-21'),
	format('subscription_update(%L, %L, %L)', :'s', '{"comment": "x"}', '2026-01-21'),
	format('invoice_create(%L, %L)', jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 1), '2026-01-21')]) x;
SELECT lives_ok(format($$SELECT sub(person(), jsonb_build_object('mikrotik_username', (SELECT mikrotik_username FROM subscriptions WHERE id = %L)))$$, :'s'), 'the username is free again');
SELECT sub(person()) AS s \gset
SELECT subscription_cancel(:'s', NULL, '2026-01-02') \g /dev/null
SELECT is(owes(inv(:'s')), 'unpaid 0/100000', 'a period begun stays due');
SELECT sub(person(), '{"start_date": "2026-02-01", "end_date": "2026-03-02"}') AS s \gset
SELECT pay(inv(:'s'), '2026-01-02', '{"amount": 1}') \g /dev/null
SELECT subscription_cancel(:'s', NULL, '2026-01-02') \g /dev/null
SELECT is(owes(inv(:'s')), 'cancelled 0/100000', 'a period not begun is not due, though it is paid in part');
SELECT is(credit(owner(:'s')), 1::bigint, 'that is credit');

-- archiving
SELECT person() AS c \gset
SELECT sub(:'c') AS a \gset
SELECT sub(:'c') AS b \gset
SELECT customer_archive(:'c', false, '2026-01-02') \g /dev/null
SELECT is((SELECT string_agg(status, ' ') FROM subscriptions WHERE customer_id = :'c'), 'cancelled cancelled', 'its subscriptions are cancelled');
SELECT isnt(archived_at, NULL, 'hidden') FROM customers WHERE id = :'c';
SELECT lives_ok(format('SELECT customer_archive(%L, false, %L)', :'c', '2026-01-02'), 'again: nothing happens');
SELECT throws_ok(format('SELECT sub(%L)', :'c'), 'IS422', NULL, 'nothing is sold to the archived');
SELECT person() AS c \gset
SELECT credit_enter(:'c', 5, 'x', '2026-01-02') \g /dev/null
SELECT throws_ok(format('SELECT customer_archive(%L, false, %L)', :'c', '2026-01-02'), 'IS409', NULL, 'not with credit');
SELECT lives_ok(format('SELECT customer_archive(%L, true, %L)', :'c', '2026-01-02'), 'unless it is kept');
SELECT throws_ok($$SELECT customer_archive(gen_random_uuid(), true, '2026-01-02')$$, 'IS404', NULL, 'no such customer');

-- every step skips cancelled subscriptions, but what they owe becomes overdue
SELECT sub(person(), '{"auto_renew": false}') AS s \gset
SELECT subscription_cancel(:'s', NULL, '2026-01-02') \g /dev/null
SELECT is((SELECT count(*) FROM step('expire', '2026-03-01') WHERE subscription_id = :'s'), 0::bigint, 'no step moves what is cancelled');
SELECT step('overdue', '2026-03-01') \g /dev/null
SELECT is(is_now(:'s') || ', ' || owes(inv(:'s')), 'cancelled 2025-12-31, overdue 0/100000', 'its debt is a debt');

-- A bill that a run issues is no payment: a line that was cut for debt stays off, though a longer grace would cut it no more (seed 4364).
SELECT person() AS c \gset
SELECT sub(:'c') AS cut, sub(:'c', '{"start_date": "2025-12-25", "end_date": "2026-01-23", "issue_invoice": false}') AS other \gset
SELECT step('overdue', '2026-01-20'), step('suspend', '2026-01-20') \g /dev/null
UPDATE settings SET grace_days = 30;
SELECT step('renew', '2026-01-21') \g /dev/null
SELECT is(is_now(:'cut') || ', ' || owes(inv(:'other')), 'suspended(debt) 2025-12-31, unpaid 0/100000', 'issued, and the line that was cut is still off');
UPDATE settings SET grace_days = 1;
-- A line that is not renewed pays on its last day: its promise ends with the debt, and does not keep it on for nothing.
SELECT bare('{"auto_renew": false}') AS s \gset
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 1), '2026-01-20') AS other \gset
SELECT lives_ok(format('SELECT subscription_activate(%L, ''2026-01-29'', NULL, ''2026-01-29'')', :'s'), 'a promise may be for today');
SELECT subscription_activate(:'s', '2026-02-10', NULL, '2026-01-29'), pay(:'other', '2026-01-30') \g /dev/null
SELECT is(hold_until, NULL, 'no hold on the last day') FROM subscriptions WHERE id = :'s';
-- An expired line that has days again up to today is on, by a gift or by its end date; then no day off is given on top.
SELECT bare('{"auto_renew": false}') AS g, bare('{"auto_renew": false}') AS e \gset
SELECT step('expire', '2026-01-31') \g /dev/null
SELECT subscription_days_add(:'g', 1, 'sorry', '2026-02-03'), change(:'e', '{"end_date": "2026-02-03"}', '2026-02-03') \g /dev/null
SELECT is(is_now(:'g') || ', ' || is_now(:'e'), 'active 2026-02-03, active 2026-02-03', 'on until today');
UPDATE settings SET promises_max = 1;
SELECT bare('{"auto_renew": false}') AS s \gset
SELECT step('expire', '2026-01-31') \g /dev/null
SELECT subscription_activate(:'s', NULL, NULL, '2026-02-03') \g /dev/null
SELECT step('expire', '2026-02-10') \g /dev/null
SELECT throws_ok(format('SELECT subscription_activate(%L, NULL, NULL, %L)', :'s', '2026-02-10'), 'IS409', '1 promises have been made already.', 'an expired line has as many promises as the setting says');
-- The night reports what is still owed of a bill paid in part: marked, left alone, cut for.
SELECT sub(person()) AS s \gset
SELECT pay(inv(:'s'), '2026-01-01', '{"amount": 40000}') \g /dev/null
SELECT is((SELECT string_agg(outcome || ' ' || amount, ', ') FROM billing_overdue(ARRAY[inv(:'s')], day)), wanted, 'overdue: ' || wanted) FROM (VALUES (date '2026-01-02', 'done 60000'), ('2026-01-03', 'skipped 60000')) AS t (day, wanted);
SELECT is((SELECT string_agg(outcome || ' ' || amount, ', ') FROM billing_suspend(ARRAY[:'s'::uuid], '2026-01-03')), 'done 60000', 'suspend: done 60000');
SELECT sound();
SELECT finish();
ROLLBACK;
