-- Statistics for tables that an import has just made twice as large. A table that was never analyzed looks to the planner
-- as if each workspace had a row or two in it: foreign keys and triggers then read a whole workspace for each new row,
-- until autovacuum comes by a minute later. Only a table's owner may analyze it, so this runs as that.
CREATE FUNCTION crm_analyze_grown() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp SET lock_timeout = '1s'
AS $$
DECLARE
  grown regclass;
BEGIN
  FOR grown IN
    SELECT c.oid FROM pg_class c
    WHERE c.oid = ANY (ARRAY['deals_deal', 'deals_stageevent', 'activities_activity', 'leads_company', 'leads_contact', 'leads_contactemail',
                             'leads_contactphone', 'leads_lead', 'connectors_externalid']::regclass[])
      AND pg_relation_size(c.oid) > 2 * c.relpages::bigint * current_setting('block_size')::bigint
    ORDER BY c.oid
  LOOP
    EXECUTE format('ANALYZE %s', grown);
  END LOOP;
EXCEPTION WHEN lock_not_available THEN
  -- Somebody else is at it.
  NULL;
END $$;
REVOKE EXECUTE ON FUNCTION crm_analyze_grown() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm_analyze_grown() TO crm_app, crm_admin;
