-- One act on many rows: which rows a filter finds, and what is refused before any row changes.
BEGIN;
\ir town.psql
SELECT no_plan();

-- ids are ids however they are written: as texts, those in capitals found nothing
SELECT sub(person()) AS s \gset
CREATE FUNCTION found(noun text, part text, value uuid) RETURNS SETOF uuid LANGUAGE sql AS $$
	SELECT id FROM bulk_ids(noun, jsonb_build_object('filter', jsonb_build_object(part, upper(value::text)))) $$;
SELECT set_eq(format('SELECT found(%L, %L, %L)', 'subscription', 'customer_id', owner(:'s')), ARRAY[:'s'::uuid], 'a line by its customer');
SELECT set_eq(format('SELECT found(%L, %L, %L)', 'invoice', 'customer_id', owner(:'s')), ARRAY[inv(:'s')], 'a bill by its customer');
SELECT set_eq(format('SELECT found(%L, %L, %L)', 'invoice', 'package_id', pkg('P')), ARRAY[inv(:'s')], 'a bill by its package');
SELECT is_empty(format('SELECT found(%L, %L, %L)', 'subscription', 'router_id', gen_random_uuid()), 'no line of another router');

-- a move names its router: without one all lines went to the default router
CREATE FUNCTION act(input jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(ok || coalesce(' ' || code, ''), ', ') FROM bulk_act('subscription', input, '2026-01-02') $$;
SELECT throws_ok(format('SELECT act(%L)', jsonb_build_object('act', 'move', 'ids', ARRAY[:'s'])), 'IS422', NULL, 'no router');
SELECT is(act(jsonb_build_object('act', 'move', 'ids', ARRAY[:'s'], 'router_id', NULL)), 'true', 'null: the default one');

-- One line whose static address was taken on the other router threw a whole move away: nothing moved, nothing was named.
-- Each line answers for itself.
INSERT INTO router_settings (name, host, port, username, password) VALUES ('A', '192.0.2.1', 1, 'u', 'x'), ('B', '192.0.2.2', 1, 'u', 'x');
CREATE FUNCTION router(n text) RETURNS uuid LANGUAGE sql AS $$ SELECT id FROM router_settings WHERE name = n $$;
CREATE FUNCTION static(r text, address text) RETURNS uuid LANGUAGE sql AS $$
	SELECT sub(person(), jsonb_build_object('package_id', pkg('S'), 'router_id', router(r), 'remote_address', address)) $$;
SELECT static('A', '10.0.0.5') AS t, static('A', '10.0.0.6') AS v, static('B', '10.0.0.5') AS w \gset
SELECT set_eq(format($$SELECT id, ok, code FROM bulk_act('subscription', %L, '2026-01-02')$$,
		jsonb_build_object('act', 'move', 'ids', ARRAY[:'t', :'v'], 'router_id', router('B'))),
	format($$VALUES (%L::uuid, false, 'taken'), (%L::uuid, true, NULL)$$, :'t', :'v'), 'the address is taken there: the other line moves');
-- an unknown id is 404, and nothing is queued or written
SELECT throws_ok($$SELECT invoice_remind(uuidv7(), '2026-01-02')$$, 'IS404', NULL, 'no bill to remind of');
SELECT throws_ok($$SELECT account_remove(uuidv7())$$, 'IS404', NULL, 'no account to remove');
-- Rows are locked by their customers, first to last, whatever the order of the ids: two acts on the same rows cannot lock each other out.
SELECT person() AS c, person() AS d \gset
SELECT sub(:'d') AS one, sub(:'c') AS two \gset
CREATE FUNCTION taken(noun text, VARIADIC ids uuid[]) RETURNS uuid[] LANGUAGE sql AS $$
	SELECT array_agg(id ORDER BY ordinality) FROM bulk_ids(noun, jsonb_build_object('ids', ids)) WITH ORDINALITY b (id, ordinality) $$;
SELECT is(taken('subscription', :'one', :'two'), ARRAY[:'two', :'one']::uuid[], 'the line of the first customer first');
SELECT is(taken('invoice', inv(:'one'), inv(:'two')), ARRAY[inv(:'two'), inv(:'one')], 'its bill first, too');
-- Five hundred rows are not too many.
SELECT is(count(*), 500::bigint, 'each row has an answer') FROM bulk_act('subscription', jsonb_build_object('act', 'suspend', 'ids', ARRAY(SELECT uuidv7() FROM generate_series(1, 500))), '2026-01-02');
-- A reminder by hand is of the kind that the day asks for.
UPDATE settings SET quiet_from_hour = 0, quiet_until_hour = 0;
UPDATE message_templates SET is_active = true;
INSERT INTO notification_settings (name, channel, audience, config) VALUES ('m', 'email', 'customers', '{}');
UPDATE customers SET email = 'b@x.id' WHERE id = owner(:'s');
SELECT invoice_create(jsonb_build_object('subscription_id', :'s', 'kind', 'other', 'amount', 1000, 'due_date', '2026-01-10'), '2026-01-02') AS o \gset
SELECT invoice_remind(:'o', day) FROM unnest('{2026-01-09,2026-01-10,2026-01-11}'::date[]) day \g /dev/null
SELECT is((SELECT string_agg(event, ' ' ORDER BY id) FROM message_outbox WHERE invoice_id = :'o' AND dedupe_key LIKE '%:2026-01-%'), 'due_soon due_today overdue', 'before, on and after the day');
SELECT finish();
ROLLBACK;
