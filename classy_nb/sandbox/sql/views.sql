-- What the API shows of each stored table: amounts in dollars, instants in seconds since 1970, flags as 0 or 1.
-- Filters and sorts compare these values; store.py turns them into the API's forms (dates as text, some numbers
-- as text). A table without a view is shown as it is stored; a column that the catalog lists and a view leaves
-- out is null.

CREATE VIEW api_organizations AS
SELECT
  t.id, t.name, t.created_at, t.updated_at,
  'Invented for the sandbox of classy_nb: a stand-in, no real organization.' AS description,
  'To be counted, filtered and sorted.' AS mission, 'America/Los_Angeles' AS timezone_identifier,
  '1 Invented Way' AS address, 'San Diego' AS city, 'CA' AS state, '92101' AS postal_code, 'USA' AS country, 'USD' AS currency, 'USD' AS currency_code,
  2 AS customer_tier, 'stand.in.example' AS facebook, 5.0 AS fixed_fot_percent, 0.0 AS flex_rate_percent,
  2 AS gfm_connect_banner_count, 10400 AS logo_id, 'LEGACY' AS marketplace_state, 'Enterprise' AS plan_type,
  'It is OK to text me about ways to help ' || t.name || '.' AS sms_opt_in_text_default,
  1 AS sms_opt_in_text_is_default, 1 AS resend_receipt_flag, 10401 AS signature_id,
  'Ada Standin' AS signature_name, 'Director' AS signature_title, 'active' AS status,
  8 AS subscription_plan, 'https://standin.example.org/thumbnail.png' AS thumbnail, '@standin' AS twitter,
  'https://standin.example.org/' AS url, 'https://standin.example.org/privacy' AS privacy_policy_url, 'npo' AS type,
  'This is the sandbox of classy_nb: a stand-in with invented data.' AS welcome_message
FROM base_organizations t;

CREATE VIEW api_members AS
SELECT
  t.id, t.organization_id, t.first_name, t.last_name, t.email_address, t.address1, t.address2, t.city,
  t.state, t.country, t.postal_code, t.phone, t.gender, t.title, t.status, t.date_of_birth, t.created_at,
  t.last_login_at,
  CASE WHEN t.id % 3 = 0 THEN printf('U2%010d', t.id) END AS descope_user_id,
  CASE WHEN t.id % 3 = 0 THEN t.created_at + 86400 END AS descope_last_sync_at,
  CASE WHEN t.id % 6 = 0 THEN 700000 + t.id % 5000 END AS profile_image_id
FROM base_members t;

CREATE VIEW api_supporters AS
SELECT
  t.id, t.organization_id, t.member_id, t.source_campaign_id, t.source_fundraising_page_id, t.opt_in,
  t.card_last_four, t.first_name, t.last_name, t.email_address, t.address1, t.address2, t.city, t.state,
  t.country, t.postal_code, t.phone, t.gender, t.cell_phone, t.birthday, t.nickname, t.location,
  t.last_emailed_at, t.origin, t.metadata, t.created_at, t.updated_at,
  t.organization_id AS source_organization_id,
  CASE WHEN t.id % 9 = 0 THEN t.member_id END AS source_member_id
FROM base_supporters t;

CREATE VIEW api_campaigns AS
SELECT
  t.id, t.organization_id, t.designation_id, t.is_general, t.logo_id, t.team_cover_photo_id, t.category_id,
  t.channel_id, t.name, t.internal_name, t.type, t.status, t.timezone_identifier, t.raw_currency_code,
  t.venue, t.city, t.state, t.postal_code, t.country, t.address1, t.contact_email, t.external_id,
  t.custom_url, t.channel_keywords, t.created_at, t.updated_at, t.started_at, t.ended_at,
  t.goal / 100.0 AS goal, t.raw_goal / 100.0 AS raw_goal, '/campaign/c' || t.id AS canonical_url,
  '555-0100' AS contact_phone,
  CASE WHEN t.id % 9 = 0 THEN 'api' ELSE 'classyapp' END AS created_with,
  'USD' AS currency_code, 500 AS default_page_goal, 2500.5 AS default_team_goal,
  4.0 AS effective_fixed_fot_percent, 4.2 AS effective_flex_rate_percent,
  'ENABLED' AS effective_recaptcha_settings, 5 AS minimum_donation_amount, 'A-Z' AS sort_designation_by,
  CASE WHEN t.type = 'reg_w_fund' THEN 'required' ELSE 'optional' END AS team_membership_policy,
  t.type IN ('peer_to_peer', 'reg_w_fund', 'fund_for_entry', 'crowdfunding') AS allow_fundraising_pages,
  t.type IN ('peer_to_peer', 'reg_w_fund', 'fund_for_entry') AS allow_team_fundraising,
  t.type IN ('registration', 'reg_w_fund') AS add_registration_fee,
  CASE WHEN t.id % 2 = 0 THEN 4.0 END AS fixed_fot_percent,
  CASE WHEN t.type = 'ticketed' THEN 1 END AS ticket_pass_on_fees,
  CASE WHEN t.type = 'dynamic' THEN 7 END AS studio_template_id,
  t.type = 'dynamic' AS is_linked,
  CASE WHEN t.type = 'dynamic' THEN t.created_at END AS linked_at,
  'disabled' AS crypto_giving,
  CASE WHEN t.is_general THEN 'modal' ELSE 'disabled' END AS embedded_giving,
  CASE WHEN t.type = 'peer_to_peer' THEN 'Please give, "every" bit helps' END AS default_page_appeal,
  CASE WHEN t.logo_id IS NOT NULL THEN 'https://cdn.example.org/' || t.logo_id || '.png' END AS logo_url,
  1 AS dcf_enabled, 1 AS dcf_allowed, 1 AS pages_can_set_appeal, 1 AS pages_can_set_goal,
  1 AS teams_can_set_appeal, 1 AS teams_can_set_goal, 1 AS checkout_corporate_donation_enabled,
  1 AS hide_contact_opt_in, 1 AS exit_modal, 1 AS classy_mode_checked_by_default
FROM base_campaigns t;

CREATE VIEW api_designations AS
SELECT
  t.id, t.organization_id, t.is_active, t.is_complete, t.is_default, t.name, t.description,
  t.external_reference_id, t.city, t.state, t.postal_code, t.created_at, t.updated_at, t.start_time,
  t.end_time,
  t.goal / 100.0 AS goal
FROM base_designations t;

CREATE VIEW api_ticket_types AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.commitment_id, t.is_active, t.quantity_available,
  t.quantity_sold, t.max_per_transaction, t.weight, t.name, t.description, t.created_at, t.updated_at,
  t.started_at, t.ended_at,
  t.price / 100.0 AS price,
  CASE WHEN t.commitment_id IS NOT NULL THEN json_object(
    'deadline', strftime('%Y-%m-%dT00:00:00+0000', t.ended_at, 'unixepoch'), 'value', 250.0) END AS commitment,
  1 AS entries_per_ticket, 100.0 AS org_percent,
  (t.price - t.overhead) / 100.0 AS deductible_amount,
  CASE WHEN t.price > 0 THEN ROUND(100.0 * (t.price - t.overhead) / t.price, 2) END AS deductible_percent,
  1 AS min_per_transaction
FROM base_ticket_types t;

CREATE VIEW api_fundraising_teams AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.parent_id, t.root_id, t.team_lead_id, t.team_lead_supporter_id,
  t.designation_id, t.team_policy_id, t.logo_id, t.cover_photo_id, t.name, t.description, t.city, t.state,
  t.postal_code, t.raw_currency_code, t.status, t.created_at, t.updated_at,
  t.goal / 100.0 AS goal, t.raw_goal / 100.0 AS raw_goal, 'US' AS country, 'USD' AS currency_code,
  '/team/' || t.id AS canonical_url,
  CASE WHEN t.id % 2 = 0 THEN 'Thank you!' END AS thank_you_text,
  CASE WHEN t.logo_id IS NOT NULL THEN 'https://cdn.example.org/' || t.logo_id || '.png' END AS logo_url,
  CASE WHEN t.cover_photo_id IS NOT NULL THEN 'https://cdn.example.org/' || t.cover_photo_id || '.png' END
    AS cover_photo_url
FROM base_fundraising_teams t;

CREATE VIEW api_fundraising_pages AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_team_id, t.member_id, t.supporter_id,
  t.designation_id, t.commitment_id, t.is_primary, t.is_tribute, t.logo_id, t.cover_photo_id, t.alias,
  t.title, t.intro_text, t.thankyou_email_text, t.raw_currency_code, t.status, t.team_role, t.questions,
  t.created_at, t.updated_at, t.ended_at,
  t.goal / 100.0 AS goal, t.raw_goal / 100.0 AS raw_goal, 'USD' AS currency_code,
  t.campaign_id AS parent_id,
  CASE WHEN t.id % 3 = 0 THEN 'Thank You!' END AS thank_you_text,
  '/fundraising-page/' || t.id AS canonical_url,
  CASE WHEN t.logo_id IS NOT NULL THEN 'https://cdn.example.org/' || t.logo_id || '.png' END AS logo_url
FROM base_fundraising_pages t;

CREATE VIEW api_recurring_donation_plans AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.supporter_id, t.member_id, t.designation_id,
  t.fundraising_page_id, t.fundraising_team_id, t.ach_last_four, t.flags, t.pay, t.is_paused, t.migrated,
  t.status, t.frequency, t.raw_currency_code, t.cancel_by, t.cancel_reason_code, t.cancel_reason_text,
  t.company_name, t.timezone_identifier, t.metadata, t.created_at, t.started_at, t.updated_at,
  t.canceled_at, t.failed_at, t.next_processing_date, t.pause_until, t.plan_paused_on_date, t.recur_until,
  t.migration_date,
  COALESCE(s.address1, '') AS address, s.address2, COALESCE(s.city, '') AS city,
  COALESCE(s.state, '') AS state, COALESCE(s.country, 'US') AS country,
  COALESCE(s.postal_code, '') AS postal_code, s.first_name, s.last_name,
  CASE WHEN t.flags & 2 THEN 5.0 END AS applied_fot_percent,
  printf('20%02d%02d', 27 + s.card_last_four % 4, 1 + s.card_last_four % 12) AS cc_card_exp,
  printf('%04d', s.card_last_four) AS cc_last_four, y.card_type AS cc_type, 'USD' AS currency_code,
  t.donation / 100.0 AS donation_amount, t.raw_donation / 100.0 AS raw_donation_amount,
  t.raw_donation / 100.0 AS raw_initial_gross_amount,
  t.raw_adjustment / 100.0 AS raw_adjustment_amount,
  (t.flags & 2) <> 0 AS fee_on_top, (t.flags & 1) <> 0 AS is_donor_covered_fee,
  (t.flags & 4) <> 0 AS is_anonymous, (t.flags & 8) <> 0 AS hide_amount,
  t.status = 'canceled' AS can_be_reactivated, y.payment_gateway,
  CASE y.payment_type WHEN 'PayPal' THEN 'Paypal' ELSE y.payment_type END AS payment_type,
  'Classy Pay' AS payment_provider_configuration_name,
  printf('%013x', t.id * 104729) AS pp_plan_id,
  json_object('mmdd', strftime('%m%d', t.started_at, 'unixepoch'), 'month', '*',
    'day', CAST(strftime('%d', t.started_at, 'unixepoch') AS INTEGER)) AS schedule,
  1 AS dcf_enabled, 1 AS dcf_allowed, (t.flags & 2) <> 0 AS classy_mode_enabled,
  5.0 AS effective_fixed_fot_percent
FROM base_recurring_donation_plans t
LEFT JOIN base_supporters s ON s.id = t.supporter_id
LEFT JOIN payments y ON y.code = t.pay;

-- The sums that most amounts of a transaction are made of. "taken": money has moved, so there are fees.
CREATE VIEW api_transaction_sums AS
SELECT *,
  donation + overhead + adjustment AS total,
  raw_donation + raw_overhead + raw_adjustment AS raw_total,
  charged_at IS NOT NULL AND donation + overhead + adjustment > 0 AS taken
FROM base_transactions;

-- Bits of "flags": 1 the donor covered the fees, 2 fee on top, 4 anonymous, 8 amount hidden, 16 gift aid,
-- 32 a second try after a failed charge, 64 opted into e-mail, 128 opted into payment sync.
CREATE VIEW api_transactions AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id, t.supporter_id,
  t.member_id, t.designation_id, t.recurring_donation_plan_id, t.parent_transaction_id, t.donation_match_id,
  t.created_at, t.purchased_at, t.charged_at, t.refunded_at, t.updated_at, t.raw_currency_code, t.frequency,
  t.status, t.comment, t.company_name, t.in_honor_of, t.promo_code_code, t.metadata,

  -- In the organization's currency.
  'USD' AS currency_code,
  t.donation / 100.0 AS donation_gross_amount,
  (t.donation + t.adjustment - t.classy - t.pp) / 100.0 AS donation_net_amount,
  t.total / 100.0 AS total_gross_amount, (t.donation + t.overhead) / 100.0 AS initial_gross_amount,
  t.adjustment / 100.0 AS adjustment_amount, t.overhead / 100.0 AS overhead_net_amount,
  (t.classy + t.pp) / 100.0 AS fees_amount, t.classy / 100.0 AS classy_fees_amount,
  t.pp / 100.0 AS pp_fees_amount,
  CASE WHEN y.payment_gateway IS NOT NULL THEN t.classy / 100.0 END AS application_fee_amount,
  CASE WHEN y.payment_gateway IS NOT NULL THEN t.pp / 100.0 END AS processor_fee_amount,
  CASE WHEN y.payment_gateway IS NOT NULL THEN 0.0 END AS flex_rate_amount,

  -- In the campaign's currency ("raw"), and what was charged.
  t.raw_donation / 100.0 AS raw_donation_gross_amount, t.raw_total / 100.0 AS raw_total_gross_amount,
  (t.raw_donation + t.raw_overhead) / 100.0 AS raw_initial_gross_amount,
  t.raw_adjustment / 100.0 AS raw_adjustment_amount, t.raw_overhead / 100.0 AS raw_overhead_net_amount,
  CASE WHEN t.taken THEN ROUND(1.0 * t.classy * t.raw_total / t.total) / 100.0 END
    AS raw_application_fee_amount,
  CASE WHEN t.taken THEN ROUND(1.0 * t.pp * t.raw_total / t.total) / 100.0 END AS raw_processor_fee_amount,
  CASE WHEN y.payment_gateway IS NOT NULL THEN 0.0 END AS raw_flex_rate_amount,
  CASE WHEN t.charged_at IS NOT NULL THEN t.raw_currency_code END AS charged_currency_code,
  CASE WHEN t.taken THEN t.raw_total / 100.0 END AS charged_total_gross_amount,
  CASE WHEN t.taken THEN ROUND(1.0 * t.classy * t.raw_total / t.total) / 100.0 END
    AS charged_classy_fees_amount,
  CASE WHEN t.taken THEN ROUND(1.0 * t.pp * t.raw_total / t.total) / 100.0 END AS charged_pp_fees_amount,
  CASE WHEN t.taken THEN ROUND(1.0 * t.classy * t.raw_total / t.total) / 100.0
    + ROUND(1.0 * t.pp * t.raw_total / t.total) / 100.0 END AS charged_fees_amount,
  CASE WHEN y.payment_gateway IS NOT NULL THEN 3.0 END AS applied_application_fee_percent,
  CASE WHEN y.payment_gateway IS NOT NULL THEN 0.0 END AS applied_flex_rate_percent,
  CASE WHEN (t.flags & 2) <> 0 THEN 5.0 END AS applied_fot_percent,
  CASE WHEN y.payment_gateway IS NOT NULL THEN 2.2 END AS applied_processor_fee_percent,
  CASE WHEN y.payment_gateway IS NOT NULL THEN 0.3 END AS applied_raw_processor_fee_flat,

  -- Who paid: now and then somebody else than the supporter.
  p.address1 AS billing_address1, p.address2 AS billing_address2, p.city AS billing_city,
  p.country AS billing_country, p.first_name AS billing_first_name, p.last_name AS billing_last_name,
  p.postal_code AS billing_postal_code, p.state AS billing_state, m.country AS member_country,
  m.email_address AS member_email_address, m.first_name || ' ' || m.last_name AS member_name,
  m.phone AS member_phone, CASE WHEN t.id % 5 = 0 THEN m.phone END AS member_cell_phone,

  -- How.
  y.payment_type, y.payment_method, y.payment_gateway, y.payment_source, y.card_type,
  CASE WHEN y.payment_type = 'Credit Card' AND t.payer_id IS NOT NULL THEN p.card_last_four END
    AS card_last_four,
  CASE WHEN y.payment_type = 'Credit Card' AND t.payer_id IS NOT NULL
    THEN printf('%02d%02d', 1 + p.card_last_four % 12, 27 + p.card_last_four % 4) END AS card_expiration,
  CASE WHEN y.payment_type = 'ACH' AND p.id IS NOT NULL THEN printf('%04d', p.card_last_four) END
    AS account_number,
  CASE WHEN y.payment_type = 'ACH' THEN CASE t.id % 3 WHEN 0 THEN 'savings' ELSE 'checking' END END
    AS account_type,
  CASE WHEN y.payment_type = 'ACH' THEN 'First Example Bank' END AS institution,
  CASE WHEN t.charged_at IS NOT NULL AND y.payment_gateway IS NOT NULL
    THEN printf('%012d', t.id * 7919 % 1000000000000) END AS pp_transaction_id,
  CASE WHEN y.payment_gateway IS NOT NULL THEN printf('%08d', t.id % 100000000) END AS pp_reference_id,
  CASE WHEN t.status = 'failed' THEN '1023' END AS pp_response,
  CASE WHEN t.status = 'failed' THEN printf('%03d', t.id % 97) END AS processor_decline_code,
  (t.flags & 1) <> 0 AS is_donor_covered_fee, (t.flags & 2) <> 0 AS fee_on_top,
  (t.flags & 4) <> 0 AS is_anonymous, (t.flags & 8) <> 0 AS hide_amount, (t.flags & 16) <> 0 AS is_gift_aid,
  (t.flags & 32) <> 0 AS is_reprocess, (t.flags & 128) <> 0 AS opted_into_payment_sync,
  CASE WHEN (t.flags & 32) <> 0 THEN 1 + t.id % 3 ELSE 0 END AS reprocess_attempts,

  -- Everything else.
  CASE WHEN t.id % 19 = 0 THEN 1 ELSE 0 END AS acknowledgements_count,
  CASE WHEN y.payment_gateway IS NOT NULL AND t.id % 4 = 0 THEN 'Mozilla/5.0 (stand-in)' END AS browser_info,
  CASE WHEN t.donation_match_id IS NOT NULL THEN 4100 + t.campaign_id % 50 END AS donation_matching_plan_id,
  CASE WHEN t.id % 3 = 0 THEN 331 END AS tax_entity_id,
  CASE WHEN t.status IN ('success', 'refunded') AND t.donation > 0 THEN printf('%010d', t.id) END
    AS receipt_serial,
  json_object(
    'application_fee_campaign_category', CASE WHEN c.type = 'dynamic' THEN 'studio' ELSE 'standard' END,
    'application_fee_platform_fee_type', CASE WHEN y.payment_gateway IS NULL THEN NULL ELSE 'percent' END,
    'commerce_order_id', CASE WHEN c.type = 'dynamic' THEN 'ord_' || t.id END,
    'customizations_metadata', json('null'), 'created_by', NULL,
    'commerce_confirmation_id', CASE WHEN c.type = 'dynamic' THEN printf('C%08X', t.id) END,
    'is_passport', json('false'), 'source_campaign_id', t.campaign_id, 'source_campaign_type', c.type,
    'vendor_name', b.vendor_name, 'vendor_batch_number', b.number, 'vendor_batch_sequence', b.sequence,
    'vendor_batch_date', b.day) AS context,
  json_object(
    'sms_opt_in', CASE t.id % 7 WHEN 0 THEN json('true') WHEN 1 THEN json('false') ELSE json('null') END,
    'sms_consent_decision_date',
    CASE WHEN t.id % 7 < 2 THEN strftime('%Y-%m-%dT%H:%M:%SZ', t.purchased_at, 'unixepoch') END,
    'email_opt_in', CASE WHEN (t.flags & 64) <> 0 THEN json('true') ELSE json('false') END,
    'email_consent_decision_date', strftime('%Y-%m-%dT%H:%M:%SZ', t.purchased_at, 'unixepoch')) AS consent,
  json_object('campaign', u.campaign, 'content', u.content, 'medium', u.medium, 'source', u.source,
    'term', u.term) AS utm
FROM api_transaction_sums t
LEFT JOIN base_supporters p ON p.id = t.payer_id
LEFT JOIN base_members m ON m.id = t.member_id
LEFT JOIN payments y ON y.code = t.pay
LEFT JOIN batches b ON b.id = t.batch
LEFT JOIN sources u ON u.id = t.source
LEFT JOIN base_campaigns c ON c.id = t.campaign_id;

CREATE VIEW api_transaction_items AS
SELECT
  t.id, t.organization_id, t.transaction_id, t.product_id, t.quantity, t.product_name, t.type,
  t.price / 100.0 AS price, t.raw_final / 100.0 AS raw_final_price,
  t.raw_overhead / 100.0 AS raw_overhead_amount, t.final / 100.0 AS final_price,
  t.overhead / 100.0 AS overhead_amount, t.donation / 100.0 AS donation_gross_amount,
  (t.final - t.overhead - t.fees) / 100.0 AS donation_net_amount,
  t.fees / 100.0 AS fees_amount, x.campaign_id, x.fundraising_page_id, x.fundraising_team_id,
  x.designation_id,
  CASE WHEN t.id % 8 = 0 THEN 'orit_' || t.id END AS commerce_order_item_id
FROM base_transaction_items t
LEFT JOIN base_transactions x ON x.id = t.transaction_id;

CREATE VIEW api_registrations AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.member_id, t.supporter_id,
  t.transaction_id, t.transaction_item_id, t.ticket_type_id, t.first_name, t.last_name, t.email, t.status,
  t.tshirt_size, t.created_at, t.updated_at, t.date_of_birth,
  s.address1, s.address2, s.city, s.state, s.country, s.postal_code, s.phone, s.cell_phone AS cell,
  lower(s.gender) AS gender,
  CASE WHEN t.id % 3 > 0 THEN 240000 + t.supporter_id % 100000 END AS attendee_id,
  k.name AS product_name,
  CASE WHEN y.payment_type = 'Credit Card' THEN s.card_last_four END AS transaction_last_four,
  y.payment_type AS transaction_payment_type
FROM base_registrations t
LEFT JOIN base_supporters s ON s.id = t.supporter_id
LEFT JOIN base_ticket_types k ON k.id = t.ticket_type_id
LEFT JOIN base_transactions x ON x.id = t.transaction_id
LEFT JOIN payments y ON y.code = x.pay;

-- A donor is a transaction, seen from a fundraising page.
CREATE VIEW api_donors AS
SELECT t.*, s.first_name, s.last_name, s.email_address, t.id * 4 + 1 AS feed_item_id,
  t.donation_gross_amount AS amount, t.id AS donation_id
FROM api_transactions t
LEFT JOIN base_supporters s ON s.id = t.supporter_id;

CREATE VIEW api_activity AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.designation_id, t.member_id, t.fundraising_page_id,
  t.fundraising_team_id, t.transaction_id, t.link_id, t.link_text, t.type,
  json_object('id', 77, 'name', 'Example & Sons, Inc.', 'created_at', '2019-04-23T10:25:03Z') AS business,
  CAST(t.designation_id AS TEXT) AS designation, NULL AS campaign, NULL AS member, NULL AS organization
FROM base_activity t;

CREATE VIEW api_recurring_donation_history AS
SELECT
  t.id, t.organization_id, t.recurring_id, t.transaction_id, t.type, t.error_msg, t.raw_currency_code,
  t.created_at,
  t.donation_amount / 100.0 AS donation_amount,
  t.raw_donation_amount / 100.0 AS raw_donation_amount,
  'USD' AS currency_code
FROM base_recurring_donation_history t;

CREATE VIEW api_feed_items AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id, t.agent_id,
  t.feedable_id, t.linkable_id, t.agent_type, t.agent_name, t.feedable_type, t.feedable_value,
  t.linkable_type, t.linkable_value, t.type, t.comment, t.visibility, t.created_at, t.updated_at,
  t.agent_name AS member_name, t.agent_name AS author_display_name,
  CASE WHEN t.id % 50 = 1 AND t.agent_id IS NOT NULL THEN 2 ELSE 0 END AS comments_count,
  CASE WHEN t.id % 50 = 1 AND t.agent_id IS NOT NULL THEN 1 ELSE 0 END AS likes_count,
  '[]' AS latest_comments, t.created_at AS linkable_effective_at
FROM base_feed_items t;

CREATE VIEW api_dedications AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.transaction_id, t.ecard_id, t.is_gift_amount_msg_included,
  t.type, t.honoree_first_name, t.honoree_last_name, t.first_name, t.last_name, t.email_address, t.address,
  t.city, t.state, t.postal_code, t.country, t.ecard_message, t.updated_at,
  t.honoree_first_name || ' ' || t.honoree_last_name AS honoree_name,
  t.first_name || ' ' || t.last_name AS name, NULL AS ecard
FROM base_dedications t;

CREATE VIEW api_soft_credits AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id, t.creditable_id,
  t.soft_credit_transfer_id, t.creditable_type, t.memo, t.metadata, t.type, t.created_at,
  t.amount / 100.0 AS amount, t.amount / 100.0 AS campaign_progress_bar_amount,
  CASE t.creditable_type WHEN 'fundraising_page' THEN t.amount / 100.0 END
    AS fundraising_page_progress_bar_amount,
  CASE t.creditable_type WHEN 'fundraising_team' THEN t.amount / 100.0 END
    AS fundraising_team_progress_bar_amount
FROM base_soft_credits t;

CREATE VIEW api_past_donors AS
SELECT
  t.id, t.organization_id, t.owner_id, t.supporter_id, t.member_id, t.fundraising_page_id, t.first_name,
  t.last_name, t.email_address, t.title, t.purchased_at,
  t.amount / 100.0 AS amount,
  0 AS donated_to_current  -- depends on the page or team that asks: lists.py says it
FROM base_past_donors t;

CREATE VIEW api_stories AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id, t.member_id,
  t.postable_id, t.postable_type, t.poster_name, t.body, t.title, t.created_at, t.updated_at,
  2 AS comments_count, 1 AS likes_count, '[]' AS latest_comments, t.id % 9 AS shares_count,
  'published' AS status, t.id % 211 AS views_count
FROM base_stories t;

CREATE VIEW api_updates AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id, t.member_id,
  t.postable_id, t.postable_type, t.poster_name, t.body, t.title, t.created_at, t.updated_at,
  2 AS comments_count, 1 AS likes_count, '[]' AS latest_comments, t.id % 9 AS shares_count,
  'published' AS status, t.id % 211 AS views_count, 'public' AS visibility
FROM base_updates t;

CREATE VIEW api_comments AS
SELECT
  t.id, t.organization_id, t.commentable_id, t.member_id, t.commentable_type, t.commenter_name, t.body,
  t.created_at, t.updated_at,
  t.commenter_name AS author_display_name, t.id % 3 AS likes_count
FROM base_comments t;

CREATE VIEW api_domain_slugs AS
SELECT
  t.id, t.organization_id, t.campaign_id, t.fundraising_team_id, t.fundraising_entity_id,
  t.fundraising_entity_type, t.value, t.created_at, t.updated_at, t.deleted_at,
  331 AS domain_id, t.id % 2 AS links_to_donation_page,
  'https://give.example.org/' || t.value AS domain_masking_url
FROM base_domain_slugs t;


-- What "aggregates" adds to fundraising pages and teams. Each total is a subquery, so that twenty rows cost what
-- twenty rows cost, not a sum over everything.
CREATE VIEW successful AS
SELECT *, CASE WHEN id % 7 = 0 AND donation > 0 THEN donation END AS soft_credit
FROM base_transactions WHERE status = 'success';

CREATE VIEW totals_fundraising_pages AS
SELECT id, total_raised, total_donations, total_donors, total_fundraisers,
  total_raised AS total_hard_credits, total_soft_credits, total_raised AS progress_bar_amount,
  average_donation, largest_donation,
  CASE WHEN goal > 0 THEN ROUND(10000.0 * total_raised / goal, 2) ELSE 0.0 END AS percent_to_goal,
  total_raised AS net_credit_balance
FROM (
  SELECT t.id, t.goal, 1 AS total_fundraisers,
    (SELECT COALESCE(SUM(x.donation), 0) / 100.0 FROM successful x WHERE x.fundraising_page_id = t.id)
      AS total_raised,
    (SELECT COUNT(*) FROM successful x WHERE x.fundraising_page_id = t.id) AS total_donations,
    (SELECT COUNT(DISTINCT x.supporter_id) FROM successful x WHERE x.fundraising_page_id = t.id)
      AS total_donors,
    (SELECT COALESCE(SUM(x.soft_credit), 0) / 100.0 FROM successful x WHERE x.fundraising_page_id = t.id)
      AS total_soft_credits,
    (SELECT COALESCE(ROUND(AVG(x.donation)) / 100.0, 0.0) FROM successful x WHERE x.fundraising_page_id = t.id)
      AS average_donation,
    (SELECT COALESCE(MAX(x.donation) / 100.0, 0.0) FROM successful x WHERE x.fundraising_page_id = t.id)
      AS largest_donation
  FROM base_fundraising_pages t
);

CREATE VIEW totals_fundraising_teams AS
SELECT id, total_raised, total_donations, total_donors, total_fundraisers,
  total_raised AS total_hard_credits, total_soft_credits, total_raised AS progress_bar_amount,
  average_donation, largest_donation,
  CASE WHEN goal > 0 THEN ROUND(10000.0 * total_raised / goal, 2) ELSE 0.0 END AS percent_to_goal,
  total_raised AS net_credit_balance
FROM (
  SELECT t.id, t.goal,
    (SELECT COUNT(*) FROM base_fundraising_pages p WHERE p.fundraising_team_id = t.id)
      AS total_fundraisers,
    (SELECT COALESCE(SUM(x.donation), 0) / 100.0 FROM successful x WHERE x.fundraising_team_id = t.id)
      AS total_raised,
    (SELECT COUNT(*) FROM successful x WHERE x.fundraising_team_id = t.id) AS total_donations,
    (SELECT COUNT(DISTINCT x.supporter_id) FROM successful x WHERE x.fundraising_team_id = t.id)
      AS total_donors,
    (SELECT COALESCE(SUM(x.soft_credit), 0) / 100.0 FROM successful x WHERE x.fundraising_team_id = t.id)
      AS total_soft_credits,
    (SELECT COALESCE(ROUND(AVG(x.donation)) / 100.0, 0.0) FROM successful x WHERE x.fundraising_team_id = t.id)
      AS average_donation,
    (SELECT COALESCE(MAX(x.donation) / 100.0, 0.0) FROM successful x WHERE x.fundraising_team_id = t.id)
      AS largest_donation
  FROM base_fundraising_teams t
);

-- The totals as "aggregates" and "aggregates2" send them: JSON objects, the first with some numbers as text.
CREATE VIEW aggregates_fundraising_pages AS
SELECT id, json_object(
  'total_raised', total_raised, 'total_donations', total_donations,
  'total_donors', printf('%d', total_donors), 'total_fundraisers', printf('%d', total_fundraisers),
  'total_hard_credits', printf('%.2f', total_hard_credits),
  'total_soft_credits', printf('%.2f', total_soft_credits),
  'progress_bar_amount', printf('%.2f', progress_bar_amount),
  'average_donation', average_donation, 'largest_donation', largest_donation,
  'percent_to_goal', percent_to_goal, 'net_credit_balance', net_credit_balance) AS totals
FROM totals_fundraising_pages;

CREATE VIEW aggregates_fundraising_teams AS
SELECT id, json_object(
  'total_raised', total_raised, 'total_donations', printf('%d', total_donations),
  'total_donors', printf('%d', total_donors), 'total_fundraisers', printf('%d', total_fundraisers),
  'total_hard_credits', printf('%.2f', total_hard_credits),
  'total_soft_credits', printf('%.2f', total_soft_credits),
  'progress_bar_amount', printf('%.2f', progress_bar_amount),
  'average_donation', average_donation, 'largest_donation', largest_donation,
  'percent_to_goal', percent_to_goal, 'net_credit_balance', net_credit_balance) AS totals
FROM totals_fundraising_teams;

CREATE VIEW aggregates2_fundraising_pages AS
SELECT id, json_object(
  'raised_amount', total_raised, 'donations_count', total_donations, 'donors_count', total_donors,
  'average_donation_amount', average_donation, 'largest_donation_amount', largest_donation,
  'hard_credits_amount', total_hard_credits, 'soft_credits_amount', total_soft_credits,
  'progress_bar_amount', progress_bar_amount) AS totals
FROM totals_fundraising_pages;


-- What "with" adds that follows from the record itself: JSON, by the name that is asked for.

CREATE VIEW with_transactions AS
SELECT t.id,
  CASE t.payment_method WHEN 'Offline' THEN json_object(
    'id', t.id, 'payment_type', 'check', 'check_number', printf('%05d', t.id % 10000),
    'description', 'Typed in by "mailroom"', 'sync', json('false')) END AS offline_payment_info,
  CASE t.payment_method WHEN 'Facebook' THEN json_object('channel_name', 'facebook') END
    AS channel_transaction,
  CASE WHEN t.processor_decline_code IS NOT NULL THEN json_object(
    'code', t.processor_decline_code, 'message', 'Declined, insufficient funds') END AS decline_reason,
  CASE WHEN t.donation_match_id IS NOT NULL THEN json_object(
    'id', t.donation_match_id, 'amount', t.donation_gross_amount, 'status', 'matched',
    -- Odd and above 2^53: a float would lose the last digit.
    'claim_number', 9007199254740993 + 2 * t.donation_match_id) END AS order_donation_match,
  CASE WHEN t.receipt_serial IS NOT NULL THEN json_quote(t.receipt_serial) END AS receipt_serial,
  CASE WHEN t.reprocess_attempts > 0 THEN '"reprocessed"' END AS reprocess_status,
  CASE WHEN t.reprocess_attempts > 0 THEN json_object('attempts', t.reprocess_attempts) END
    AS reprocess_attempt_info,
  CASE t.reprocess_attempts WHEN 0 THEN '[]' WHEN 1 THEN '[{"attempt":1}]'
    WHEN 2 THEN '[{"attempt":1},{"attempt":2}]' ELSE '[{"attempt":1},{"attempt":2},{"attempt":3}]' END
    AS reprocess_history
FROM api_transactions t;

CREATE VIEW with_fundraising_pages AS
SELECT t.id,
  CASE WHEN t.commitment_id > 0 THEN json_object('id', t.commitment_id, 'value', '250.00') END AS commitment,
  CASE WHEN t.logo_id > 0 THEN json_object('id', t.logo_id, 'url', t.logo_url, 'type', 'image') END AS logo,
  NULL AS cover_photo
FROM api_fundraising_pages t;

CREATE VIEW with_fundraising_teams AS
SELECT t.id,
  CASE WHEN t.logo_id > 0 THEN json_object('id', t.logo_id, 'url', t.logo_url, 'type', 'image') END AS logo,
  NULL AS cover_photo
FROM api_fundraising_teams t;

CREATE VIEW with_domain_slugs AS
SELECT t.id, json_object('id', 331, 'value', 'give.example.org') AS domain,
  json_object('id', t.fundraising_entity_id, 'type', t.fundraising_entity_type) AS fundraising_entity
FROM base_domain_slugs t;

CREATE VIEW with_promo_code_configurations AS
SELECT t.id, NULL AS ticket_type FROM base_promo_code_configurations t;

CREATE VIEW with_campaign_notification_settings AS
SELECT t.id, json_object('id', t.scope_id, 'type', t.scope_type) AS scope
FROM base_campaign_notification_settings t;

CREATE VIEW with_organization_notification_settings AS
SELECT t.id, json_object('id', t.scope_id, 'type', t.scope_type) AS scope
FROM base_organization_notification_settings t;
