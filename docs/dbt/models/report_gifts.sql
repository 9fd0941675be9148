-- A row for each transaction of whatever status: what was paid, when by the organization's calendar, and
-- whether it counts. The sum of raised_amount is what cn.analysis calls raised: the gift itself, of payments
-- that succeeded. The sums of the other amounts where is_paid are those of cn.analysis.gross_fees_net.
WITH gift AS (
    SELECT
        _organization_id AS organization_id,
        id AS transaction_id,
        status,
        NULLIF(UPPER(REGEXP_REPLACE(currency_code, '\s', '', 'g')), '') AS currency,
        purchased_at,
        CAST({{ local('purchased_at') }} AS DATE) AS purchased_day,
        refunded_at,
        CAST({{ local('refunded_at') }} AS DATE) AS refunded_day,
        total_gross_amount AS gross_amount,
        donation_gross_amount AS donation_amount,
        overhead_net_amount AS ticket_amount,
        adjustment_amount AS covered_fees_amount,
        classy_fees_amount AS platform_fees_amount,
        pp_fees_amount AS processor_fees_amount,
        COALESCE(classy_fees_amount, 0) + COALESCE(pp_fees_amount, 0) AS fees_amount,
        NULLIF(supporter_id, 0) AS supporter_id,
        NULLIF(campaign_id, 0) AS campaign_id,
        NULLIF(fundraising_page_id, 0) AS fundraising_page_id,
        NULLIF(fundraising_team_id, 0) AS fundraising_team_id,
        NULLIF(designation_id, 0) AS designation_id,
        NULLIF(recurring_donation_plan_id, 0) AS recurring_donation_plan_id,
        NULLIF(parent_transaction_id, 0) AS parent_transaction_id,
        payment_method,
        frequency,
        COALESCE(is_anonymous, FALSE) AS is_anonymous,
        created_at,
        updated_at
    FROM {{ source('classy', 'transactions') }}
    WHERE _deleted_at IS NULL
),

judged AS (
    SELECT
        gift.*,
        COALESCE(
            status = 'success' AND donation_amount > 0 AND purchased_at IS NOT NULL AND currency IS NOT NULL,
            FALSE
        ) AS is_raised,
        COALESCE(status = 'success' AND gross_amount IS NOT NULL, FALSE) AS is_paid,
        -- The API reports refunds of whole transactions only. A chargeback counts once the bank decided it.
        COALESCE(status IN ('refunded', 'cb_lost'), FALSE) AS is_given_back
    FROM gift
)

SELECT
    organization_id,
    transaction_id,
    status,
    is_raised,
    is_paid,
    is_given_back,
    recurring_donation_plan_id IS NOT NULL AS is_recurring,
    COALESCE(payment_method = 'Offline', FALSE) AS is_offline,
    is_anonymous,
    currency,
    CASE WHEN is_raised THEN donation_amount ELSE 0 END AS raised_amount,
    gross_amount,
    donation_amount,
    ticket_amount,
    covered_fees_amount,
    platform_fees_amount,
    processor_fees_amount,
    fees_amount,
    gross_amount - fees_amount AS net_amount,
    CASE WHEN is_given_back THEN COALESCE(gross_amount, 0) ELSE 0 END AS given_back_amount,
    purchased_at,
    purchased_day,
    CAST(DATE_TRUNC('month', purchased_day) AS DATE) AS purchased_month,
    {{ fiscal_year('purchased_day') }} AS purchased_fiscal_year,
    refunded_at,
    refunded_day,
    CAST(DATE_TRUNC('month', refunded_day) AS DATE) AS refunded_month,
    {{ fiscal_year('refunded_day') }} AS refunded_fiscal_year,
    supporter_id,
    campaign_id,
    fundraising_page_id,
    fundraising_team_id,
    designation_id,
    recurring_donation_plan_id,
    parent_transaction_id,
    payment_method,
    frequency,
    created_at,
    updated_at
FROM judged
