-- A row for each item of a transaction, with what its transaction says of it. What a transaction holds and
-- its items do not (none were sent, or they do not add up) is in rows without an item_id, so that the amounts
-- of a transaction's rows add up to it. The sums where is_paid, by designation_id, part and currency, are those
-- of cn.analysis.designation_totals.
WITH gift AS (
    SELECT * FROM {{ ref('report_gifts') }}
),

item AS (
    SELECT
        _organization_id AS organization_id,
        id AS item_id,
        NULLIF(transaction_id, 0) AS transaction_id,
        type AS item_type,
        product_id,
        product_name,
        quantity,
        NULLIF(designation_id, 0) AS designation_id,
        COALESCE(final_price, 0) AS gross_amount,
        COALESCE(donation_gross_amount, 0) AS donation_amount,
        COALESCE(overhead_amount, 0) AS ticket_amount,
        COALESCE(final_price, 0) - COALESCE(donation_gross_amount, 0) - COALESCE(overhead_amount, 0)
            AS covered_fees_amount,
        COALESCE(fees_amount, 0) AS fees_amount
    FROM {{ source('classy', 'transaction_items') }}
    WHERE _deleted_at IS NULL
),

in_items AS (
    SELECT
        organization_id,
        transaction_id,
        SUM(gross_amount) AS gross_amount,
        SUM(donation_amount) AS donation_amount,
        SUM(ticket_amount) AS ticket_amount,
        SUM(covered_fees_amount) AS covered_fees_amount,
        SUM(fees_amount) AS fees_amount
    FROM item
    GROUP BY organization_id, transaction_id
),

-- Only of payments that came in, whatever became of them: a checkout that failed need not have items.
rest AS (
    SELECT
        gift.organization_id,
        gift.transaction_id,
        gift.gross_amount - COALESCE(in_items.gross_amount, 0) AS gross_amount,
        COALESCE(gift.donation_amount, 0) - COALESCE(in_items.donation_amount, 0) AS donation_amount,
        COALESCE(gift.ticket_amount, 0) - COALESCE(in_items.ticket_amount, 0) AS ticket_amount,
        COALESCE(gift.covered_fees_amount, 0) - COALESCE(in_items.covered_fees_amount, 0)
            AS covered_fees_amount,
        gift.fees_amount - COALESCE(in_items.fees_amount, 0) AS fees_amount
    FROM gift
    LEFT JOIN in_items
        ON gift.organization_id = in_items.organization_id AND gift.transaction_id = in_items.transaction_id
    WHERE
        gift.status IN ('success', 'refunded', 'cb_lost', 'cb_initiated') AND gift.gross_amount IS NOT NULL
),

line AS (
    SELECT
        organization_id,
        item_id,
        transaction_id,
        item_type,
        product_id,
        product_name,
        quantity,
        designation_id,
        CASE WHEN designation_id IS NULL THEN 'no designation' ELSE 'designation' END AS part,
        gross_amount,
        donation_amount,
        ticket_amount,
        covered_fees_amount,
        fees_amount
    FROM item
    UNION ALL
    SELECT
        organization_id,
        NULL AS item_id,
        transaction_id,
        NULL AS item_type,
        NULL AS product_id,
        NULL AS product_name,
        NULL AS quantity,
        NULL AS designation_id,
        'not in items' AS part,
        gross_amount,
        donation_amount,
        ticket_amount,
        covered_fees_amount,
        fees_amount
    FROM rest
    WHERE
        gross_amount <> 0
        OR donation_amount <> 0
        OR ticket_amount <> 0
        OR covered_fees_amount <> 0
        OR fees_amount <> 0
)

SELECT
    line.organization_id,
    line.item_id,
    line.transaction_id,
    line.part,
    line.item_type,
    line.product_id,
    line.product_name,
    line.quantity,
    line.designation_id,
    gift.designation_id AS transaction_designation_id,
    gift.status,
    gift.is_raised,
    gift.is_paid,
    -- As in designation_totals, chargebacks that are still open are here, too.
    COALESCE(
        gift.status IN ('refunded', 'cb_lost', 'cb_initiated') AND gift.gross_amount IS NOT NULL, FALSE
    ) AS is_taken_back,
    gift.currency,
    line.gross_amount,
    line.donation_amount,
    line.ticket_amount,
    line.covered_fees_amount,
    line.fees_amount,
    line.gross_amount - line.fees_amount AS net_amount,
    gift.purchased_at,
    gift.purchased_day,
    gift.purchased_month,
    gift.purchased_fiscal_year,
    gift.supporter_id,
    gift.campaign_id,
    gift.fundraising_page_id,
    gift.fundraising_team_id
FROM line
INNER JOIN gift
    ON line.organization_id = gift.organization_id AND line.transaction_id = gift.transaction_id
