-- Records that follow from others: the rows of each derived table, computed when it is first asked for after a
-- change. Ids are made from the ids they follow from, so they stay the same when rows are added or removed.

-- An organization's designation where a record names none, and the member who speaks for it.
CREATE VIEW default_designations AS
SELECT organization_id, MIN(id) AS id FROM base_designations GROUP BY organization_id;

CREATE VIEW first_members AS
SELECT organization_id, MIN(id) AS id FROM base_members GROUP BY organization_id;

CREATE VIEW given AS
SELECT * FROM base_transactions WHERE status IN ('success', 'refunded');


CREATE VIEW new_activity (
  id, organization_id, campaign_id, designation_id, member_id, fundraising_page_id, fundraising_team_id,
  transaction_id, link_id, link_text, type
) AS
SELECT t.id * 4, t.organization_id, t.campaign_id, COALESCE(t.designation_id, d.id), t.member_id,
  COALESCE(t.fundraising_page_id, 0), COALESCE(t.fundraising_team_id, 0),
  t.id, t.id, printf('$%.2f', t.donation / 100.0),
  CASE WHEN t.overhead > 0 THEN 'ticket_purchased' ELSE 'donation_created' END
FROM given t JOIN default_designations d ON d.organization_id = t.organization_id
WHERE t.member_id IS NOT NULL
UNION ALL
SELECT p.id * 4 + 1, p.organization_id, p.campaign_id, COALESCE(p.designation_id, d.id), p.member_id,
  p.id, COALESCE(p.fundraising_team_id, 0),
  0, p.id, p.title, 'fundraising_page_created'
FROM base_fundraising_pages p JOIN default_designations d ON d.organization_id = p.organization_id
UNION ALL
SELECT g.id * 4 + 2, g.organization_id, g.campaign_id, COALESCE(g.designation_id, d.id), g.team_lead_id,
  0, g.id,
  0, g.id, g.name, 'fundraising_team_created'
FROM base_fundraising_teams g JOIN default_designations d ON d.organization_id = g.organization_id
UNION ALL
SELECT c.id * 4 + 3, c.organization_id, c.id, c.designation_id, m.id,
  0, 0,
  0, c.id, c.name, 'campaign_created'
FROM base_campaigns c JOIN first_members m ON m.organization_id = c.organization_id;


CREATE VIEW new_recurring_donation_history (
  id, organization_id, recurring_id, transaction_id, type, error_msg, raw_currency_code,
  donation_amount, raw_donation_amount, created_at
) AS
WITH charges AS (
  SELECT recurring_donation_plan_id AS plan_id, MIN(id) AS first, MAX(id) AS last
  FROM base_transactions WHERE recurring_donation_plan_id IS NOT NULL GROUP BY recurring_donation_plan_id
)
SELECT t.id * 4, t.organization_id, t.recurring_donation_plan_id, t.id,
  CASE WHEN t.status = 'failed' THEN 'payment_failed'
       WHEN (t.flags & 32) <> 0 THEN 'reprocess_payment'
       ELSE 'payment' END,
  CASE WHEN t.status = 'failed' THEN 'Your card was declined, "insufficient funds".' END,
  t.raw_currency_code, t.donation, t.raw_donation, t.purchased_at
FROM base_transactions t WHERE t.recurring_donation_plan_id IS NOT NULL
UNION ALL
SELECT p.id * 4 + 1, p.organization_id, p.id, c.first, 'created', NULL,
  p.raw_currency_code, p.donation, p.raw_donation, p.created_at
FROM base_recurring_donation_plans p LEFT JOIN charges c ON c.plan_id = p.id
UNION ALL
SELECT p.id * 4 + 2, p.organization_id, p.id, c.last,
  CASE p.cancel_by WHEN 'admin' THEN 'admin_canceled' ELSE 'member_canceled' END, NULL,
  p.raw_currency_code, p.donation, p.raw_donation, p.canceled_at
FROM base_recurring_donation_plans p LEFT JOIN charges c ON c.plan_id = p.id WHERE p.canceled_at IS NOT NULL
UNION ALL
SELECT p.id * 4 + 3, p.organization_id, p.id, c.last, 'member_paused', NULL,
  p.raw_currency_code, p.donation, p.raw_donation, p.plan_paused_on_date
FROM base_recurring_donation_plans p LEFT JOIN charges c ON c.plan_id = p.id
WHERE p.plan_paused_on_date IS NOT NULL;


CREATE VIEW new_feed_items (
  id, organization_id, campaign_id, fundraising_page_id, fundraising_team_id, agent_id, feedable_id,
  linkable_id, agent_type, agent_name, feedable_type, feedable_value, linkable_type, linkable_value, type,
  comment, visibility, created_at, updated_at
) AS
SELECT t.id * 4 + 1, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id,
  t.member_id, COALESCE(t.fundraising_page_id, t.campaign_id), t.id, 'member',
  m.first_name || ' ' || m.last_name,
  CASE WHEN t.fundraising_page_id IS NULL THEN 'campaign' ELSE 'fundraising_page' END, NULL,
  'transaction', printf('$%.2f', t.donation / 100.0),
  CASE WHEN t.comment IS NULL THEN 'creation' ELSE 'comment' END, t.comment, 'public',
  t.created_at, t.created_at
FROM given t JOIN base_members m ON m.id = t.member_id
UNION ALL
SELECT p.id * 4 + 2, p.organization_id, p.campaign_id, p.id, p.fundraising_team_id,
  p.member_id, COALESCE(p.fundraising_team_id, p.campaign_id), p.id, 'member',
  m.first_name || ' ' || m.last_name,
  CASE WHEN p.fundraising_team_id IS NULL THEN 'campaign' ELSE 'fundraising_team' END, NULL,
  'fundraising_page', p.title,
  CASE WHEN p.fundraising_team_id IS NULL THEN 'update' ELSE 'association' END, NULL, 'public',
  p.created_at, p.created_at + 60
FROM base_fundraising_pages p JOIN base_members m ON m.id = p.member_id
UNION ALL
SELECT c.id * 4 + 3, c.organization_id, c.id, NULL, NULL,
  NULL, c.organization_id, NULL, NULL,
  NULL,
  'organization', c.name,
  NULL, NULL,
  'onboarding', 'Welcome to the stand-in!', 'admin',
  c.created_at, c.updated_at
FROM base_campaigns c;


CREATE VIEW new_source_tracking_codes (
  id, organization_id, campaign_id, trackable_id, c_src, c_src2, referrer, utm, event_type, trackable_type,
  created_at, updated_at
) AS
SELECT t.id * 4, t.organization_id, t.campaign_id, t.id, u.c_src, u.c_src2, u.referrer,
  json_object('utm_source', u.source, 'utm_medium', u.medium, 'utm_campaign', u.campaign,
              'utm_content', u.content, 'utm_term', u.term),
  'donation.created', 'transaction', t.created_at, t.created_at
FROM base_transactions t JOIN sources u ON u.id = t.source
UNION ALL
SELECT p.id * 4 + 1, p.organization_id, p.campaign_id, p.id, 'page', '', NULL, NULL,
  'landing_page.hit', 'fundraising_page', p.created_at, p.created_at
FROM base_fundraising_pages p WHERE p.id % 3 = 0
UNION ALL
SELECT g.id * 4 + 2, g.organization_id, g.campaign_id, g.id, 'team', '', NULL, NULL,
  'landing_page.hit', 'fundraising_team', g.created_at, g.updated_at
FROM base_fundraising_teams g WHERE g.id % 2 = 0;


CREATE VIEW new_dedications (
  id, organization_id, campaign_id, transaction_id, ecard_id, is_gift_amount_msg_included, type,
  honoree_first_name, honoree_last_name, first_name, last_name, email_address,
  address, city, state, postal_code, country, ecard_message, updated_at
) AS
SELECT t.id, t.organization_id, t.campaign_id, t.id,
  (SELECT MIN(e.id) FROM base_ecards e WHERE e.campaign_id = t.campaign_id), t.id % 2,
  CASE t.id % 2 WHEN 0 THEN 'honor' ELSE 'memory' END,
  substr(t.in_honor_of, 1, instr(t.in_honor_of, ' ') - 1), substr(t.in_honor_of, instr(t.in_honor_of, ' ') + 1),
  s.first_name, s.last_name, s.email_address,
  COALESCE(s.address1, ''), COALESCE(s.city, ''), COALESCE(s.state, ''), COALESCE(s.postal_code, ''),
  COALESCE(s.country, 'US'),
  CASE WHEN t.id % 3 = 0 THEN 'With love,' || char(10) || 'from all of us' END, t.updated_at
FROM base_transactions t JOIN base_supporters s ON s.id = t.payer_id WHERE t.in_honor_of IS NOT NULL;


-- Who was asked what: about tickets, whoever registers; else whoever gives or fundraises.
CREATE VIEW asked AS
SELECT r.id * 16 + q.weight AS id, r.id AS answerable_id, 'campaign_registration' AS answerable_type,
  COALESCE(r.member_id, 0) AS member_id, r.id AS person, r.date_of_birth, r.created_at, r.updated_at,
  q.organization_id, q.campaign_id, q.id AS question_id, q.type, q.location
FROM base_registrations r
JOIN base_questions q ON q.campaign_id = r.campaign_id AND q.location = 'campaign_registration'
UNION ALL
SELECT t.id * 16 + 8, t.id, 'transaction', t.member_id, t.member_id, NULL, t.created_at, t.created_at,
  q.organization_id, q.campaign_id, q.id, q.type, q.location
FROM base_transactions t
JOIN base_questions q ON q.campaign_id = t.campaign_id AND q.location = 'donation_page'
WHERE t.id % 5 = 0 AND t.member_id IS NOT NULL
UNION ALL
SELECT p.id * 16 + 9, p.id, 'fundraising_page', p.member_id, p.id, NULL, p.created_at, p.created_at,
  q.organization_id, q.campaign_id, q.id, q.type, q.location
FROM base_fundraising_pages p
JOIN base_questions q ON q.campaign_id = p.campaign_id AND q.location = 'page_creation'
UNION ALL
SELECT g.id * 16 + 10, g.id, 'fundraising_team', g.team_lead_id, g.id, NULL, g.created_at, g.created_at,
  q.organization_id, q.campaign_id, q.id, q.type, q.location
FROM base_fundraising_teams g
JOIN base_questions q ON q.campaign_id = g.campaign_id AND q.location = 'team_creation';

-- Answers are text, and everybody writes a date of birth as they like.
CREATE VIEW new_answers (
  id, organization_id, campaign_id, answerable_id, member_id, question_id, answer, answerable_type,
  created_at, updated_at
) AS
SELECT a.id, a.organization_id, a.campaign_id, a.answerable_id, a.member_id, a.question_id,
  CASE a.type
    WHEN 'boolean' THEN CASE a.person % 8 WHEN 0 THEN 'true' ELSE 'false' END
    WHEN 'integer' THEN
      printf(CASE a.person % 9 WHEN 0 THEN '0%09d' ELSE '619%07d' END, a.person * 7919 % 10000000)
    WHEN 'date' THEN strftime(CASE a.person % 5 WHEN 0 THEN '%m/%d/%Y' ELSE '%Y-%m-%d' END,
      COALESCE(a.date_of_birth, a.person * 7919 % 12000 * 86400), 'unixepoch')
    ELSE json_extract(w.texts, '$[' || (a.person * 7919 % json_array_length(w.texts)) || ']') END,
  a.answerable_type, a.created_at, a.updated_at
FROM asked a LEFT JOIN answer_texts w ON w.location = a.location;


CREATE VIEW new_soft_credits (
  id, organization_id, campaign_id, fundraising_page_id, fundraising_team_id, creditable_id,
  soft_credit_transfer_id, creditable_type, memo, metadata, type, amount, created_at
) AS
SELECT t.id, t.organization_id, t.campaign_id, t.fundraising_page_id, t.fundraising_team_id,
  COALESCE(t.fundraising_page_id, t.fundraising_team_id),
  CASE WHEN t.id % 2 = 0 THEN 6000 + t.id % 900 END,
  CASE WHEN t.fundraising_page_id IS NULL THEN 'fundraising_team' ELSE 'fundraising_page' END,
  'Moved by staff, "as asked"',
  CASE t.id % 4 WHEN 0 THEN '"{''foo'':''bar''}"' WHEN 1 THEN json_object('moved_by', 'staff', 'batch', t.id % 97)
    WHEN 2 THEN '[]' ELSE t.id % 97 END,
  CASE WHEN t.status = 'refunded' THEN 'refund' ELSE 'allocation' END, t.donation, t.created_at
FROM given t
WHERE (t.fundraising_page_id IS NOT NULL OR t.fundraising_team_id IS NOT NULL)
  AND t.donation > 0 AND t.id % 7 = 0;


CREATE VIEW new_receipts (id, organization_id, transaction_id, serial_number, created_at) AS
SELECT t.id, t.organization_id, t.id, printf('%010d', t.id), t.purchased_at + 60
FROM given t WHERE t.donation > 0;


CREATE VIEW new_acknowledgements (
  id, organization_id, transaction_id, member_id, fundraising_entity_id, fundraising_entity_type,
  created_at, updated_at
) AS
SELECT t.id, t.organization_id, t.id, m.id, t.fundraising_page_id,
  CASE WHEN t.fundraising_page_id IS NOT NULL THEN 'fundraisingPage' END,
  t.created_at + 7200, t.created_at + 7200
FROM base_transactions t JOIN first_members m ON m.organization_id = t.organization_id WHERE t.id % 19 = 0;


CREATE VIEW new_donor_emails (id, organization_id, fundraising_page_id, email_address) AS
SELECT MIN(t.id), t.organization_id, t.fundraising_page_id, s.email_address
FROM given t JOIN base_supporters s ON s.id = t.supporter_id
WHERE t.fundraising_page_id IS NOT NULL
GROUP BY t.fundraising_page_id, s.email_address;


-- Whoever gave to a page: its owner sees them on the next page.
CREATE VIEW new_past_donors (
  id, organization_id, owner_id, supporter_id, member_id, fundraising_page_id,
  first_name, last_name, email_address, title, purchased_at, amount
) AS
SELECT MAX(t.id), t.organization_id, p.member_id, t.supporter_id, s.member_id, p.id,
  s.first_name, s.last_name, s.email_address, p.title, MAX(t.purchased_at), SUM(t.donation)
FROM given t
JOIN base_fundraising_pages p ON p.id = t.fundraising_page_id
JOIN base_supporters s ON s.id = t.supporter_id
GROUP BY p.id, t.supporter_id;


-- Stories and updates are alike: every campaign, some pages and some teams have one of each.
CREATE VIEW posts AS
SELECT c.id * 4 AS id, c.organization_id, c.id AS campaign_id, NULL AS fundraising_page_id,
  NULL AS fundraising_team_id, m.id AS member_id, c.id AS postable_id, 'campaign' AS postable_type,
  'Staff' AS poster_name, c.name AS title, c.created_at, c.updated_at
FROM base_campaigns c JOIN first_members m ON m.organization_id = c.organization_id
UNION ALL
SELECT p.id * 4 + 1, p.organization_id, NULL, p.id, NULL, p.member_id, p.id, 'fundraising_page',
  NULL, p.title, p.created_at, p.created_at + 60
FROM base_fundraising_pages p WHERE p.id % 5 = 0
UNION ALL
SELECT g.id * 4 + 2, g.organization_id, NULL, NULL, g.id, g.team_lead_id, g.id, 'fundraising_team',
  NULL, NULL, g.created_at, g.created_at + 60
FROM base_fundraising_teams g WHERE g.id % 3 = 0;

CREATE VIEW new_stories (
  id, organization_id, campaign_id, fundraising_page_id, fundraising_team_id, member_id, postable_id,
  postable_type, poster_name, body, title, created_at, updated_at
) AS
SELECT id, organization_id, campaign_id, fundraising_page_id, fundraising_team_id, member_id, postable_id,
  postable_type, poster_name, '<p>How it began,' || char(10) || 'and "why".</p>',
  CASE postable_type WHEN 'campaign' THEN 'Story of ' || title ELSE title END, created_at, updated_at
FROM posts;

CREATE VIEW new_updates (
  id, organization_id, campaign_id, fundraising_page_id, fundraising_team_id, member_id, postable_id,
  postable_type, poster_name, body, title, created_at, updated_at
) AS
SELECT id, organization_id, campaign_id, fundraising_page_id, fundraising_team_id, member_id, postable_id,
  postable_type, poster_name, '=Half way there! 🎉',
  CASE postable_type WHEN 'campaign' THEN 'Update of ' || title ELSE title END, created_at, updated_at
FROM posts;


-- Each story, each update and some feed items have two comments and one like.
CREATE VIEW commented AS
SELECT id, organization_id, 'story' AS kind, 0 AS number, member_id AS author, created_at FROM base_stories
UNION ALL
SELECT id, organization_id, 'update', 1, member_id, created_at FROM base_updates
UNION ALL
SELECT id, organization_id, 'feed_item', 2, agent_id, created_at FROM base_feed_items
WHERE id % 50 = 1 AND agent_id IS NOT NULL;

CREATE VIEW new_comments (
  id, organization_id, commentable_id, member_id, commentable_type, commenter_name, body,
  created_at, updated_at
) AS
SELECT c.id * 8 + c.number * 2 + n.n, c.organization_id, c.id, c.author, c.kind,
  m.first_name || ' ' || m.last_name, CASE n.n WHEN 0 THEN 'Well done!' ELSE 'Go, "team"' END,
  c.created_at + 3600 * (n.n + 1), c.created_at + 3600 * (n.n + 1)
FROM commented c JOIN (SELECT 0 AS n UNION SELECT 1) n LEFT JOIN base_members m ON m.id = c.author;

CREATE VIEW new_likes (
  id, organization_id, likeable_id, member_id, likeable_type, liker_name, created_at, updated_at
) AS
SELECT c.id * 4 + c.number, c.organization_id, c.id, c.author, c.kind,
  m.first_name || ' ' || m.last_name, c.created_at + 60, c.created_at + 60
FROM commented c LEFT JOIN base_members m ON m.id = c.author;


CREATE VIEW new_domain_slugs (
  id, organization_id, campaign_id, fundraising_team_id, fundraising_entity_id, fundraising_entity_type,
  value, created_at, updated_at, deleted_at
) AS
SELECT c.id * 2, c.organization_id, c.id, NULL, c.id, 'campaign',
  printf('%04d-give', c.id % 10000), c.created_at, c.created_at,
  CASE WHEN c.id % 13 = 0 THEN c.updated_at END
FROM base_campaigns c
UNION ALL
SELECT g.id * 2 + 1, g.organization_id, NULL, g.id, g.id, 'fundraising_team',
  'team-' || g.id, g.created_at, g.created_at, NULL
FROM base_fundraising_teams g WHERE g.id % 2 = 0;
