-- Each source makes our fields of its rows, and nothing of another batch's (sql/functions/import.sql).
BEGIN;
\ir town.psql
SELECT no_plan();
SELECT uuidv7() AS b, uuidv7() AS o \gset
-- The rows of a batch as they came, and in another batch the same lines, ids and names with other values.
CREATE FUNCTION raw(b uuid, o uuid, VARIADIC rows jsonb[]) RETURNS void LANGUAGE sql AS $$
	INSERT INTO import_raw (batch, line, name, data)
	SELECT t.batch, n, r ->> 0, CASE WHEN t.batch = b THEN r -> 1 ELSE r -> 1 || '{"fullname": "Other", "name_plan": "Other", "rate_down": "99",
	       "name": "Other", "bandwidth": "9M/9M", "amount": "7", "rate-limit": "9M/9M", "namebp": "Other", "on-login": ":put (\",rem,1,1d,1,\")"}' END
	  FROM unnest(ARRAY[o, b]) t (batch), unnest(rows) WITH ORDINALITY r (r, n) $$;
CREATE FUNCTION mapped(b uuid, what text[]) RETURNS TABLE (key text, data jsonb) LANGUAGE sql AS $$
	SELECT r.key, (SELECT jsonb_object_agg(d.key, d.value) FROM jsonb_each(r.data) d WHERE d.key = ANY (what))
	  FROM import_rows r WHERE r.batch = b ORDER BY r.line $$;

-- A sheet: its names of columns stand within 50 lines; of two columns with one meaning the first counts.
INSERT INTO import_raw (batch, line, name, data) VALUES
	(:'o', 1, 'row', '["Nama"]'), (:'o', 60, 'row', '["Other"]'), (:'o', 59, 'row', '["User", "Nama"]'),
	(:'b', 10, 'row', '["DAFTAR", "Alamat"]'),
	(:'b', 59, 'row', '["No", "Nama", "Paket", "Nama Lengkap", "User", "HP", "Alamat", "?"]'),
	(:'b', 60, 'row', '["", "Ani", "P", "Ani Lengkap", "ani", "", "", "x"]'),
	(:'b', 61, 'row', '["7", "Budi", "P", "", "", "", "", ""]'),
	(:'b', 62, 'row', '["", "Cici", "P", "", "", "0812", "Jl. A", ""]'),
	(:'b', 63, 'row', '["", "Total 3", "P", "", "dodi", "", "", ""]'),
	(:'b', 64, 'row', '["9", "", "P", "", "", "", "Jl. B", ""]'),
	(:'b', 65, 'row', '["", "", "P", "", "eka", "", "", ""]');
INSERT INTO import_rows (batch, line, key, data) VALUES (:'o', 60, 'kept', '{"name": "Total"}'), (:'o', 61, 'kept', '{"package": "P"}');
SELECT import_map_sheet(:'b') \g /dev/null
SELECT results_eq(format($$ SELECT line, key, data FROM import_rows WHERE batch = %L ORDER BY line $$, :'b'),
	$$ VALUES (60, 'ani', '{"name": "Ani", "package": "P", "username": "ani"}'::jsonb), (61, '7', '{"id": "7", "name": "Budi", "package": "P"}'),
		(62, md5('cici|0812|jl. a'), '{"name": "Cici", "package": "P", "phone": "0812", "address": "Jl. A"}'),
		(65, 'eka', '{"package": "P", "username": "eka"}') $$, 'the rows of a sheet, without its totals');
SELECT results_eq(format($$ SELECT key FROM import_rows WHERE batch = %L ORDER BY line $$, :'o'), ARRAY['kept', 'kept'], 'and no other batch is touched');
UPDATE import_raw SET line = 60 WHERE batch = :'b' AND line = 59;
DELETE FROM import_rows;
SELECT throws_ok(format('SELECT import_map_sheet(%L)', :'b'), 'IS422', NULL, 'a heading after 50 lines is none');

-- PHPNuxBill: tables have ids of their own, which are alike.
SELECT uuidv7() AS b, uuidv7() AS o \gset
SELECT raw(:'b', :'o',
	'["tbl_customers", {"id": "7", "username": "budi", "password": "pw", "fullname": "Budi", "phonenumber": "0", "email": "1", "balance": "-50000.00", "address": "Jl. A", "city": "Solo"}]',
	'["tbl_customers", {"id": "8", "username": "cici", "pppoe_username": "cici-net", "pppoe_password": "pp", "pppoe_ip": "10.0.0.3", "fullname": "", "phonenumber": "0812", "email": "c@x.id", "balance": "2500.00"}]',
	'["tbl_customers", {"id": "11", "username": "dodi", "fullname": "Dodi", "balance": "0.00"}]',
	'["tbl_plans", {"id": "1", "name_plan": "PPP 5M", "id_bw": "2", "price": "100000.00", "validity": "1", "validity_unit": "Months"}]',
	'["tbl_plans", {"id": "2", "name_plan": "HS 3d", "id_bw": "1", "price": "5000", "validity": "3", "validity_unit": "Days"}]',
	'["tbl_bandwidth", {"id": "1", "rate_down": "3", "rate_down_unit": "Mbps", "rate_up": "1", "rate_up_unit": "Mbps"}]',
	'["tbl_bandwidth", {"id": "2", "rate_down": "5", "rate_down_unit": "Mbps", "rate_up": "512", "rate_up_unit": "Kbps"}]',
	'["tbl_user_recharges", {"id": "9", "customer_id": "7", "plan_id": "1", "type": "PPPOE", "status": "off", "expiration": "2026-01-10"}]',
	'["tbl_user_recharges", {"id": "6", "customer_id": "7", "plan_id": "2", "type": "Hotspot", "status": "on", "expiration": "2026-02-10", "routers": "R1"}]',
	'["tbl_user_recharges", {"id": "5", "customer_id": "8", "plan_id": "3", "namebp": "Gone", "type": "PPPOE", "status": "on", "expiration": "2026-03-10"}]',
	'["tbl_transactions", {"id": "1", "customer_id": "7", "plan_id": "1", "id_bw": "2", "username": "none", "name_plan": "None", "rate_down": "9", "status": "on"}]') \g /dev/null
SELECT import_map_phpnuxbill(:'b') \g /dev/null
SELECT results_eq(format($$ SELECT * FROM mapped(%L, '{name,username,package,type,price,bandwidth,months,days,end_date,state,router,credit,debt}') $$, :'b'), $$ VALUES
	('7/6', '{"name": "Budi", "username": "budi", "package": "HS 3d", "type": "hotspot", "price": "5000", "bandwidth": "3M/1M", "days": "3", "end_date": "2026-02-10", "state": "on", "router": "R1", "debt": "50000"}'::jsonb),
	('7/9', '{"name": "Budi", "username": "budi", "package": "PPP 5M", "type": "pppoe", "price": "100000", "bandwidth": "5M/512K", "months": "1", "end_date": "2026-01-10", "state": "debt", "debt": "50000"}'),
	('8/5', '{"name": "cici", "username": "cici-net", "package": "Gone", "type": "pppoe", "end_date": "2026-03-10", "state": "on", "credit": "2500"}'),
	('11', '{"name": "Dodi", "type": "pppoe"}') $$, 'PHPNuxBill: a row a recharge, with the plan and the rate that are its own');
SELECT results_eq(format($$ SELECT * FROM mapped(%L, '{id,phone,email,address,password,remote_address}') $$, :'b'), $$ VALUES
	('7/6', '{"id": "7", "password": "pw", "address": "Jl. A, Solo"}'::jsonb), ('7/9', '{"id": "7", "password": "pw", "address": "Jl. A, Solo"}'),
	('8/5', '{"id": "8", "password": "pp", "phone": "0812", "email": "c@x.id", "remote_address": "10.0.0.3"}'), ('11', '{"id": "11"}') $$, 'and its customer''s');

-- The Laravel system: an open bill is a debt of its own line, whatever else names that line.
SELECT uuidv7() AS b, uuidv7() AS o \gset
SELECT raw(:'b', :'o', '["customers", {"id": "c1", "name": "Qori", "phone": "0812", "email": "", "address": "Jl. A"}]', '["customers", {"id": "c2", "name": "Rina"}]',
	'["packages", {"id": "p1", "name": "Home", "type": "pppoe", "price": "100000.00", "bandwidth": "5M/5M", "validity_days": "30"}]', '["packages", {"id": "p2", "name": "Work", "price": "200000.00"}]',
	'["subscriptions", {"id": "s1", "customer_id": "c1", "package_id": "p1", "mikrotik_username": "qori", "mikrotik_password": "pw", "status": "active", "start_date": "2026-01-01 00:00:00", "end_date": "2026-01-30 00:00:00"}]',
	'["subscriptions", {"id": "s2", "customer_id": "c2", "package_id": "p2", "mikrotik_username": "rina", "status": "suspended"}]',
	'["subscriptions", {"id": "s3", "customer_id": "c2", "package_id": "p2", "mikrotik_username": "rina2", "status": "cancelled"}]',
	'["invoices", {"subscription_id": "s2", "amount": "200000.00", "status": "overdue"}]', '["invoices", {"subscription_id": "s2", "amount": "50000.00", "status": "paid"}]',
	'["invoices", {"subscription_id": "s2", "amount": "1000.00", "status": "unpaid"}]', '["credit_notes", {"id": "p2", "customer_id": "c2", "package_id": "p2", "subscription_id": "s2", "amount": "10.00", "status": "unpaid"}]') \g /dev/null
SELECT import_map_laravel(:'b') \g /dev/null
SELECT results_eq(format($$ SELECT * FROM mapped(%L, '{id,name,phone,email,address,subscription,username,password,package,type,price,bandwidth,days,start_date,end_date,state,debt}') $$, :'b'), $$ VALUES
	('c1/s1', '{"id": "c1", "name": "Qori", "phone": "0812", "address": "Jl. A", "subscription": "s1", "username": "qori", "password": "pw", "package": "Home", "type": "pppoe",
		"price": "100000", "bandwidth": "5M/5M", "days": "30", "start_date": "2026-01-01", "end_date": "2026-01-30", "state": "on"}'::jsonb),
	('c2/s2', '{"id": "c2", "name": "Rina", "subscription": "s2", "username": "rina", "package": "Work", "price": "200000", "state": "debt", "debt": 201000}'),
	('c2/s3', '{"id": "c2", "name": "Rina", "subscription": "s3", "username": "rina2", "package": "Work", "price": "200000", "state": "ended"}') $$, 'the Laravel system: a row a line');

-- Objects of routers: what people wrote in the comment, and the profile of the same menu and router.
SELECT results_eq($$ SELECT import_comment_part(c, false), import_comment_part(c, true) FROM (VALUES (1, 'Pak Budi - Jl. Mawar - 0812-3456-7890'), (2, ' - Sari | 62812345678'),
		(3, 'isp:00000000-0000-4000-8000-000000000000 Tono'), (4, '0812345678'), (5, 'HP 0812345678'), (6, 'Blok abc 0812345678'), (7, '')) AS c (n, c) ORDER BY n $$,
	$$ VALUES ('Pak Budi', '0812-3456-7890'), ('Sari', '62812345678'), ('Tono', NULL), (NULL, '0812345678'), (NULL, 'HP 0812345678'), ('Blok abc 0812345678', NULL), (NULL, NULL) $$,
	'name and telephone of a comment');
UPDATE settings SET isolation_profile = 'isolir';
SELECT uuidv7() AS b, uuidv7() AS o \gset
SELECT raw(:'b', :'o', '["ppp-profile", {"router": "A", "name": "home", "rate-limit": "5M/10M"}]', '["hotspot-profile", {"router": "A", "name": "home", "rate-limit": "1M/2M"}]',
	'["ppp-profile", {"router": "B", "name": "home", "rate-limit": "3M/3M"}]', '["ppp-profile", {"router": "A", "name": "Isolir", "rate-limit": "64k/64k"}]',
	'["ppp", {"router": "A", "name": "ani", "profile": "home", "password": "pw", "service": "pppoe", "comment": "Bu Ani - 0812345678", "disabled": "false", "limit-uptime": "1d", "remote-address": "10.0.0.2"}]',
	'["hotspot", {"router": "A", "name": "budi", "profile": "home", "password": "****", "disabled": "true", "address": "10.0.0.3"}]',
	'["ppp", {"router": "A", "name": "cici", "profile": "Isolir", "comment": "isp:1234"}]',
	'["ppp", {"router": "A", "name": "ours", "profile": "home", "comment": "isp:00000000-0000-4000-8000-000000000000 x"}]',
	'["ppp", {"router": "B", "name": "default-trial", "profile": "home"}]', '["hotspot", {"router": "B", "name": "default-trial", "profile": "home"}]',
	'["hotspot", {"router": "B", "name": "eka", "profile": "home", "limit-uptime": "1s"}]', '["queue", {"router": "A", "name": "none", "profile": "home"}]') \g /dev/null
SELECT import_map_routers(:'b') \g /dev/null
SELECT results_eq(format($$ SELECT * FROM mapped(%L, '{name,phone,username,password,type,service,package,bandwidth,state,router}') $$, :'b'), $$ VALUES
	('A/ppp/ani', '{"name": "Bu Ani", "phone": "0812345678", "username": "ani", "password": "pw", "type": "pppoe", "service": "pppoe", "package": "home", "bandwidth": "10M/5M", "state": "on", "router": "A"}'::jsonb),
	('A/hotspot/budi', '{"name": "budi", "username": "budi", "type": "hotspot", "service": "any", "package": "home", "bandwidth": "2M/1M", "state": "debt", "router": "A"}'),
	('A/ppp/cici', '{"name": "isp:1234", "username": "cici", "type": "pppoe", "service": "any", "bandwidth": "64k/64k", "state": "debt", "router": "A"}'),
	('B/ppp/default-trial', '{"name": "default-trial", "username": "default-trial", "type": "pppoe", "service": "any", "package": "home", "bandwidth": "3M/3M", "state": "on", "router": "B"}'),
	('B/hotspot/eka', '{"name": "eka", "username": "eka", "type": "hotspot", "service": "any", "package": "home", "state": "on", "router": "B"}') $$,
	'objects of routers are lines, but for ours and the one that each hotspot has');
SELECT results_eq(format($$ SELECT d.data -> 'object' FROM mapped(%L, '{object}') d $$, :'b'), ARRAY[
	'{"username": "ani", "service": "pppoe", "comment": "Bu Ani - 0812345678", "profile": "home", "remote_address": "10.0.0.2", "disabled": false}'::jsonb,
	'{"username": "budi", "service": "hotspot", "profile": "home", "remote_address": "10.0.0.3", "disabled": true}',
	'{"username": "cici", "service": "any", "comment": "isp:1234", "profile": "Isolir"}', '{"username": "default-trial", "service": "any", "profile": "home"}',
	'{"username": "eka", "service": "hotspot", "profile": "home", "disabled": true}'], 'each with its object, to be adopted as it stands');
SELECT is_empty(format($$ SELECT FROM import_rows WHERE batch = %L $$, :'o'), 'nothing is mapped of the other batches');

-- Mikhmon: a user who has logged in once has a moment of expiry; a voucher that nobody used is no customer.
-- Bug: a user of a profile without Mikhmon's script was taken, too, where the comment began with a date.
SELECT uuidv7() AS b, uuidv7() AS o \gset
SELECT raw(:'b', :'o', '["hotspot-profile", {"router": "A", "name": "month", "rate-limit": "5M/10M", "on-login": ":put (\",rem,5000,30d,6000,,Disable,\")"}]',
	'["hotspot-profile", {"router": "A", "name": "week", "on-login": ":put (\",rem,2000,2w,0,,Disable,\")"}]', '["hotspot-profile", {"router": "A", "name": "hours", "on-login": ":put (\",rem,1000,3h,0,,Disable,\")"}]',
	'["hotspot-profile", {"router": "A", "name": "plain", "rate-limit": "1M/1M"}]', '["hotspot-profile", {"router": "B", "name": "week", "on-login": ":put (\",rem,3000,1d,,,Disable,\")"}]',
	'["ppp-profile", {"router": "A", "name": "month", "on-login": ":put (\",rem,9,9d,9,\")"}]',
	'["hotspot", {"router": "A", "name": "ani", "profile": "month", "password": "pw", "comment": "jan/31/2026 10:00:00 Bu Ani", "disabled": "false"}]',
	'["hotspot", {"router": "A", "name": "budi", "profile": "month", "comment": "vc-123"}]', '["hotspot", {"router": "A", "name": "cici", "profile": "month"}]',
	'["hotspot", {"router": "A", "name": "dodi", "profile": "week", "password": "***", "comment": "2026-02-01 09:00:00", "disabled": "yes"}]',
	'["hotspot", {"router": "A", "name": "eka", "profile": "hours", "comment": "2015-01-01 09:00:00", "limit-uptime": "1s"}]',
	'["hotspot", {"router": "B", "name": "fani", "profile": "week", "comment": "jan/02/2014 00:10:00"}]',
	'["hotspot", {"router": "A", "name": "gina", "profile": "plain", "comment": "jan/31/2026 10:00:00"}]', '["hotspot", {"router": "B", "name": "hadi", "profile": "month", "comment": "jan/31/2026 10:00:00"}]',
	'["ppp", {"router": "A", "name": "indah", "profile": "month", "comment": "jan/31/2026 10:00:00"}]') \g /dev/null
SELECT import_map_mikhmon(:'b') \g /dev/null
SELECT results_eq(format($$ SELECT * FROM mapped(%L, '{name,username,password,type,package,bandwidth,price,days,hours,end_date,state,router}') $$, :'b'), $$ VALUES
	('A/hotspot/ani', '{"name": "Bu Ani", "username": "ani", "password": "pw", "type": "hotspot", "package": "month", "bandwidth": "10M/5M", "price": "6000", "days": "30", "end_date": "jan/31/2026", "state": "on", "router": "A"}'::jsonb),
	('A/hotspot/dodi', '{"name": "dodi", "username": "dodi", "type": "hotspot", "package": "week", "price": "2000", "days": "14", "end_date": "2026-02-01", "state": "debt", "router": "A"}'),
	('A/hotspot/eka', '{"name": "eka", "username": "eka", "type": "hotspot", "package": "hours", "price": "1000", "hours": "3h", "end_date": "2015-01-01", "state": "debt", "router": "A"}'),
	('B/hotspot/fani', '{"name": "fani", "username": "fani", "type": "hotspot", "package": "week", "price": "3000", "days": "1", "end_date": "jan/02/2014 00:10:00 before the clock was set", "state": "on", "router": "B"}') $$,
	'users of Mikhmon who have logged in once');
SELECT is(data #>> '{object,profile}', 'month', 'each with its object') FROM import_rows WHERE batch = :'b' AND key = 'A/hotspot/ani';
SELECT is_empty(format($$ SELECT FROM import_rows WHERE batch = %L $$, :'o'), 'and nothing of the other batch');

-- A day for the lines that have none: those that are off were paid for at most to the day before.
CREATE FUNCTION dated(until date) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	b uuid := uuidv7();
BEGIN
	INSERT INTO import_rows (batch, line, key, data)
	SELECT CASE WHEN n = 5 THEN uuidv7() ELSE b END, n, 'k', v::jsonb FROM (VALUES (1, '{"username": "a", "state": "on"}'), (2, '{"username": "b", "state": "debt"}'),
		(3, '{"username": "c", "state": "on", "end_date": "2026-01-05"}'), (4, '{"name": "d", "state": "on"}'), (5, '{"username": "e", "state": "on"}')) v (n, v);
	PERFORM import_until(b, until, '2026-01-20');
	RETURN QUERY SELECT CASE WHEN data ? 'end_date' THEN data ->> 'end_date' ELSE 'none' END FROM import_rows WHERE key = 'k' ORDER BY line;
	DELETE FROM import_rows WHERE key = 'k';
END $$;
SELECT results_eq($$ SELECT dated('2026-02-10') $$, ARRAY['2026-02-10', '2026-01-19', '2026-01-05', 'none', 'none'], 'a line that is off ends before today');
SELECT results_eq($$ SELECT dated('2026-01-10') $$, ARRAY['2026-01-10', '2026-01-10', '2026-01-05', 'none', 'none'], 'or on the day that was given');
SELECT results_eq($$ SELECT dated(NULL) $$, ARRAY['none', 'none', '2026-01-05', 'none', 'none'], 'without a day they stay as they are');
SELECT * FROM finish();
ROLLBACK;
