DROP VIEW IF EXISTS router_setting_rows, radius_setting_rows CASCADE;

CREATE VIEW router_setting_rows AS
SELECT r.id, r.name, r.host, r.port, r.username, r.password <> '' AS has_password, r.ssl, r.tls_verify,
       r.tls_fingerprint, r.tls_ca, r.ppp_local_address, r.ppp_pool, r.connect_timeout_ms, r.read_timeout_ms,
       r.is_active, r.last_connected_at, s.version, s.broken_since, s.last_error,
       s.broken_since IS NOT NULL AS broken,
       (SELECT count(*) FROM mikrotik_secrets m WHERE m.router_id = r.id AND m.removed_at IS NULL) AS accounts,
       (SELECT count(*) FROM account_states a WHERE a.router_id = r.id AND a.sync_state = 'pending') AS pending,
       (SELECT count(*) FROM account_states a WHERE a.router_id = r.id AND a.sync_state = 'failed') AS failed,
       (SELECT count(*) FROM router_sessions o
         WHERE o.router_id = r.id AND o.taken_at > now() - interval '10 minutes') AS online,
       r.created_at, r.updated_at
  FROM router_settings r
  LEFT JOIN router_states s ON s.router_id = r.id;

CREATE VIEW radius_setting_rows AS
SELECT id, host, port, secret <> '' AS has_secret, false AS in_use, nas_identifier, enabled, created_at, updated_at
  FROM radius_settings;
