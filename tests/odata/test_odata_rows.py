"""Rows as objects: selected, sorted, paged, counted, searched and expanded."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, column, text

from api.odata.problems import Malformed, Problem, TooComplex, Unsupported
from api.odata.query.expand import Expanding
from api.odata.query.paging import SortKey, place, token
from api.odata.query.rows import Format, Limits, Page, Query, page
from api.odata.query.scope import Context
from api.odata.query.typed import Value
from api.odata.syntax import options as syntax
from tests.support.odata_shop import MODEL

NOW: Final = datetime(2026, 11, 22, tzinfo=UTC)


def read(
    connection: Connection,
    query: str,
    set_name: str = "Products",
    *,
    size: int = 1_000,
    expanded: int = 10_000,
    written: int = 10_000,
) -> Page:
    """Answer a query string with one page."""
    asked = syntax.query(query)
    set_ = MODEL.by_name[set_name]
    context = Context(MODEL, NOW, aliases=asked.aliases)
    rows = Query(context, set_, set_.type, set_.source.alias())
    limits, form = Limits(size, expanded, written=written), Format()
    found = page(connection, rows, asked, limits=limits, form=form, asked=query.partition("&$skiptoken=")[0])
    if asked.expand:
        expanding = Expanding(connection, context, limits, form)
        expanding.into(found.rows, found.keys, (set_, set_.type), asked.expand)
    return found


def plain(found: Any) -> Any:
    return orjson.loads(orjson.dumps(found))


def every(connection: Connection, query: str, size: int) -> list[dict[str, Any]]:
    """Follow the marks to the end."""
    found = read(connection, query, size=size)
    rows = list(found.rows)
    while found.next is not None:
        assert len(found.rows) <= size
        found = read(connection, f"{query}&$skiptoken={found.next}", size=size)
        rows += found.rows
    return rows


def test_a_row_is_whole_and_typed(shop: Connection) -> None:
    [row] = plain(read(shop, "$filter=ID eq 1").rows)
    assert row["Price"] == 1.75
    assert row["Released"] == "2020-03-11"
    assert row["Changed"] == "2025-01-01T04:59:59.250000Z"
    assert row["Lasts"] == "PT1H1.5S"
    assert row["Perks"] == "Gift"
    assert row["Words"] == ["a"]
    assert row["Address"] == {"Street": "Street 1", "City": "Bern"}
    assert "Pages" not in row
    assert plain(read(shop, "$filter=ID eq 12").rows)[0]["Address"] is None


def test_rows_of_a_derived_type_say_so_and_have_its_properties(shop: Connection) -> None:
    [row] = plain(read(shop, "$filter=ID eq 4&$select=ID,Shop.Book/Pages").rows)
    assert row == {"@odata.type": "#Shop.Book", "ID": 4, "Pages": 4}
    assert plain(read(shop, "$filter=ID eq 5&$select=ID,Shop.Book/Pages").rows) == [{"ID": 5}]


def test_only_what_is_selected_comes(shop: Connection) -> None:
    first = "$filter=ID eq 1&$select="
    assert plain(read(shop, first + "Name,Address/City").rows) == [
        {"Name": "Oat milk", "Address": {"City": "Bern"}}
    ]
    assert plain(read(shop, first + "Address($select=Street)").rows) == [{"Address": {"Street": "Street 1"}}]
    assert len(plain(read(shop, first + "*").rows)[0]) == 18
    computed = "&$compute=Price mul 2 as Twice"
    assert plain(read(shop, first + "ID,Twice" + computed).rows) == [{"ID": 1, "Twice": 3.5}]
    assert plain(read(shop, "$filter=ID eq 1" + computed).rows)[0]["Twice"] == 3.5
    assert [row["ID"] for row in read(shop, "$filter=Twice eq 3.5" + computed).rows] == list(
        shop.scalars(text("SELECT id FROM product WHERE price = 1.75 ORDER BY id"))
    )


@pytest.mark.parametrize(
    ("query", "sql"),
    [
        ("$orderby=Name", "name NULLS FIRST, id"), ("$orderby=Name desc", "name DESC NULLS LAST, id DESC"),
        ("$orderby=Rating desc,Price", "rating DESC NULLS LAST, price NULLS FIRST, id"),
        ("$orderby=Category/Name,ID desc",
         "(SELECT c.name FROM category c WHERE c.id = category_id) NULLS FIRST, id DESC"),
        ("$orderby=length(Name)", "length(name) NULLS FIRST, id"), ("$orderby=Tags/$count desc",
         "(SELECT count(*) FROM tagged t WHERE t.product_id = product.id) DESC, id DESC"),
        ("$orderby=Price gt 3", "coalesce(price > 3, false), id"), ("$orderby=Active", "active NULLS FIRST, id"),
    ],
)  # fmt: skip
def test_an_order_is_that_of_sql_by_hand_with_null_before_everything(
    shop: Connection, query: str, sql: str
) -> None:
    by_hand = list(shop.scalars(text(f"SELECT id FROM product ORDER BY {sql}")))
    assert [row["ID"] for row in read(shop, query).rows] == by_hand
    assert [row["ID"] for row in every(shop, query, 7)] == by_hand


def test_counts_tops_and_skips(shop: Connection) -> None:
    found = read(shop, "$count=true&$top=3&$skip=2&$filter=ID gt 10")
    assert found.count == 50
    assert [row["ID"] for row in found.rows] == [13, 14, 15]
    assert found.next is None
    assert read(shop, "$top=0&$count=true").count == 60
    assert read(shop, "$top=0").rows == []


def test_a_top_larger_than_a_page_goes_on_until_it_is_reached(shop: Connection) -> None:
    assert [row["ID"] for row in every(shop, "$top=25", 10)] == list(range(1, 26))
    assert read(shop, "$top=10", size=10).next is None
    assert [row["ID"] for row in every(shop, "$skip=50", 3)] == list(range(51, 61))


@pytest.mark.parametrize("mark", ["x", "e30", "W10", "!!", "WyJ4IixudWxsLFsiMSJdXQ"])
def test_a_mark_that_is_none_or_of_another_query_is_refused(shop: Connection, mark: str) -> None:
    with pytest.raises(Malformed, match=r"\$skiptoken"):
        read(shop, f"$top=5&$skiptoken={mark}")
    other = read(shop, "$orderby=Name", size=5).next
    with pytest.raises(Malformed, match="another query"):
        read(shop, f"$orderby=Rating&$skiptoken={other}", size=5)


def test_words_are_looked_for_in_any_case(shop: Connection) -> None:
    def names(search: str) -> set[str]:
        return {row["Name"] for row in read(shop, f"$search={quote(search)}").rows}

    assert names("MILK") == {"Milk", "Oat milk"}
    assert names("milk NOT oat") == {"Milk"}
    assert names('"50%"') == {"50% off_er"}
    assert names("ärger OR neil") == {"ÄRGER", "O'Neil"}
    with pytest.raises(Unsupported):
        read(shop, "$search=x", "Tags")


def test_what_belongs_to_rows_comes_with_them(shop: Connection) -> None:
    rows = plain(
        read(shop, "$filter=ID in (1,4,6)&$select=ID&$expand=Category($select=Name),Tags($select=ID)").rows
    )
    assert rows == [
        {"ID": 1, "Category": {"Name": "Fresh food"}, "Tags": [{"ID": 1}]},
        {"@odata.type": "#Shop.Book", "ID": 4, "Category": None, "Tags": []},
        {"ID": 6, "Category": {"Name": "Food"}, "Tags": [{"ID": 1}]},
    ]


def test_expanded_rows_are_filtered_sorted_cut_and_counted_for_each_row(shop: Connection) -> None:
    inner = "$filter=Rating ge 1;$orderby=ID desc;$top=2;$skip=1;$select=ID;$count=true"
    rows = plain(read(shop, f"$select=ID&$expand=Products({inner})", "Categories").rows)
    for row in rows:
        by_hand = list(
            shop.scalars(
                text("SELECT id FROM product WHERE category_id = :c AND rating >= 1 ORDER BY id DESC"),
                {"c": row["ID"]},
            )
        )
        assert [each["ID"] for each in row["Products"]] == by_hand[1:3]
        assert row["Products@odata.count"] == len(by_hand)
    assert len(rows) == 3


def test_expansions_nest_and_go_levels_deep(shop: Connection) -> None:
    asked = "$select=ID&$filter=ID eq 3&$expand=Parent($select=ID;$expand=Parent($select=ID))"
    nested = plain(read(shop, asked, "Categories").rows)
    assert nested == [{"ID": 3, "Parent": {"ID": 2, "Parent": {"ID": 1}}}]
    most = "$select=ID&$filter=ID eq 3&$expand=Parent($select=ID;$levels=max)"
    [row] = plain(read(shop, most, "Categories").rows)
    assert row["Parent"]["Parent"]["Parent"] is None
    two = "$select=ID&$filter=ID eq 3&$expand=Parent($select=ID;$levels=2)"
    assert plain(read(shop, two, "Categories").rows) == nested


def test_references_and_counts_come_instead_of_rows(shop: Connection) -> None:
    rows = plain(read(shop, "$filter=ID eq 1&$select=ID&$expand=Tags/$ref,Category/$ref").rows)
    assert rows == [{"ID": 1, "Tags": [{"@odata.id": "Tags(1)"}], "Category": {"@odata.id": "Categories(2)"}}]
    counts = plain(read(shop, "$filter=ID le 2&$select=ID&$expand=Tags/$count($filter=Label eq 'new')").rows)
    assert counts == [{"ID": 1, "Tags@odata.count": 1}, {"ID": 2, "Tags@odata.count": 0}]


def test_all_ways_are_expanded_by_a_star(shop: Connection) -> None:
    [row] = plain(read(shop, "$filter=ID eq 1&$select=ID&$expand=*").rows)
    assert set(row) == {"ID", "Category", "Tags"}


def test_an_expansion_that_brings_too_much_is_refused(shop: Connection) -> None:
    with pytest.raises(TooComplex, match="more than 10 rows"):
        read(shop, "$expand=Products", "Categories", expanded=10)
    with pytest.raises(TooComplex, match="levels"):
        read(
            shop,
            "$filter=ID eq 1&$expand="
            + "Tags($top=1;$expand=Products($top=1;$expand=" * 10
            + "Tags"
            + "))" * 10,
        )
    with pytest.raises(TooComplex, match="navigation properties"):
        read(shop, "$filter=ID eq 1&$expand=" + ",".join(["Tags"] * 70))


def test_an_expansion_is_bounded_by_what_it_writes_wherever_a_row_is_shared(shop: Connection) -> None:
    asked = (
        "$filter=ID eq 1&$select=ID&$expand=Category($select=ID;$expand=Products($select=ID;$expand=Tags))"
    )
    by_hand = shop.scalar(
        text(
            "SELECT 1 + (SELECT count(*) FROM product WHERE category_id = 2) + (SELECT count(*) FROM tagged "
            "JOIN product p ON p.id = product_id WHERE category_id = 2)"
        )
    )
    assert plain(read(shop, asked, written=by_hand).rows)
    with pytest.raises(TooComplex, match=f"writes more than {by_hand - 1} rows"):
        read(shop, asked, written=by_hand - 1)
    # Few rows are read, and each level multiplies them: the categories are three, and written below every product.
    shared = "Category($expand=Products($select=ID;$expand=Category($select=ID)))"
    grouped = "SELECT count(*) FROM product WHERE category_id IS NOT NULL GROUP BY category_id"
    sizes = list(shop.scalars(text(grouped)))
    by_hand = sum(sizes) + 2 * sum(size * size for size in sizes)
    read(shop, f"$expand={shared}", written=by_hand)
    with pytest.raises(TooComplex, match="writes more than"):
        read(shop, f"$expand={shared}", written=by_hand - 1)


def test_an_expansion_there_and_back_again_is_refused_before_it_is_written(shop: Connection) -> None:
    there_and_back = "Category($expand=Products($expand=" * 5 + "Category" + "))" * 5
    with pytest.raises(TooComplex, match="writes more than"):
        read(shop, f"$expand={there_and_back}")


@pytest.mark.parametrize(
    "query",
    ["$select=Nope", "$select=Name/First", "$select=Address/Zip", "$expand=Nope", "$orderby=Nope", "$orderby=Tags",
     "$expand=Category/Products", "$compute=1 as Name", "$expand=Tags($apply=identity)", "$select=@Core.X"],
)  # fmt: skip
def test_what_is_not_there_is_refused(shop: Connection, query: str) -> None:
    with pytest.raises(Problem) as told:
        read(shop, query)
    assert told.value.status in (400, 501)


def test_a_page_that_ends_where_it_began_is_refused_and_not_linked_to_for_ever() -> None:
    keys = [SortKey(Value(column("at"), "Edm.Double"))]
    mark = token([1.5], query="Products", left=None)
    begun, left = place(mark, keys, query="Products")
    assert token([2.5], query="Products", left=left, behind=begun) != mark
    with pytest.raises(Unsupported, match="do not come to an end"):
        token([1.5], query="Products", left=left, behind=begun)


KEYS: Final = [
    "not Active",
    "not (Rating gt 1)",
    "not Active and Rating gt 1",
    "null gt 1",
    "Active eq (not Active)",
    "-Rating",
    "Name",
    "Price",
    "Rating",
    "Active",
    "Released",
    "Changed",
    "Lasts",
    "Code",
    "Weight",
    "Opens",
    "Stock",
]


@settings(max_examples=40)
@given(
    order=st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from([" asc", " desc", ""])), max_size=3),
    size=st.integers(1, 61),
)
def test_pages_together_are_the_whole_whatever_the_order_and_the_size(
    shop: Connection, order: list[tuple[str, str]], size: int
) -> None:
    query = "$select=ID"
    if order:
        query += "&$orderby=" + ",".join(f"{name}{way}" for name, way in order)
    whole = [row["ID"] for row in read(shop, query).rows]
    assert [row["ID"] for row in every(shop, query, size)] == whole
    assert sorted(whole) == list(range(1, 61))
