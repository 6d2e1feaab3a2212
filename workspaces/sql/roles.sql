-- The three roles, once per cluster, by a superuser; `manage.py prepare_database` runs this.
--   crm_owner: migrate, pg_dump, test databases. Owns the tables; sees all rows, or data migrations would silently touch none.
--   crm_app:   web, workers, shell. Row-level security binds it; NOINHERIT, so that it has crm_admin's sight only after SET ROLE.
--   crm_admin: what a super admin's request becomes by SET LOCAL ROLE.
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'crm_owner') THEN CREATE ROLE crm_owner; END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'crm_app') THEN CREATE ROLE crm_app; END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'crm_admin') THEN CREATE ROLE crm_admin; END IF;
END $$;
ALTER ROLE crm_owner LOGIN CREATEDB BYPASSRLS NOSUPERUSER;
ALTER ROLE crm_app LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
ALTER ROLE crm_admin NOLOGIN BYPASSRLS NOSUPERUSER;
GRANT crm_admin TO crm_app;
