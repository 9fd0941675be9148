-- People get their names last, when it is known who gives. Then whatever they made is named after them.

UPDATE base_fundraising_pages SET (title, alias) = (
  SELECT replace(replace(base_fundraising_pages.title, '{first}', m.first_name), '{last}', m.last_name),
    replace(replace(base_fundraising_pages.alias, '{first}', m.first_name), '{last}', m.last_name)
  FROM base_members m WHERE m.id = member_id
);

UPDATE base_fundraising_teams SET name = (
  SELECT replace(replace(base_fundraising_teams.name, '{first}', m.first_name), '{last}', m.last_name)
  FROM base_members m WHERE m.id = team_lead_id
);

-- The first ticket of a purchase is the buyer's own; the others are for guests.
UPDATE base_registrations SET (first_name, last_name, email) = (
  SELECT s.first_name, s.last_name, s.email_address FROM base_supporters s WHERE s.id = supporter_id
)
WHERE id IN (SELECT MIN(id) FROM base_registrations GROUP BY transaction_id);
