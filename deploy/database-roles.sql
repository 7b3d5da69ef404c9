-- Two roles for a database of one's own: tieline_owner holds the tables and migrates, tieline_app runs the servers and workers.
-- Run it as a superuser in Tieline's database after `tieline migrate` (which the owner runs), and again after every migration:
--
--     psql "$DATABASE" -f deploy/database-roles.sql
--
-- Give both a password (\password tieline_app) and put tieline_app into TIELINE_DATABASE_URL. What tieline_app cannot do: change
-- or delete what stands in the audit trail, its chain, its checkpoints and the ledger of consents, switch off the triggers that
-- refuse that, or change any table. The embedded server has one role; use a server of your own where that matters.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieline_owner') THEN CREATE ROLE tieline_owner LOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tieline_app') THEN CREATE ROLE tieline_app LOGIN; END IF;
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO tieline_owner;
GRANT USAGE ON SCHEMA public TO tieline_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO tieline_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO tieline_app;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO tieline_app;
REVOKE UPDATE, DELETE, TRUNCATE ON audit_entries, audit_seals, audit_checkpoints, consents FROM tieline_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM tieline_app;
