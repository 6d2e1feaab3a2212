-- Search operators (LIKE, <%) are not leakproof, so under row-level security they would lose their indexes and read the
-- whole workspace. These functions run as the tables' owner, take the workspace from the transaction's own setting
-- (none: no rows) and give back ids only; what is then shown is read through the policies again.

-- Small letters without accents: how everything is searched. unaccent() is only STABLE because its dictionary could be
-- changed; this one names it, and the indexes are built on it.
CREATE OR REPLACE FUNCTION crm_norm(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
  AS $$ SELECT lower(public.unaccent('public.unaccent', $1)) $$;

CREATE OR REPLACE FUNCTION crm_workspace() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('app.workspace_id', true), '')::bigint $$;

-- The text as a LIKE pattern: its own % and _ mean themselves.
CREATE OR REPLACE FUNCTION crm_pattern(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
  AS $$ SELECT '%' || replace(replace(replace(crm_norm($1), '\', '\\'), '%', '\%'), '_', '\_') || '%' $$;

-- Ids of all rows whose name contains the text; for the filter "Text" of boards and lists. ROWS: the planner must not
-- think of a thousand, or it reads the whole table to join them.
CREATE OR REPLACE FUNCTION crm_companies_like(q text) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp
  AS $$ SELECT id FROM leads_company WHERE workspace_id = crm_workspace() AND crm_norm(name) LIKE crm_pattern(q) $$;

CREATE OR REPLACE FUNCTION crm_contacts_like(q text) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp
  AS $$ SELECT id FROM leads_contact WHERE workspace_id = crm_workspace() AND crm_norm(name) LIKE crm_pattern(q)
        UNION SELECT contact_id FROM leads_contactemail WHERE workspace_id = crm_workspace() AND email LIKE crm_pattern(q) $$;

CREATE OR REPLACE FUNCTION crm_leads_like(q text) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp
  AS $$ SELECT id FROM leads_lead WHERE workspace_id = crm_workspace() AND crm_norm(name) LIKE crm_pattern(q)
        UNION SELECT l.id FROM leads_lead l JOIN leads_company c ON c.workspace_id = l.workspace_id AND c.id = l.company_id
              WHERE c.workspace_id = crm_workspace() AND crm_norm(c.name) LIKE crm_pattern(q) $$;

CREATE OR REPLACE FUNCTION crm_deals_like(q text) RETURNS SETOF bigint LANGUAGE sql STABLE SECURITY DEFINER ROWS 50 SET search_path = public, pg_temp
  AS $$ SELECT id FROM deals_deal WHERE workspace_id = crm_workspace() AND deleted_at IS NULL AND crm_norm(name) LIKE crm_pattern(q)
        UNION SELECT d.id FROM deals_deal d JOIN leads_company c ON c.workspace_id = d.workspace_id AND c.id = d.company_id
              WHERE c.workspace_id = crm_workspace() AND d.deleted_at IS NULL AND crm_norm(c.name) LIKE crm_pattern(q) $$;

-- The search box: the best n of each kind, best first. A name that starts with the text beats one with a word that does,
-- that beats one that merely contains it. Where nothing fits exactly, similar words do ("brigthwater").
-- owners: whose deals and leads may be found, NULL for everybody's. Companies and contacts are everybody's.
CREATE OR REPLACE FUNCTION crm_search(q text, owners bigint[], n int)
  RETURNS TABLE (kind text, id bigint, score real) LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
  SET search_path = public, pg_temp SET pg_trgm.word_similarity_threshold = 0.5
AS $$
DECLARE
  ws bigint := crm_workspace();
  term text := trim(crm_norm(q));
  starts text := substr(crm_pattern(trim(q)), 2);      -- term%
  word text := '% ' || starts;                         -- … term%
  anywhere text := crm_pattern(trim(q));               -- %term%
BEGIN
  IF ws IS NULL OR term = '' THEN RETURN; END IF;
  -- Below three letters a trigram index knows only the beginnings of words.
  IF length(term) < 3 THEN anywhere := word; END IF;
  RETURN QUERY
    WITH company AS MATERIALIZED (
      SELECT c.id, crm_norm(c.name) AS name FROM leads_company c
      WHERE c.workspace_id = ws AND (crm_norm(c.name) LIKE anywhere OR crm_norm(c.name) LIKE starts) LIMIT 300
    ), contact AS MATERIALIZED (
      SELECT c.id, crm_norm(c.name) AS name FROM leads_contact c
      WHERE c.workspace_id = ws AND (crm_norm(c.name) LIKE anywhere OR crm_norm(c.name) LIKE starts) LIMIT 300
    ), address AS MATERIALIZED (
      SELECT DISTINCT e.contact_id AS id FROM leads_contactemail e WHERE e.workspace_id = ws AND e.email LIKE starts LIMIT 20
    ), lead AS MATERIALIZED (
      SELECT l.id, crm_norm(l.name) AS name FROM leads_lead l
      WHERE l.workspace_id = ws AND (crm_norm(l.name) LIKE anywhere OR crm_norm(l.name) LIKE starts) AND (owners IS NULL OR l.owner_id = ANY (owners)) LIMIT 300
    ), deal AS MATERIALIZED (
      SELECT d.id, crm_norm(d.name) AS name, d.status FROM deals_deal d
      WHERE d.workspace_id = ws AND d.deleted_at IS NULL AND (crm_norm(d.name) LIKE anywhere OR crm_norm(d.name) LIKE starts)
        AND (owners IS NULL OR d.owner_id = ANY (owners)) LIMIT 300
    ), hit AS (
      SELECT 'company' AS kind, company.id, name, 0.02 AS extra FROM company
      UNION ALL SELECT 'contact', contact.id, name, 0 FROM contact
      UNION ALL SELECT 'contact', address.id, term, 0 FROM address WHERE NOT EXISTS (SELECT 1 FROM contact WHERE contact.id = address.id)
      UNION ALL SELECT 'lead', lead.id, name, 0 FROM lead
      UNION ALL SELECT 'deal', deal.id, name, CASE status WHEN 'open' THEN 0.05 ELSE 0.01 END FROM deal
    ), scored AS (
      SELECT hit.kind, hit.id, (CASE WHEN name LIKE starts THEN 1.0 WHEN name LIKE word THEN 0.8 ELSE 0.6 END + extra + 0.1 * similarity(name, term))::real AS score FROM hit
    ), ranked AS (
      SELECT s.*, row_number() OVER (PARTITION BY s.kind ORDER BY s.score DESC, s.id DESC) AS place FROM scored s
    ), best AS (
      SELECT r.kind, r.id, r.score FROM ranked r WHERE place <= n
    )
    SELECT b.kind, b.id, b.score FROM best b
    UNION ALL
    -- Deals of the companies that were found, where few deals have the text in their own name.
    (SELECT 'deal', d.id, 0.5::real FROM best b JOIN deals_deal d ON d.workspace_id = ws AND d.company_id = b.id
     WHERE b.kind = 'company' AND d.status = 'open' AND d.deleted_at IS NULL AND (owners IS NULL OR d.owner_id = ANY (owners))
       AND NOT EXISTS (SELECT 1 FROM best other WHERE other.kind = 'deal' AND other.id = d.id)
     ORDER BY b.score DESC, d.id DESC LIMIT greatest(0, n - (SELECT count(*) FROM best WHERE best.kind = 'deal')))
    ORDER BY 3 DESC, 2 DESC;
  IF FOUND OR length(term) < 4 THEN RETURN; END IF;
  RETURN QUERY
    SELECT f.kind, f.id, (f.score / 2)::real FROM (
      (SELECT 'company' AS kind, c.id, word_similarity(term, crm_norm(c.name)) AS score FROM leads_company c
       WHERE c.workspace_id = ws AND crm_norm(c.name) %> term ORDER BY score DESC LIMIT n)
      UNION ALL (SELECT 'contact', c.id, word_similarity(term, crm_norm(c.name)) AS score FROM leads_contact c
       WHERE c.workspace_id = ws AND crm_norm(c.name) %> term ORDER BY score DESC LIMIT n)
      UNION ALL (SELECT 'lead', l.id, word_similarity(term, crm_norm(l.name)) AS score FROM leads_lead l
       WHERE l.workspace_id = ws AND crm_norm(l.name) %> term AND (owners IS NULL OR l.owner_id = ANY (owners)) ORDER BY score DESC LIMIT n)
      UNION ALL (SELECT 'deal', d.id, word_similarity(term, crm_norm(d.name)) AS score FROM deals_deal d
       WHERE d.workspace_id = ws AND d.deleted_at IS NULL AND crm_norm(d.name) %> term AND (owners IS NULL OR d.owner_id = ANY (owners)) ORDER BY score DESC LIMIT n)
    ) f ORDER BY 3 DESC, 2 DESC;
END $$;

-- Ids of the records of a kind whose name is much like this one, the likest first: what a person is warned of before they
-- make another. owners: as above. Of deals, the open ones.
CREATE OR REPLACE FUNCTION crm_similar(kind text, q text, owners bigint[], n int) RETURNS SETOF bigint
  LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 SET search_path = public, pg_temp SET pg_trgm.similarity_threshold = 0.55
AS $$
DECLARE
  ws bigint := crm_workspace();
  term text := trim(crm_norm(q));
BEGIN
  CASE kind
  WHEN 'company' THEN RETURN QUERY SELECT c.id FROM leads_company c
    WHERE c.workspace_id = ws AND crm_norm(c.name) % term ORDER BY similarity(crm_norm(c.name), term) DESC, c.id LIMIT n;
  WHEN 'contact' THEN RETURN QUERY SELECT c.id FROM leads_contact c
    WHERE c.workspace_id = ws AND crm_norm(c.name) % term ORDER BY similarity(crm_norm(c.name), term) DESC, c.id LIMIT n;
  WHEN 'lead' THEN RETURN QUERY SELECT l.id FROM leads_lead l
    WHERE l.workspace_id = ws AND crm_norm(l.name) % term AND (owners IS NULL OR l.owner_id = ANY (owners))
    ORDER BY similarity(crm_norm(l.name), term) DESC, l.id LIMIT n;
  WHEN 'deal' THEN RETURN QUERY SELECT d.id FROM deals_deal d
    WHERE d.workspace_id = ws AND d.deleted_at IS NULL AND d.status = 'open' AND crm_norm(d.name) % term
      AND (owners IS NULL OR d.owner_id = ANY (owners))
    ORDER BY similarity(crm_norm(d.name), term) DESC, d.id LIMIT n;
  END CASE;
END $$;

REVOKE EXECUTE ON FUNCTION crm_companies_like, crm_contacts_like, crm_leads_like, crm_deals_like, crm_search, crm_similar FROM PUBLIC;
GRANT EXECUTE ON FUNCTION crm_companies_like, crm_contacts_like, crm_leads_like, crm_deals_like, crm_search, crm_similar TO crm_app, crm_admin;
