-- Every secret at rest, and the place it is bound to (lib/base/crypt.h): for ispctl key rotate.
CREATE OR REPLACE VIEW sealed_values AS
	SELECT 'router_settings:' || id || ':password' AS place, password AS sealed FROM router_settings
	 WHERE password <> ''
	UNION ALL
	SELECT 'radius_settings:' || id || ':secret', secret FROM radius_settings WHERE secret <> ''
	UNION ALL
	SELECT 'subscriptions:' || id || ':mikrotik_password', mikrotik_password FROM subscriptions
	 WHERE mikrotik_password <> ''
	UNION ALL
	SELECT 'mikrotik_secrets:' || id || ':password', password FROM mikrotik_secrets WHERE password <> ''
	UNION ALL
	SELECT 'snmp_devices:' || id || ':community', community FROM snmp_devices WHERE community <> ''
	UNION ALL
	SELECT 'snmp_devices:' || id || ':auth_password', auth_password FROM snmp_devices WHERE auth_password <> ''
	UNION ALL
	SELECT 'snmp_devices:' || id || ':priv_password', priv_password FROM snmp_devices WHERE priv_password <> ''
	UNION ALL
	SELECT 'notification_settings:' || id || ':secret', secret FROM notification_settings WHERE secret <> ''
	UNION ALL
	SELECT 'message_outbox:' || id || ':secret', secret FROM message_outbox WHERE secret <> '';
