-- A pause that is planned stays planned whatever else happens to the line.
BEGIN;
\ir town.psql
SELECT no_plan();
CREATE FUNCTION planned(s uuid) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(pause_from || ' to ' || pause_until, 'none') || ', ' || coalesce(begin_on::text, 'never') FROM subscriptions WHERE id = s $$;

-- A pause from 20 February was planned; the line was cut on the 1st and paid on the 5th. The return
-- wiped the pause: the line stayed on and was billed while its people were away.
SELECT bare() AS s \gset
SELECT subscription_pause(:'s', '2026-02-20', '2026-02-25', NULL, '2026-01-10') \g /dev/null
SELECT night(day::date) FROM generate_series(date '2026-01-24', '2026-02-01', '1 day') day \g /dev/null
SELECT pay(inv(:'s'), '2026-02-05') \g /dev/null
SELECT is(is_now(:'s') || ', ' || planned(:'s'), 'active 2026-03-05, 2026-02-20 to 2026-02-25, 2026-02-20', 'back from debt: still planned');
SELECT is((SELECT detail FROM step('begin', '2026-02-20')), 'the pause begins', 'and it begins');
SELECT is((SELECT detail FROM step('begin', '2026-02-26')), 'the pause is over', 'and ends');
SELECT is(is_now(:'s') || ', ' || planned(:'s'), 'active 2026-03-11, none, never', 'then none is planned');

-- The line was off on the first day of its pause: the night dropped the pause, and the return a day
-- later left the line on. One that is over by the return is dropped.
SELECT bare() AS s, bare() AS t \gset
SELECT subscription_pause(x, '2026-01-10', '2026-01-20', NULL, '2026-01-05'), subscription_suspend(x, NULL, '2026-01-08') FROM unnest(ARRAY[:'s', :'t']::uuid[]) x \g /dev/null
SELECT step('begin', '2026-01-10') \g /dev/null
SELECT subscription_activate(:'s', NULL, NULL, '2026-01-12') \g /dev/null
SELECT is((SELECT string_agg(detail, ' ') FROM step('begin', '2026-01-13')), 'the pause begins', 'off by hand on its first day: it begins after the return');
SELECT subscription_activate(:'t', NULL, NULL, '2026-01-25') \g /dev/null
SELECT is(planned(:'t'), 'none, never', 'back after its last day: no pause any more');

-- A pause planned for a line that is to begin moved its first day to that of the pause.
SELECT bare('{"start_date": "2026-01-10", "end_date": "2026-02-08"}') AS s \gset
SELECT subscription_pause(:'s', '2026-01-20', '2026-01-25', NULL, '2026-01-05') \g /dev/null
SELECT is((SELECT string_agg(detail, ' ') FROM step('begin', '2026-01-10')), 'the service begins', 'the line begins on its day');
SELECT is(planned(:'s'), '2026-01-20 to 2026-01-25, 2026-01-20', 'and pauses on that of the pause');

-- A pause planned for a line that is off can be called off too.
SELECT subscription_suspend(:'s', NULL, '2026-01-12'), subscription_resume(:'s', NULL, '2026-01-13') \g /dev/null
SELECT is(is_now(:'s') || ', ' || planned(:'s'), 'suspended(manual) 2026-02-08, none, never', 'called off while the line is off');
SELECT bare() AS s, bare() AS t \gset
SELECT subscription_pause(x, '2026-01-10', '2026-01-20', NULL, '2026-01-05'), subscription_suspend(x, NULL, '2026-01-08') FROM unnest(ARRAY[:'s', :'t']::uuid[]) x \g /dev/null
SELECT step('begin', '2026-01-20') \g /dev/null
SELECT is(planned(:'s'), '2026-01-10 to 2026-01-20, never', 'on its last day it is still planned');
SELECT subscription_activate(:'t', NULL, NULL, '2026-01-20') \g /dev/null
SELECT is(planned(:'t'), '2026-01-10 to 2026-01-20, 2026-01-10', 'and begins where the line returns on that day');
SELECT bare() AS s \gset
SELECT lives_ok(format('SELECT subscription_pause(%L, ''2026-01-10'', ''2026-01-10'', NULL, ''2026-01-05'')', :'s'), 'a pause may be of one day');
-- One that is over cannot be called off: whether it could hung on the nights that the line had seen since it went off.
SELECT bare() AS s \gset
SELECT subscription_pause(:'s', '2026-01-10', '2026-01-12', NULL, '2026-01-05'), subscription_suspend(:'s', NULL, '2026-01-08') \g /dev/null
SELECT throws_ok(format('SELECT subscription_resume(%L, NULL, ''2026-01-13'')', :'s'), 'IS409', 'The subscription is not paused.', 'a pause that is over is none');
SELECT bare() AS s \gset
SELECT subscription_pause(:'s', '2026-01-10', '2026-01-12', NULL, '2026-01-05'), subscription_suspend(:'s', NULL, '2026-01-08') \g /dev/null
SELECT lives_ok(format('SELECT subscription_resume(%L, NULL, ''2026-01-12'')', :'s'), 'on its last day it is not over');

-- A promise up to 10 February stayed on a line that was paused before it paid, and spared its next bill from the cut.
SELECT bare() AS s, bare() AS t \gset
SELECT step('renew', '2026-01-24') \g /dev/null
SELECT subscription_activate(x, '2026-02-10', 'known', '2026-01-30') FROM unnest(ARRAY[:'s', :'t']::uuid[]) x \g /dev/null
SELECT subscription_pause(:'s', '2026-02-01', '2026-02-05', NULL, '2026-02-01') \g /dev/null
SELECT pay(inv(x), '2026-02-02') FROM unnest(ARRAY[:'s', :'t']::uuid[]) x \g /dev/null
SELECT is((SELECT count(hold_until) FROM subscriptions WHERE id IN (:'s', :'t')), 0::bigint, 'the promise ends when all is paid, paused or not');
-- Bug: a pause from the 6th was planned for a line that was to begin on the 8th. That night switched the line on and billed its next
-- period, and the pause began with the night after, which cancelled the bill.
UPDATE settings SET lead_days = 10;
SELECT bare('{"start_date": "2026-01-08", "end_date": "2026-01-14"}') AS n \gset
SELECT subscription_pause(:'n', '2026-01-06', '2026-01-20', NULL, '2026-01-05') \g /dev/null
SELECT is((SELECT string_agg(detail, ' ') FROM step('begin', '2026-01-08') WHERE subscription_id = :'n'), 'the pause begins', 'a pause whose first day has come begins with the service');
SELECT step('renew', '2026-01-08') \g /dev/null
SELECT is(is_now(:'n') || ' ' || (inv(:'n') IS NULL), 'suspended(pause) 2026-01-14 true', 'off, and not billed');
SELECT step('begin', '2026-01-21') \g /dev/null
SELECT is(is_now(:'n'), 'active 2026-01-27', 'its seven days are all left');
UPDATE settings SET lead_days = 7;
-- Bug: a pause that began before the service did gave back days on which there was none: 32 days on for 30 that were paid, and of a
-- calendar line more discount than days.
SELECT sub(person(), '{"issue_invoice": false, "start_date": "2026-01-09", "end_date": "2026-02-07"}') AS r,
	sub(person(), jsonb_build_object('package_id', pkg('M'), 'cycle', 'calendar', 'issue_invoice', false, 'start_date', '2026-01-09', 'end_date', '2026-02-07')) AS c \gset
SELECT subscription_pause(s, '2026-01-07', '2026-01-26', NULL, '2026-01-07') FROM unnest(ARRAY[:'r', :'c']::uuid[]) s \g /dev/null
SELECT step('begin', '2026-01-27') \g /dev/null
SELECT is(is_now(:'r') || ', ' || is_now(:'c') || ' ' || pending_days, 'active 2026-02-25, active 2026-02-07 18', 'eighteen days of service were off')
FROM subscriptions WHERE id = :'c';
-- Bug: a line that begins later was on before its first day, when a pause of it ended or what a person had cut was put on again.
SELECT s AS over, r AS resumed, m AS hand FROM (SELECT bare(later) AS s, bare(later) AS r, bare(later) AS m
	FROM (SELECT '{"start_date": "2026-01-20", "end_date": "2026-02-18"}'::jsonb AS later) l) made \gset
SELECT subscription_pause(:'over', '2026-01-05', '2026-01-10', NULL, '2026-01-05'), subscription_pause(:'resumed', '2026-01-05', NULL, NULL, '2026-01-05'),
	subscription_suspend(:'hand', NULL, '2026-01-05') \g /dev/null
SELECT step('begin', '2026-01-11') \g /dev/null
SELECT subscription_resume(:'resumed', NULL, '2026-01-12'), subscription_activate(:'hand', NULL, NULL, '2026-01-12') \g /dev/null
SELECT is(is_now(l), 'suspended(new) 2026-02-18', 'a line waits for its first day') FROM unnest(ARRAY[:'over', :'resumed', :'hand']::uuid[]) l;
SELECT step('begin', '2026-01-20') \g /dev/null
SELECT is(is_now(l), 'active 2026-02-18', 'that day comes: on') FROM unnest(ARRAY[:'over', :'resumed', :'hand']::uuid[]) l;
SELECT sound();
SELECT finish();
ROLLBACK;
