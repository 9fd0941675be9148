"""Rows that have come show in no traceback, also not where a notebook prints the locals of all frames."""

import traceback
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.connection import connected_to, orgs
from support.lists import Faults, Listed
from support.server import Reply, ScriptedServer

from classy_nb.client import Classy
from classy_nb.errors import BadRequestError, ClassyError, ServerError, UnexpectedAnswerError
from classy_nb.http import RetryPolicy

ADDRESS, NAME = "@donors.example", "Roswitha"
SUPPORTERS = [
    {"id": 10 + i, "email_address": f"p{i}{ADDRESS}", "first_name": f"{NAME} {i}"} for i in range(1250)
]
EMAILS = [{"email_address": f"p{i}{ADDRESS}"} for i in range(450)]

QueryBuilder = Callable[[Classy, Path], Any]

WAYS: dict[str, QueryBuilder] = {
    "frame": lambda classy, _: classy.supporters(),
    "batches": lambda classy, _: list(classy.supporters.batches(rows=100)),
    "to_csv": lambda classy, folder: classy.supporters.to_csv(folder / "a.csv"),
    "to_parquet": lambda classy, folder: classy.supporters.to_parquet(folder / "a.parquet"),
    "to_excel": lambda classy, folder: classy.supporters.to_excel(folder / "a.xlsx"),
    "get(path)": lambda classy, _: classy.get("/organizations/7/supporters"),
    "get(odd path)": lambda classy, _: classy.get("/organizations/7/odd-ones"),
    "count": lambda classy, _: classy.supporters.count(),
    "limit": lambda classy, _: classy.supporters(limit=1000),
    "top": lambda classy, _: classy.supporters(limit=1000, sort="first_name"),
    "without ids": lambda classy, _: classy.donor_emails(fundraising_page=5),
    "limit without ids": lambda classy, _: classy.donor_emails(fundraising_page=5, limit=400),
}
LISTS = {
    "by key": Faults(),
    "by number": Faults(key_filter="400"),
    "in any order": Faults(key_filter="400", sort="ignored"),
    "no total": Faults(total="missing"),
}


@pytest.fixture(autouse=True)
def _quick_and_in_small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classy_nb.http.client.RetryPolicy", lambda: RetryPolicy(base=0))
    monkeypatch.setattr("classy_nb.http.cancel.Cancel.sleep", lambda stop, _: stop.check())
    monkeypatch.setattr("classy_nb.client.resource.BATCH_ROWS", 100)


def ours(error: BaseException) -> types.TracebackType:
    """The traceback from the package's first frame on."""
    trace = error.__traceback__
    while trace and not str(trace.tb_frame.f_globals["__name__"]).startswith("classy_nb"):
        trace = trace.tb_next
    assert trace is not None
    return trace


def shown(error: BaseException, *, in_notebooks: bool = True) -> Iterator[str]:
    """What notebooks (half a second each), loggers and debuggers make of it."""
    if in_notebooks:
        yield in_a_notebook(error)
    yield "".join(traceback.TracebackException(type(error), error, ours(error), capture_locals=True).format())
    for frame, _ in traceback.walk_tb(ours(error)):
        if str(frame.f_globals["__name__"]).startswith("classy_nb"):
            yield from (f"{name}={value!r}" for name, value in frame.f_locals.items())


def in_a_notebook(error: BaseException) -> str:
    ultratb = pytest.importorskip("IPython.core.ultratb")
    formatter = ultratb.FormattedTB(mode="Verbose", theme_name="nocolor", include_vars=True)
    text: str = formatter.stb2text(formatter.structured_traceback(type(error), error, ours(error)))
    return text


def assert_no_rows(error: BaseException, *, in_notebooks: bool = True) -> None:
    for text in shown(error, in_notebooks=in_notebooks):
        assert ADDRESS not in text
        assert NAME not in text


def failing_behind(number: int, status: int, rows: list[Any], faults: Faults) -> Listed:
    """A list in which no page can be had that holds the record behind the first *number*."""

    def refuse(_: int, listed: Listed) -> None:
        asked = listed.asked[-1]
        size = int(asked["per_page"])
        if size == 1:  # only counts
            return
        behind = (int(asked["page"]) - 1) * size
        if "id>" in asked.get("filter", "") and listed.faults.key_filter == "works":
            behind += sum(row["id"] <= int(asked["filter"].split("id>")[1]) for row in rows)
        if behind <= number < behind + size:
            cls = BadRequestError if status == 400 else ServerError
            raise cls("no", status=status)

    return Listed(rows, Faults(**vars(faults)), refuse)


@pytest.mark.parametrize(("workers", "page", "status"), [(1, 2, 503), (1, 4, 400), (8, 4, 400), (8, 2, 503)])
@pytest.mark.parametrize("faults", LISTS.values(), ids=LISTS.keys())
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_page_that_fails_shows_nothing_of_the_others(  # noqa: PLR0917 - fixtures and parameters
    server: ScriptedServer,
    tmp_path: Path,
    way: QueryBuilder,
    faults: Faults,
    page: int,
    workers: int,
    status: int,
) -> None:
    listed = failing_behind(100 * (page - 1), status, SUPPORTERS, faults)
    emails = failing_behind(100 * (page - 1), status, EMAILS, faults)
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    server.handler = lambda asked: (emails if "fundraising-pages" in asked.path else listed).reply(asked)
    with connected_to(server, workers=workers) as classy:
        if way is WAYS["count"] and faults.total == "right":
            assert way(classy, tmp_path) == 1250  # costs one request
            return
        with pytest.raises(ClassyError) as caught:
            way(classy, tmp_path)
    assert "no" in str(caught.value)
    # What a notebook shows are the locals again, which are looked at each time.
    assert_no_rows(caught.value, in_notebooks=(workers, page) == (8, 2) and faults is LISTS["by key"])


@pytest.mark.parametrize("workers", [1, 8])
def test_what_a_watcher_raises_shows_no_rows(server: ScriptedServer, workers: int) -> None:
    def watch(rows: int, total: int | None, note: str) -> None:
        if rows > 100:
            raise RuntimeError("enough")

    listed = Listed(SUPPORTERS)
    server.answers.append(Reply(body=orgs({7: "Helping Hands"})))
    server.handler = listed.reply
    with connected_to(server, workers=workers) as classy:
        with pytest.raises(RuntimeError, match="enough") as caught:
            classy.supporters(progress=watch)
        assert_no_rows(caught.value)
        with pytest.raises(RuntimeError, match="enough") as caught:
            list(classy.supporters.batches(rows=100, progress=watch))
        assert_no_rows(caught.value)


def test_a_list_in_place_of_a_record_shows_no_rows(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body=SUPPORTERS[:3])
    with pytest.raises(UnexpectedAnswerError, match="list where one record was asked for") as caught:
        connected.supporters.get(10)
    assert_no_rows(caught.value)


def test_text_in_place_of_rows_does_not_show(connected: Classy, server: ScriptedServer) -> None:
    server.handler = lambda _: Reply(body={"data": f"{NAME} p1{ADDRESS}"})
    with pytest.raises(UnexpectedAnswerError, match="without data") as caught:
        connected.supporters()
    assert_no_rows(caught.value)
