-- The words that the models use besides SQL. In a mirror, classy_nb/mirror/views.py has them.

{% macro local(instant) -%}
    ({{ instant }} AT TIME ZONE '{{ var("timezone") }}')
{%- endmacro %}

{% macro fiscal_year(day) -%}
    CAST(EXTRACT(YEAR FROM {{ day }})
        + CASE
            WHEN {{ var("fiscal_year_start") }} > 1 AND EXTRACT(MONTH FROM {{ day }}) >= {{ var("fiscal_year_start") }}
                THEN 1
            ELSE 0
        END AS INTEGER)
{%- endmacro %}

-- Half a cent is rounded to an even one, as pandas does it. PostgreSQL rounds floating numbers so.
{% macro round_cents(amount) -%}
    {%- if target.type == "duckdb" -%}
        ROUND_EVEN(100 * {{ amount }}, 0) / 100
    {%- else -%}
        ROUND(100 * {{ amount }}) / 100
    {%- endif -%}
{%- endmacro %}

{% macro json_items(column) -%}
    {%- if target.type == "duckdb" -%}
        JSON_EACH({{ column }})
    {%- else -%}
        JSON_ARRAY_ELEMENTS(CAST({{ column }} AS JSON))
    {%- endif -%}
{%- endmacro %}
