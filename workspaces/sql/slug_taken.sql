-- Row-level security hides other workspaces; whether an address is taken must be asked past it. Yes or no is all it says.
CREATE FUNCTION workspace_slug_taken(wanted text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp
  AS $$ SELECT EXISTS (SELECT 1 FROM workspaces_workspace WHERE slug = wanted) $$;
REVOKE EXECUTE ON FUNCTION workspace_slug_taken FROM PUBLIC;
GRANT EXECUTE ON FUNCTION workspace_slug_taken TO crm_app, crm_admin;
