-- Templates: what the owner may write, and when an event begins.

-- The names in braces that this event does not know.
CREATE OR REPLACE FUNCTION template_unknown_fields(template text, fields text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(array_agg(DISTINCT p[1]), '{}') FROM regexp_matches(template, '\{([a-z_]+)\}', 'g') p WHERE p[1] <> ALL(fields);
$$;

-- A fault where a text names fields that it may not hold.
CREATE OR REPLACE FUNCTION template_errors(field text, template text, fields text[]) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT field_error(unknown <> '{}', field, 'template_field', format('The %s names an unknown field: {%s}. Known are: {%s}.',
		field, array_to_string(unknown, '}, {'), array_to_string(fields, '}, {')))
	  FROM (SELECT coalesce(template_unknown_fields(template, fields), '{}') AS unknown) u
$$;

CREATE OR REPLACE FUNCTION template_check() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
	faults text[] := template_errors('subject_id', new.subject_id, new.fields) || template_errors('body_id', new.body_id, new.fields)
		|| template_errors('subject_en', new.subject_en, new.fields) || template_errors('body_en', new.body_en, new.fields);
BEGIN
	IF NOT new.wa_fields <@ new.fields THEN
		faults := faults || field_error(true, 'wa_fields', 'template_field', format('The wa_fields name an unknown field. Known are: %s.',
			array_to_string(new.fields, ', ')));
	END IF;
	IF new.audience <> 'customers' AND NOT new.is_active THEN
		faults := faults || field_error(true, 'is_active', 'template_required', 'This event cannot be switched off.');
	END IF;
	PERFORM raise_invalid_all(faults);
	IF new.is_active AND NOT old.is_active THEN
		new.active_since := business_today();
	END IF;
	RETURN new;
END $$;

CREATE OR REPLACE TRIGGER template_check BEFORE UPDATE ON message_templates
	FOR EACH ROW EXECUTE FUNCTION template_check();

/*
 * How an event would read, with an invoice's own fields where one is given, else made-up ones; a
 * NULL text is the template's, and one that could not be saved is refused. Returns what the channels put
 * around nothing: plain text.
 */
CREATE OR REPLACE FUNCTION message_preview(template uuid, language text, subject text, body text, invoice uuid, app_url text,
	OUT event text, OUT subject_text text, OUT body_text text, OUT fields jsonb, OUT would_send bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
	t message_templates;
	m message_outbox;
BEGIN
	SELECT * INTO t FROM message_templates WHERE id = template;
	PERFORM require_found(FOUND, 'template_unknown', 'There is no such template.');
	PERFORM raise_invalid_all(template_errors('subject', subject, t.fields) || template_errors('body', body, t.fields));
	IF invoice IS NOT NULL AND NOT EXISTS (SELECT FROM invoices WHERE id = invoice) THEN
		PERFORM raise_invalid('invoice_id', 'unknown', 'The invoice id is unknown.');
	END IF;
	SELECT i.id, i.customer_id, i.subscription_id INTO m.invoice_id, m.customer_id, m.subscription_id FROM invoices i WHERE i.id = invoice;
	m.fields := '{}';
	fields := jsonb_build_object('name', 'Budi Santoso', 'invoice_number', 'INV-20260301-0001', 'amount', rupiah(150000),
		'outstanding', rupiah(150000), 'due_date', message_day(business_today()), 'days', coalesce(t.days, 3), 'package', '10 Mbps',
		'username', 'budi', 'pay_url', app_url || '/pay/…', 'severity', 'critical', 'title', 'Router Main is down',
		'message', '12 customers are offline.', 'token', '…', 'starts', message_moment(now()), 'ends', message_moment(now() + interval '2 hours'),
		'note', '') || message_fields(m, app_url);
	event := t.event;
	subject_text := message_render(coalesce(subject, CASE language WHEN 'en' THEN t.subject_en ELSE t.subject_id END), fields);
	body_text := message_render(coalesce(body, CASE language WHEN 'en' THEN t.body_en ELSE t.body_id END), fields);
	SELECT jsonb_object_agg(name, fields -> name) INTO fields FROM unnest(t.fields) AS f (name);
	would_send := message_would_send(template, business_today());
END $$;
