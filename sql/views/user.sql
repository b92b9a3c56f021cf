DROP VIEW IF EXISTS user_rows, token_rows CASCADE;

CREATE VIEW user_rows AS
SELECT id, name, email, email_verified_at, role, is_active, created_at, updated_at
  FROM users;

CREATE VIEW token_rows AS
SELECT id, user_id, name, abilities, last_used_at, expires_at, created_at, updated_at
  FROM personal_access_tokens;
