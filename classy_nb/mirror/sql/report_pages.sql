-- A row for each fundraising page: what the gifts' fundraising_page_id means.
SELECT
    _organization_id AS organization_id,
    id AS fundraising_page_id,
    title AS page_title,
    alias AS page_alias,
    status,
    goal AS goal_amount,
    NULLIF(UPPER(REGEXP_REPLACE(currency_code, '\s', '', 'g')), '') AS currency,
    NULLIF(campaign_id, 0) AS campaign_id,
    NULLIF(fundraising_team_id, 0) AS fundraising_team_id,
    NULLIF(supporter_id, 0) AS supporter_id,
    NULLIF(designation_id, 0) AS designation_id,
    COALESCE(is_tribute, FALSE) AS is_tribute,
    canonical_url,
    ended_at,
    CAST({{ local('ended_at') }} AS DATE) AS ended_day,
    created_at,
    CAST({{ local('created_at') }} AS DATE) AS created_day,
    CAST(DATE_TRUNC('month', {{ local('created_at') }}) AS DATE) AS created_month,
    updated_at
FROM {{ source('classy', 'fundraising_pages') }}
WHERE _deleted_at IS NULL
