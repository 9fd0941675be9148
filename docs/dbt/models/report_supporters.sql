-- A row for each supporter: whom the gifts' supporter_id means.
SELECT
    _organization_id AS organization_id,
    id AS supporter_id,
    member_id,
    first_name,
    last_name,
    email_address,
    phone,
    address1,
    address2,
    city,
    state,
    postal_code,
    country,
    opt_in AS is_opted_in,
    origin,
    source_campaign_id,
    created_at,
    CAST({{ local('created_at') }} AS DATE) AS created_day,
    CAST(DATE_TRUNC('month', {{ local('created_at') }}) AS DATE) AS created_month,
    updated_at
FROM {{ source('classy', 'supporters') }}
WHERE _deleted_at IS NULL
