"""A model unlike the product's: enumerations, flags, complex and derived types, lists, all primitives, many to many."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Double,
    Integer,
    Interval,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Time,
    Uuid,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from api.odata.edm import ComplexType, EntitySet, EntityType, EnumType, Function, Model, Navigation, Property

METADATA: Final = MetaData()
CATEGORY: Final = Table(
    "category",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("parent", Integer),
)
PRODUCT: Final = Table(
    "product", METADATA,
    Column("id", Integer, primary_key=True), Column("kind", Text), Column("name", Text), Column("price", Numeric),
    Column("rating", Integer), Column("stock", BigInteger), Column("weight", Double), Column("active", Boolean),
    Column("released", Date), Column("changed", DateTime(timezone=True)), Column("opens", Time),
    Column("lasts", Interval), Column("code", Uuid), Column("picture", LargeBinary), Column("colour", Text),
    Column("perks", Integer), Column("words", ARRAY(Text)), Column("sizes", ARRAY(Integer)),
    Column("address_street", Text), Column("address_city", Text), Column("pages", Integer),
    Column("category_id", Integer),
)  # fmt: skip
TAG: Final = Table("tag", METADATA, Column("id", Integer, primary_key=True), Column("label", Text))
SHOP: Final = Table("shop", METADATA, Column("name", Text), Column("opened", Date), Column("best", Integer))
THING: Final = Table(
    "thing", METADATA, Column("id", BigInteger, primary_key=True), Column("tiny", SmallInteger),
    Column("byte", SmallInteger), Column("small", SmallInteger), Column("single", REAL), Column("double", Double),
    Column("amount", Numeric(20, 4)), Column("data", LargeBinary), Column("at", DateTime(timezone=True)),
    Column("places", JSONB(none_as_null=True)), Column("more", JSONB(none_as_null=True)),
)  # fmt: skip
TAGGED: Final = Table("tagged", METADATA, Column("product_id", Integer), Column("tag_id", Integer))

COLOUR: Final = EnumType("Colour", {"Red": 1, "Green": 2, "Blue": 4})
PERKS: Final = EnumType("Perks", {"None": 0, "Gift": 1, "Express": 2, "Repair": 4}, flags=True)
ADDRESS: Final = ComplexType(
    "Address", (Property("Street", "Edm.String", "street"), Property("City", "Edm.String", "city"))
)


PRODUCT_TYPE: Final = EntityType(
    "Product",
    (
        Property("ID", "Edm.Int32", "id", nullable=False), Property("Name", "Edm.String", "name"),
        Property("Price", "Edm.Decimal", "price"), Property("Rating", "Edm.Int32", "rating"),
        Property("Stock", "Edm.Int64", "stock"), Property("Weight", "Edm.Double", "weight"),
        Property("Active", "Edm.Boolean", "active"), Property("Released", "Edm.Date", "released"),
        Property("Changed", "Edm.DateTimeOffset", "changed"), Property("Opens", "Edm.TimeOfDay", "opens"),
        Property("Lasts", "Edm.Duration", "lasts"), Property("Code", "Edm.Guid", "code"),
        Property("Picture", "Edm.Binary", "picture"), Property("Colour", COLOUR, "colour"),
        Property("Perks", PERKS, "perks"), Property("Words", "Edm.String", "words", collection=True),
        Property("Sizes", "Edm.Int32", "sizes", collection=True), Property("Address", ADDRESS, "address_"),
    ),
    ("ID",),
    (
        Navigation("Category", "Categories", lambda me, it: me.c.category_id == it.c.id, partner="Products"),
        Navigation(
            "Tags", "Tags", lambda me, it, pair: (pair.c.product_id == me.c.id) & (pair.c.tag_id == it.c.id),
            collection=True, through=TAGGED, partner="Products",
        ),
    ),
)  # fmt: skip
BOOK_TYPE: Final = EntityType("Book", (Property("Pages", "Edm.Int32", "pages"),), base=PRODUCT_TYPE)
CATEGORY_TYPE: Final = EntityType(
    "Category",
    (Property("ID", "Edm.Int32", "id", nullable=False), Property("Name", "Edm.String", "name")),
    ("ID",),
    (
        Navigation("Products", "Products", lambda me, it: it.c.category_id == me.c.id, collection=True),
        Navigation("Parent", "Categories", lambda me, it: me.c.parent == it.c.id),
        Navigation("Children", "Categories", lambda me, it: it.c.parent == me.c.id, collection=True),
    ),
)
TAG_TYPE: Final = EntityType(
    "Tag",
    (Property("ID", "Edm.Int32", "id", nullable=False), Property("Label", "Edm.String", "label")),
    ("ID",),
    (
        Navigation(
            "Products",
            "Products",
            lambda me, it, pair: (pair.c.tag_id == me.c.id) & (pair.c.product_id == it.c.id),
            collection=True,
            through=TAGGED,
            partner="Tags",
        ),
    ),
)
SHOP_TYPE: Final = EntityType(
    "Shop",
    (Property("Name", "Edm.String", "name", nullable=False), Property("Opened", "Edm.Date", "opened")),
    (),
    (
        Navigation("Best", "Products", lambda me, it: me.c.best == it.c.id),
        Navigation("Products", "Products", lambda _me, _it: true(), collection=True),
    ),
)
THING_TYPE: Final = EntityType(
    "Thing",
    (
        Property("ID", "Edm.Int64", "id", nullable=False), Property("Tiny", "Edm.SByte", "tiny"),
        Property("Byte", "Edm.Byte", "byte"), Property("Small", "Edm.Int16", "small"),
        Property("Single", "Edm.Single", "single"), Property("Double", "Edm.Double", "double"),
        Property("Amount", "Edm.Decimal", "amount", precision=20, scale=4),
        Property("Data", "Edm.Binary", "data"), Property("At", "Edm.DateTimeOffset", "at", precision=6),
        Property("Places", ADDRESS, "places", collection=True),
    ),
    ("ID",),
    open="more",
)  # fmt: skip
FUNCTIONS: Final = (
    Function(
        "Reduced", "Edm.Decimal", lambda me, _, given: me.c.price * (100 - given["Percent"]) / 100,
        {"Percent": "Edm.Int32"}, bound=PRODUCT_TYPE,
    ),
    Function("Cheap", "Products", lambda _, it, given: it.c.price <= given["Most"], {"Most": "Edm.Decimal"},
             bound=PRODUCT_TYPE, of_collection=True, collection=True),
    Function("Alike", "Products", lambda me, it, _: (me.c.rating == it.c.rating) & (me.c.id != it.c.id),
             bound=PRODUCT_TYPE, collection=True),
    Function("Twice", "Edm.Int32", lambda _me, _it, given: given["X"] * 2, {"X": "Edm.Int32"}),
    Function("Named", "Products", lambda _, it, given: it.c.name == given["Name"], {"Name": "Edm.String"},
             collection=True, says="Products of a name"),
)  # fmt: skip
MODEL: Final = Model(
    "Shop",
    (
        EntitySet(
            "Products", PRODUCT_TYPE, PRODUCT, search=("Name",), kind="kind", derived={"book": BOOK_TYPE}
        ),
        EntitySet("Categories", CATEGORY_TYPE, CATEGORY, search=("Name",)),
        EntitySet("Tags", TAG_TYPE, TAG),
        EntitySet("Things", THING_TYPE, THING),
        EntitySet("Us", SHOP_TYPE, SHOP, singleton=True),
    ),
    (COLOUR, PERKS),
    FUNCTIONS,
)

NAMES: Final = ("Milk", "Oat milk", "50% off_er", "O'Neil", "", "ÄRGER", None)


def products(number: int) -> list[dict[str, Any]]:
    """Make rows that differ in every column, with nulls in each."""

    def some(at: int, every: int, value: Any) -> Any:
        return None if at % every == 0 else value

    return [
        {
            "id": at, "kind": "book" if at % 4 == 0 else "plain", "name": NAMES[at % len(NAMES)],
            "price": some(at, 5, Decimal(at * 7 % 40) / 4), "rating": some(at, 6, at % 5 - 1),
            "stock": some(at, 11, at * 10**12), "weight": some(at, 7, at / 3),
            "active": some(at, 3, at % 2 == 0), "released": some(at, 8, date(2020, 1, 31) + timedelta(days=40 * at)),
            "changed": some(at, 9, datetime(2024, 12, 31, 23, 59, 59, 250000, UTC) + timedelta(hours=5 * at)),
            "opens": some(at, 10, time(at % 24, at % 60, 30)), "lasts": some(at, 4, timedelta(hours=at, seconds=1.5)),
            "code": some(at, 12, UUID(int=at)), "picture": some(at, 13, bytes([at % 256])),
            "colour": some(at, 5, ("Red", "Green", "Blue")[at % 3]), "perks": some(at, 9, at % 8),
            "words": some(at, 7, ["a", "b", "c"][: at % 4]), "sizes": some(at, 10, list(range(at % 4))),
            "address_street": some(at, 4, f"Street {at % 3}"), "address_city": some(at, 3, "Bern"),
            "pages": at if at % 4 == 0 else None, "category_id": some(at, 4, at % 3 + 1),
        }
        for at in range(1, number + 1)
    ]  # fmt: skip


def things() -> list[dict[str, Any]]:
    """Make rows that hold what each primitive type can, at its ends too."""
    nothing: dict[str, Any] = dict.fromkeys(THING.c.keys()) | {"id": 3}
    return [
        {
            "id": 2**62, "tiny": -128, "byte": 255, "small": 32_767, "single": 0.5, "double": float("inf"),
            "amount": Decimal("9007199254740993.0001"), "data": b"\x00\xff", "at": datetime.max.replace(tzinfo=UTC),
            "places": [{"Street": "A 1", "City": "Bern"}, {"Street": "B 2", "City": "Basel"}],
            "more": {"Size": 12.5, "Label": "large", "Sold": True, "Since": "2024-02-29", "Gone": None, "ID": "no"},
        },
        {
            "id": -(2**63), "tiny": 127, "byte": 0, "small": -32_768, "single": -1.25, "double": float("nan"),
            "amount": Decimal("-0.0001"), "data": b"", "at": datetime(1, 1, 2, tzinfo=UTC),
            "places": [], "more": {"Size": 3, "Label": 7},
        },
        nothing,
    ]  # fmt: skip


def fill(connection: Connection, number: int = 60) -> list[dict[str, Any]]:
    """Create the tables with rows; returns the products."""
    METADATA.create_all(connection)
    rows = products(number)
    connection.execute(PRODUCT.insert(), rows)
    connection.execute(
        CATEGORY.insert(),
        [{"id": 1, "name": "Food", "parent": None}, {"id": 2, "name": "Fresh food", "parent": 1},
         {"id": 3, "name": None, "parent": 2}],
    )  # fmt: skip
    connection.execute(
        TAG.insert(), [{"id": at, "label": label} for at, label in enumerate(("new", "sale", None), 1)]
    )
    tagged = [
        {"product_id": row["id"], "tag_id": tag}
        for row in rows
        for tag in (1, 2, 3)
        if (row["id"] * tag) % 5 == 1
    ]
    connection.execute(TAGGED.insert(), tagged)
    connection.execute(SHOP.insert(), {"name": "Corner", "opened": date(1999, 12, 31), "best": 7})
    connection.execute(THING.insert(), things())
    return rows
