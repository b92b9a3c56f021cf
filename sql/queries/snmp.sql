-- snmp.sql: devices for the poller, and the charts of their interfaces.

-- name: snmp_due(bool, uuid)
SELECT d.id::text AS id, name, host, port, version, community, security_name, security_level, auth_protocol, auth_password,
       priv_protocol, priv_password, max_vars, is_discovery_due, r.boot, r.clock_ms, r.uptime_ms, r.interfaces, r.age_ms,
       r.in_octets, r.out_octets, r.bits, r.discontinuity, r.dropped
  FROM snmp_due($1::bool, $2::uuid) d
  LEFT JOIN snmp_readings r ON r.device_id = d.id
 ORDER BY d.id;

-- name: snmp_due_interfaces(bool, uuid)
SELECT i.device_id, i.number, i.if_name AS name, i.if_index, coalesce(i.manual_speed, i.if_speed) AS speed,
       i.if_oper_status AS status
  FROM snmp_due($1::bool, $2::uuid) d
  JOIN snmp_interfaces i ON i.device_id = d.id AND i.monitor_bandwidth
 ORDER BY i.device_id, i.number;

-- name: snmp_store(jsonb)
SELECT snmp_store($1::jsonb);

-- name: snmp_discovered(jsonb, jsonb)
SELECT snmp_discovered($1::jsonb, $2::jsonb);

-- name: snmp_store_readings(uuid[], bigint[], bigint[], bigint[], int[], int[], int[], int[], bigint[], bigint[], int[], bigint[], int[], int[], bigint[], bigint[], text)
SELECT snmp_store_readings($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::int[], $7::int[], $8::int[],
                           $9::bigint[], $10::bigint[], $11::int[], $12::bigint[], $13::int[], $14::int[], $15::bigint[],
                           $16::bigint[], $17::text);

-- name: snmp_store_statuses(int[], text[])
SELECT snmp_store_statuses($1::int[], $2::text[]);

-- name: snmp_roll()
SELECT snmp_roll(now());

-- name: snmp_device_exists(uuid)
SELECT 1 FROM snmp_devices WHERE id = $1::uuid;

-- name: snmp_interface_exists(uuid)
SELECT 1 FROM snmp_interfaces WHERE id = $1::uuid;

-- name: bandwidth_chart(uuid, text)
SELECT recorded_at, in_rate, out_rate, in_max, out_max FROM bandwidth_chart($1::uuid, $2::text);
