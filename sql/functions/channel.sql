-- Channels: what their config must hold.

-- The errors in the config of a channel, for raise_invalid_all().
CREATE OR REPLACE FUNCTION channel_errors(staff_channel notification_settings) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
	SELECT coalesce(array_agg(ARRAY[field, sentence || E'\t{"code": "channel_config"}']), '{}') FROM (VALUES
		(jsonb_typeof(staff_channel.config) <> 'object', 'config', 'The config must be an object.'),
		(staff_channel.channel = 'telegram' AND staff_channel.config ->> 'chat_id' !~ '^(-?[0-9]{1,20}|@[A-Za-z0-9_]{5,32})$', 'config.chat_id',
		 'The config chat_id must be a number, with its minus for a group, or @channel.'),
		(staff_channel.channel = 'telegram' AND staff_channel.config ->> 'message_thread_id' !~ '^[0-9]{1,15}$', 'config.message_thread_id',
		 'The config message_thread_id must be a number.'),
		(staff_channel.channel = 'email' AND staff_channel.audience = 'staff' AND coalesce(staff_channel.config ->> 'email', '') !~ '^[!-~]+@[!-~]+\.[!-~]+$', 'config.email',
		 'The config email must be an e-mail address.'),
		(staff_channel.channel IN ('webhook', 'whatsapp') AND staff_channel.config ->> 'url' !~ '^https?://[!-.0-~]*[^@]*$', 'config.url',
		 'The config url must be an http or https address.'),
		(staff_channel.channel IN ('webhook', 'whatsapp') AND staff_channel.config ->> 'url' ~ '^https?://[^/]*@', 'config.url',
		 'The config url must hold no user.'),
		(staff_channel.channel = 'webhook' AND staff_channel.config ->> 'url' IS NULL, 'config.url', 'The config url is required.'),
		(staff_channel.channel = 'whatsapp' AND coalesce(staff_channel.config ->> 'preset', 'custom') NOT IN ('fonnte', 'wablas', 'meta', 'custom'), 'config.preset',
		 'The config preset must be fonnte, wablas, meta or custom.'),
		(staff_channel.channel = 'whatsapp' AND coalesce(staff_channel.config ->> 'preset', 'custom') IN ('wablas', 'custom') AND staff_channel.config ->> 'url' IS NULL,
		 'config.url', 'The config url is required for this preset.'),
		(staff_channel.channel = 'whatsapp' AND staff_channel.config ->> 'preset' = 'meta' AND coalesce(staff_channel.config ->> 'number_id', '') !~ '^[0-9]{5,30}$',
		 'config.number_id', 'The config number_id must be the phone number id of Meta.'),
		(staff_channel.channel = 'whatsapp' AND staff_channel.audience = 'staff' AND message_phone(staff_channel.config ->> 'phone') IS NULL, 'config.phone',
		 'The config phone must be a mobile number such as 0812 3456 7890.'),
		(staff_channel.channel = 'whatsapp' AND NOT channel_is_json_object(coalesce(staff_channel.config ->> 'body', '{}')), 'config.body',
		 'The config body must be the text of a JSON object.'),
		(staff_channel.audience = 'customers' AND staff_channel.channel NOT IN ('email', 'whatsapp'), 'audience',
		 'Customers are written to by email or whatsapp only.')
	) AS t (is_wrong, field, sentence) WHERE is_wrong;
$$;

CREATE OR REPLACE FUNCTION channel_is_json_object(content text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	RETURN jsonb_typeof(content::jsonb) = 'object';
EXCEPTION WHEN invalid_text_representation THEN
	RETURN false;
END $$;

CREATE OR REPLACE FUNCTION channel_check() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
	PERFORM raise_invalid_all(channel_errors(new));
	IF new.name = '' THEN
		new.name := new.channel;
	END IF;
	RETURN new;
END $$;

CREATE OR REPLACE TRIGGER channel_check BEFORE INSERT OR UPDATE OF config, audience, channel ON notification_settings
	FOR EACH ROW EXECUTE FUNCTION channel_check();

-- The channel that a test names by its kind: the newest of them; IS422 where there is none.
CREATE OR REPLACE FUNCTION channel_of_kind(kind text) RETURNS uuid
LANGUAGE plpgsql STABLE AS $$
DECLARE
	found_id uuid;
BEGIN
	SELECT id INTO found_id FROM notification_settings WHERE channel = kind ORDER BY is_active DESC, created_at DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM raise_invalid('type', 'unknown', format('There is no channel of type %s.', kind));
	END IF;
	RETURN found_id;
END $$;
