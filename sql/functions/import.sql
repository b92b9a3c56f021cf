/*
 * Imports. The reader in C fills import_raw; import_map_SOURCE() turns those rows into our fields in
 * import_rows; import_judge() marks each row that cannot be taken; import_apply() takes the others,
 * some at a time, each row whole or not at all. An import takes a position as of a day (days paid
 * for, credit, open debt), never a history.
 */

-- (Functions that every row calls are plpgsql where they cannot be inlined: a SQL function is planned anew for
-- each call from another function's statement.)

-- ---- texts of sheets ------------------------------------------------------------------------------

-- Our name of a heading, NULL where it is not known. Compared without blanks, dots and the like.
CREATE OR REPLACE FUNCTION import_heading(heading text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT field FROM (VALUES
		('id',          '{no,id,idpelanggan,cid,nopelanggan,customerid}'::text[]),
		('name',        '{nama,namapelanggan,pelanggan,customer,customername,fullname,name,namalengkap}'),
		('phone',       '{nohp,hp,nowa,wa,whatsapp,telp,telepon,kontak,nomor,phone,phonenumber}'),
		('email',       '{email,surel}'),
		('address',     '{alamat,address,blok,dusun,desa}'),
		('area',        '{area,wilayah,cluster,lokasi}'),
		('package',     '{paket,layanan,profile,profil,kecepatan,speed,package,plan,namebp}'),
		('bandwidth',   '{bandwidth,ratelimit}'),
		('price',       '{harga,tarif,tagihan,iuran,biaya,abonemen,nominal,price,bulanan}'),
		('end_date',    '{jatuhtempo,tgljatuhtempo,tanggaljatuhtempo,tempo,expired,masaaktif,aktifsampai,enddate,expiration}'),
		('billing_day', '{tgl,tanggal,tgltagihan,billingday,dueday}'),
		('start_date',  '{tglpasang,tanggalpasang,tgldaftar,instalasi,join,startdate}'),
		('username',    '{user,username,userpppoe,pppoe,userppp,akun,pppoeusername,mikrotikusername}'),
		('password',    '{pass,password,sandi,pw,pppoepassword,mikrotikpassword}'),
		('remote_address', '{ip,ipaddress,remoteaddress,alamatip}'),
		('state',       '{status,state,ket,keterangan}'),
		('debt',        '{tunggakan,debt,hutang}'),
		('credit',      '{saldo,balance,deposit,credit}'),
		('notes',       '{catatan,notes,odp,sn,sales}')
	) AS t (field, words)
	WHERE regexp_replace(lower(heading), '[^a-z0-9]', '', 'g') = ANY (words)
$$;

-- Rupiah as people type them into sheets: 150.000, Rp 150.000,-, 150rb, 1,5 jt. NULL: not an amount.
-- Only for files: the API rightly refuses a dot in an amount.
CREATE OR REPLACE FUNCTION import_money(typed text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	t constant text := regexp_replace(regexp_replace(regexp_replace(lower(typed), '\s', '', 'g'), '^rp\.?', ''), ',(-|00)$', '');
BEGIN
	RETURN CASE
		WHEN t ~ '^[0-9]{1,12}$' THEN t::bigint
		WHEN t ~ '^[0-9]{1,3}([.,][0-9]{3}){1,3}$' THEN regexp_replace(t, '[.,]', '', 'g')::bigint
		WHEN t ~ '^[0-9]{1,6}(rb|ribu|k)$' THEN substring(t, '^[0-9]+')::bigint * 1000
		WHEN t ~ '^[0-9]{1,3}([.,][0-9])?(jt|juta)$' THEN (replace(substring(t, '^[0-9.,]+'), ',', '.')::numeric * 1000000)::bigint
	END;
END $$;

-- A day: ISO, or day first with an Indonesian or English month. NULL: not a day.
CREATE OR REPLACE FUNCTION import_date(typed text) RETURNS date
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	m text[];
	months constant text[] := '{jan,feb|peb,mar,apr,mei|may,jun,jul,agu|agt|ags|aug,sep,okt|oct,nov|nop,des|dec}';
	month int;
BEGIN
	m := regexp_match(typed, '^(\d{4})-(\d\d?)-(\d\d?)');
	IF m IS NOT NULL THEN
		RETURN make_date(m[1]::int, m[2]::int, m[3]::int);
	END IF;
	IF typed ~ '^[[:alpha:]]{3}/\d\d?/\d{4}' THEN -- as routers before 7.10 write: jan/31/2026
		typed := regexp_replace(typed, '^([[:alpha:]]{3})/(\d\d?)/(\d{4}).*$', '\2 \1 \3');
	END IF;
	m := regexp_match(typed, '^(\d\d?)[-/. ]+(\d\d?|[[:alpha:]]{3,9})[-/. ]+(\d{4}|\d\d)$');
	IF m IS NULL THEN
		RETURN NULL;
	END IF;
	month := CASE WHEN m[2] ~ '^\d' THEN m[2]::int ELSE
		(SELECT n FROM generate_subscripts(months, 1) n WHERE lower(m[2]) ~ ('^(' || months[n] || ')')) END;
	RETURN make_date(CASE WHEN length(m[3]) = 2 THEN 2000 + m[3]::int ELSE m[3]::int END, month, m[1]::int);
EXCEPTION WHEN datetime_field_overflow OR null_value_not_allowed THEN
	RETURN NULL;
END $$;

-- Digits as they are dialled at home: +62 812, 62812 and a lost zero become 0812; '' for none; NULL:
-- not a phone number (digits that Excel turned into 6.28E+12 are lost).
CREATE OR REPLACE FUNCTION import_phone(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	d constant text := regexp_replace(split_part(split_part(typed, '/', 1), ',', 1), '[^0-9]', '', 'g');
BEGIN
	RETURN CASE
		WHEN typed ~* '[0-9]e\+' THEN NULL
		WHEN d ~ '^0?8?$' THEN ''
		WHEN d ~ '^00620?8' THEN '0' || regexp_replace(d, '^00620?', '')
		WHEN d ~ '^620?8' THEN '0' || regexp_replace(d, '^620?', '')
		WHEN d ~ '^8[0-9]{8,11}$' THEN '0' || d
		WHEN length(d) BETWEEN 5 AND 20 THEN d
	END;
END $$;

-- An e-mail address in small letters; '' for a dash; NULL: not an address.
CREATE OR REPLACE FUNCTION import_email(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	e constant text := lower(btrim(typed));
BEGIN
	RETURN CASE
		WHEN btrim(typed) ~ '^-*$' THEN ''
		WHEN length(typed) <= 255 AND e ~ '^[a-z0-9!#$%&''*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&''*+/=?^_`{|}~-]+)*@([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]*[a-z0-9]$' THEN e
	END;
END $$;

-- An IP address; '' for a dash; NULL: not an address.
CREATE OR REPLACE FUNCTION import_address(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN CASE WHEN btrim(typed) ~ '^-*$' THEN '' WHEN typed !~ '/' THEN host(btrim(typed)::inet) END;
EXCEPTION WHEN invalid_text_representation THEN
	RETURN NULL;
END $$;

-- on, debt, ended or pause. Whole words only: "tidak aktif" is not "aktif". NULL: not known.
CREATE OR REPLACE FUNCTION import_state(typed text) RETURNS text
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	t constant text := btrim(regexp_replace(lower(typed), '\s+', ' ', 'g'));
BEGIN
	RETURN CASE
		WHEN t = ANY ('{aktif,active,on,lunas,paid,ok,"sudah bayar",gratis,free}') THEN 'on'
		WHEN t = ANY ('{isolir,terisolir,isolated,blokir,suspend,suspended,nunggak,menunggak,tunggakan,expired,"belum bayar","belum lunas",unpaid}') THEN 'debt'
		WHEN t = ANY ('{berhenti,cabut,putus,stop,nonaktif,"non aktif","tidak aktif",off,inactive,cancelled}') THEN 'ended'
		WHEN t = 'cuti' THEN 'pause'
	END;
END $$;

-- ---- from each source to our fields ---------------------------------------------------------------

-- A sheet: the first row with a known heading of a name names the columns; what stands above is a title.
CREATE OR REPLACE FUNCTION import_map_sheet(import_batch uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	heading int := (SELECT min(line) FROM import_raw r
		WHERE r.batch = import_batch AND r.line < 50 + (SELECT min(line) FROM import_raw WHERE batch = import_batch)
		AND EXISTS (SELECT FROM jsonb_array_elements_text(r.data) c WHERE import_heading(c) = 'name'));
BEGIN
	IF heading IS NULL THEN
		PERFORM raise_invalid('file', 'no_heading', 'No row names its columns: one must be called nama, pelanggan or name.');
	END IF;
	INSERT INTO import_rows (batch, line, key, data)
	SELECT import_batch, r.line, '', coalesce(jsonb_object_agg(h.field, r.data ->> h.at) FILTER (WHERE r.data ->> h.at <> ''), '{}')
	  FROM import_raw r
	 CROSS JOIN (SELECT DISTINCT ON (import_heading(c.name)) import_heading(c.name) AS field, (c.n - 1)::int AS at
	               FROM import_raw x, jsonb_array_elements_text(x.data) WITH ORDINALITY c (name, n)
	              WHERE x.batch = import_batch AND x.line = heading AND import_heading(c.name) IS NOT NULL
	              ORDER BY import_heading(c.name), c.n) h
	 WHERE r.batch = import_batch AND r.line > heading
	 GROUP BY r.line;
	-- A row without a name is a total below, or a line between areas, unless a cell in it belongs to one customer.
	DELETE FROM import_rows WHERE batch = import_batch AND (data ->> 'name' ~* '^(jumlah|total)\y'
		OR NOT data ?| '{name,phone,email,username,password,remote_address}');
	UPDATE import_rows SET key = coalesce(data ->> 'username', data ->> 'id',
		md5(concat_ws('|', lower(data ->> 'name'), data ->> 'phone', lower(data ->> 'address'))))
	 WHERE batch = import_batch;
END $$;

-- A dump of PHPNuxBill: a row a customer and line. Its day of expiry is the last day on: receipts say so.
CREATE OR REPLACE FUNCTION import_map_phpnuxbill(import_batch uuid) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO import_rows (batch, line, key, data)
	SELECT import_batch, row_number() OVER (ORDER BY (c.data ->> 'id')::int, u.data ->> 'id')::int,
		concat_ws('/', c.data ->> 'id', u.data ->> 'id'),
		jsonb_strip_nulls(jsonb_build_object(
			'id', c.data ->> 'id', 'name', coalesce(nullif(c.data ->> 'fullname', ''), c.data ->> 'username'),
			'phone', nullif(c.data ->> 'phonenumber', '0'), 'email', nullif(c.data ->> 'email', '1'),
			'address', nullif(concat_ws(', ', nullif(c.data ->> 'address', ''), nullif(c.data ->> 'city', ''),
				nullif(c.data ->> 'district', ''), nullif(c.data ->> 'state', ''), nullif(c.data ->> 'zip', '')), ''),
			'username', CASE WHEN u.data IS NOT NULL THEN coalesce(nullif(c.data ->> 'pppoe_username', ''), c.data ->> 'username') END,
			'password', coalesce(nullif(c.data ->> 'pppoe_password', ''), nullif(c.data ->> 'password', '')),
			'remote_address', nullif(c.data ->> 'pppoe_ip', ''),
			'package', coalesce(p.data ->> 'name_plan', u.data ->> 'namebp'),
			'type', CASE WHEN u.data ->> 'type' ILIKE 'hotspot' THEN 'hotspot' ELSE 'pppoe' END,
			'router', nullif(u.data ->> 'routers', ''),
			'price', split_part(p.data ->> 'price', '.', 1),
			'bandwidth', nullif(concat(w.data ->> 'rate_down', left(w.data ->> 'rate_down_unit', 1), '/', w.data ->> 'rate_up',
				left(w.data ->> 'rate_up_unit', 1)), '/'),
			'months', CASE WHEN p.data ->> 'validity_unit' IN ('Months', 'Period') THEN p.data ->> 'validity' END,
			'days', CASE WHEN p.data ->> 'validity_unit' = 'Days' THEN p.data ->> 'validity' END,
			'end_date', u.data ->> 'expiration',
			'state', CASE WHEN u.data IS NULL THEN NULL WHEN u.data ->> 'status' = 'on' THEN 'on' ELSE 'debt' END,
			'credit', CASE WHEN c.data ->> 'balance' !~ '^(-|0*(\.0*)?$)' THEN split_part(c.data ->> 'balance', '.', 1) END,
			'debt', CASE WHEN c.data ->> 'balance' ~ '^-[0-9.]*[1-9]' THEN ltrim(split_part(c.data ->> 'balance', '.', 1), '-') END))
	  FROM import_raw c
	  LEFT JOIN import_raw u ON u.batch = import_batch AND u.name = 'tbl_user_recharges' AND u.data ->> 'customer_id' = c.data ->> 'id'
	  LEFT JOIN import_raw p ON p.batch = import_batch AND p.name = 'tbl_plans' AND p.data ->> 'id' = u.data ->> 'plan_id'
	  LEFT JOIN import_raw w ON w.batch = import_batch AND w.name = 'tbl_bandwidth' AND w.data ->> 'id' = p.data ->> 'id_bw'
	 WHERE c.batch = import_batch AND c.name = 'tbl_customers'
$$;

-- A dump of the Laravel system: its ids are ours, so that old links go on. An open bill is debt.
CREATE OR REPLACE FUNCTION import_map_laravel(import_batch uuid) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO import_rows (batch, line, key, data)
	SELECT import_batch, row_number() OVER (ORDER BY c.line, s.line)::int, concat_ws('/', c.data ->> 'id', s.data ->> 'id'),
		jsonb_strip_nulls(jsonb_build_object(
			'id', c.data ->> 'id', 'name', c.data ->> 'name', 'phone', nullif(c.data ->> 'phone', ''),
			'email', nullif(c.data ->> 'email', ''), 'address', nullif(c.data ->> 'address', ''),
			'subscription', s.data ->> 'id', 'username', s.data ->> 'mikrotik_username', 'password', s.data ->> 'mikrotik_password',
			'remote_address', s.data ->> 'remote_address',
			'package', p.data ->> 'name', 'type', p.data ->> 'type', 'price', split_part(p.data ->> 'price', '.', 1),
			'bandwidth', p.data ->> 'bandwidth', 'days', p.data ->> 'validity_days',
			'start_date', left(s.data ->> 'start_date', 10), 'end_date', left(s.data ->> 'end_date', 10),
			'state', CASE s.data ->> 'status' WHEN 'active' THEN 'on' WHEN 'cancelled' THEN 'ended'
				WHEN 'suspended' THEN 'debt' WHEN 'expired' THEN 'debt' END,
			'debt', (SELECT sum(split_part(i.data ->> 'amount', '.', 1)::bigint)
			           FROM import_raw i WHERE i.batch = import_batch AND i.name = 'invoices'
			            AND i.data ->> 'subscription_id' = s.data ->> 'id' AND i.data ->> 'status' IN ('unpaid', 'overdue'))))
	  FROM import_raw c
	  LEFT JOIN import_raw s ON s.batch = import_batch AND s.name = 'subscriptions' AND s.data ->> 'customer_id' = c.data ->> 'id'
	  LEFT JOIN import_raw p ON p.batch = import_batch AND p.name = 'packages' AND p.data ->> 'id' = s.data ->> 'package_id'
	 WHERE c.batch = import_batch AND c.name = 'customers'
$$;

-- ---- from live routers ----------------------------------------------------------------------------

-- Is it a profile for those who do not pay?
CREATE OR REPLACE FUNCTION import_is_isolation(profile text) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT coalesce(lower(profile) = ANY (string_to_array(isolation_names(s), E'\n')), false) FROM settings s
$$;

-- The parts of a comment as people write them: "Name - address - 0812...", "Name | e-mail | ...".
CREATE OR REPLACE FUNCTION import_comment_part(comment text, want_phone boolean) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT btrim(part)
	  FROM regexp_split_to_table(regexp_replace(comment, '^isp:[0-9a-f-]{36} ?', ''), '\s+[-|/]\s*|\s*[|/]\s*') WITH ORDINALITY AS p (part, n)
	 WHERE btrim(part) <> '' AND (regexp_replace(part, '[^0-9]', '', 'g') ~ '^(0|62|8)[0-9]{8,13}$' AND part !~ '[[:alpha:]]{3}') = want_phone
	 ORDER BY n LIMIT 1
$$;

-- The download/upload of a profile: a router writes upload first.
CREATE OR REPLACE FUNCTION import_rate(rate_limit text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
	SELECT m[2] || '/' || m[1] FROM regexp_match(rate_limit, '^(\d+[kMG])/(\d+[kMG])') AS m
$$;

-- The object of a raw row as account_adopt() takes it.
CREATE OR REPLACE FUNCTION import_object(menu text, object jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT jsonb_build_object('username', object ->> 'name', 'service', CASE menu WHEN 'hotspot' THEN 'hotspot' ELSE coalesce(object ->> 'service', 'any') END,
		'comment', object ->> 'comment',
		'profile', object ->> 'profile', 'remote_address', coalesce(object ->> 'remote-address', object ->> 'address'),
		'disabled', object ->> 'disabled' IN ('true', 'yes') OR object ->> 'limit-uptime' = '1s')
$$;

/*
 * The objects of the routers, without those that are ours already: a secret is a line with the package of its
 * profile's name; the name and telephone of its comment are what people wrote there.
 */
CREATE OR REPLACE FUNCTION import_map_routers(import_batch uuid) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO import_rows (batch, line, key, data)
	SELECT import_batch, row_number() OVER (ORDER BY s.line)::int, concat_ws('/', s.data ->> 'router', s.name, s.data ->> 'name'),
		jsonb_strip_nulls(jsonb_build_object(
			'name', left(coalesce(import_comment_part(s.data ->> 'comment', false), s.data ->> 'name'), 255),
			'phone', import_comment_part(s.data ->> 'comment', true), 'username', s.data ->> 'name',
			'password', CASE WHEN s.data ->> 'password' !~ '^\**$' THEN s.data ->> 'password' END,
			'type', CASE s.name WHEN 'hotspot' THEN 'hotspot' ELSE 'pppoe' END, 'service', coalesce(s.data ->> 'service', 'any'),
			'package', CASE WHEN NOT import_is_isolation(s.data ->> 'profile') THEN s.data ->> 'profile' END,
			'bandwidth', import_rate(p.data ->> 'rate-limit'),
			'state', CASE WHEN s.data ->> 'disabled' IN ('true', 'yes') OR import_is_isolation(s.data ->> 'profile') THEN 'debt' ELSE 'on' END,
			'router', s.data ->> 'router', 'object', import_object(s.name, s.data)))
	  FROM import_raw s
	  LEFT JOIN import_raw p ON p.batch = import_batch AND p.name = s.name || '-profile' AND p.data ->> 'router' = s.data ->> 'router'
	                        AND p.data ->> 'name' = s.data ->> 'profile'
	 WHERE s.batch = import_batch AND s.name IN ('ppp', 'hotspot') AND coalesce(s.data ->> 'comment', '') !~ '^isp:[0-9a-f-]{36}'
	   AND NOT (s.name = 'hotspot' AND s.data ->> 'name' = 'default-trial')
$$;

-- The price, the selling price and the validity that Mikhmon keeps in the script of a hotspot profile; NULL: none of its.
CREATE OR REPLACE FUNCTION import_mikhmon(on_login text) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT ARRAY[f[3], nullif(nullif(f[5], ''), '0'), f[4]]
	  FROM regexp_match(on_login, ':put \(",([^"]*)"\)') AS m, string_to_array(',' || m[1], ',') AS f
	 WHERE m IS NOT NULL
$$;

/*
 * Mikhmon's users who have logged in once: then the comment begins with the moment of expiry, and
 * what follows is the operator's own text.  Vouchers that nobody used are no customers.
 */
CREATE OR REPLACE FUNCTION import_map_mikhmon(import_batch uuid) RETURNS void
LANGUAGE sql AS $$
	INSERT INTO import_rows (batch, line, key, data)
	SELECT import_batch, row_number() OVER (ORDER BY s.line)::int, concat_ws('/', s.data ->> 'router', 'hotspot', s.data ->> 'name'),
		jsonb_strip_nulls(jsonb_build_object(
			'name', left(coalesce(nullif(btrim(substr(s.data ->> 'comment', length(c.moment) + 1)), ''), s.data ->> 'name'), 255),
			'username', s.data ->> 'name',
			'password', CASE WHEN s.data ->> 'password' !~ '^\**$' THEN s.data ->> 'password' END,
			'type', 'hotspot', 'package', s.data ->> 'profile', 'bandwidth', import_rate(p.data ->> 'rate-limit'),
			'price', coalesce(m.mikhmon[2], m.mikhmon[1]),
			'days', CASE right(m.mikhmon[3], 1) WHEN 'd' THEN rtrim(m.mikhmon[3], 'd') WHEN 'w' THEN (rtrim(m.mikhmon[3], 'w')::int * 7)::text END,
			'hours', CASE WHEN m.mikhmon[3] ~ '[hms]$' THEN m.mikhmon[3] END,
			'end_date', CASE WHEN substring(c.moment, '\d{4}')::int >= 2015 THEN split_part(c.moment, ' ', 1) ELSE c.moment || ' before the clock was set' END,
			'state', CASE WHEN s.data ->> 'disabled' IN ('true', 'yes') OR s.data ->> 'limit-uptime' = '1s' THEN 'debt' ELSE 'on' END,
			'router', s.data ->> 'router', 'object', import_object(s.name, s.data)))
	  FROM import_raw s
	  JOIN import_raw p ON p.batch = import_batch AND p.name = 'hotspot-profile' AND p.data ->> 'router' = s.data ->> 'router'
	                   AND p.data ->> 'name' = s.data ->> 'profile'
	 CROSS JOIN LATERAL (SELECT import_mikhmon(p.data ->> 'on-login') AS mikhmon) m
	 CROSS JOIN LATERAL (SELECT substring(s.data ->> 'comment',
	                            '^(?:[[:alpha:]]{3}/\d\d/\d{4}|\d{4}-\d\d-\d\d) \d\d:\d\d:\d\d') AS moment) c
	 WHERE s.batch = import_batch AND s.name = 'hotspot' AND m.mikhmon IS NOT NULL AND c.moment IS NOT NULL
$$;

-- A line without a day up to which it is paid is paid up to this one, one that is off to the day before today.
CREATE OR REPLACE FUNCTION import_until(import_batch uuid, until date, today date) RETURNS void
LANGUAGE sql AS $$
	UPDATE import_rows
	   SET data = data || jsonb_build_object('end_date', CASE data ->> 'state' WHEN 'on' THEN until ELSE least(until, today - 1) END)
	 WHERE batch = import_batch AND until IS NOT NULL AND data ? 'username' AND NOT data ? 'end_date'
$$;

-- ---- what cannot be taken -------------------------------------------------------------------------

-- The price of a row's package: its own, else the one that another row of the file names for it.
CREATE OR REPLACE FUNCTION import_price(source_row import_rows) RETURNS bigint
LANGUAGE sql STABLE AS $$
	SELECT coalesce(import_money(source_row.data ->> 'price'), (SELECT min(import_money(o.data ->> 'price')) FROM import_rows o
		WHERE o.batch = source_row.batch AND lower(o.data ->> 'package') = lower(source_row.data ->> 'package')))
$$;

-- An account as old systems name them: blanks, signs and letters of any script, no control characters.
CREATE OR REPLACE FUNCTION import_is_username(name text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
	SELECT length(name) BETWEEN 1 AND 64 AND name !~ '[[:cntrl:]]' AND name = btrim(name)
$$;

-- The package of this name, or whose profile on routers has it.
CREATE OR REPLACE FUNCTION import_package_named(package text) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN (SELECT id FROM packages p WHERE lower(p.name) = lower(package) OR p.router_profile = package
	         ORDER BY lower(p.name) = lower(package) DESC LIMIT 1);
END $$;

-- The first fault of a row: {field, sentence, tab, code}; NULL: none. nth: of the rows with its username; priced: some row of the
-- file names a price for its package.
CREATE OR REPLACE FUNCTION import_fault(source text, source_row import_rows, nth bigint, priced boolean) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY[f.field, f.fault || E'\t' || f.code] FROM (VALUES
		(1, NOT source_row.data ? 'name', 'name', 'required', 'The row has no name.'),
		(1, length(source_row.data ->> 'name') > 255, 'name', 'too_long', 'The name is longer than 255 characters.'),
		(2, EXISTS (SELECT FROM jsonb_each_text(source_row.data) v WHERE v.value LIKE '#%!'), 'file', 'cell_error', 'A cell holds an error or a formula without a value.'),
		(3, source_row.data ? 'phone' AND import_phone(source_row.data ->> 'phone') IS NULL, 'phone', 'format', 'The phone number is not one.'),
		(4, source_row.data ? 'price' AND import_money(source_row.data ->> 'price') IS NULL, 'price', 'money', 'The price is not an amount in rupiah.'),
		(5, source_row.data ? 'debt' AND import_money(source_row.data ->> 'debt') IS NULL, 'debt', 'money', 'The debt is not an amount in rupiah.'),
		(6, source_row.data ? 'credit' AND import_money(source_row.data ->> 'credit') IS NULL, 'credit', 'money', 'The credit is not an amount in rupiah.'),
		(7, source_row.data ? 'start_date' AND import_date(source_row.data ->> 'start_date') IS NULL, 'start_date', 'date', 'The start date is not a day.'),
		(8, source_row.data ? 'end_date' AND import_date(source_row.data ->> 'end_date') IS NULL, 'end_date', 'date', 'The end date is not a day.'),
		(9, source_row.data ? 'state' AND source_row.data ->> 'state' <> 'on' AND import_state(source_row.data ->> 'state') IS NULL
			AND source_row.data ->> 'state' NOT IN ('debt', 'ended', 'pause'), 'state', 'choice', 'The state is not a known word.'),
		(10, source_row.data ? 'username' AND NOT import_is_username(source_row.data ->> 'username'), 'username', 'characters',
			'The username is longer than 64 characters, begins or ends with a blank or holds control characters.'),
		(11, source_row.data ? 'username' AND NOT source_row.data ? 'package', 'package', 'required', 'The line has no package.'),
		(12, source_row.data ? 'username' AND NOT source_row.data ? 'end_date', 'end_date', 'required', 'The line has no date up to which it is paid.'),
		(13, source_row.data ? 'package' AND NOT source_row.data ? 'price'
			AND import_package_named(source_row.data ->> 'package') IS NULL
			AND NOT priced,
			'package', 'package_unpriced', 'There is no package of this name, and the file names no price.'),
		(14, source_row.data ? 'username' AND EXISTS (SELECT FROM subscriptions s
			WHERE s.mikrotik_username = source_row.data ->> 'username' AND s.is_live
			  AND s.id IS DISTINCT FROM (SELECT k.id FROM import_keys k
			      WHERE k.source = import_fault.source AND k.kind = 'subscription' AND k.source_id = source_row.key)),
			'username', 'taken', 'The username has already been taken.'),
		(15, source_row.data ? 'username' AND nth > 1, 'username', 'twice', 'The username stands in an earlier row.'),
		(16, length(source_row.data ->> 'password') > 64 OR source_row.data ->> 'password' ~ '[[:cntrl:]]', 'password', 'characters',
			'The password is longer than 64 characters or holds control characters.'),
		(17, source_row.data ? 'email' AND import_email(source_row.data ->> 'email') IS NULL, 'email', 'email', 'The e-mail address is not one.'),
		(18, source_row.data ? 'remote_address' AND import_address(source_row.data ->> 'remote_address') IS NULL, 'remote_address', 'address',
			'The IP address is not one.'),
		(0, source_row.data ->> 'service' NOT IN ('any', 'pppoe', 'hotspot'), 'service', 'service_foreign',
			'This system drives no account of this service.'),
		(0, source_row.data ? 'hours', 'package', 'package_hours', 'A package of hours or minutes has no place here.')
	) AS f (n, bad, field, code, fault)
	WHERE f.bad ORDER BY f.n LIMIT 1
$$;

-- The first fault that an operator's bounds make of a row (contract 5.6), as import_fault() has it. Days that have passed are history.
CREATE OR REPLACE FUNCTION import_bound_fault(source_row import_rows, today date) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT ARRAY[f.field, f.fault || E'\t' || f.code] FROM settings g CROSS JOIN LATERAL (VALUES
		(1, source_row.data ? 'package' AND import_package_named(source_row.data ->> 'package') IS NULL, 'package', 'unknown_reference',
			'There is no package of this name, and only an admin may add one.'),
		(2, import_money(source_row.data ->> 'credit') > 0, 'credit', 'forbidden', 'Only an admin may enter credit.'),
		(3, source_row.data ? 'username' AND import_date(source_row.data ->> 'end_date') - today + 1 > g.operator_days_max, 'end_date', 'days_bound',
			format('An operator may give at most %s days.', g.operator_days_max))
	) AS f (n, bad, field, code, fault)
	WHERE f.bad ORDER BY f.n LIMIT 1
$$;

-- Mark what cannot be taken, and what was taken before. bounded: an operator imports.
CREATE OR REPLACE FUNCTION import_judge(import_batch uuid, source text, bounded boolean, today date) RETURNS void
LANGUAGE sql SET enable_seqscan = off AS $$
	UPDATE import_rows r
	   SET field = f.fault[1], fault = f.fault[2],
	       outcome = CASE WHEN f.fault IS NOT NULL THEN 'refused' WHEN f.known THEN 'unchanged' END
	  FROM (SELECT o.line, k.known, coalesce(import_fault(import_judge.source, o,
	              row_number() OVER (PARTITION BY o.data ->> 'username' ORDER BY o.line),
	              bool_or(coalesce(import_money(o.data ->> 'price') >= 0, false)) OVER (PARTITION BY lower(o.data ->> 'package'))),
	              CASE WHEN bounded AND NOT k.known THEN import_bound_fault(o, today) END) AS fault
	          FROM import_rows o
	         CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM import_keys x
	              WHERE x.source = import_judge.source AND x.kind = 'customer' AND x.source_id = o.key) AS known) k
	         WHERE o.batch = import_batch) f
	 WHERE r.batch = import_batch AND r.line = f.line
$$;
