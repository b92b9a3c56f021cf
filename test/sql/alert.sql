-- Alerts: one open at a time for each key, and a recovery only of what was open.
BEGIN;
\ir town.psql
SELECT no_plan();

SELECT isnt(alert_raise('system', 'info', 'a', 'b'), NULL, 'an alert without a key is raised');
SELECT isnt(alert_raise('system', 'info', 'a', 'b'), NULL, 'as often as something raises it');
SELECT is(count(*), 2::bigint, 'each waits for the notifier') FROM alert_logs WHERE notify = 'pending';
SELECT isnt(alert_raise('device_down', 'critical', 'R1', 'b', NULL, 'x:down'), NULL, 'one with a key is raised');
SELECT is(alert_raise('device_down', 'critical', 'R1', 'b', NULL, 'x:down'), NULL, 'once');
SELECT is(count(*), 3::bigint, 'and sent once') FROM alert_logs WHERE notify = 'pending';
SELECT is(alert_resolve('y:down'), NULL, 'an alert that is not open is not resolved');
SELECT isnt(alert_resolve('x:down'), NULL, 'an open one is');
SELECT is(alert_resolve('x:down'), NULL, 'once');
SELECT isnt(alert_raise('device_down', 'critical', 'R1', 'b', NULL, 'x:down'), NULL, 'then it can be raised again');

SELECT finish();
ROLLBACK;
