-- Custom fields (workspaces/custom). @> on jsonb is not leakproof, so under row-level security it would lose its index, and
-- every filter would read the whole workspace. As for search (search.sql): these run as the tables' owner, take the workspace
-- from the transaction's own setting (none: no rows) and give back ids only.
-- Ids of the rows whose values contain one of the given objects: '{"tier": "gold"}', '{"fit": ["size"]}'.
CREATE FUNCTION crm_custom_deals(wanted jsonb[]) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 500 SET search_path = public, pg_temp
  AS $$ SELECT id FROM deals_deal WHERE workspace_id = crm_workspace() AND deleted_at IS NULL AND custom <> '{}' AND custom @> ANY (wanted) $$;
CREATE FUNCTION crm_custom_leads(wanted jsonb[]) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 500 SET search_path = public, pg_temp
  AS $$ SELECT id FROM leads_lead WHERE workspace_id = crm_workspace() AND custom <> '{}' AND custom @> ANY (wanted) $$;
CREATE FUNCTION crm_custom_contacts(wanted jsonb[]) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 500 SET search_path = public, pg_temp
  AS $$ SELECT id FROM leads_contact WHERE workspace_id = crm_workspace() AND custom <> '{}' AND custom @> ANY (wanted) $$;
CREATE FUNCTION crm_custom_companies(wanted jsonb[]) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 500 SET search_path = public, pg_temp
  AS $$ SELECT id FROM leads_company WHERE workspace_id = crm_workspace() AND custom <> '{}' AND custom @> ANY (wanted) $$;

REVOKE EXECUTE ON FUNCTION crm_custom_deals, crm_custom_leads, crm_custom_contacts, crm_custom_companies FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm_custom_deals, crm_custom_leads, crm_custom_contacts, crm_custom_companies TO crm_app, crm_admin;
