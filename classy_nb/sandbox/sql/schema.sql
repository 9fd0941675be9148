-- The stored tables of the sandbox: amounts in cents, instants in seconds since 1970, flags 0 or 1. What the API
-- shows of them stands in views.sql. The small tables beside the main story are not declared here: tables.toml
-- says how they are invented.

-- How a transaction was paid, which mailed batch a check came in, where the donor came from, and what people answer.
CREATE TABLE payments (
  code INTEGER PRIMARY KEY, payment_type TEXT, payment_method TEXT, payment_gateway TEXT, payment_source TEXT,
  card_type TEXT
);
CREATE TABLE batches (id INTEGER PRIMARY KEY, vendor_name TEXT, number TEXT, sequence TEXT, day TEXT);
CREATE TABLE sources (
  id INTEGER PRIMARY KEY, source TEXT, medium TEXT, campaign TEXT, content TEXT, term TEXT, c_src TEXT,
  c_src2 TEXT, referrer TEXT
);
CREATE TABLE answer_texts (location TEXT PRIMARY KEY, texts TEXT);  -- a JSON list


-- Organizations, their staff and their supporters.

CREATE TABLE base_organizations (
  id INTEGER PRIMARY KEY, name TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_members (
  id INTEGER PRIMARY KEY, organization_id INTEGER,
  first_name TEXT, last_name TEXT, email_address TEXT, address1 TEXT, address2 TEXT, city TEXT, state TEXT,
  country TEXT, postal_code TEXT, phone TEXT, gender TEXT, title TEXT, status TEXT,
  date_of_birth INTEGER, created_at INTEGER, last_login_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_supporters (
  id INTEGER PRIMARY KEY, organization_id INTEGER, member_id INTEGER, source_campaign_id INTEGER,
  source_fundraising_page_id INTEGER, opt_in INTEGER, card_last_four INTEGER,
  first_name TEXT, last_name TEXT, email_address TEXT, address1 TEXT, address2 TEXT, city TEXT, state TEXT,
  country TEXT, postal_code TEXT, phone TEXT, gender TEXT, cell_phone TEXT, birthday TEXT, nickname TEXT,
  location TEXT, last_emailed_at TEXT, origin TEXT, metadata TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);


-- Campaigns and what belongs to them.

CREATE TABLE base_campaigns (
  id INTEGER PRIMARY KEY, organization_id INTEGER, designation_id INTEGER, is_general INTEGER,
  logo_id INTEGER, team_cover_photo_id INTEGER, category_id INTEGER, channel_id INTEGER,
  name TEXT, internal_name TEXT, type TEXT, status TEXT, timezone_identifier TEXT, raw_currency_code TEXT,
  venue TEXT, city TEXT, state TEXT, postal_code TEXT, country TEXT, address1 TEXT, contact_email TEXT,
  external_id TEXT, custom_url TEXT, channel_keywords TEXT,
  created_at INTEGER, updated_at INTEGER, started_at INTEGER, ended_at INTEGER,  -- seconds since 1970
  goal INTEGER, raw_goal INTEGER  -- cents
);

CREATE TABLE base_designations (
  id INTEGER PRIMARY KEY, organization_id INTEGER, is_active INTEGER, is_complete INTEGER,
  is_default INTEGER,
  name TEXT, description TEXT, external_reference_id TEXT, city TEXT, state TEXT, postal_code TEXT,
  created_at INTEGER, updated_at INTEGER, start_time INTEGER, end_time INTEGER,  -- seconds since 1970
  goal INTEGER  -- cents
);

CREATE TABLE base_questions (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, is_deleted INTEGER,
  is_required INTEGER, is_pre_conversion INTEGER, product_id INTEGER, weight INTEGER,
  label TEXT, location TEXT, tag TEXT, type TEXT,
  created_at INTEGER, updated_at INTEGER, deleted_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_ticket_types (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, commitment_id INTEGER,
  is_active INTEGER, quantity_available INTEGER, quantity_sold INTEGER, max_per_transaction INTEGER,
  weight INTEGER,
  name TEXT, description TEXT,
  created_at INTEGER, updated_at INTEGER, started_at INTEGER, ended_at INTEGER,  -- seconds since 1970
  price INTEGER, overhead INTEGER  -- cents
);


-- Fundraising.

CREATE TABLE base_fundraising_teams (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, parent_id INTEGER, root_id INTEGER,
  team_lead_id INTEGER, team_lead_supporter_id INTEGER, designation_id INTEGER, team_policy_id INTEGER,
  logo_id INTEGER, cover_photo_id INTEGER,
  name TEXT, description TEXT, city TEXT, state TEXT, postal_code TEXT, raw_currency_code TEXT, status TEXT,
  created_at INTEGER, updated_at INTEGER,  -- seconds since 1970
  goal INTEGER, raw_goal INTEGER  -- cents
);

CREATE TABLE base_fundraising_pages (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_team_id INTEGER,
  member_id INTEGER, supporter_id INTEGER, designation_id INTEGER, commitment_id INTEGER,
  is_primary INTEGER, is_tribute INTEGER, logo_id INTEGER, cover_photo_id INTEGER,
  alias TEXT, title TEXT, intro_text TEXT, thankyou_email_text TEXT, raw_currency_code TEXT, status TEXT,
  team_role TEXT, questions TEXT,
  created_at INTEGER, updated_at INTEGER, ended_at INTEGER,  -- seconds since 1970
  goal INTEGER, raw_goal INTEGER  -- cents
);


-- Gifts.

CREATE TABLE base_recurring_donation_plans (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, supporter_id INTEGER,
  member_id INTEGER, designation_id INTEGER, fundraising_page_id INTEGER, fundraising_team_id INTEGER,
  ach_last_four INTEGER, flags INTEGER, pay INTEGER, is_paused INTEGER, migrated INTEGER,
  status TEXT, frequency TEXT, raw_currency_code TEXT, cancel_by TEXT, cancel_reason_code TEXT,
  cancel_reason_text TEXT, company_name TEXT, timezone_identifier TEXT, metadata TEXT,
  -- seconds since 1970
  created_at INTEGER, started_at INTEGER, updated_at INTEGER, canceled_at INTEGER, failed_at INTEGER,
  next_processing_date INTEGER, pause_until INTEGER, plan_paused_on_date INTEGER, recur_until INTEGER,
  migration_date INTEGER,
  donation INTEGER, adjustment INTEGER, raw_donation INTEGER, raw_adjustment INTEGER  -- cents
);

CREATE TABLE base_transactions (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_page_id INTEGER,
  fundraising_team_id INTEGER, supporter_id INTEGER, payer_id INTEGER, member_id INTEGER,
  designation_id INTEGER, recurring_donation_plan_id INTEGER, parent_transaction_id INTEGER,
  donation_match_id INTEGER, pay INTEGER, source INTEGER, batch INTEGER, flags INTEGER,
  -- seconds since 1970
  created_at INTEGER, purchased_at INTEGER, charged_at INTEGER, refunded_at INTEGER, updated_at INTEGER,
  -- cents
  donation INTEGER, overhead INTEGER, adjustment INTEGER, classy INTEGER, pp INTEGER, raw_donation INTEGER,
  raw_overhead INTEGER, raw_adjustment INTEGER,
  raw_currency_code TEXT, frequency TEXT, status TEXT, comment TEXT, company_name TEXT, in_honor_of TEXT,
  promo_code_code TEXT, metadata TEXT
);

CREATE TABLE base_transaction_items (
  id INTEGER PRIMARY KEY, organization_id INTEGER, transaction_id INTEGER, product_id INTEGER,
  quantity INTEGER,
  product_name TEXT, type TEXT,
  price INTEGER, final INTEGER, overhead INTEGER, donation INTEGER, fees INTEGER, raw_final INTEGER,  -- cents
  raw_overhead INTEGER
);

CREATE TABLE base_registrations (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_page_id INTEGER,
  member_id INTEGER, supporter_id INTEGER, transaction_id INTEGER, transaction_item_id INTEGER,
  ticket_type_id INTEGER,
  first_name TEXT, last_name TEXT, email TEXT, status TEXT, tshirt_size TEXT,
  created_at INTEGER, updated_at INTEGER, date_of_birth INTEGER  -- seconds since 1970
);


-- What follows from the tables above (filled from the views new_... in derived.sql).

CREATE TABLE base_activity (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, designation_id INTEGER,
  member_id INTEGER, fundraising_page_id INTEGER, fundraising_team_id INTEGER, transaction_id INTEGER,
  link_id INTEGER,
  link_text TEXT, type TEXT
);

CREATE TABLE base_recurring_donation_history (
  id INTEGER PRIMARY KEY, organization_id INTEGER, recurring_id INTEGER, transaction_id INTEGER,
  type TEXT, error_msg TEXT, raw_currency_code TEXT,
  donation_amount INTEGER, raw_donation_amount INTEGER,  -- cents
  created_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_feed_items (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_page_id INTEGER,
  fundraising_team_id INTEGER, agent_id INTEGER, feedable_id INTEGER, linkable_id INTEGER,
  agent_type TEXT, agent_name TEXT, feedable_type TEXT, feedable_value TEXT, linkable_type TEXT,
  linkable_value TEXT, type TEXT, comment TEXT, visibility TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_source_tracking_codes (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, trackable_id INTEGER,
  c_src TEXT, c_src2 TEXT, referrer TEXT, utm TEXT, event_type TEXT, trackable_type TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_dedications (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, transaction_id INTEGER,
  ecard_id INTEGER, is_gift_amount_msg_included INTEGER,
  type TEXT, honoree_first_name TEXT, honoree_last_name TEXT, first_name TEXT, last_name TEXT,
  email_address TEXT, address TEXT, city TEXT, state TEXT, postal_code TEXT, country TEXT,
  ecard_message TEXT,
  updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_answers (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, answerable_id INTEGER,
  member_id INTEGER, question_id INTEGER,
  answer TEXT, answerable_type TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_soft_credits (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_page_id INTEGER,
  fundraising_team_id INTEGER, creditable_id INTEGER, soft_credit_transfer_id INTEGER,
  creditable_type TEXT, memo TEXT, metadata TEXT, type TEXT,
  amount INTEGER,  -- cents
  created_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_receipts (
  id INTEGER PRIMARY KEY, organization_id INTEGER, transaction_id INTEGER,
  serial_number TEXT,
  created_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_acknowledgements (
  id INTEGER PRIMARY KEY, organization_id INTEGER, transaction_id INTEGER, member_id INTEGER,
  fundraising_entity_id INTEGER,
  fundraising_entity_type TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_donor_emails (
  id INTEGER PRIMARY KEY, organization_id INTEGER, fundraising_page_id INTEGER,
  email_address TEXT
);

CREATE TABLE base_past_donors (
  id INTEGER PRIMARY KEY, organization_id INTEGER, owner_id INTEGER, supporter_id INTEGER,
  member_id INTEGER, fundraising_page_id INTEGER,
  first_name TEXT, last_name TEXT, email_address TEXT, title TEXT,
  purchased_at INTEGER,  -- seconds since 1970
  amount INTEGER  -- cents
);

CREATE TABLE base_stories (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_page_id INTEGER,
  fundraising_team_id INTEGER, member_id INTEGER, postable_id INTEGER,
  postable_type TEXT, poster_name TEXT, body TEXT, title TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_updates (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_page_id INTEGER,
  fundraising_team_id INTEGER, member_id INTEGER, postable_id INTEGER,
  postable_type TEXT, poster_name TEXT, body TEXT, title TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_comments (
  id INTEGER PRIMARY KEY, organization_id INTEGER, commentable_id INTEGER, member_id INTEGER,
  commentable_type TEXT, commenter_name TEXT, body TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_likes (
  id INTEGER PRIMARY KEY, organization_id INTEGER, likeable_id INTEGER, member_id INTEGER,
  likeable_type TEXT, liker_name TEXT,
  created_at INTEGER, updated_at INTEGER  -- seconds since 1970
);

CREATE TABLE base_domain_slugs (
  id INTEGER PRIMARY KEY, organization_id INTEGER, campaign_id INTEGER, fundraising_team_id INTEGER,
  fundraising_entity_id INTEGER,
  fundraising_entity_type TEXT, value TEXT,
  created_at INTEGER, updated_at INTEGER, deleted_at INTEGER  -- seconds since 1970
);

