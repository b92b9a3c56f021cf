DROP VIEW IF EXISTS router_setting_rows, radius_setting_rows CASCADE;

CREATE VIEW router_setting_rows AS
SELECT r.id, r.name, r.host, r.port, r.username, r.password <> '' AS has_password, r.ssl, r.tls_verify,
       r.tls_fingerprint, r.tls_ca, r.ppp_local_address, r.ppp_pool, r.connect_timeout_ms, r.read_timeout_ms,
       r.is_active, r.last_connected_at, s.version, s.broken_since, s.last_error, r.created_at, r.updated_at
  FROM router_settings r
  LEFT JOIN router_states s ON s.router_id = r.id;

CREATE VIEW radius_setting_rows AS
SELECT id, host, port, secret <> '' AS has_secret, false AS in_use, nas_identifier, enabled, created_at, updated_at
  FROM radius_settings;
