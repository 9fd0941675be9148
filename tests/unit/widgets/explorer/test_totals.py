"""What fetched rows add up to, by month and status."""

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from support.explorer import press
from support.lists import Listed
from support.viewer import Viewer

from classy_nb.client import Classy
from classy_nb.widgets.explorer import Explorer
from classy_nb.widgets.explorer.totals import totals


def gifts(*rows: tuple[str | None, str | None, float | None, str | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["purchased_at", "status", "donation_gross_amount", "currency_code"])
    return frame.assign(
        purchased_at=pd.to_datetime(frame["purchased_at"], utc=True, format="ISO8601").dt.tz_convert(
            "America/Los_Angeles"
        ),
        donation_gross_amount=frame["donation_gross_amount"].astype("Float64"),
        status=frame["status"].astype("string"),
        currency_code=frame["currency_code"].astype("string"),
    )


def test_amounts_are_added_by_month_in_the_frames_zone_and_by_status() -> None:
    shown = totals(
        gifts(
            ("2026-01-01T02:00Z", "success", 10.10, "USD"),  # in California, it is still December
            ("2026-01-31T18:30Z", "success", 20.20, "USD"),
            ("2026-01-31T18:30Z", "success", 0.1, "USD"),
            ("2026-03-02T18:30Z", "refunded", 5, "USD"),
        ),
        "purchased_at",
    )
    assert shown == {
        "by": "purchased_at",
        "charts": [
            {
                "title": "Sum of donation_gross_amount in USD",
                "unit": "USD",
                "periods": ["2025-12", "2026-01", "2026-02", "2026-03"],
                "statuses": ["success", "refunded"],
                "values": [[10.1, 20.3, 0.0, 0.0], [0.0, 0.0, 0.0, 5.0]],
            }
        ],
        "notes": [],
    }


def test_currencies_are_never_added() -> None:
    shown = totals(
        gifts(
            ("2026-01-31", "success", 10, "USD"),
            ("2026-01-31", "success", 10, "USD"),
            ("2026-01-31", "failed", 7, "EUR"),
            ("2026-01-31", "success", 1, None),
        ),
        "purchased_at",
    )
    assert shown is not None
    assert [(c["unit"], c["statuses"], c["values"]) for c in shown["charts"]] == [
        ("USD", ["success"], [[20.0]]),
        ("EUR", ["failed"], [[7.0]]),
        ("no currency", ["success"], [[1.0]]),
    ]


def test_without_a_currency_rows_are_counted_not_added() -> None:
    frame = gifts(("2026-01-31", "success", 10, "USD"), ("2026-01-31", "failed", 7, "EUR"))
    shown = totals(frame.drop(columns="currency_code"), "purchased_at")
    assert shown is not None
    assert [(c["title"], c["values"]) for c in shown["charts"]] == [("Rows", [[1.0], [1.0]])]
    campaigns = pd.DataFrame(
        {"id": [1, 2], "goal": [5.0, 6.0], "currency_code": ["USD", "USD"], "status": "active"}
    )
    shown = totals(campaigns, "created_at")
    assert shown is not None
    assert (shown["by"], shown["charts"][0]["periods"], shown["charts"][0]["values"]) == ("", [""], [[2.0]])


def test_an_amount_that_no_row_has_gives_way_to_the_next_one_or_to_rows() -> None:
    frame = gifts(("2026-01-31", "success", None, "USD"))
    shown = totals(frame, "purchased_at")
    assert shown is not None
    assert (shown["charts"][0]["title"], shown["charts"][0]["values"]) == ("Rows", [[1.0]])
    shown = totals(frame.assign(total_gross_amount=5.5), "purchased_at")
    assert shown is not None
    assert shown["charts"][0]["title"] == "Sum of total_gross_amount in USD"
    assert shown["charts"][0]["values"] == [[5.5]]


def test_missing_dates_statuses_and_amounts_are_said() -> None:
    shown = totals(
        gifts(
            ("2026-01-31", "success", 10, "USD"),
            (None, None, 3, "USD"),
            ("2026-01-31", "failed", None, "USD"),
        ),
        "purchased_at",
    )
    assert shown is not None
    assert shown["notes"] == ["1 of 3 rows have no donation_gross_amount and are left out."]
    [chart] = shown["charts"]
    assert chart["periods"] == ["2026-01", "no date"]
    assert dict(zip(chart["statuses"], chart["values"], strict=True)) == {
        "success": [10.0, 0.0],
        "no status": [0.0, 3.0],
    }


def test_many_months_become_years_and_many_statuses_others() -> None:
    rows = [(f"{2015 + n}-06-01", f"status {n}", 1.0, "USD") for n in range(8)]
    shown = totals(gifts(*rows, *rows[:4]), "purchased_at")
    assert shown is not None
    [chart] = shown["charts"]
    assert chart["periods"] == [str(year) for year in range(2015, 2023)]
    assert chart["statuses"] == ["status 0", "status 1", "status 2", "status 3", "other"]
    assert sum(chart["values"][-1]) == 4.0


def test_more_currencies_than_fit_are_named() -> None:
    rows = [("2026-01-01", "success", 1.0, currency) for currency in ("USD", "EUR", "GBP", "CAD", "SEK")]
    shown = totals(gifts(*rows, *rows[:4]), "purchased_at")
    assert shown is not None
    assert [chart["unit"] for chart in shown["charts"]] == ["USD", "EUR", "GBP", "CAD"]
    assert shown["notes"] == ["Not shown: SEK."]


@pytest.mark.parametrize(
    "frame",
    [
        gifts(),
        pd.DataFrame({"id": [1, 2]}),
        pd.DataFrame({"id": [1], "purchased_at": ["not a date"]}),
    ],
)
def test_where_there_is_nothing_to_add_up_there_is_no_chart(frame: pd.DataFrame) -> None:
    assert totals(frame, "purchased_at") is None


def test_arrow_dtypes_are_added_up_too() -> None:
    frame = gifts(("2026-01-01T02:00Z", "success", 10.10, "USD"), (None, None, 1, "USD"))
    expected = totals(frame, "purchased_at")
    assert expected is not None
    assert totals(frame.convert_dtypes(dtype_backend="pyarrow"), "purchased_at") == expected


class TestInTheExplorer:
    @pytest.fixture
    def explorer(self, connected: Classy, listed: Listed) -> Iterator[Explorer]:
        made = connected.explore()
        yield made
        made.close()

    def test_a_preview_adds_up_its_own_rows_and_says_so(self, viewer: Viewer) -> None:
        press(viewer, "preview")
        shown = viewer.last("totals")["shown"]
        assert (shown["of"], shown["part"]) == ("the 5 rows above only", True)
        assert shown["key"] == viewer.last("call")["key"]
        assert shown["charts"][0]["values"] == [[125.0]]

    def test_a_whole_list_is_added_up_when_it_was_fetched(self, viewer: Viewer) -> None:
        press(viewer, "variable")
        shown = viewer.last("totals")["shown"]
        assert shown["of"].startswith("all 10 rows, fetched at ")
        assert shown["part"] is False
        [chart] = shown["charts"]
        assert dict(zip(chart["statuses"], map(sum, chart["values"]), strict=True)) == {
            "success": 150.0,
            "failed": 75.0,
            "odd": 25.0,
        }
        viewer.say("hello", view="view-2")
        assert viewer.last("state")["totals"] == {"shown": shown}


def test_no_record_means_no_chart(viewer: Viewer, explorer: Explorer, server: Any) -> None:
    server.handler = Listed([]).reply
    press(viewer, "preview")
    assert viewer.last("totals")["shown"] is None
    assert explorer.frame is None
