"""Answers as columns, links to pages, and supporters who are there twice."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from support.giving import dtypes, records, rows

import classy_nb as cn
from classy_nb import analysis

SITE = "https://give.example.org"
CREATED = {"created_at": "2026-03-01T10:00:00Z", "updated_at": "2026-03-01T10:00:00Z"}


def questions(*changes: dict[str, Any]) -> pd.DataFrame:
    usual = (
        {"id": 11, "label": "Shirt size", "location": "campaign_registration", "weight": 1},
        {"id": 12, "label": "Allergies?", "location": "campaign_registration", "weight": 0},
        {"id": 13, "label": "How did you hear about us?", "location": "donation_page", "weight": 2},
    )
    return records("Question", *({"campaign_id": 5, **CREATED, **each} for each in (*usual, *changes)))


def answers(*given: tuple[int, int, str | None], kind: str | None = "campaign_registration") -> pd.DataFrame:
    """Return answers: by which record, to which question, in which words."""
    return records(
        "Answer",
        *(
            {
                "id": 900 + n, "answerable_id": record, "answerable_type": kind, "question_id": asked,
                "answer": text, "campaign_id": 5, "member_id": 0, **CREATED,
            }
            for n, (record, asked, text) in enumerate(given)
        ),
    )  # fmt: skip


def registrations(*ids: int, backend: str = "numpy_nullable") -> pd.DataFrame:
    return records(
        "Registration",
        *({"id": number, "campaign_id": 5, "email": f"{number}@example.org", **CREATED} for number in ids),
        backend=backend,
    )


GIVEN = answers((1, 11, "M"), (2, 11, "  "), (2, 12, "Nuts"), (3, 12, None), (99, 12, "of another"))


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_each_question_is_a_column_of_the_registrations(backend: str) -> None:
    frame = registrations(2, 1, 3, backend=backend)
    found = analysis.wide_answers(frame, GIVEN, questions())
    assert list(found.columns) == [*frame.columns, "Allergies?", "Shirt size"]
    assert rows(found, "id", "Allergies?", "Shirt size") == [
        [2, "Nuts", None],
        [1, None, "M"],
        [3, None, None],
    ]
    assert dtypes(found)["Shirt size"] == "string"
    pd.testing.assert_frame_equal(found[frame.columns], frame)


def test_a_question_that_nobody_answered_is_a_column_too_and_one_asked_elsewhere_is_not() -> None:
    found = analysis.wide_answers(
        registrations(1), GIVEN, questions({"id": 14, "label": "Other event", "campaign_id": 6, "weight": 0,
                                            "location": "campaign_registration"}),
    )  # fmt: skip
    assert list(found.columns[-2:]) == ["Allergies?", "Shirt size"]
    assert found["Allergies?"].isna().all()


def test_without_registrations_there_are_the_same_columns() -> None:
    some, none = (analysis.wide_answers(registrations(*ids), GIVEN, questions()) for ids in ((1, 2), ()))
    assert len(none) == 0
    assert dtypes(none) == dtypes(some)
    assert dtypes(analysis.wide_answers(registrations(1), GIVEN.iloc[:0], questions())) == dtypes(some)


def test_an_id_of_another_kind_of_record_is_not_mistaken_for_a_registration() -> None:
    both = pd.concat([answers((1, 13, "A friend"), kind="transaction").assign(id=1), GIVEN])
    found = analysis.wide_answers(registrations(1), both, questions())
    assert "How did you hear about us?" not in found
    gifts = records("Transaction", {"id": 1, "campaign_id": 5, "status": "success"})
    table = analysis.wide_answers(gifts, both, questions())
    assert rows(table, "id", "How did you hear about us?") == [[1, "A friend"]]
    assert "Shirt size" not in table


def test_pages_and_teams_have_answers_too() -> None:
    asked = questions({"id": 21, "label": "Why?", "location": "page_creation", "weight": 0})
    page = records("FundraisingPage", {"id": 7, "campaign_id": 5, "title": "Ada's page"})
    given = answers((7, 21, "Because"), kind="fundraising_page")
    assert rows(analysis.wide_answers(page, given, asked), "title", "Why?") == [["Ada's page", "Because"]]
    team = records("FundraisingTeam", {"id": 7, "campaign_id": 5, "name": "A team"})
    assert "Why?" not in analysis.wide_answers(team, given, asked)


def test_a_missing_type_is_known_by_where_the_question_is_asked() -> None:
    found = analysis.wide_answers(registrations(1), answers((1, 11, "M"), kind=None), questions())
    assert rows(found, "Shirt size") == [["M"]]


def test_questions_with_the_same_label_are_told_apart_or_share_a_column() -> None:
    asked = questions(
        {"id": 31, "label": "shirt  size", "location": "campaign_registration", "weight": 3},
        {"id": 32, "label": "Email", "location": "campaign_registration", "weight": 4},
    )
    given = answers((1, 11, "M"), (2, 31, "L"), (1, 32, "other@example.org"))
    found = analysis.wide_answers(registrations(1, 2), given, asked)
    assert list(found.columns[-4:]) == ["Allergies?", "Shirt size (11)", "shirt size (31)", "Email (32)"]
    assert rows(found, "Shirt size (11)", "shirt size (31)", "email", "Email (32)") == [
        ["M", None, "1@example.org", "other@example.org"],
        [None, "L", "2@example.org", None],
    ]
    together = analysis.wide_answers(registrations(1, 2), given, asked, by="label")
    assert list(together.columns[-3:]) == ["Allergies?", "Shirt size", "Email (32)"]
    assert rows(together, "Shirt size") == [["M"], ["L"]]


def test_a_question_that_is_not_listed_or_has_no_label_is_called_by_its_id() -> None:
    asked = questions({"id": 41, "label": "  ", "location": "campaign_registration", "weight": 9})
    found = analysis.wide_answers(registrations(1), answers((1, 77, "x"), (1, 41, "y")), asked)
    assert rows(found, "Question (41)", "Question (77)") == [["y", "x"]]


def test_several_answers_are_joined_or_refused() -> None:
    given = answers((1, 11, "M"), (1, 11, "L"), (1, 11, "M"), (2, 11, "S"))
    found = analysis.wide_answers(registrations(1, 2), given, questions())
    assert rows(found, "Shirt size") == [["M; L"], ["S"]]
    with pytest.raises(cn.UsageError, match=r"1 records have several answers .* such as 1 to 'Shirt size'"):
        analysis.wide_answers(registrations(1, 2), given, questions(), several="refuse")
    # The same record from two overlapping fetches is one answer.
    twice = pd.concat([given.iloc[3:], given.iloc[3:]])
    found = analysis.wide_answers(registrations(1, 2), twice, questions(), several="refuse")
    assert rows(found, "Shirt size") == [[None], ["S"]]


def test_rows_that_repeat_stay_and_the_index_too() -> None:
    frame = pd.concat([registrations(1, 2), registrations(1)])
    found = analysis.wide_answers(frame, GIVEN, questions())
    assert found.index.tolist() == [0, 1, 0]
    assert rows(found, "id", "Shirt size") == [[1, "M"], [2, None], [1, "M"]]


@pytest.mark.parametrize("ending", ["csv", "pandas.csv", "parquet"])
def test_frames_from_files_do_as_well(tmp_path: Path, ending: str) -> None:
    found = []
    for name, frame in (("r", registrations(1, 2, 3)), ("a", GIVEN), ("q", questions())):
        path = tmp_path / f"{name}.{ending}"
        if ending == "csv":
            cn.to_csv(frame, path)
            found.append(cn.read_csv(path))
        elif ending == "parquet":
            frame.to_parquet(path)
            found.append(pd.read_parquet(path))
        else:
            frame.to_csv(path, index=False)
            found.append(pd.read_csv(path))
    table = analysis.wide_answers(*found)
    assert rows(table, "id", "Allergies?", "Shirt size") == [
        [1, None, "M"],
        [2, "Nuts", None],
        [3, None, None],
    ]


def test_what_cannot_be_joined_is_refused_by_name() -> None:
    with pytest.raises(
        cn.UsageError, match=r"no columns 'answer', 'question_id'.*classy\.answers\(\) brings"
    ):
        analysis.wide_answers(registrations(1), GIVEN.drop(columns=["answer", "question_id"]), questions())
    with pytest.raises(cn.UsageError, match=r"no column 'label'.*classy\.questions\(\) brings it"):
        analysis.wide_answers(registrations(1), GIVEN, questions().drop(columns="label"))
    with pytest.raises(cn.UsageError, match=r"no column 'id'.*classy\.registrations\(\) brings it"):
        analysis.wide_answers(registrations(1).drop(columns="id"), GIVEN, questions())
    with pytest.raises(
        cn.UsageError, match=r"holds supporters\..*'registrations'.*merge the supporters .*supporter_id"
    ):
        analysis.wide_answers(records("Supporter", {"id": 1}), GIVEN, questions())
    with pytest.raises(cn.UsageError, match=r"does not tell what it holds\..*kind= is one of"):
        analysis.wide_answers(registrations(1)[["id", "campaign_id"]], GIVEN, questions())
    bare = analysis.wide_answers(registrations(1)[["id"]], GIVEN, questions(), kind="registrations")
    assert rows(bare, "Shirt size") == [["M"]]
    for options in ({"kind": "gifts"}, {"by": "id"}, {"several": "first"}):
        with pytest.raises(cn.UsageError, match="must be"):
            analysis.wide_answers(registrations(1), GIVEN, questions(), **options)  # type: ignore[arg-type]


def fetched(frame: pd.DataFrame, path: str, *conditions: str, **about: Any) -> pd.DataFrame:
    frame = frame.copy()
    asked = [f"filter={condition}" for condition in conditions]
    frame.attrs["classy"] = {"path": path, "asked": asked, "limit": None, "total": 3000, **about}
    return frame


def test_answers_of_which_some_were_not_fetched_are_refused() -> None:
    for condition in ("answer=M", "updated_at>=2026-01-01"):
        with pytest.raises(cn.UsageError, match="looks like one that was not given"):
            analysis.wide_answers(registrations(1), fetched(GIVEN, "/answers", condition), questions())
    some = fetched(GIVEN, "/answers", "created_at>=2026-01-01")
    with pytest.raises(cn.UsageError, match=r"created_at >= 2026-01-01'.*was not.*both with the same"):
        analysis.wide_answers(registrations(1), some, questions())
    same = fetched(registrations(1), "/organizations/1/registrations", "created_at>=2026-01-01")
    assert rows(analysis.wide_answers(same, some, questions()), "Shirt size") == [["M"]]
    with pytest.warns(cn.DataWarning, match=r"analysis\.wide_answers: the frame was fetched with limit=2"):
        analysis.wide_answers(registrations(1), fetched(GIVEN, "/answers", limit=2), questions())
    first = fetched(registrations(1), "/organizations/1/registrations", limit=1)
    assert len(analysis.wide_answers(first, GIVEN, questions())) == 1  # each row of it has all its answers


def test_how_a_frame_was_fetched_tells_what_it_holds() -> None:
    bare = fetched(registrations(1)[["id", "campaign_id"]], "/campaigns/5/registrations")
    assert rows(analysis.wide_answers(bare, GIVEN, questions()), "Shirt size") == [["M"]]


# Links


def slugs(*each: dict[str, Any]) -> pd.DataFrame:
    usual = {
        "domain_id": 1,
        "fundraising_entity_type": "campaign",
        "links_to_donation_page": False,
        **CREATED,
    }
    return records("DomainSlug", *({"id": n, **usual, **slug} for n, slug in enumerate(each, 1)))


def campaigns() -> pd.DataFrame:
    return records(
        "Campaign",
        {
            "id": 1,
            "name": "Spring",
            "canonical_url": "/campaign/c1",
            "custom_url": "https://spring.example.org/",
        },
        {"id": 2, "name": "Gala", "canonical_url": "/campaign/c2"},
        {"id": 3, "name": "Run", "canonical_url": "/campaign/c 3"},
        {"id": 4, "name": "Draft"},
    )


def test_a_campaign_has_its_own_address_its_slug_or_its_path_on_the_site() -> None:
    given = slugs(
        {"fundraising_entity_id": 2, "domain_masking_url": "give.example.org", "value": "old"},
        {"fundraising_entity_id": 2, "domain_masking_url": "give.example.org", "value": "gala"},
        {"fundraising_entity_id": 2, "domain_masking_url": "give.example.org", "value": "gone",
         "deleted_at": "2026-04-01T00:00:00Z"},
        {"fundraising_entity_id": 3, "domain_masking_url": "give.example.org", "value": "pay",
         "links_to_donation_page": True},
        {"fundraising_entity_id": 4, "fundraising_entity_type": "fundraising_page",
         "domain_masking_url": "give.example.org", "value": "a-page"},
    )  # fmt: skip
    found = analysis.with_links(campaigns(), given)
    assert rows(found, "id", "link") == [
        [1, "https://spring.example.org/"],
        [2, f"{SITE}/gala"],
        [3, f"{SITE}/campaign/c%203"],
        [4, None],
    ]
    assert dtypes(found)["link"] == "string"
    pd.testing.assert_frame_equal(found[campaigns().columns], campaigns())


def test_a_slug_may_bring_its_scheme_and_itself() -> None:
    given = slugs({"fundraising_entity_id": 2, "domain_masking_url": f"{SITE}/gala", "value": "gala"})
    found = analysis.with_links(campaigns(), given)["link"].tolist()
    assert found[1:3] == [f"{SITE}/gala", f"{SITE}/campaign/c%203"]


@pytest.mark.parametrize("site", [SITE, f"{SITE}/", "give.example.org"])
@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_pages_and_teams_are_on_the_site_that_you_name(site: str, backend: str) -> None:
    pages = records("FundraisingPage", {"id": 7, "canonical_url": "/fundraising-page/7"}, backend=backend)
    assert analysis.with_links(pages, site=site)["link"].tolist() == [f"{SITE}/fundraising-page/7"]
    team = records(
        "FundraisingTeam", {"id": 7, "canonical_url": "team/7"}, {"id": 8, "canonical_url": "/team/8"}
    )
    assert rows(analysis.with_links(team, site=site), "link") == [[None], [f"{SITE}/team/8"]]


def test_no_site_is_ever_guessed() -> None:
    with pytest.raises(cn.UsageError, match=r"paths of 2 campaigns, not the site.*domain_slugs\(\).*site="):
        analysis.with_links(campaigns())
    with pytest.raises(cn.UsageError, match=r"no domain slug names one.*a browser shows it"):
        analysis.with_links(campaigns(), slugs())
    two = slugs(
        {"fundraising_entity_id": 9, "domain_masking_url": "a.example.org", "value": "x"},
        {"fundraising_entity_id": 9, "domain_masking_url": "b.example.org", "value": "y"},
    )
    with pytest.raises(
        cn.UsageError, match=r"slugs name 2 \(https://a\.example\.org, https://b\.example\.org\)"
    ):
        analysis.with_links(campaigns(), two)
    assert analysis.with_links(campaigns(), two, site=SITE)["link"].iloc[1] == f"{SITE}/campaign/c2"
    assert len(analysis.with_links(campaigns().iloc[:0])) == 0
    for site in (
        "javascript:alert(1)",
        "ftp://example.org",
        "https://",
        "https://a@b.example.org",
        "a b",
        "",
    ):
        with pytest.raises(cn.UsageError, match="is not the address of a site"):
            analysis.with_links(campaigns(), site=site)
    with pytest.raises(cn.UsageError, match=r"holds supporters\..*Pass one of 'campaigns'"):
        analysis.with_links(records("Supporter", {"id": 1}), site=SITE)


def test_only_web_addresses_become_links() -> None:
    odd = records(
        "Campaign",
        {"id": 1, "canonical_url": "//elsewhere.example.org/x", "custom_url": "javascript:alert(1)"},
        {"id": 2, "canonical_url": "HTTPS://full.example.org/c2", "custom_url": "my campaign"},
    )
    assert analysis.with_links(odd, site=SITE)["link"].tolist() == [
        f"{SITE}/elsewhere.example.org/x",
        "HTTPS://full.example.org/c2",
    ]


# Supporters who are there twice


def supporters(*each: dict[str, Any], backend: str = "numpy_nullable") -> pd.DataFrame:
    return records("Supporter", *each, backend=backend)


HOME = {"address1": "12 Main St.", "city": "San Diego", "state": "CA", "postal_code": "92101"}
ANA = {"first_name": "Ana", "last_name": "O'Neil"}


@pytest.mark.parametrize("backend", ["numpy_nullable", "pyarrow"])
def test_supporters_who_share_an_email_or_a_name_and_address(backend: str) -> None:
    frame = supporters(
        {"id": 9, "email_address": "ana@example.org", **ANA},
        {"id": 1, "email_address": " ANA@Example.org", "first_name": "A."},
        {"id": 2, "email_address": "bo@example.org"},
        {"id": 3, "email_address": "bo@example.org"},
        {"id": 4, "email_address": "ana@work.example.org", **ANA, **HOME},
        {"id": 5, "email_address": "ana@home.example.org", "first_name": "ANA ", "last_name": "O\u2019Neil",
         **HOME, "address1": "12  main st", "postal_code": "92101-1234"},
        {"id": 6, "email_address": "cy@example.org", "first_name": "Cy", "last_name": "Li", **HOME},
        backend=backend,
    )  # fmt: skip
    found = analysis.duplicates(frame)
    assert rows(found, "group", "size", "why", "id") == [
        [1, 2, "e-mail in another spelling", 1],
        [1, 2, "e-mail in another spelling", 9],
        [2, 2, "same e-mail", 2],
        [2, 2, "same e-mail", 3],
        [3, 2, "same name and address", 4],
        [3, 2, "same name and address", 5],
    ]
    first = ["group", "size", "why", "id", "first_name", "last_name", "email_address", "address1"]
    assert list(found.columns[: len(first)]) == first
    assert set(found.columns) == {"group", "size", "why", *frame.columns}
    assert list(dtypes(found).values())[:3] == ["Int64", "Int64", "string"]
    households = analysis.duplicates(frame, "address")
    assert rows(households, "group", "why", "id") == [[1, "same address", n] for n in (4, 5, 6)]


def test_a_third_record_joins_two() -> None:
    found = analysis.duplicates(
        supporters(
            {"id": 1, "email_address": "a@example.org", **ANA, **HOME},
            {"id": 2, "email_address": "b@example.org", **ANA, **HOME},
            {"id": 3, "email_address": "B@example.org"},
        )
    )
    assert rows(found, "group", "size", "why", "id") == [
        [1, 3, "same name and address", 1],
        [1, 3, "e-mail in another spelling; same name and address", 2],
        [1, 3, "e-mail in another spelling", 3],
    ]


def test_blanks_are_nobodys() -> None:
    blank = [{"email_address": text} for text in ("", " ", "none", "n/a", "-", "unknown", "not given")]
    nowhere = [{**ANA, **HOME, "address1": text} for text in ("", "N/A", "-", "unknown", None)]
    no_name = [{**HOME, "first_name": "", "last_name": "Li"}, {**HOME, "first_name": None, "last_name": "Li"}]
    no_place = [{**ANA, "address1": "12 Main St"}] * 2
    each = [*blank, *blank, *nowhere, *nowhere, *no_name, *no_place]
    frame = supporters(*({"id": n, **some} for n, some in enumerate(each, 1)))
    found = analysis.duplicates(frame)
    assert len(found) == 0
    twice = pd.concat([frame, frame.assign(id=100 + frame["id"])]).assign(email_address="same@example.org")
    assert dtypes(found) == dtypes(analysis.duplicates(twice.astype(frame.dtypes)))


def test_names_in_any_script_are_names() -> None:
    home = {**HOME, "address1": "\u5317\u4eac\u8def 1", "last_name": "\u674e"}
    frame = supporters(
        {"id": 1, **home, "first_name": "\u660e"},
        {"id": 2, **home, "first_name": "\u660e"},
        {"id": 3, **home, "first_name": "\u7ea2"},
    )
    assert analysis.duplicates(frame)["id"].tolist() == [1, 2]


def test_what_differs_stays_apart() -> None:
    frame = supporters(
        {"id": 1, "email_address": "ana@example.org", **ANA, **HOME},
        {"id": 2, "email_address": "ana+news@example.org", **ANA, **HOME, "address1": "12 Main Street"},
        {"id": 3, "email_address": "an.a@example.org", **ANA, **HOME, "address2": "Unit 3"},
        {"id": 4, "email_address": "x@example.org", **ANA, **HOME, "first_name": "Anna"},
    )
    assert len(analysis.duplicates(frame)) == 0


def test_without_a_postal_code_the_city_and_state_count() -> None:
    here = {**ANA, **HOME, "postal_code": None}
    frame = supporters({"id": 1, **here}, {"id": 2, **here}, {"id": 3, **here, "state": "TX"})
    assert analysis.duplicates(frame)["id"].tolist() == [1, 2]


def test_the_same_record_twice_is_one_supporter() -> None:
    frame = supporters(
        {"id": 1, "email_address": "a@example.org"}, {"id": 2, "email_address": "b@example.org"}
    )
    assert len(analysis.duplicates(pd.concat([frame, frame]))) == 0
    with pytest.raises(cn.UsageError, match="Rows with the same id differ in 'email_address'"):
        analysis.duplicates(pd.concat([frame, frame.assign(email_address="c@example.org")]))


def test_supporters_from_files_do_as_well(tmp_path: Path) -> None:
    frame = supporters({"id": 1, **ANA, **HOME}, {"id": 2, **ANA, **HOME}, {"id": 3}).drop(columns="metadata")
    frame.to_csv(tmp_path / "s.csv", index=False)
    frame.to_parquet(tmp_path / "s.parquet")
    for found in (pd.read_csv(tmp_path / "s.csv"), pd.read_parquet(tmp_path / "s.parquet")):
        table = analysis.duplicates(found)
        assert rows(table, "group", "id", "why") == [[1, n, "same name and address"] for n in (1, 2)]


def test_supporters_who_cannot_be_compared_are_refused_by_name() -> None:
    frame = supporters({"id": 1})
    with pytest.raises(cn.UsageError, match=r"no column 'email_address'.*classy\.supporters\(\) brings it"):
        analysis.duplicates(frame.drop(columns="email_address"))
    assert len(analysis.duplicates(frame.drop(columns="email_address"), "address")) == 0
    for by in ("name", [], ["email", "phone"]):
        with pytest.raises(
            cn.UsageError, match=r"by=.* must be one or several of 'email', 'name and address'"
        ):
            analysis.duplicates(frame, by)
    with pytest.warns(cn.DataWarning, match="limit=10, and describes those rows only"):
        analysis.duplicates(fetched(frame, "/supporters", limit=10))
    with pytest.warns(cn.DataWarning, match="twins among the others are not found"):
        analysis.duplicates(fetched(frame, "/supporters", "created_at>=2026-01-01"))


@pytest.mark.parametrize("site", [5, "", ["https://give.example.org"]])
def test_a_site_that_is_no_text_is_refused(site: Any) -> None:
    frame = pd.DataFrame({"id": [1], "canonical_url": ["/x"]})
    with pytest.raises(cn.UsageError, match="is not the address of a site"):
        analysis.with_links(frame, site=site, kind="campaigns")
