"""What holds for every calculation: its input, frames without rows, currencies, documentation."""

import inspect
from typing import Any

import pandas as pd
import pytest
from support.calculations import ON_GIFTS, ON_TRANSACTIONS, TODAY
from support.giving import dtypes, plans, transactions

import classy_nb as cn
from classy_nb import analysis

BACKENDS = ["numpy_nullable", "pyarrow"]
ON_PLANS: dict[str, Any] = {
    "plan_lives": analysis.plan_lives,
    "active_plans": analysis.active_plans,
    "churn": lambda frame: analysis.churn(frame, today=TODAY),
    "forecast": lambda frame: analysis.forecast(frame, today=TODAY),
}


def some_transactions(backend: str = "numpy_nullable") -> pd.DataFrame:
    money = {
        "total_gross_amount": 12.0, "overhead_net_amount": 0.0, "adjustment_amount": 2.0, "fees_amount": 1.0,
        "classy_fees_amount": 0.4, "pp_fees_amount": 0.6, "donation_net_amount": 11.0, "amount": 10.0,
    }  # fmt: skip
    return transactions(
        {**money, "on": "2024-03-05", "by": 1, "fundraising_page_id": 7},
        {**money, "on": "2025-03-05", "by": 1, "recurring_donation_plan_id": 5},
        {**money, "on": "2025-04-05", "by": 1, "recurring_donation_plan_id": 5, "status": "failed"},
        {**money, "on": "2025-07-09", "by": 2, "total_gross_amount": 12.01},
        {**money, "on": "2026-07-09", "by": 3},
        {**money, "on": "2024-08-01", "by": 4},
        backend=backend,
    )


def some_plans(backend: str = "numpy_nullable") -> pd.DataFrame:
    return plans({}, {"began": "2025-02-03", "status": "canceled", "over": "2026-03-04"}, backend=backend)


def test_the_listed_fields_are_enough() -> None:
    frame = some_transactions()[list(analysis.FIELDS)]
    assert len(analysis.gifts(frame)) == 5
    assert len(analysis.failed_payments(frame)) == 2
    assert len(analysis.active_plans(some_plans()[list(analysis.PLAN_FIELDS)])) == 1


def test_a_missing_column_is_named_with_the_call_that_brings_it() -> None:
    frame = some_transactions().drop(columns=["supporter_id"])
    with pytest.raises(cn.UsageError, match=r"no column 'supporter_id'.*classy\.transactions\(\) brings it"):
        analysis.gifts(frame)
    with pytest.raises(cn.UsageError, match=r"no columns 'donor_id', 'amount'.*analysis\.gifts\("):
        analysis.retention(analysis.gifts(some_transactions()).drop(columns=["amount", "donor_id"]))
    with pytest.raises(cn.UsageError, match=r"'started_at'.*classy\.recurring_donation_plans\(\) brings it"):
        analysis.churn(some_plans().drop(columns="started_at"))
    with pytest.raises(cn.UsageError, match=r"DataFrame was expected, not list"):
        analysis.gifts([])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [*ON_GIFTS, *ON_PLANS, *ON_TRANSACTIONS])
def test_every_function_refuses_an_unrelated_frame(name: str) -> None:
    function = {**ON_GIFTS, **ON_PLANS, **ON_TRANSACTIONS}[name]
    with pytest.raises(cn.UsageError, match="has no column"):
        function(pd.DataFrame({"color": ["red"]}))


@pytest.mark.parametrize(
    "name",
    ["retention", "retention_donors", "cohorts", "second_gift", "lybunt", "sybunt", "rfm", "gain_loss"],
)
def test_amounts_in_two_currencies_are_not_added(name: str) -> None:
    frame = transactions({}, {"currency_code": "CAD"})
    with pytest.raises(cn.UsageError, match=r"2 currencies \(CAD, USD\); they are not added"):
        ON_GIFTS[name](analysis.gifts(frame))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", [*ON_TRANSACTIONS, *ON_GIFTS, *ON_PLANS])
def test_no_rows_give_no_rows_with_the_same_columns(name: str, backend: str) -> None:
    if name in ON_GIFTS:
        full, function = analysis.gifts(some_transactions(backend)), ON_GIFTS[name]
    else:
        full = some_plans(backend) if name in ON_PLANS else some_transactions(backend)
        function = {**ON_PLANS, **ON_TRANSACTIONS}[name]
    found, nothing = function(full), function(full.iloc[:0])
    assert len(found) > 0
    if name == "cohorts":  # its columns are the years that there are
        assert nothing.shape == (0, 0)
        assert nothing.index.name == "first_year"
        return
    assert dtypes(nothing) == dtypes(found)
    assert len(nothing) == (7 if name == "gain_loss" else 0)


@pytest.mark.parametrize("name", [*ON_TRANSACTIONS, *ON_GIFTS, *ON_PLANS])
def test_both_backends_give_the_same(name: str) -> None:
    found = []
    for backend in BACKENDS:
        if name in ON_GIFTS:
            found.append(ON_GIFTS[name](analysis.gifts(some_transactions(backend))))
        elif name in ON_PLANS:
            found.append(ON_PLANS[name](some_plans(backend)))
        else:
            found.append(ON_TRANSACTIONS[name](some_transactions(backend)))
    pd.testing.assert_frame_equal(*found)


def test_input_is_not_changed() -> None:
    frame, some = some_transactions(), some_plans()
    gifts = analysis.gifts(frame)
    before = frame.copy(), some.copy(), gifts.copy()
    for function in ON_TRANSACTIONS.values():
        function(frame)
    for function in ON_PLANS.values():
        function(some)
    for function in ON_GIFTS.values():
        function(gifts)
    for now, then in zip((frame, some, gifts), before, strict=True):
        pd.testing.assert_frame_equal(now, then)


def test_every_function_documents_parameters_results_and_errors() -> None:
    for name in analysis.__all__:
        value = getattr(analysis, name)
        if callable(value):
            text = inspect.getdoc(value) or ""
            for section in ("Parameters\n", "Returns\n", "Raises\n"):
                assert section in text, (name, section)
    for name in ("retention", "gain_loss", "cohorts", "second_gift", "lybunt"):
        text = " ".join((inspect.getdoc(getattr(analysis, name)) or "").split())
        assert "Fundraising Effectiveness Project (FEP" in text, name
    assert "Hughes" in (inspect.getdoc(analysis.rfm) or "")


def test_analysis_is_an_attribute_of_the_package() -> None:
    assert cn.analysis is analysis
    assert set(ON_GIFTS) | set(ON_PLANS) | {"with_contacts"} < set(analysis.__all__)
