"""The parameters of a query's pages."""

from support.queries import PAGE, listed

from classy_nb.query import Query


def test_trap_20_a_page_by_keyset() -> None:
    query = listed("transactions", where="status = success", sort="purchased_at")
    assert query.page(1, 50, after=99, sort="id") == [
        ("filter", "status=success,id>99"),
        ("sort", "id"),
        ("page", "1"),
        ("per_page", "50"),
    ]
    assert query.page(3)[-2:] == [("page", "3"), ("per_page", "100")]


def test_trap_17_all_conditions_share_one_filter_parameter() -> None:
    query = Query(
        listed("transactions").endpoint,
        "/organizations/7/transactions",
        (),
        (("filter", "status=success"), ("with", "items"), ("filter", "id<5")),
        listed("transactions", where="id != 3").conditions,
    )
    assert query.page(after=1) == [("with", "items"), ("filter", "status=success,id<5,id!=3,id>1"), *PAGE]


def test_a_page_may_end_at_an_id() -> None:
    query = listed("transactions")
    assert query.page(after=5, until=9)[0] == ("filter", "id>5,id<=9")


def test_ties_are_broken_by_id_when_asked() -> None:
    query = listed("transactions", sort="status,-created_at")
    assert query.order() == "status,created_at:desc"
    assert query.order(decided=True) == "status,created_at:desc,id"
    assert listed("transactions", sort="-id").order(decided=True) == "id:desc"
    assert listed("transactions").order(decided=True) == ""
