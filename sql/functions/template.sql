-- Templates: what the owner may write, and when an event begins.

-- The names in braces that this event does not know.
CREATE OR REPLACE FUNCTION template_unknown_fields(template text, fields text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(array_agg(DISTINCT p[1]), '{}') FROM regexp_matches(template, '\{([a-z_]+)\}', 'g') p WHERE p[1] <> ALL(fields);
$$;

CREATE OR REPLACE FUNCTION template_check() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
	faults text[] := '{}';
	part record;
BEGIN
	FOR part IN SELECT * FROM (VALUES ('subject_id', new.subject_id), ('body_id', new.body_id), ('subject_en', new.subject_en),
		('body_en', new.body_en)) t (field, content)
	LOOP
		IF cardinality(template_unknown_fields(part.content, new.fields)) > 0 THEN
			faults := faults || ARRAY[ARRAY[part.field, format('The %s names an unknown field: {%s}. Known are: {%s}.', part.field,
				array_to_string(template_unknown_fields(part.content, new.fields), '}, {'), array_to_string(new.fields, '}, {'))]];
		END IF;
	END LOOP;
	IF NOT new.wa_fields <@ new.fields THEN
		faults := faults || ARRAY[ARRAY['wa_fields', format('The wa_fields name an unknown field. Known are: %s.',
			array_to_string(new.fields, ', '))]];
	END IF;
	IF new.audience <> 'customers' AND NOT new.is_active THEN
		faults := faults || ARRAY[ARRAY['is_active', 'This event cannot be switched off.']];
	END IF;
	PERFORM raise_invalid_all(faults);
	IF new.is_active AND NOT old.is_active THEN
		new.active_since := business_today();
	END IF;
	RETURN new;
END $$;

CREATE OR REPLACE TRIGGER template_check BEFORE UPDATE ON message_templates
	FOR EACH ROW EXECUTE FUNCTION template_check();
