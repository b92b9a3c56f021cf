-- Sending: a message at a time is taken from the outbox, and its outcome recorded.

-- The address that a channel of the staff sends to.
CREATE OR REPLACE FUNCTION message_staff_address(staff_channel notification_settings) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT coalesce(CASE staff_channel.channel WHEN 'telegram' THEN staff_channel.config ->> 'chat_id' WHEN 'email' THEN staff_channel.config ->> 'email'
	                               WHEN 'webhook' THEN staff_channel.config ->> 'url' ELSE message_phone(staff_channel.config ->> 'phone') END, '');
$$;

-- Give each new alert to the channels that want its type; true: there may be more.
CREATE OR REPLACE FUNCTION message_fan_out() RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	alerts uuid[];
BEGIN
	SELECT array_agg(id) INTO alerts FROM (
		SELECT id FROM alert_logs WHERE notify = 'pending' ORDER BY created_at LIMIT 500 FOR UPDATE SKIP LOCKED) a;
	INSERT INTO message_outbox (event, channel, channel_id, alert_id, recipient)
	SELECT CASE WHEN a.resolves IS NULL THEN 'alert' ELSE 'recovery' END, n.channel, n.id, a.id,
	       message_staff_address(n)
	  FROM alert_logs a JOIN notification_settings n ON n.is_active AND n.audience = 'staff' AND alert_is_wanted(n.events, a.type)
	 WHERE a.id = ANY(alerts)
	ON CONFLICT (alert_id, channel_id) DO NOTHING;
	UPDATE alert_logs SET notify = 'done', updated_at = now() WHERE id = ANY(alerts);
	RETURN coalesce(cardinality(alerts), 0) = 500;
END $$;

-- The senders that have work, and in how many ms the first of it may leave.
CREATE OR REPLACE FUNCTION message_due_senders() RETURNS TABLE (sender text, wait_ms int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
	WITH RECURSIVE line AS ( -- one look-up a sender, not one a message
		(SELECT sender FROM message_outbox WHERE state = 'pending' ORDER BY sender LIMIT 1)
		UNION ALL
		SELECT (SELECT o.sender FROM message_outbox o WHERE o.state = 'pending' AND o.sender > line.sender ORDER BY o.sender LIMIT 1)
		  FROM line WHERE line.sender IS NOT NULL
	)
	SELECT l.sender, least(greatest(extract(epoch FROM greatest(s.next_at, first.due_at) - now()) * 1000, 0), 30000)::int
	  FROM (SELECT sender FROM line WHERE sender IS NOT NULL
	        UNION SELECT DISTINCT sender FROM message_outbox WHERE state = 'sending') l
	  LEFT JOIN message_senders s ON s.sender = l.sender
	 CROSS JOIN LATERAL (
		SELECT least((SELECT due_at FROM message_outbox o WHERE o.sender = l.sender AND state = 'pending' AND NOT (customer_id IS NOT NULL)
		               ORDER BY due_at LIMIT 1),
		             (SELECT due_at FROM message_outbox o WHERE o.sender = l.sender AND state = 'pending' AND customer_id IS NOT NULL
		               ORDER BY due_at LIMIT 1)) AS due_at) first;
$$;

-- No message to a customer at night, by the hour where the provider is.
CREATE OR REPLACE FUNCTION message_is_quiet(moment timestamptz) RETURNS boolean
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN quiet_from_hour <= quiet_until_hour THEN h >= quiet_from_hour AND h < quiet_until_hour
	            ELSE h >= quiet_from_hour OR h < quiet_until_hour END
	  FROM settings, extract(hour FROM moment AT TIME ZONE
	       coalesce(nullif(current_setting('isp.timezone', true), ''), 'Asia/Jakarta')) h;
$$;

-- A WhatsApp number begins with few messages a day and may send a quarter more each day.
CREATE OR REPLACE FUNCTION message_day_cap(sender message_senders, day date) RETURNS int
LANGUAGE sql STABLE AS $$
	SELECT least(message_day_most, message_day_first * 1.25 ^ least(greatest(day - coalesce(sender.first_day, day), 0), 60))::int
	  FROM settings;
$$;

-- Close a message after a kill or a time-out: whether it arrived is unknown.
CREATE OR REPLACE FUNCTION message_leave_unknown(message message_outbox, error text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	-- A second WhatsApp or Telegram message is worse than a look by a person; mail merges by its Message-ID,
	-- alerts and webhooks by their id.
	IF message.customer_id IS NOT NULL AND message.channel IN ('whatsapp', 'telegram') OR message.attempts >= 8 THEN
		UPDATE message_outbox SET state = 'unknown', last_error = error, updated_at = now() WHERE id = message.id;
	ELSE
		UPDATE message_outbox SET state = 'pending', last_error = error, due_at = now() + message_backoff(message.attempts),
			updated_at = now() WHERE id = message.id;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION message_backoff(attempts int) RETURNS interval
LANGUAGE sql IMMUTABLE
RETURN least(make_interval(secs => 5 * 3 ^ least(attempts, 10)), interval '1 hour');

/*
 * Called by a worker that holds the sender's lock: what stands in `sending` belongs to nobody. Only a
 * test is sent outside the line, by the API, and given a minute.
 */
CREATE OR REPLACE FUNCTION message_recover(sender_name text) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	n int := 0;
	m message_outbox;
BEGIN
	FOR m IN SELECT * FROM message_outbox WHERE sender = sender_name AND state = 'sending'
	          AND (event <> 'test' OR updated_at < now() - interval '1 minute') LOOP
		PERFORM message_leave_unknown(m, 'the notifier ended while it was sending');
		n := n + 1;
	END LOOP;
	RETURN n;
END $$;

-- Why this message is not true any more; NULL: it is.
CREATE OR REPLACE FUNCTION message_obsolete(message message_outbox) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT CASE
		WHEN message.customer_id IS NULL THEN NULL
		WHEN (SELECT message_opt_out FROM customers WHERE id = message.customer_id) THEN 'the customer wants no messages'
		WHEN NOT message_is_active(message.event) THEN 'this event is switched off'
		WHEN message.event IN ('bill_issued', 'due_soon', 'due_today', 'overdue')
		 AND NOT EXISTS (SELECT FROM invoices WHERE id = message.invoice_id AND is_open AND amount > paid_amount) THEN 'nothing is owed any more'
		WHEN message.event IN ('cut', 'restored')
		 AND (SELECT status <> CASE message.event WHEN 'cut' THEN 'suspended' ELSE 'active' END FROM subscriptions WHERE id = message.subscription_id)
		THEN 'the line changed meanwhile'
	END;
$$;

/*
 * The next message of a sender, in state `sending`: the caller commits and only then calls the
 * channel. No row: nothing may leave now. gap_ms: the channel's pace, counted from this moment.
 */
CREATE OR REPLACE FUNCTION message_take(sender_name text, app_url text) RETURNS SETOF message_outbox
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	s message_senders;
	m message_outbox;
	may_write_customers boolean;
	why text;
BEGIN
	INSERT INTO message_senders (sender) VALUES (sender_name) ON CONFLICT DO NOTHING;
	SELECT * INTO s FROM message_senders WHERE sender = sender_name FOR UPDATE;
	IF s.next_at > clock_timestamp() THEN
		RETURN;
	END IF;
	may_write_customers := NOT message_is_quiet(clock_timestamp())
		AND (sender_name = 'email' OR s.sent_day IS DISTINCT FROM business_today()
		     OR s.sent_today < message_day_cap(s, business_today()));
	LOOP
		SELECT * INTO m FROM message_outbox
		 WHERE sender = sender_name AND state = 'pending' AND (customer_id IS NULL OR may_write_customers) -- no IN: it sorts all
		   AND due_at <= now()
		 ORDER BY (customer_id IS NOT NULL), due_at LIMIT 1 FOR UPDATE SKIP LOCKED;
		IF NOT FOUND THEN
			RETURN;
		END IF;
		why := message_obsolete(m);
		EXIT WHEN why IS NULL;
		UPDATE message_outbox SET state = 'cancelled', last_error = why, updated_at = now() WHERE id = m.id;
	END LOOP;
	UPDATE message_senders
	   SET next_at = clock_timestamp() + message_gap(m),
	       first_day = CASE WHEN m.customer_id IS NULL THEN first_day ELSE coalesce(first_day, business_today()) END,
	       sent_today = CASE WHEN sent_day = business_today() THEN sent_today ELSE 0 END + (m.customer_id IS NOT NULL)::int,
	       sent_day = business_today(), updated_at = now()
	 WHERE sender = sender_name;
	RETURN QUERY SELECT * FROM message_begin(m, app_url);
END $$;

-- A message as it goes out: attempts counts the tries, subject and body are rendered anew.
CREATE OR REPLACE FUNCTION message_begin(message message_outbox, app_url text) RETURNS SETOF message_outbox
LANGUAGE sql AS $$
	UPDATE message_outbox o
	   SET state = 'sending', attempts = attempts + 1, updated_at = now(),
	       subject = message_render(CASE l.message_language WHEN 'en' THEN t.subject_en ELSE t.subject_id END, f.f),
	       body = message_render(CASE l.message_language WHEN 'en' THEN t.body_en ELSE t.body_id END, f.f)
	  FROM message_templates t, settings l, message_fields(message, app_url) AS f (f)
	 WHERE o.id = message.id AND t.event = o.event
	RETURNING o.*;
$$;

-- A test message over a channel, begun at once; IS404 where there is no such channel.
CREATE OR REPLACE FUNCTION message_test(channel_id uuid, app_url text) RETURNS SETOF message_outbox
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	n notification_settings;
	m message_outbox;
BEGIN
	SELECT * INTO n FROM notification_settings WHERE id = message_test.channel_id;
	PERFORM require_found(FOUND, 'channel_unknown', 'There is no such channel.');
	INSERT INTO message_outbox (event, channel, channel_id, recipient)
	VALUES ('test', n.channel, n.id, message_staff_address(n)) RETURNING * INTO m;
	RETURN QUERY SELECT * FROM message_begin(m, app_url);
END $$;

-- Time between two messages of a sender. An unofficial WhatsApp number that hurries is banned.
CREATE OR REPLACE FUNCTION message_gap(message message_outbox) RETURNS interval
LANGUAGE sql VOLATILE AS $$
	SELECT make_interval(secs => coalesce(
		(SELECT n.gap_ms * CASE WHEN n.channel = 'whatsapp' THEN 1 + random() ELSE 1 END FROM notification_settings n WHERE n.id = message.channel_id),
		CASE WHEN message.channel = 'whatsapp' AND message.customer_id IS NOT NULL THEN 10000 + 50000 * random()
		     WHEN message.channel = 'whatsapp' THEN 3000
		     WHEN message.channel = 'telegram' THEN CASE WHEN message.recipient ~ '^-' THEN 3100 ELSE 1050 END
		     ELSE 0 END) / 1000.0);
$$;

/*
 * How the call ended. sent; retry (refused for now, after so many seconds where the peer said how
 * many); refused (never); down (nothing of it left us: the sender waits, not the message); unknown.
 * A sender that is down for three days gives its messages up.
 */
CREATE OR REPLACE FUNCTION message_done(message uuid, outcome text, detail text, wait_seconds int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	m message_outbox;
BEGIN
	SELECT * INTO m FROM message_outbox WHERE id = message AND state = 'sending' FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	CASE outcome
	WHEN 'sent' THEN
		UPDATE message_outbox SET state = 'sent', provider_id = detail, sent_at = clock_timestamp(), secret = '', last_error = NULL,
			updated_at = now() WHERE id = message;
		UPDATE alert_logs SET notification_sent = true, updated_at = now() WHERE id = m.alert_id AND NOT notification_sent;
	WHEN 'refused' THEN
		UPDATE message_outbox SET state = 'failed', last_error = detail, updated_at = now() WHERE id = message;
	WHEN 'unknown' THEN
		PERFORM message_leave_unknown(m, detail);
	ELSE
		UPDATE message_outbox
		   SET state = CASE WHEN outcome = 'retry' AND attempts >= 8 OR m.created_at < now() - interval '3 days' THEN 'failed' ELSE 'pending' END,
		       attempts = CASE outcome WHEN 'down' THEN attempts - 1 ELSE attempts END,
		       due_at = CASE outcome WHEN 'down' THEN due_at ELSE now() + greatest(message_backoff(attempts), make_interval(secs => wait_seconds)) END,
		       last_error = detail, updated_at = now()
		 WHERE id = message;
	END CASE;
	PERFORM message_sender_done(m.sender, outcome, detail, wait_seconds);
END $$;

CREATE OR REPLACE FUNCTION message_sender_done(sender_name text, outcome text, detail text, wait_seconds int) RETURNS void
LANGUAGE sql AS $$
	UPDATE message_senders
	   SET failures = CASE WHEN outcome IN ('down', 'unknown') THEN failures + 1 WHEN outcome = 'sent' THEN 0 ELSE failures END,
	       failing_since = CASE WHEN outcome IN ('down', 'unknown') THEN coalesce(failing_since, now()) WHEN outcome = 'sent' THEN NULL
	                            ELSE failing_since END,
	       last_error = CASE outcome WHEN 'sent' THEN NULL ELSE detail END,
	       next_at = greatest(next_at, clock_timestamp() + CASE
	                 WHEN outcome IN ('down', 'unknown') THEN least(make_interval(secs => 2 ^ least(failures, 12)), interval '15 minutes')
	                 WHEN outcome = 'retry' THEN make_interval(secs => wait_seconds) ELSE interval '0' END),
	       updated_at = now()
	 WHERE sender = sender_name;
$$;

-- A group became a supergroup: Telegram says its new id once.
CREATE OR REPLACE FUNCTION message_chat_moved(channel_id uuid, chat_id text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	UPDATE notification_settings SET config = jsonb_set(config, '{chat_id}', to_jsonb(message_chat_moved.chat_id)), updated_at = now()
	 WHERE id = message_chat_moved.channel_id;
$$;

-- Send again what was refused, given up or unknown: a person decided so.
CREATE OR REPLACE FUNCTION message_resend(message uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	m message_outbox;
BEGIN
	SELECT * INTO m FROM message_outbox WHERE id = message FOR UPDATE;
	PERFORM require_found(FOUND, 'message_unknown', 'There is no such message.');
	IF m.state NOT IN ('failed', 'unknown', 'cancelled') THEN
		PERFORM raise_conflict('message_not_over', 'Only a failed, unknown or cancelled message can be sent again.');
	END IF;
	UPDATE message_outbox SET state = 'pending', attempts = 0, due_at = now(), updated_at = now() WHERE id = message;
	PERFORM pg_notify('messages', '');
END $$;
