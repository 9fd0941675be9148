"""Saved questions: a small file beside the notebook, without anything about people."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.connection import CANARIES
from support.explorer import DONOR, EMAIL, filled
from support.viewer import Viewer

from classy_nb.widgets.explorer.form import FormError
from classy_nb.widgets.explorer.questions import FILE, checked_name


def keep(viewer: Viewer, name: str, *, replace: str = "", **changes: Any) -> dict[str, Any]:
    viewer.say("keep_question", name=name, replace=replace, form=filled(viewer, **changes))
    return viewer.last("status")


def saved(folder: Path) -> dict[str, Any]:
    questions: dict[str, Any] = json.loads((folder / FILE).read_text("utf-8"))["questions"]
    return questions


def test_a_question_is_saved_and_loaded(viewer: Viewer, tmp_path: Path) -> None:
    changes = {
        "parent": "campaign",
        "values": {"campaign": "12345678"},
        "since": "2026-01-01",
        "where": [["status", "=", "success"], ["total_gross_amount", ">=", "1000000.50"]],
        "fields": ["status", "total_gross_amount"],
        "include": ["supporter"],
    }
    said = keep(viewer, "  Large gifts ", **changes, variable="mine", file="/home/ann/mine.csv")
    assert (said["text"], said["tone"]) == (f"Saved the question “Large gifts” in {FILE}.", "done")
    assert viewer.last("questions") == {
        "kind": "questions",
        "names": ["Large gifts"],
        "problem": "",
        "file": FILE,
    }
    question = {"resource": "transactions", "until": "", "by": "", "aggregates": False, **changes}
    assert saved(tmp_path) == {"Large gifts": question}
    assert "ann" not in (tmp_path / FILE).read_text("utf-8").lower().replace("beside", "")
    viewer.say("form", form=filled(viewer, resource="campaigns", variable="mine"))
    viewer.say("load_question", name="Large gifts", form=filled(viewer))
    loaded = viewer.last("form")
    assert loaded["view"] == ""  # every view takes it, also the one that asked
    assert loaded["form"] == {**question, "variable": "mine", "file": "", "format": "csv"}
    assert viewer.last("shape")["resource"] == "transactions"
    assert viewer.last("call")["texts"]["frame"].startswith(
        "mine = raiser.transactions(\n    campaign=12345678,"
    )
    assert viewer.last("status")["text"] == "Loaded the question “Large gifts”."


def test_a_new_view_gets_the_list(viewer: Viewer) -> None:
    for name in ("zebra", "Apple", "mango"):
        keep(viewer, name)
    viewer.say("hello", view="view-2")
    assert viewer.last("state")["questions"]["names"] == ["Apple", "mango", "zebra"]


def test_values_about_people_are_left_out_and_named(viewer: Viewer, tmp_path: Path) -> None:
    where = [
        ["billing_last_name", "=", DONOR],
        ["status", "=", EMAIL],
        ["payment_method", "=", "call 555-123-4567"],
        ["id", ">", "ann@example.org"],
        ["campaign_id", "=", "33001234"],
        ["purchased_at", ">=", "2026-01-31T18:30"],
        ["is_anonymous", "=", "true"],
    ]
    said = keep(viewer, "Her gifts", where=where)
    assert said["tone"] == "warning"
    assert said["text"] == (
        f"Saved the question “Her gifts” in {FILE}, without the value of condition 1 (billing_last_name), "
        "condition 2 (status), condition 3 (payment_method), condition 4 (id): it may be about a person."
    )
    rows = saved(tmp_path)["Her gifts"]["where"]
    assert rows == [[column, operator, ""] for column, operator, _ in where[:4]] + where[4:]
    viewer.say("load_question", name="Her gifts")
    assert viewer.last("call")["problem"].startswith("Condition 1 needs a value.")


def test_a_search_for_a_person_is_left_out(viewer: Viewer, tmp_path: Path) -> None:
    said = keep(
        viewer,
        "past donors",
        resource="past_donors",
        parent="fundraising_page",
        values={"fundraising_page": "8", "search": DONOR, "sort_reverse": "true"},
    )
    assert "without the value of search" in said["text"]
    assert saved(tmp_path)["past donors"]["values"] == {"fundraising_page": "8", "sort_reverse": "true"}


@pytest.mark.parametrize("secret", [*CANARIES, "Bearer abcDEF123456789", "eyJhbGciOi.x.y"])
def test_no_secret_is_kept(viewer: Viewer, tmp_path: Path, secret: str) -> None:
    said = keep(viewer, "token", where=[["payment_method", "=", secret]], values={"campaign": secret})
    assert secret not in (tmp_path / FILE).read_text("utf-8")
    assert "condition 1 (payment_method)" in said["text"]
    assert secret not in said["text"]


def test_an_older_question_is_replaced_only_after_asking(viewer: Viewer, tmp_path: Path) -> None:
    keep(viewer, "gifts", since="2025-01-01")
    said = keep(viewer, "gifts", since="2026-01-01")
    assert said["text"] == f"{FILE} already has a question “gifts”. Replace it?"
    assert said["question"] == {"action": "keep_question", "yes": "Replace the question", "about": "gifts"}
    assert saved(tmp_path)["gifts"]["since"] == "2025-01-01"
    assert keep(viewer, "other", replace="gifts")["tone"] == "done"  # nobody was asked about that one
    keep(viewer, "gifts", since="2026-01-01")
    assert keep(viewer, "gifts", replace="gifts", since="2026-01-01")["tone"] == "done"
    assert saved(tmp_path)["gifts"]["since"] == "2026-01-01"


def test_a_question_is_deleted_only_after_asking(viewer: Viewer, tmp_path: Path) -> None:
    keep(viewer, "gifts")
    keep(viewer, "others")
    viewer.say("delete_question", name="gifts")
    asked = viewer.last("status")
    assert asked["text"] == f"Delete the question “gifts” from {FILE}?"
    viewer.say("keep")
    assert viewer.last("status")["text"] == "Nothing was deleted."
    viewer.say("delete_question", name="gifts", replace="gifts")  # the question is not open any more
    assert sorted(saved(tmp_path)) == ["gifts", "others"]
    viewer.say("delete_question", name="gifts", replace="gifts")
    assert list(saved(tmp_path)) == ["others"]
    assert viewer.last("questions")["names"] == ["others"]


BROKEN = {
    "not JSON": (b'{"questions": {\n oops', "line 2 is not valid JSON"),
    "not text": (b"\xff\xfe\x00", "it is not UTF-8 text"),
    "a list": (b"[1, 2]", "it does not hold questions of the explorer"),
    "another file": (b'{"questions": [1]}', "it does not hold questions of the explorer"),
    "questions of nothing": (b'{"questions": {"a": {}}}', "it does not hold questions of the explorer"),
    "newer": (b'{"version": 2, "questions": {}}', "it was written by a newer version of classy_nb"),
    "deep": (b"[" * 100_000, "it is not valid JSON"),
    "empty": (b"", "line 1 is not valid JSON"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_file_is_named_and_left_alone(viewer: Viewer, tmp_path: Path, kind: str) -> None:
    content, why = BROKEN[kind]
    file = tmp_path / FILE
    file.write_bytes(content)
    viewer.say("hello")
    shown = viewer.last("state")["questions"]
    assert shown["names"] == []
    assert shown["problem"] == (
        f"{file} cannot be used: {why}. It was left as it is; repair it, move it away or delete it."
    )
    said = keep(viewer, "gifts")
    assert (said["text"].startswith(f"{file} cannot be used: {why}."), said["tone"]) == (True, "error")
    viewer.say("load_question", name="gifts")
    assert viewer.last("status")["tone"] == "error"
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_folder_of_that_name_is_named(viewer: Viewer, tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    viewer.say("hello")
    assert "cannot be used: Is a directory." in viewer.last("state")["questions"]["problem"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_error(viewer: Viewer, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        said = keep(viewer, "gifts")
    finally:
        tmp_path.chmod(0o700)
    assert said["tone"] == "error"
    assert "could not be written" in said["text"]


def test_questions_of_colleagues_are_seen_and_kept(viewer: Viewer, tmp_path: Path) -> None:
    keep(viewer, "mine")
    content = json.loads((tmp_path / FILE).read_text("utf-8"))
    content["questions"]["theirs"] = {"resource": "campaigns", "note": "for the board"}
    (tmp_path / FILE).write_text(json.dumps(content), "utf-8-sig")
    keep(viewer, "mine too")
    assert viewer.last("questions")["names"] == ["mine", "mine too", "theirs"]
    assert saved(tmp_path)["theirs"] == {"resource": "campaigns", "note": "for the board"}
    viewer.say("load_question", name="theirs")
    assert viewer.last("form")["form"]["resource"] == "campaigns"


def test_a_question_that_is_gone_or_about_an_unknown_resource_changes_nothing(
    viewer: Viewer, tmp_path: Path
) -> None:
    viewer.say("load_question", name="gone")
    assert viewer.last("status")["text"] == f"{FILE} has no question “gone” any more."
    (tmp_path / FILE).write_text('{"version": 1, "questions": {"odd": {"resource": "nonsense"}}}')
    viewer.say("load_question", name="odd")
    assert viewer.last("status")["tone"] == "error"
    viewer.say("hello")
    assert viewer.last("state")["form"]["resource"] == "transactions"


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "bell\a", "ann@example.org", "call 555-123-4567"])
def test_some_names_are_refused(name: str) -> None:
    with pytest.raises(FormError) as refused:
        checked_name(name)
    assert refused.value.field == "question"


def test_names_are_tidied() -> None:
    assert checked_name(" Gifts  of\t2026 ") == "Gifts of 2026"
