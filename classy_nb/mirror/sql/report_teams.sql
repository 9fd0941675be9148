-- A row for each fundraising team: what the gifts' fundraising_team_id means.
SELECT
    _organization_id AS organization_id,
    id AS fundraising_team_id,
    name AS team_name,
    status,
    goal AS goal_amount,
    NULLIF(UPPER(REGEXP_REPLACE(currency_code, '\s', '', 'g')), '') AS currency,
    NULLIF(campaign_id, 0) AS campaign_id,
    NULLIF(designation_id, 0) AS designation_id,
    NULLIF(parent_id, 0) AS parent_team_id,
    NULLIF(team_lead_supporter_id, 0) AS team_lead_supporter_id,
    city,
    state,
    country,
    canonical_url,
    created_at,
    CAST({{ local('created_at') }} AS DATE) AS created_day,
    CAST(DATE_TRUNC('month', {{ local('created_at') }}) AS DATE) AS created_month,
    updated_at
FROM {{ source('classy', 'fundraising_teams') }}
WHERE _deleted_at IS NULL
