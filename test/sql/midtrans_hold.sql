-- How many nights a gateway that gives no answer may delay a suspension (midtrans_3_work.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
UPDATE settings SET message_language = 'en'; -- of alerts
UPDATE settings SET hold_nights = 2;
SELECT sub(person()) AS s \gset
CREATE FUNCTION hold(s uuid, d date) RETURNS text LANGUAGE sql AS $$ SELECT CASE WHEN held THEN 'held' ELSE 'not' END FROM midtrans_hold(s, d) $$;
CREATE FUNCTION nights(s uuid) RETURNS int LANGUAGE sql AS $$ SELECT gateway_holds FROM subscriptions WHERE id = s $$;

-- It was counted in each run: three runs of one evening, and somebody who had paid was cut off.
SELECT is(hold(:'s', '2026-01-05') || hold(:'s', '2026-01-05') || hold(:'s', '2026-01-05'), 'heldheldheld', 'one night, run three times');
SELECT is(nights(:'s'), 1, 'is one');
SELECT is(hold(:'s', '2026-01-04'), 'held', 'a night before it, run late, too');
SELECT is(nights(:'s'), 1, 'is none more');
SELECT is(hold(:'s', '2026-01-06') || hold(:'s', '2026-01-07') || hold(:'s', '2026-01-07'), 'heldnotnot', 'the third is too many, however often');
SELECT is(alerts('%suspended without an answer'), 1::bigint, 'people are informed once');
SELECT is(count(*), 2::bigint, 'and the log has each night') FROM billing_logs WHERE action = 'held';

-- The count outlived the payment: the next debt, months later, had no night left.
SELECT subscription_suspend(:'s', NULL, '2026-01-07') \g /dev/null
SELECT subscription_activate(:'s', NULL, NULL, '2026-01-08') \g /dev/null
SELECT is(nights(:'s'), 0, 'activated by hand: from the beginning');
SELECT hold(:'s', '2026-01-09') \g /dev/null
SELECT pay(inv(:'s'), '2026-01-10') \g /dev/null
SELECT is(nights(:'s'), 0, 'paid: from the beginning');
SELECT is(hold(:'s', '2026-01-09') || nights(:'s'), 'held1', 'and the days before count anew');
SELECT sub(person(), '{"start_date": "2026-01-01", "end_date": "2026-01-30"}') AS z \gset
SELECT hold(:'z', '2026-01-11') \g /dev/null
SELECT pay(inv(:'z'), '2026-01-12') \g /dev/null
SELECT is(nights(:'z'), 0, 'also where the payment changes nothing else');
SELECT midtrans_hold_end(:'s') \g /dev/null
SELECT is(nights(:'s'), 0, 'answered: from the beginning');
UPDATE settings SET hold_nights = 0;
SELECT is(hold(:'s', '2026-01-20'), 'not', 'no night at all');
SELECT sound();
SELECT finish();
ROLLBACK;
