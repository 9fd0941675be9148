-- A row for each transaction in a payout to the bank account. The units are the smallest ones of the currency, as
-- the API has them (cents, yen); their net adds up to the payout. The amounts are in whole dollars, or yen.
WITH payout AS (
    SELECT
        _organization_id,
        id AS payout_record_id,
        payout_id,
        payout_date AS payout_day,
        payout_type AS processor,
        transactions
    FROM {{ source('classy', 'payouts') }}
    WHERE _deleted_at IS NULL
),

line AS (
    SELECT
        payout._organization_id,
        payout.payout_record_id,
        payout.payout_id,
        payout.payout_day,
        payout.processor,
        CAST(part.value ->> 'classy_transaction_id' AS BIGINT) AS transaction_id,
        part.value ->> 'transaction_type' AS line_type,
        part.value ->> 'source_transaction_id' AS processor_transaction_id,
        part.value ->> 'source_reference_id' AS processor_reference_id,
        CAST(part.value ->> 'transaction_date' AS TIMESTAMP WITH TIME ZONE) AS charged_at,
        UPPER(part.value ->> 'transaction_currency') AS currency,
        CAST(part.value ->> 'transaction_amount' AS BIGINT) AS gross_units,
        CAST(part.value ->> 'transaction_fee' AS BIGINT) AS fees_units
    FROM payout
    CROSS JOIN LATERAL {{ json_items('payout.transactions') }} AS part
),

scaled AS (
    SELECT
        line.*,
        _organization_id AS organization_id,
        CAST({{ local('charged_at') }} AS DATE) AS charged_day,
        -- What the processors call zero-decimal currencies: their smallest unit is the whole one.
        CASE
            WHEN currency IN (
                'BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF',
                'XOF', 'XPF'
            ) THEN 1.00
            ELSE 0.01
        END AS unit
    FROM line
)

SELECT
    organization_id,
    payout_record_id,
    payout_id,
    payout_day,
    CAST(DATE_TRUNC('month', payout_day) AS DATE) AS payout_month,
    {{ fiscal_year('payout_day') }} AS payout_fiscal_year,
    processor,
    transaction_id,
    line_type,
    processor_transaction_id,
    processor_reference_id,
    charged_at,
    charged_day,
    currency,
    gross_units,
    fees_units,
    gross_units - fees_units AS net_units,
    CAST(gross_units * unit AS DECIMAL(18, 2)) AS gross_amount,
    CAST(fees_units * unit AS DECIMAL(18, 2)) AS fees_amount,
    CAST((gross_units - fees_units) * unit AS DECIMAL(18, 2)) AS net_amount
FROM scaled
