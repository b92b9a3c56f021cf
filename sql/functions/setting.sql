-- The owner's policies.

-- Change the settings that the input names; lines whose mode follows them follow.
CREATE OR REPLACE FUNCTION setting_save(input jsonb, ip text, today date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	names text := (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
		WHERE attrelid = 'setting_rows'::regclass AND attnum > 0 AND attname <> 'updated_at' AND input ? attname::text);
	held  jsonb := (SELECT to_jsonb(s) FROM settings s);
BEGIN
	input := input || coalesce((SELECT jsonb_object_agg(key, '') FROM jsonb_each(input) WHERE key LIKE 'company\_%' AND value = 'null'), '{}');
	-- Names of columns alone, quoted above. @plpgsql_check_options: security_warnings = off
	PERFORM setting_check(input);
	IF names IS NULL THEN
		RETURN;
	END IF;
	EXECUTE format('UPDATE settings s SET (%s, updated_at) = (SELECT %s, now() FROM jsonb_populate_record(s, $1) n)', names, names)
		USING input;
	PERFORM subscriptions_follow_settings(today);
	PERFORM audit('update', 'settings', NULL, audit_change(held, input), ip);
END $$;

-- Rules that the form of a single field does not state.
CREATE OR REPLACE FUNCTION setting_check(input jsonb) RETURNS void
LANGUAGE sql AS $$
	SELECT raise_invalid_all(
		field_error((input ->> 'round_to')::int NOT IN (1, 100, 500, 1000), 'round_to', 'choice', 'The round to field must be 1, 100, 500 or 1000.')
		|| field_error(input ? 'no_suspend_days' AND (CASE WHEN jsonb_typeof(input -> 'no_suspend_days') <> 'array' THEN true ELSE EXISTS (
			SELECT FROM jsonb_array_elements_text(input -> 'no_suspend_days') day
			WHERE day !~ '^(mon|tues|wednes|thurs|fri|satur|sun)day$' AND (day !~ '^\d{4}-\d\d-\d\d$' OR import_date(day) IS NULL)) END),
			'no_suspend_days', 'list', 'The no suspend days field must be a list of weekdays in English and dates.')
		|| template_errors('company_whatsapp_text', input ->> 'company_whatsapp_text',
			'{name,invoice_number,outstanding,due_date,pay_url,company}')
		|| setting_order_errors(input))
$$;

-- Pairs of which the first may not exceed the second, such as the limits of an alert, which would never
-- end; what the input lacks is as it stands.
CREATE OR REPLACE FUNCTION setting_order_errors(input jsonb) RETURNS text[]
LANGUAGE sql STABLE AS $$
	SELECT coalesce(array_agg(ARRAY[e[1][1], e[1][2]]), '{}') FROM settings s,
		LATERAL (SELECT to_jsonb(s) || input AS held) h,
		(VALUES ('latency_clear_ms', 'latency_raise_ms'), ('loss_clear_percent', 'loss_raise_percent'),
			('bandwidth_clear_percent', 'bandwidth_raise_percent'), ('history_raw_days', 'history_5m_days'),
			('history_5m_days', 'history_1h_days')) pair (small, great),
		LATERAL (SELECT field_error((held ->> small)::int > (held ->> great)::int,
			CASE WHEN input ? small THEN small ELSE great END, 'order',
			format('The %s field must not exceed %s.', replace(small, '_', ' '), replace(great, '_', ' '))) AS e) f
	WHERE input ?| ARRAY[small, great] AND e <> '{}'
$$;

-- Replace the company's logo by the PNG of this base64; NULL: there is none any more.
CREATE OR REPLACE FUNCTION company_logo_save(logo text, ip text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	held text := (SELECT version FROM company_logos);
BEGIN
	DELETE FROM company_logos WHERE logo IS NULL;
	INSERT INTO company_logos (png) SELECT decode(logo, 'base64') WHERE logo IS NOT NULL
	ON CONFLICT (one) DO UPDATE SET png = excluded.png, updated_at = now();
	PERFORM audit('update', 'settings', NULL, audit_change(jsonb_build_object('company_logo', held),
		jsonb_build_object('company_logo', (SELECT version FROM company_logos))), ip);
END $$;

-- The values of a preset.
CREATE OR REPLACE FUNCTION setting_preset_values(preset text) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE preset
	WHEN 'prabayar 30 hari' THEN '{"cycle": "rolling", "mode": "prepaid", "late_policy": "restart", "lead_days": 7, "due_days": 0,
		"grace_days": 1, "arrears": "stop"}'
	WHEN 'bulanan tanggal tetap' THEN '{"cycle": "calendar", "mode": "prepaid", "late_policy": "keep", "billing_day": 1, "lead_days": 0,
		"due_days": 10, "grace_days": 9, "first_period": "prorate", "arrears": "stop"}'
	WHEN 'pascabayar' THEN '{"cycle": "calendar", "mode": "postpaid", "late_policy": "keep", "billing_day": 1, "lead_days": 0,
		"postpaid_due_days": 10, "grace_days": 9, "first_period": "prorate", "arrears": "bill"}'
	END::jsonb
$$;

/*
 * Fill the policies in one call. Returns the packages that the preset does not
 * reach, since they go by the day; with `packages` those of 28 to 31 days
 * become one month first.
 */
CREATE OR REPLACE FUNCTION setting_preset(preset text, packages boolean, ip text, today date) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
	policies jsonb := setting_preset_values(preset);
	months   uuid[] := '{}';
BEGIN
	IF packages AND policies ->> 'cycle' = 'calendar' THEN
		months := ARRAY(SELECT id FROM packages WHERE period_unit = 'day' AND validity_days BETWEEN 28 AND 31);
	END IF;
	PERFORM audit('update', 'package', p.id::text,
		audit_change(to_jsonb(p), '{"period_unit": "month", "validity_months": 1}'), ip) FROM packages p WHERE id = ANY(months);
	UPDATE packages SET period_unit = 'month', validity_months = 1, updated_at = now() WHERE id = ANY(months);
	PERFORM setting_save(policies, ip, today);
	RETURN (SELECT coalesce(jsonb_agg(p.name ORDER BY p.name), '[]') FROM packages p
		WHERE p.period_unit = 'day' AND policies ->> 'cycle' = 'calendar');
END $$;
