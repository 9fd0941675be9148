-- A row for each designation, what other systems call a fund: what designation_id means.
SELECT
    _organization_id AS organization_id,
    id AS designation_id,
    name AS designation_name,
    description,
    goal AS goal_amount,
    external_reference_id,
    COALESCE(is_active, FALSE) AS is_active,
    COALESCE(is_default, FALSE) AS is_default,
    COALESCE(is_complete, FALSE) AS is_complete,
    start_time AS started_at,
    CAST({{ local('start_time') }} AS DATE) AS started_day,
    end_time AS ended_at,
    CAST({{ local('end_time') }} AS DATE) AS ended_day,
    created_at,
    CAST({{ local('created_at') }} AS DATE) AS created_day,
    CAST(DATE_TRUNC('month', {{ local('created_at') }}) AS DATE) AS created_month,
    updated_at
FROM {{ source('classy', 'designations') }}
WHERE _deleted_at IS NULL
