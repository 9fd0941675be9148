"""The invented data are as dirty as real ones: people twice, answers that differ, metadata of any shape."""

import re
from collections import Counter, defaultdict

import pytest

from classy_nb.sandbox import Sandbox
from classy_nb.sandbox.world.duplicates import letters


@pytest.fixture(scope="module")
def box():
    box = Sandbox(transactions=12_000)
    yield box
    box.stop()


@pytest.fixture(scope="module")
def people(box):
    return box.truth("supporters")


def digits(text):
    return re.sub(r"\D", "", text or "")


def by_email(people):
    """Supporters with the same e-mail address, in whatever letters."""
    found = defaultdict(list)
    for row in people:
        found[row["email_address"].casefold()].append(row)
    return [group for group in found.values() if len(group) > 1]


def by_household(people):
    """Supporters with the same house number in the same city, and the same first letter of the first name."""
    found = defaultdict(list)
    for row in people:
        if row["address1"]:
            initials = {row["first_name"].strip()[0].casefold(), row["last_name"].strip()[0].casefold()}
            number = row["address1"].split()[0]
            found[number, row["city"].casefold(), tuple(sorted(initials))].append(row)
    return [group for group in found.values() if len(group) > 1]


def test_three_percent_of_the_supporters_are_there_twice(people):
    same_email = by_email(people)
    assert {len(group) for group in same_email} == {2}
    twice = {row["id"] for group in same_email + by_household(people) for row in group}
    # Two records each; the other half of the pairs have different addresses for e-mail.
    assert 0.012 < len(same_email) / len(people) < 0.025
    assert 0.045 < len(twice) / len(people) < 0.07


def test_the_second_record_is_spelled_differently(people):
    pairs = by_email(people)
    assert any(one["email_address"] != other["email_address"] for one, other in pairs)
    assert any(one["first_name"] != other["first_name"] for one, other in pairs)
    assert any(one["address1"] != other["address1"] for one, other in pairs)
    assert any(one["postal_code"] != other["postal_code"] for one, other in pairs)
    for one, other in pairs:
        assert one["id"] != other["id"]
        assert one["birthday"] == other["birthday"]
        assert digits(one["phone"]) == digits(other["phone"]) or None in {one["phone"], other["phone"]}
        if one["address1"]:
            assert one["address1"].split()[0] == other["address1"].split()[0]


def test_two_logins_never_share_an_email_address(box):
    members = [row["email_address"].casefold() for row in box.truth("members")]
    assert len(members) == len(set(members))


def test_everybody_stays_at_example_org(people):
    assert {row["email_address"].casefold().rpartition("@")[2] for row in people} == {"example.org"}


def test_answers_differ_by_person(box):
    questions = {row["id"]: row for row in box.truth("questions")}
    answers = defaultdict(list)
    for row in box.truth("answers"):
        question = questions[row["question_id"]]
        answers[question["location"], question["type"]].append(row["answer"])
    assert set(answers) == {
        ("donation_page", "string"),
        ("page_creation", "text"),
        ("team_creation", "text"),
        ("campaign_registration", "boolean"),
        ("campaign_registration", "integer"),
        ("campaign_registration", "date"),
    }
    for (location, kind), given in answers.items():
        common = Counter(given).most_common(1)[0][1]
        if kind == "boolean":
            assert set(given) == {"true", "false"}
            assert 0.05 < given.count("true") / len(given) < 0.25
        else:
            assert len(set(given)) >= min(8, len(given)), (location, kind)
            assert common < 0.5 * len(given), (location, kind)
    numbers = answers["campaign_registration", "integer"]
    assert all(re.fullmatch(r"\d{10}", text) for text in numbers)
    assert any(text.startswith("0") for text in numbers)
    assert len(set(numbers)) > 0.9 * len(numbers)
    forms = {re.sub(r"\d", "9", text) for text in answers["campaign_registration", "date"]}
    assert forms == {"9999-99-99", "99/99/9999"}


def test_dates_of_birth_agree_with_the_registration(box):
    dates = {row["id"] for row in box.truth("questions") if row["tag"] == "birthdate"}
    born = {row["id"]: row["date_of_birth"] for row in box.truth("registrations")}
    said = [row for row in box.truth("answers") if row["question_id"] in dates]
    known = [row for row in said if born[row["answerable_id"]]]
    assert known
    for row in known:
        year, month, day = born[row["answerable_id"]][:10].split("-")
        assert row["answer"] in {f"{year}-{month}-{day}", f"{month}/{day}/{year}"}


@pytest.mark.parametrize("kind", ["supporters", "transactions"])
def test_metadata_has_every_shape(box, kind):
    values = [row["metadata"] for row in box.truth(kind)]
    assert {type(value) for value in values} == {type(None), dict, list, str, int, float, bool}
    assert len({tuple(value) for value in values if isinstance(value, dict)}) >= 4
    assert 0.05 < sum(value is not None for value in values) / len(values) < 0.4


def test_titles_name_the_people_they_belong_to(box):
    members = {row["id"]: row for row in box.truth("members")}
    pages, teams = box.truth("fundraising_pages"), box.truth("fundraising_teams")
    named = 0
    for row in pages:
        owner = members[row["member_id"]]
        assert owner["first_name"] in row["alias"] or owner["last_name"] in row["alias"]
        named += owner["first_name"] in row["title"]
        assert "{" not in row["title"] + row["alias"]
    assert named == len(pages)
    assert len({row["title"] for row in pages}) > 0.7 * len(pages)
    for row in teams:
        lead = members[row["team_lead_id"]]
        assert lead["first_name"] in row["name"] or lead["last_name"] in row["name"]
        assert "{" not in row["name"]
    titled = Counter((row["title"], row["gender"]) for row in members.values())
    assert titled["Ms", "F"]
    assert titled["Mr", "M"]
    assert not titled["Ms", "M"] + titled["Mr", "F"]


def test_the_buyer_is_the_first_to_register(box, people):
    known = {row["id"]: row for row in people}
    by_transaction = defaultdict(list)
    for row in box.truth("registrations"):
        by_transaction[row["transaction_id"]].append(row)
    assert any(len(rows) > 1 for rows in by_transaction.values())
    for first, *guests in by_transaction.values():
        buyer = known[first["supporter_id"]]
        assert [first["first_name"], first["last_name"]] == [buyer["first_name"], buyer["last_name"]]
        assert first["email"] == buyer["email_address"]
        assert all(guest["email"].startswith("guest") for guest in guests)


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("supporters", "created_at"),
        ("members", "created_at"),
        ("fundraising_pages", "created_at"),
        ("registrations", "updated_at"),
    ],
)
def test_some_dates_are_null_that_never_should_be(box, kind, column):
    values = [row[column] for row in box.truth(kind)]
    assert 0 < values.count(None) < 0.05 * len(values)


def test_the_ledger_has_all_its_dates(box):
    for row in box.truth("transactions"):
        assert None not in {row["created_at"], row["purchased_at"], row["updated_at"]}


def test_the_same_seed_is_as_dirty_in_the_same_places():
    boxes = [Sandbox(transactions=600, seed=seed) for seed in (5, 5, 6)]
    kinds = ("supporters", "members", "fundraising_pages", "fundraising_teams", "registrations", "answers")
    first, same, other = ({kind: box.truth(kind) for kind in kinds} for box in boxes)
    assert first == same
    assert all(first[kind] != other[kind] for kind in kinds)
    for box in boxes:
        box.stop()


def test_letters_of_a_name():
    assert letters("José O'Dell, Jr.") == "joseodelljr"
