-- Verify snmp_by_device.
BEGIN;

SELECT number FROM snmp_interfaces WHERE false;
SELECT device_id, read_at, boot, clock_ms, uptime_ms, interfaces, age_ms, in_octets, out_octets, bits, discontinuity, dropped,
	seconds, in_rate, out_rate FROM snmp_readings WHERE false;
SELECT device_id, recorded_at, interfaces, seconds, in_rate, out_rate FROM bandwidth_history WHERE false;
SELECT device_id, recorded_at, interfaces, seconds, in_bits, out_bits, in_max, out_max FROM bandwidth_5m WHERE false;

DO $$
DECLARE
	name text;
BEGIN
	FOREACH name IN ARRAY ARRAY['bandwidth_history_time', 'bandwidth_5m_time'] LOOP
		ASSERT to_regclass(name) IS NOT NULL, 'index ' || name || ' is missing';
	END LOOP;
	FOREACH name IN ARRAY ARRAY['snmp_interfaces_number_key', 'snmp_readings_device_id_fkey'] LOOP
		ASSERT EXISTS (SELECT FROM pg_constraint WHERE conname = name), 'constraint ' || name || ' is missing';
	END LOOP;
END $$;

ROLLBACK;
