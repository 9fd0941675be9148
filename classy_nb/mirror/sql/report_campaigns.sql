-- A row for each campaign: what the gifts' campaign_id means.
SELECT
    _organization_id AS organization_id,
    id AS campaign_id,
    name AS campaign_name,
    internal_name,
    type AS campaign_type,
    status,
    goal AS goal_amount,
    NULLIF(UPPER(REGEXP_REPLACE(currency_code, '\s', '', 'g')), '') AS currency,
    NULLIF(designation_id, 0) AS designation_id,
    venue,
    city,
    state,
    country,
    canonical_url,
    external_id,
    started_at,
    CAST({{ local('started_at') }} AS DATE) AS started_day,
    ended_at,
    CAST({{ local('ended_at') }} AS DATE) AS ended_day,
    created_at,
    CAST({{ local('created_at') }} AS DATE) AS created_day,
    CAST(DATE_TRUNC('month', {{ local('created_at') }}) AS DATE) AS created_month,
    updated_at
FROM {{ source('classy', 'campaigns') }}
WHERE _deleted_at IS NULL
