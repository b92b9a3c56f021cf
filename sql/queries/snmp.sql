-- snmp.sql: devices for the poller, and the charts of their interfaces.

-- name: snmp_due(bool, uuid)
SELECT id::text AS id, name, host, port, version, community, security_name, security_level, auth_protocol, auth_password,
       priv_protocol, priv_password, max_vars, is_discovery_due
  FROM snmp_due($1::bool, $2::uuid) d ORDER BY d.id;

-- name: snmp_due_interfaces(bool, uuid)
SELECT i.device_id, i.id, i.if_name AS name, i.if_index, coalesce(i.manual_speed, i.if_speed) AS speed, c.in_octets,
       c.out_octets, c.boot, c.bits, c.uptime_ms, c.discontinuity, c.clock_ms, c.is_doubtful
  FROM snmp_due($1::bool, $2::uuid) d
  JOIN snmp_interfaces i ON i.device_id = d.id AND i.monitor_bandwidth
  LEFT JOIN snmp_counters c ON c.interface_id = i.id
 ORDER BY i.device_id, i.id;

-- name: snmp_store(jsonb)
SELECT snmp_store($1::jsonb);

-- name: snmp_discovered(jsonb, jsonb)
SELECT snmp_discovered($1::jsonb, $2::jsonb);

-- name: snmp_store_samples(uuid[], numeric[], numeric[], int[], bigint[], bigint[], bigint[], uuid[], bigint[], bigint[], int[], text[], bigint[], text)
SELECT snmp_store_samples($1::uuid[], $2::numeric[], $3::numeric[], $4::int[], $5::bigint[], $6::bigint[], $7::bigint[],
                          $8::uuid[], $9::bigint[], $10::bigint[], $11::int[], $12::text[], $13::bigint[], $14::text);

-- name: snmp_roll()
SELECT snmp_roll(now());

-- name: snmp_device_exists(uuid)
SELECT 1 FROM snmp_devices WHERE id = $1::uuid;

-- name: snmp_interface_exists(uuid)
SELECT 1 FROM snmp_interfaces WHERE id = $1::uuid;

-- name: bandwidth_chart(uuid, text)
SELECT recorded_at, in_rate, out_rate, in_max, out_max FROM bandwidth_chart($1::uuid, $2::text);
