/*
 * Alerts: written in the transaction of the change that caused them, sent by the notifier.
 *
 * Without a key an alert is an event. With a key it is a state: alert_raise() opens it once and
 * counts repetitions, alert_resolve() ends it and writes the recovery. The two run with their
 * owner's rights, so that no program needs any on the tables behind them.
 */


-- A thing whose alerts came and went so often within an hour is damped: listed, not sent.
CREATE OR REPLACE FUNCTION alert_notify_state(alert_key text) RETURNS text
LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN count(*) >= 3 THEN 'damped' ELSE 'pending' END FROM alert_logs
	 WHERE key = alert_key AND created_at > now() - interval '1 hour';
$$;

/*
 * Raise an alert. One with a key is raised once: while it is open, it counts the repetition and returns NULL.
 * `parts` is what alert_render() made the text of; NULL: no more is known than the text.
 */
CREATE OR REPLACE FUNCTION alert_raise(type text, severity text, title text, message text, meta jsonb DEFAULT NULL,
	key text DEFAULT NULL, parts jsonb DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	alert   uuid;
	is_open boolean;
BEGIN
	INSERT INTO alert_logs AS a (type, severity, title, message, meta, key, notify, code, texts, fields)
	VALUES (alert_raise.type, alert_raise.severity, left(alert_raise.title, 255), alert_raise.message, alert_raise.meta,
		alert_raise.key, alert_notify_state(alert_raise.key), parts ->> 'code', parts -> 'texts', parts -> 'fields')
	ON CONFLICT (key) WHERE resolved_at IS NULL
	DO UPDATE SET repeats = a.repeats + 1, last_raised_at = clock_timestamp(), updated_at = clock_timestamp()
	RETURNING a.id, a.repeats > 0 INTO alert, is_open;
	PERFORM pg_notify('messages', '');
	RETURN CASE WHEN NOT is_open THEN alert END;
END $$;

/*
 * Close the open alert of a key; NULL where there is none, so that nothing is called well that never
 * failed. With a title its recovery is written, of type device_up for device_down, else of the same
 * type. Both are skipped when no message of the alert has left yet; the recovery of a damped one is damped.
 */
CREATE OR REPLACE FUNCTION alert_resolve(open_key text, title text DEFAULT NULL, message text DEFAULT NULL,
	meta jsonb DEFAULT NULL, parts jsonb DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
	opened alert_logs;
BEGIN
	UPDATE alert_logs a SET resolved_at = clock_timestamp(), updated_at = clock_timestamp(),
	       notify = CASE a.notify WHEN 'pending' THEN 'skipped' ELSE a.notify END
	 WHERE a.key = open_key AND a.resolved_at IS NULL
	RETURNING * INTO opened;
	IF FOUND AND alert_resolve.title IS NOT NULL THEN
		INSERT INTO alert_logs (type, severity, title, message, meta, resolves, resolved_at, notify, code, texts, fields)
		VALUES (CASE opened.type WHEN 'device_down' THEN 'device_up' ELSE opened.type END, 'info',
			left(alert_resolve.title, 255), coalesce(alert_resolve.message, opened.message),
			coalesce(alert_resolve.meta, opened.meta), opened.id, clock_timestamp(),
			CASE opened.notify WHEN 'done' THEN 'pending' ELSE opened.notify END,
			parts ->> 'code', parts -> 'texts', parts -> 'fields');
		PERFORM pg_notify('messages', '');
	END IF;
	RETURN opened.id;
END $$;

/*
 * A field of an alert is a value, or a part of its sentence: {"text": NAME, ...} that of alert_texts, with values
 * of its own, or {"id", "en"} as it stands.
 */

-- A word of alert_texts as a part: a status, a method of payment, a step of the night.
CREATE OR REPLACE FUNCTION alert_word(word text) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object('text', word);

-- The parts among the fields, in a language.
CREATE OR REPLACE FUNCTION alert_parts(fields jsonb, language text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_object_agg(f.key, coalesce(CASE language WHEN 'en' THEN t.message_en ELSE t.message_id END,
	                                                 f.value ->> language)), '{}')
	  FROM jsonb_each(fields) f LEFT JOIN alert_texts t ON t.name = f.value ->> 'text'
	 WHERE jsonb_typeof(f.value) = 'object'
$$;

-- The values among the fields, with those of the parts.
CREATE OR REPLACE FUNCTION alert_values(fields jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(jsonb_object_agg(v.key, v.value), '{}')
	  FROM jsonb_each(fields) f,
	       jsonb_each(CASE WHEN jsonb_typeof(f.value) <> 'object' THEN jsonb_build_object(f.key, f.value)
	                       WHEN f.value ? 'text' THEN f.value - 'text' ELSE '{}' END) v
$$;

-- Values as a message writes them: a moment and a day by the company's clock.
CREATE OR REPLACE FUNCTION alert_values_written(fields jsonb) RETURNS jsonb
LANGUAGE sql STABLE AS $$
	SELECT coalesce(jsonb_object_agg(f.key, CASE
	       WHEN f.key = 'since' THEN to_jsonb(message_moment((f.value #>> '{}')::timestamptz))
	       WHEN f.key IN ('date', 'last') THEN to_jsonb(coalesce(message_day((f.value #>> '{}')::date), '-'))
	       ELSE f.value END), '{}')
	  FROM jsonb_each(fields) f
$$;

-- The title and the message of a text in a language, with its parts in their place and its values still to come.
CREATE OR REPLACE FUNCTION alert_sentences(text_name text, fields jsonb, language text) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
	parts jsonb := alert_parts(fields, language);
	t     alert_texts;
BEGIN
	SELECT * INTO STRICT t FROM alert_texts WHERE name = text_name;
	RETURN jsonb_build_object(
		'title', message_render(CASE language WHEN 'en' THEN t.title_en ELSE t.title_id END, parts),
		'message', message_render(CASE language WHEN 'en' THEN t.message_en ELSE t.message_id END, parts));
END $$;

/*
 * The text of an alert in the language of the settings, in which messages leave. `parts` is what a screen needs to
 * say it in its reader's: the code, the sentences of each language, and the values.
 */
CREATE OR REPLACE FUNCTION alert_render(text_name text, fields jsonb, OUT title text, OUT message text, OUT parts jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
	texts   jsonb := jsonb_build_object('id', alert_sentences(text_name, fields, 'id'), 'en', alert_sentences(text_name, fields, 'en'));
	plain   jsonb := alert_values(fields);
	said    jsonb := texts -> (SELECT message_language FROM settings);
	written jsonb := alert_values_written(plain);
BEGIN
	title := message_render(said ->> 'title', written);
	message := message_render(said ->> 'message', written);
	parts := jsonb_build_object('code', text_name, 'texts', texts, 'fields', plain);
END $$;

-- The same as alert_raise() and alert_resolve(), with a text of alert_texts and its fields.
CREATE OR REPLACE FUNCTION alert_raise_text(type text, severity text, text_name text, fields jsonb, meta jsonb DEFAULT NULL,
	key text DEFAULT NULL) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT alert_raise(type, severity, r.title, r.message, meta, key, r.parts) FROM alert_render(text_name, fields) r;
$$;

CREATE OR REPLACE FUNCTION alert_resolve_text(open_key text, text_name text, fields jsonb) RETURNS uuid
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
	SELECT alert_resolve(open_key, r.title, r.message, NULL, r.parts) FROM alert_render(text_name, fields) r;
$$;

/*
 * Alerts of the system about itself, as a set: a row is a state that holds now. alert_sweep()
 * raises what is new among them and resolves what no longer holds.
 */
CREATE OR REPLACE FUNCTION alert_conditions(day date) RETURNS TABLE (key text, severity text, text_name text, fields jsonb)
LANGUAGE sql STABLE AS $$
	SELECT 'router:' || r.id, 'critical', 'router_broken', jsonb_build_object('name', r.name,
	       'since', s.broken_since, 'error', s.last_error)
	  FROM router_states s JOIN router_settings r ON r.id = s.router_id
	 WHERE r.is_active AND s.broken_since < now() - interval '10 minutes'
	UNION ALL
	-- The run of a day is due in its first hours; where none was ever finished, a day after the first line.
	SELECT 'billing_run', 'critical', 'run_missing', jsonb_build_object('last', last_run)
	  FROM (SELECT max(business_date) AS last_run FROM billing_runs WHERE finished_at IS NOT NULL) r
	 WHERE coalesce(last_run < day - 1, EXISTS (SELECT FROM subscriptions WHERE created_at < now() - interval '1 day'))
	UNION ALL
	SELECT 'sender:' || s.sender, 'critical', 'channel_failing', jsonb_build_object(
	       'channel', coalesce(n.name || ' (' || n.channel || ')', s.sender),
	       'since', s.failing_since, 'error', s.last_error)
	  FROM message_senders s LEFT JOIN notification_settings n ON n.id::text = s.sender
	 WHERE s.failing_since < now() - interval '10 minutes'
	UNION ALL
	-- Payments of the last day that only our own questions brought to light.
	SELECT 'webhook_silence', 'warning', 'webhook_silence', jsonb_build_object('count', silent)
	  FROM (SELECT count(*) FILTER (WHERE NOT noticed) AS silent, bool_or(noticed) AS any_noticed
	          FROM (SELECT bool_or(source = 'notification') AS noticed FROM midtrans_events
	                 WHERE received_at > now() - interval '1 day'
	                   AND body ->> 'transaction_status' IN ('settlement', 'capture') GROUP BY order_id) o) e
	 WHERE silent >= 3 AND NOT any_noticed
	UNION ALL
	SELECT 'restore_proof', 'warning', 'restore_unproved', jsonb_build_object('last', last_proof::date)
	  FROM (SELECT max(proved_at) AS last_proof FROM restore_proofs) p, settings
	 WHERE coalesce(last_proof, (SELECT min(created_at) FROM invoices)) < now() - make_interval(days => restore_proof_days);
$$;

CREATE OR REPLACE FUNCTION alert_sweep(day date) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	PERFORM alert_raise_text('system', c.severity, c.text_name, c.fields, NULL, c.key)
	   FROM alert_conditions(day) c
	  WHERE NOT EXISTS (SELECT FROM alert_logs a WHERE a.key = c.key AND a.resolved_at IS NULL);
	PERFORM alert_resolve_text(a.key, 'over', coalesce(a.fields, '{}') || CASE WHEN a.texts IS NULL
	        THEN jsonb_build_object('title', a.title, 'message', a.message)
	        ELSE jsonb_build_object('title', jsonb_build_object('id', a.texts #> '{id,title}', 'en', a.texts #> '{en,title}'),
	                                'message', jsonb_build_object('id', a.texts #> '{id,message}', 'en', a.texts #> '{en,message}')) END)
	   FROM alert_logs a
	  WHERE a.type = 'system' AND a.resolved_at IS NULL
	    AND a.key ~ '^(router:|billing_run$|sender:|webhook_silence$|restore_proof$)'
	    AND NOT EXISTS (SELECT FROM alert_conditions(day) c WHERE c.key = a.key);
END $$;

-- Is this type among the events of a channel? The plan says payment_received for payment.
CREATE OR REPLACE FUNCTION alert_is_wanted(events jsonb, alert_type text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN events ?| ARRAY['all', alert_type, CASE alert_type WHEN 'payment' THEN 'payment_received' END];
