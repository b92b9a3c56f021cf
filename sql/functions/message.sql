/*
 * The outbox. Messages to customers are queued by triggers on invoices and subscriptions and by the
 * nightly reminder, in the transaction of the change; the notifier takes them one by one. All of it
 * runs with its owner's rights: a program needs none on the tables behind it.
 */

-- 628..., or NULL for what is no mobile number of Indonesia; another country's with its + alone.
CREATE OR REPLACE FUNCTION message_phone(phone text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT CASE WHEN local ~ '^628[0-9]{7,11}$' THEN local
	            WHEN phone ~ '^\s*\+' AND digits !~ '^62' AND digits ~ '^[1-9][0-9]{7,14}$' THEN digits END
	  FROM (SELECT digits, regexp_replace(regexp_replace(digits, '^(00)?(62)?0?8', '628'), '^00', '') AS local
	          FROM (SELECT regexp_replace(phone, '[^0-9]', '', 'g') AS digits) d) n;
$$;

-- Put values in the place of {name}, each once: braces inside a value are text.
CREATE OR REPLACE FUNCTION message_render(template text, fields jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
	SELECT coalesce(string_agg(CASE WHEN piece[1] ~ '^\{[a-z_]+\}$' AND fields ? trim(BOTH '{}' FROM piece[1])
	                                THEN coalesce(fields ->> trim(BOTH '{}' FROM piece[1]), '') ELSE piece[1] END, '' ORDER BY n), '')
	  FROM regexp_matches(template, '\{[a-z_]+\}|[^{]+|\{', 'g') WITH ORDINALITY AS p (piece, n);
$$;

-- The sender as customers see it; the company's name where settings hold one.
CREATE OR REPLACE FUNCTION message_company() RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce(nullif(to_jsonb(settings) ->> 'company_name', ''), 'ISP Billing') FROM settings;
$$;

CREATE OR REPLACE FUNCTION message_day(day date) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_char(day, 'DD-MM-YYYY');

CREATE OR REPLACE FUNCTION message_moment(moment timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE coalesce(nullif(current_setting('isp.timezone', true), ''), 'Asia/Jakarta'), 'DD-MM-YYYY HH24:MI');

-- The fields of a message, as things stand now; its own come on top.
CREATE OR REPLACE FUNCTION message_fields(message message_outbox, app_url text) RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT jsonb_build_object('company', message_company(), 'app_url', app_url, 'time', message_moment(now()))
	    || coalesce((SELECT jsonb_build_object('severity', a.severity, 'title', a.title, 'message', a.message,
	                        'time', message_moment(a.created_at)) FROM alert_logs a WHERE a.id = message.alert_id), '{}')
	    || coalesce((SELECT jsonb_build_object('name', c.name) FROM customers c WHERE c.id = message.customer_id), '{}')
	    || coalesce((SELECT jsonb_build_object('invoice_number', i.invoice_number, 'amount', rupiah(i.amount),
	                        'outstanding', rupiah(greatest(i.amount - i.paid_amount, 0)), 'due_date', message_day(i.due_date),
	                        'days', i.due_date - business_today(), 'pay_url', app_url || '/pay/' || i.id)
	                   FROM invoices i WHERE i.id = message.invoice_id), '{}')
	    || coalesce((SELECT jsonb_build_object('package', p.name, 'username', s.mikrotik_username)
	                   FROM subscriptions s JOIN packages p ON p.id = s.package_id
	                  WHERE s.id = coalesce(message.subscription_id, (SELECT subscription_id FROM invoices WHERE id = message.invoice_id))), '{}')
	    || message.fields;
$$;

-- The parameters of its template at Meta, in order.
CREATE OR REPLACE FUNCTION message_parameters(message message_outbox, app_url text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_agg(coalesce(f ->> name, '') ORDER BY n), '[]')
	  FROM message_templates t, unnest(t.wa_fields) WITH ORDINALITY AS w (name, n), message_fields(message, app_url) AS x (f)
	 WHERE t.event = message.event;
$$;

-- An alert as a webhook receives it.
CREATE OR REPLACE FUNCTION message_alert(alert uuid) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT jsonb_build_object('id', id, 'type', type, 'severity', severity, 'title', title, 'message', message, 'meta', meta,
	                          'is_read', is_read, 'resolves', resolves,
	                          'created_at', utc_text(created_at))
	  FROM alert_logs WHERE id = alert;
$$;

-- ---- queueing ------------------------------------------------------------------------------------

-- The address at which a customer gets messages: WhatsApp before mail, if there is a channel for customers.
CREATE OR REPLACE FUNCTION message_address(customer uuid, OUT channel_id uuid, OUT channel text, OUT recipient text)
RETURNS SETOF record
LANGUAGE sql STABLE AS $$
	SELECT n.id, n.channel, a.address
	  FROM customers c
	  JOIN notification_settings n ON n.is_active AND n.audience = 'customers'
	  CROSS JOIN LATERAL (SELECT CASE n.channel WHEN 'whatsapp' THEN message_phone(c.phone)
	                                            WHEN 'email' THEN nullif(c.email, '') END AS address) a
	 WHERE c.id = customer AND NOT c.message_opt_out AND c.archived_at IS NULL AND a.address IS NOT NULL
	 ORDER BY n.channel = 'whatsapp' DESC, n.id LIMIT 1;
$$;

CREATE OR REPLACE FUNCTION message_is_active(event_name text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
	RETURN EXISTS (SELECT FROM message_templates WHERE event = event_name AND is_active);
END $$;

/*
 * Queue one event for many customers at once: the arrays stand side by side, and keys say what is
 * sent at most once, ever. Returns how many were queued.
 */
CREATE OR REPLACE FUNCTION message_queue_many(event text, customers uuid[], invoices uuid[], subscriptions uuid[], keys text[],
	fields jsonb DEFAULT '{}') RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	queued int;
BEGIN
	IF NOT message_is_active(message_queue_many.event) THEN
		RETURN 0;
	END IF;
	INSERT INTO message_outbox (event, channel, channel_id, customer_id, invoice_id, subscription_id, recipient, fields, dedupe_key)
	SELECT message_queue_many.event, a.channel, a.channel_id, q.customer, q.invoice, q.subscription, a.recipient,
	       message_queue_many.fields, message_queue_many.event || ':' || q.key
	  FROM unnest(message_queue_many.customers, message_queue_many.invoices, message_queue_many.subscriptions,
	              message_queue_many.keys) AS q (customer, invoice, subscription, key)
	 CROSS JOIN LATERAL message_address(q.customer) a
	ON CONFLICT (dedupe_key) DO NOTHING;
	GET DIAGNOSTICS queued = ROW_COUNT;
	IF queued > 0 THEN
		PERFORM pg_notify('messages', '');
	END IF;
	RETURN queued;
END $$;

-- The same for one customer; key: what it is about (an invoice's id, a line and a day).
CREATE OR REPLACE FUNCTION message_queue(event text, customer uuid, invoice uuid, subscription uuid, key text,
	fields jsonb DEFAULT '{}') RETURNS boolean
LANGUAGE sql
RETURN message_queue_many(event, ARRAY[customer], ARRAY[invoice], ARRAY[subscription], ARRAY[key], fields) > 0;

-- Mail of our own to a user: {token} stands for what `secret` (sealed as message_outbox:ID:secret) holds.
CREATE OR REPLACE FUNCTION message_queue_user(id uuid, event text, recipient text, fields jsonb, secret text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	INSERT INTO message_outbox (id, event, channel, recipient, fields, secret)
	VALUES (message_queue_user.id, message_queue_user.event, 'email', message_queue_user.recipient,
		message_queue_user.fields, message_queue_user.secret);
	PERFORM pg_notify('messages', '');
END $$;

/*
 * The invoices that a reminder concerns on a day. Reminders of the days before it was switched on are not made
 * up for: the first day of a bill's reminder must not lie before active_since.
 */
CREATE OR REPLACE FUNCTION message_remind_candidates(day date, template message_templates)
RETURNS TABLE (invoice_id uuid, customer_id uuid, subscription_id uuid)
LANGUAGE sql STABLE AS $$
	SELECT i.id, i.customer_id, i.subscription_id
	  FROM invoices i
	 WHERE i.is_open AND i.amount > i.paid_amount
	   AND CASE template.event
	       WHEN 'due_soon'  THEN i.due_date BETWEEN day + 1 AND day + template.days
	                         AND i.due_date - template.days >= coalesce(template.active_since, day)
	       WHEN 'due_today' THEN i.due_date = day
	       WHEN 'overdue'   THEN i.due_date BETWEEN greatest(coalesce(template.active_since, day), day - 7) - 1 AND day - 1
	       END
	   AND NOT EXISTS (SELECT FROM message_outbox m WHERE m.dedupe_key = template.event || ':' || i.id);
$$;

-- The nightly reminder: due soon, due today, overdue. Returns how many messages it queued.
CREATE OR REPLACE FUNCTION message_remind(day date) RETURNS int
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT coalesce(sum(message_queue_many(t.event, c.customers, c.invoices, c.subscriptions, c.keys)), 0)::int
	  FROM message_templates t
	 CROSS JOIN LATERAL (SELECT array_agg(r.customer_id) AS customers, array_agg(r.invoice_id) AS invoices,
	                            array_agg(r.subscription_id) AS subscriptions, array_agg(r.invoice_id::text) AS keys
	                       FROM message_remind_candidates(day, t) r) c
	 WHERE t.event IN ('due_soon', 'due_today', 'overdue') AND t.is_active;
$$;

-- How many messages an event would send today, were it on: shown before it is switched on.
CREATE OR REPLACE FUNCTION message_would_send(template uuid, day date) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT CASE WHEN t.event IN ('due_soon', 'due_today', 'overdue') THEN
	       (SELECT count(*) FROM message_remind_candidates(day, t) r CROSS JOIN LATERAL message_address(r.customer_id))
	       ELSE 0 END
	  FROM message_templates t WHERE t.id = template;
$$;

-- ---- the changes that queue ----------------------------------------------------------------------

CREATE OR REPLACE FUNCTION message_on_invoice_issue() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF message_is_active('bill_issued') THEN
		PERFORM message_queue_many('bill_issued', array_agg(customer_id), array_agg(id), array_agg(subscription_id),
			array_agg(id::text))
		   FROM issued WHERE is_open AND amount > paid_amount HAVING count(*) > 0;
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION message_on_invoice_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF message_is_active('paid') THEN
		PERFORM message_queue_many('paid', array_agg(n.customer_id), array_agg(n.id), array_agg(n.subscription_id),
			array_agg(n.id::text))
		   FROM after_change n JOIN before_change o USING (id)
		  WHERE n.status = 'paid' AND o.status <> 'paid' AND n.amount > 0 HAVING count(*) > 0;
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE FUNCTION message_on_subscription_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	today date := business_today();
BEGIN
	IF NOT message_is_active('cut') AND NOT message_is_active('restored') THEN
		RETURN NULL;
	END IF;
	PERFORM message_queue_many(event, array_agg(customer_id), array_agg(NULL::uuid), array_agg(id),
		array_agg(id || ':' || today))
	   FROM (SELECT n.id, n.customer_id, CASE n.status WHEN 'active' THEN 'restored' ELSE 'cut' END AS event
	           FROM after_change n JOIN before_change o USING (id)
	          WHERE n.status = 'suspended' AND n.suspend_reason = 'debt' AND o.status = 'active'
	             OR n.status = 'active' AND o.status = 'suspended' AND o.suspend_reason = 'debt') c
	  GROUP BY event;
	RETURN NULL;
END $$;

-- Announce a window of work that lies ahead to all with a live account on its router (NULL: on any).
CREATE OR REPLACE FUNCTION message_on_maintenance() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	PERFORM message_queue_many('planned_outage', array_agg(customer_id), array_agg(NULL::uuid), array_agg(id),
		array_agg(new.id || ':' || customer_id), jsonb_build_object('starts', message_moment(new.starts_at),
			'ends', message_moment(new.ends_at), 'note', coalesce(new.note, new.title, '')))
	  FROM (SELECT DISTINCT ON (s.customer_id) s.customer_id, s.id
	          FROM subscriptions s LEFT JOIN mikrotik_secrets m ON m.subscription_id = s.id
	         WHERE s.status = 'active' AND (new.router_id IS NULL OR m.router_id = new.router_id)
	         ORDER BY s.customer_id, s.id) s;
	RETURN NULL;
END $$;

-- Money that came in is an alert only where a channel asks for it by name.
CREATE OR REPLACE FUNCTION message_on_payment() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	IF EXISTS (SELECT FROM notification_settings
	            WHERE is_active AND audience = 'staff' AND events ?| '{payment,payment_received}') THEN
		PERFORM alert_raise_text('payment', 'info', 'payment_received',
			jsonb_build_object('amount', rupiah(p.amount), 'customer', c.name, 'method', alert_word(p.method)),
			jsonb_build_object('payment_id', p.id, 'customer_id', p.customer_id))
		   FROM received p JOIN customers c ON c.id = p.customer_id;
	END IF;
	RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER message_on_issue AFTER INSERT ON invoices REFERENCING NEW TABLE AS issued
	FOR EACH STATEMENT EXECUTE FUNCTION message_on_invoice_issue();
CREATE OR REPLACE TRIGGER message_on_change AFTER UPDATE ON invoices REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
	FOR EACH STATEMENT EXECUTE FUNCTION message_on_invoice_change();
CREATE OR REPLACE TRIGGER message_on_change AFTER UPDATE ON subscriptions
	REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
	FOR EACH STATEMENT EXECUTE FUNCTION message_on_subscription_change();
CREATE OR REPLACE TRIGGER message_on_payment AFTER INSERT ON payments REFERENCING NEW TABLE AS received
	FOR EACH STATEMENT EXECUTE FUNCTION message_on_payment();

CREATE OR REPLACE TRIGGER message_on_maintenance AFTER INSERT ON maintenance_windows FOR EACH ROW
	WHEN (new.device_id IS NULL AND new.target_id IS NULL AND new.starts_at > now())
	EXECUTE FUNCTION message_on_maintenance();
