-- What happened to recurring plans. The rows of source "plan" are the lives of cn.analysis.plan_lives: started,
-- and canceled, failed or ran_out. Summed up to a day, plans_change is the number of plans that were active
-- then, and monthly_amount_change what they brought a month (cn.analysis.churn). The rows of source "history"
-- are what the API recorded of each plan (payments, failures, pauses); they change neither sum.
WITH plan AS (
    SELECT
        _organization_id AS organization_id,
        id AS recurring_donation_plan_id,
        status,
        frequency,
        donation_amount AS amount,
        -- Months have 365.25 / 12 days on average.
        CASE frequency
            WHEN 'monthly' THEN 1.0
            WHEN 'bi-monthly' THEN 2.0
            WHEN 'quarterly' THEN 3.0
            WHEN 'semi-annually' THEN 6.0
            WHEN 'semi-annual' THEN 6.0
            WHEN 'yearly' THEN 12.0
            WHEN 'daily' THEN 1.0 / 30.4375
            WHEN 'weekly' THEN 7.0 / 30.4375
            WHEN 'bi-weekly' THEN 14.0 / 30.4375
        END AS months,
        COALESCE(NULLIF(UPPER(REGEXP_REPLACE(currency_code, '\s', '', 'g')), ''), '?') AS currency,
        started_at,
        canceled_at,
        failed_at,
        updated_at,
        CAST({{ local('started_at') }} AS DATE) AS started_day,
        CAST({{ local('canceled_at') }} AS DATE) AS canceled_day,
        CAST({{ local('failed_at') }} AS DATE) AS failed_day,
        CAST({{ local('updated_at') }} AS DATE) AS updated_day,
        recur_until AS until_day,
        CAST({{ local('CURRENT_TIMESTAMP') }} AS DATE) AS today,
        NULLIF(supporter_id, 0) AS supporter_id,
        NULLIF(campaign_id, 0) AS campaign_id,
        NULLIF(designation_id, 0) AS designation_id
    FROM {{ source('classy', 'recurring_donation_plans') }}
    WHERE
        _deleted_at IS NULL
        AND started_at IS NOT NULL
        -- Drafts, and plans whose first charge was only attempted, never started.
        AND COALESCE(status, '') NOT IN ('draft', 'attempted')
),

-- A plan whose status says that it is over did not end on a day that is missing or still to come, but on the
-- day of its last change. A plan whose term is over has ended even if its status does not say so yet.
ending AS (
    SELECT
        plan.*,
        CAST({{ round_cents('CAST(amount AS DOUBLE PRECISION) / CAST(months AS DOUBLE PRECISION)') }} AS DECIMAL(18, 2))
            AS monthly_amount,
        CASE
            WHEN status = 'canceled' THEN 'canceled'
            WHEN status = 'failed' THEN 'failed'
            WHEN status = 'ended' OR until_day <= today THEN 'ran_out'
        END AS ending,
        CASE
            WHEN status = 'canceled'
                THEN COALESCE(CASE WHEN canceled_day <= today THEN canceled_day END, updated_day, started_day)
            WHEN status = 'failed'
                THEN COALESCE(CASE WHEN failed_day <= today THEN failed_day END, updated_day, started_day)
            WHEN status = 'ended'
                THEN COALESCE(CASE WHEN until_day <= today THEN until_day END, updated_day, started_day)
            WHEN until_day <= today THEN until_day
        END AS ending_day
    FROM plan
),

life AS (
    SELECT
        ending.*,
        -- A plan that ended before it started would make a month's counts disagree.
        CASE WHEN ending_day < started_day THEN started_day ELSE ending_day END AS ended_day
    FROM ending
),

event AS (
    SELECT
        organization_id,
        recurring_donation_plan_id,
        'plan' AS source,
        'started' AS event,
        CAST(NULL AS BIGINT) AS history_id,
        started_at AS event_at,
        started_day AS event_day,
        amount,
        currency,
        1 AS plans_change,
        COALESCE(monthly_amount, 0) AS monthly_amount_change,
        CAST(NULL AS BIGINT) AS transaction_id
    FROM life
    UNION ALL
    SELECT
        organization_id,
        recurring_donation_plan_id,
        'plan' AS source,
        ending AS event,
        CAST(NULL AS BIGINT) AS history_id,
        CASE
            WHEN ending = 'canceled' AND ended_day = canceled_day THEN canceled_at
            WHEN ending = 'failed' AND ended_day = failed_day THEN failed_at
        END AS event_at,
        ended_day AS event_day,
        amount,
        currency,
        -1 AS plans_change,
        -COALESCE(monthly_amount, 0) AS monthly_amount_change,
        CAST(NULL AS BIGINT) AS transaction_id
    FROM life
    WHERE ended_day IS NOT NULL
    UNION ALL
    SELECT
        _organization_id AS organization_id,
        recurring_id AS recurring_donation_plan_id,
        'history' AS source,
        type AS event,
        id AS history_id,
        created_at AS event_at,
        CAST({{ local('created_at') }} AS DATE) AS event_day,
        donation_amount AS amount,
        COALESCE(NULLIF(UPPER(REGEXP_REPLACE(currency_code, '\s', '', 'g')), ''), '?') AS currency,
        0 AS plans_change,
        0 AS monthly_amount_change,
        NULLIF(transaction_id, 0) AS transaction_id
    FROM {{ source('classy', 'recurring_donation_history') }}
    WHERE _deleted_at IS NULL
)

SELECT
    event.organization_id,
    event.recurring_donation_plan_id,
    event.source,
    event.event,
    event.history_id,
    event.event_at,
    event.event_day,
    CAST(DATE_TRUNC('month', event.event_day) AS DATE) AS event_month,
    {{ fiscal_year('event.event_day') }} AS event_fiscal_year,
    event.currency,
    event.amount,
    event.plans_change,
    event.monthly_amount_change,
    event.transaction_id,
    life.status,
    life.frequency,
    life.monthly_amount,
    life.started_day,
    life.ended_day,
    life.supporter_id,
    life.campaign_id,
    life.designation_id
FROM event
LEFT JOIN life
    ON
        event.organization_id = life.organization_id
        AND event.recurring_donation_plan_id = life.recurring_donation_plan_id
