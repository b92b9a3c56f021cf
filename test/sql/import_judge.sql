-- The faults of a row, one by one, and which rows an import marks (sql/functions/import.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
SELECT uuidv7() AS b, uuidv7() AS o \gset
UPDATE settings SET operator_days_max = 31;
-- A row that can be taken, with what a case gives (null: left out).
CREATE FUNCTION row_of(with_ jsonb) RETURNS import_rows LANGUAGE sql AS $$
	SELECT ROW(uuidv7(), 1, 'k', jsonb_strip_nulls('{"name": "A", "username": "a", "package": "P", "end_date": "2026-02-01"}' || with_), NULL, NULL, NULL)::import_rows $$;
CREATE FUNCTION fault(with_ jsonb, nth bigint DEFAULT 1, priced boolean DEFAULT false, source text DEFAULT 'csv') RETURNS text LANGUAGE sql AS $$
	SELECT f[1] || ' ' || split_part(f[2], E'\t', 2) FROM import_fault(source, row_of(with_), nth, priced) f $$;
CREATE FUNCTION bound_fault(with_ jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT f[1] || ' ' || split_part(f[2], E'\t', 2) FROM import_bound_fault(row_of(with_), '2026-01-20') f $$;

SELECT is(fault(with_::jsonb), wanted, 'a row with ' || with_) FROM (VALUES
	('{}', NULL), ('{"name": null}', 'name required'), (format('{"name": "%s"}', repeat('x', 255)), NULL), (format('{"name": "%s"}', repeat('x', 256)), 'name too_long'),
	('{"notes": "#REF!"}', 'file cell_error'), ('{"phone": "12"}', 'phone format'), ('{"phone": "0812345678"}', NULL),
	('{"price": "a lot"}', 'price money'), ('{"price": "0"}', NULL), ('{"debt": "-1"}', 'debt money'), ('{"debt": "0"}', NULL), ('{"credit": "x"}', 'credit money'), ('{"credit": "1000"}', NULL),
	('{"start_date": "soon"}', 'start_date date'), ('{"start_date": "2026-01-01"}', NULL), ('{"end_date": "soon"}', 'end_date date'),
	('{"state": "on"}', NULL), ('{"state": "aktif"}', NULL), ('{"state": "debt"}', NULL), ('{"state": "pause"}', NULL), ('{"state": "siapa"}', 'state choice'),
	('{"username": " a"}', 'username characters'), (format('{"username": "%s"}', repeat('x', 64)), NULL), (format('{"username": "%s"}', repeat('x', 65)), 'username characters'),
	('{"username": "a\u0007b"}', 'username characters'), ('{"username": ""}', 'username characters'),
	('{"package": null}', 'package required'), ('{"username": null, "package": null, "end_date": null}', NULL), ('{"end_date": null}', 'end_date required'),
	('{"username": null, "end_date": null}', NULL), ('{"package": "Other"}', 'package package_unpriced'), ('{"package": "Other", "price": "5000"}', NULL), ('{"username": null, "package": "Other"}', 'package package_unpriced'),
	('{"password": "x"}', NULL), (format('{"password": "%s"}', repeat('x', 64)), NULL), (format('{"password": "%s"}', repeat('x', 65)), 'password characters'), ('{"password": "a\u0007"}', 'password characters'),
	('{"email": "a at b"}', 'email email'), ('{"email": "a@b.id"}', NULL), ('{"email": "-"}', NULL), (format('{"email": "a@b.%s"}', repeat('d', 251)), NULL), (format('{"email": "a@b.%s"}', repeat('d', 252)), 'email email'),
	('{"remote_address": "10.0.0.300"}', 'remote_address address'), ('{"remote_address": "10.0.0.0/24"}', 'remote_address address'), ('{"remote_address": "10.0.0.3"}', NULL), ('{"remote_address": "-"}', NULL),
	('{"service": "l2tp"}', 'service service_foreign'), ('{"service": "any"}', NULL), ('{"hours": "3h"}', 'package package_hours'),
	('{"name": null, "service": "l2tp", "end_date": "soon"}', 'service service_foreign'), ('{"phone": "12", "email": "x", "price": "x"}', 'phone format')) AS t (with_, wanted);
SELECT is(fault('{"package": "Other"}', 1, true), NULL, 'another row names the price');
SELECT is(fault('{}', 2), 'username twice', 'a username that an earlier row has');
SELECT is(fault('{"username": null, "package": null}', 2), NULL, 'rows without one are no lines');

-- A username is taken while its line lives, but not from the row that made it.
SELECT sub(person(), '{"mikrotik_username": "a"}') AS s, sub(person(), '{"mikrotik_username": "b"}') AS t \gset
SELECT is(fault('{}'), 'username taken', 'a username in use');
INSERT INTO import_keys (source, kind, source_id, id) VALUES ('csv', 'subscription', 'other', :'s'), ('csv', 'customer', 'k', :'s'), ('splynx', 'subscription', 'k', :'s');
SELECT is(fault('{}'), 'username taken', 'by a line of another key, another kind and another source');
INSERT INTO import_keys (source, kind, source_id, id) VALUES ('csv', 'subscription', 'k', :'s');
SELECT is(fault('{}'), NULL, 'by the line that this row made');
SELECT is(fault('{"username": "b"}'), 'username taken', 'by another than that');
SELECT is(fault('{"username": null, "package": null}'), NULL, 'a row without a username takes none');
UPDATE subscriptions SET status = 'cancelled' WHERE id = :'t';
SELECT is(fault('{"username": "b"}'), NULL, 'by a line that has ended');

-- A package by its name, else by its profile on routers; a name in any letters.
INSERT INTO packages (name, bandwidth, price, router_profile) VALUES ('x1', '1M/1M', 1, 'P'), ('x2', '1M/1M', 1, 'other');
SELECT is((SELECT name FROM packages WHERE id = import_package_named(n)), wanted, 'the package of ' || n) FROM (VALUES ('p', 'P'), ('P', 'P'), ('other', 'x2'), ('Other', NULL), ('X1', 'x1')) AS t (n, wanted);

-- The bounds of an operator.
SELECT is(bound_fault(with_::jsonb), wanted, 'an operator''s row with ' || with_) FROM (VALUES
	('{}', NULL), ('{"package": "New"}', 'package unknown_reference'), ('{"package": null}', NULL), ('{"credit": "0"}', NULL), ('{"credit": "1"}', 'credit forbidden'),
	('{"end_date": "2026-02-19"}', NULL), ('{"end_date": "2026-02-20"}', 'end_date days_bound'), ('{"username": null, "end_date": "2026-02-20"}', NULL), ('{"package": "New", "credit": "1"}', 'package unknown_reference')) AS t (with_, wanted);

-- The price of a row: its own, else the lowest that the file has for its package.
INSERT INTO import_rows (batch, line, key, data) VALUES (:'b', 1, 'r1', '{"package": "Fast", "price": "150rb"}'), (:'b', 2, 'r2', '{"package": "fast"}'), (:'b', 3, 'r3', '{"package": "Fast", "price": "140000"}'),
	(:'b', 4, 'r4', '{"package": "Slow", "price": "1000"}'), (:'o', 1, 'r1', '{"package": "Fast", "price": "5"}'), (:'b', 5, 'r5', '{"package": "None"}');
SELECT results_eq($$ SELECT import_price(r) FROM import_rows r WHERE key IN ('r1', 'r2', 'r4', 'r5') ORDER BY batch, line $$, ARRAY[150000, 140000, 1000, NULL, 5]::bigint[], 'the price of a row');
DELETE FROM import_rows;

-- Marks of rows: faults and rows that were taken before, of this batch alone.
INSERT INTO import_rows (batch, line, key, data) SELECT :'b', n, k, v::jsonb FROM (VALUES
	(1, 'j1', '{"name": "A", "username": "j1", "package": "Free", "end_date": "2026-02-01", "price": "0"}'), (2, 'j2', '{"name": "B", "username": "j2", "package": "free", "end_date": "2026-02-01"}'),
	(3, 'j3', '{"name": "C", "username": "j1", "package": "P", "end_date": "2026-02-01"}'), (4, 'j4', '{"name": "D", "package": "P"}'), (5, 'j5', '{"name": "E", "package": "P"}'),
	(6, 'j6', '{"name": "F", "credit": "1000"}'), (7, 'j7', '{"name": "G", "credit": "1000"}'), (8, 'j8', '{"name": "H", "package": "Dear"}')) AS t (n, k, v);
INSERT INTO import_rows (batch, line, key, data) VALUES (:'o', 4, 'j4', '{"phone": "x"}'), (:'o', 9, 'j8', '{"name": "H", "package": "Dear", "price": "5"}');
INSERT INTO import_keys (source, kind, source_id, id) VALUES ('csv', 'customer', 'j5', :'s'), ('csv', 'customer', 'j7', :'s'), ('csv', 'credit', 'j6', :'s'), ('splynx', 'customer', 'j4', :'s');
CREATE FUNCTION judged(b uuid) RETURNS SETOF text LANGUAGE sql AS $$ SELECT concat_ws(' ', line, outcome, field, split_part(fault, E'\t', 2)) FROM import_rows WHERE batch = b ORDER BY line $$;
SELECT import_judge(:'b', 'csv', false, '2026-01-20') \g /dev/null
SELECT results_eq(format('SELECT judged(%L)', :'b'), ARRAY['1', '2', '3 refused username twice', '4', '5 unchanged', '6', '7 unchanged', '8 refused package package_unpriced'],
	'rows that cannot be taken, and rows that were taken before; a price of nothing is one');
SELECT import_judge(:'b', 'csv', true, '2026-01-20') \g /dev/null
SELECT results_eq(format('SELECT judged(%L)', :'b'), ARRAY['1 refused package unknown_reference', '2 refused package unknown_reference', '3 refused username twice', '4', '5 unchanged',
	'6 refused credit forbidden', '7 unchanged', '8 refused package package_unpriced'], 'an operator''s bounds hold for rows that are new');
SELECT results_eq(format('SELECT judged(%L)', :'o'), ARRAY['4', '9'], 'no other batch is marked');

-- Texts of sheets at their bounds.
SELECT is(import_phone(typed), wanted, 'phone: ' || typed) FROM (VALUES ('12345', '12345'), ('1234', NULL), (repeat('1', 20), repeat('1', 20)), (repeat('1', 21), NULL), ('', '')) AS t (typed, wanted);
SELECT is(import_date(typed), wanted, 'date: ' || typed) FROM (VALUES ('jan/31/2026 10:00:00', '2026-01-31'::date), ('2026-02-30', NULL), ('1/2/99', '2099-02-01'), ('1/2/1999', '1999-02-01')) AS t (typed, wanted);
SELECT * FROM finish();
ROLLBACK;
