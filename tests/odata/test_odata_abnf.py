"""OASIS's own test cases: each is read or refused as it says, or stands here with the reason why it is neither."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import unquote_plus

import pytest
import yaml

from api.odata.problems import Problem, Unsupported
from api.odata.syntax import options, resource
from api.odata.syntax.scanner import Scanner
from api.odata.syntax.search import search
from api.odata.syntax.tree import Literal
from tests.support.shared import SHARED, needs_shared

FOLDER: Final = SHARED / "data" / "odata"
ROOTS: Final = re.compile(r"https?://[^/]*/(?:MyService/|OData/OData\.svc/|service/)?")


def relative(text: str) -> None:
    path, _, query = text.partition("?")
    resource.path(path)
    options.query(query)


def absolute(text: str) -> None:
    relative(ROOTS.sub("", text, count=1))


def expression(text: str) -> Any:
    return options.expression(unquote_plus(text), "$filter")


def literal(type_: str) -> Callable[[str], Any]:
    def read(text: str) -> None:
        found = expression(text)
        assert isinstance(found, Literal)
        assert found.type == type_

    return read


RULES: Final[dict[str, Callable[[str], Any]]] = {
    **dict.fromkeys(
        ["commonExpr", "boolCommonExpr", "boolcommonExpr", "isofExpr", "notExpr", "primitiveLiteral", "firstMemberExpr",
         "propertyPathExpr", "enumLiteral"], expression
    ),
    **dict.fromkeys(
        ["filter", "orderby", "orderBy", "select", "expand", "compute", "search", "queryOptions", "systemQueryOption",
         "customQueryOption", "deltatoken", "skiptoken"], options.query
    ),
    "odataRelativeUri": relative, "odataUri": absolute, "resourcePath": resource.path,
    "entitySetName": resource.path,
    "anyExpr": lambda text: expression(f"Products/{text}"),
    "searchExpr": lambda text: search(Scanner(unquote_plus(text), "$search")),
    "functionParameter": lambda text: resource.path(f"Function({text})"),
    "binaryLiteral": literal("Edm.Binary"), "date": literal("Edm.Date"), "null": literal("null"),
    "dateTimeOffsetLiteral": literal("Edm.DateTimeOffset"), "dateTimeOffsetValueInUrl": literal("Edm.DateTimeOffset"),
    "durationLiteral": expression, "decimalLiteral": literal("Edm.Decimal"), "doubleLiteral": literal("Edm.Double"),
    "singleLiteral": literal("Edm.Double"), "stringLiteral": literal("Edm.String"), "guid": expression,
    "timeOfDayLiteral": literal("Edm.TimeOfDay"), "boolean": expression,
    **dict.fromkeys(["sbyteLiteral", "int16Literal", "int32Literal", "int64Literal"], literal("Edm.Int64")),
}  # fmt: skip
_WRITTEN: Final = "context URLs are written by a service and read by its clients"
_VALUE: Final = "a value as it stands in a body: a service that is only read is sent none"
_PREFER: Final = (
    "a preference that is not known, or makes no sense, is passed over and not refused (RFC 7240, 2)"
)
# Rules that this service does not read, and why.
NOT_READ: Final = {
    "context": _WRITTEN,
    **dict.fromkeys(
        ["booleanValue", "dateValue", "dateTimeOffsetValue", "decimalValue", "durationValue", "doubleValue",
         "singleValue", "byteValue", "sbyteValue", "int16Value", "int32Value", "int64Value", "timeOfDayValue",
         "enumValue", "primitiveValue"], _VALUE
    ),
    **dict.fromkeys(
        ["prefer", "preference", "includeAnnotationsPreference", "maxpagesizePreference"], _PREFER
    ),
    "header": "headers come parsed from the web server; those that mean something are tested with the requests",
    "request-id": "ids of a batch's requests are taken as they come and given back",
    "odataIdentifier": "names are looked up in the model: what is none is not found there",
    "stringInUrl": "part of a JSON text in a URL, which is decoded as a whole",
    **dict.fromkeys(
        [f"{kind}{shape}" for kind in ("geography", "geometry") for shape in
         ("Collection", "LineString", "MultiLineString", "MultiPoint", "MultiPolygon", "Point", "Polygon")],
        "positions and areas are not served; their literals are refused with 501 (below)",
    ),
}  # fmt: skip
# What is right and answered with 501: words of the text, and why.
NOT_DONE: Final = (
    (r"\bgeo(graphy|metry)?[.']", "positions and areas"),
    (r"\b(addnested|nest|join|outerjoin)\(", "results nested in results"),
    (r"\b(ancestors|descendants|traverse|rolluprecursive)\(", "hierarchies"),
    (r"/aggregate\(|^\$filter=aggregate\(", "aggregates inside an expression"),
    (
        r"with Custom\.|Custom\.condense|Self\.TopCountAndBalance",
        "methods and transformations of a service's own",
    ),
)
# Wrong by what their model says, which the tree does not know: refused when names get their types.
BY_MODEL: Final = frozenset(
    [
        "Categories(ID=wrong)", "Categories(1)/Products/$ref/$count", "Categories(1)/Products(2)/$ref/$count",
        "Model.Rejection", "Categories/TheBestProduct()", "Categories(1)/ID/$value/foo", "Model.Available",
        "Categories(1)/Address/$value", "Categories(1)/Thumbnail/$value", "Products/$count/foo",
        "Products(1)/Model.BestSellingProduct/Model.BestSellingProduct", "$entity?$format=json",
        "$entity?$id=http://myservice/Customers('ALFKI')&$select=CompanyName,ContactName&$expand=Orders",
        "$apply=aggregate(Sales/Amount sub Sales/Cost with sum as TotalAmount)", "$apply=aggregate(Amount as Total)",
        "$apply=aggregate(Amount)", "$apply=aggregate(Amount from Time with average as DailyAverage)",
        "$apply=aggregate(Amount with average from Time from Product/Name with max as DailyAverage)",
        "$apply=aggregate(Amount with average from Time as DailyAverage)",
        "$apply=aggregate(Forecast from Time from Product/Name with average)",
        "$apply=groupby((Product/Price/@Measures.ISOCurrency))", "$apply=groupby((Product/Price/Quantity))",
        "$apply=groupby((Product/Self.DigitalProduct))", "$apply=groupby((Country/@Core.GeometryFeature))",
        "$apply=groupby((Sales/Product/Name))",
    ]
)  # fmt: skip
# Taken although the grammar has it encoded; and the one place where encoding still shows after decoding.
LENIENT: Final = frozenset(["$search=#1", "$search=more&more", "$search=a;b"])
ENCODED: Final = frozenset(["$expand=Manager($search=a%3Bb)"])


# Texts that end elsewhere than they say, since these are read by a wider rule; and days that Python cannot count.
OTHERWISE: Final = {
    "0000-01-01": "days begin with the year 1", "-10000-04-01": "days begin with the year 1",
    "INF": "a number, compared with a day it is refused", "-INF": "a number, compared with a day it is refused",
    "0": "a number, refused where a condition is expected", "1": "a number, refused where a condition is expected",
    "$skiptoken=Not&this": "the option ends at the &", "Products/$filter(Age gt 3)(ID='Sugar')": "use filter and key",
    "http://host/service/$metadata#Customers": "a context URL: what is behind # is not sent",
}  # fmt: skip


def cases() -> Iterator[tuple[str, str, bool]]:
    for file in ("abnf-testcases.yaml", "abnf-agg-testcases.yaml"):
        path = FOLDER / file
        if not path.is_file():
            continue
        document = yaml.load(path.read_text(encoding="utf-8").replace("\t", "    "), yaml.BaseLoader)  # noqa: S506 - texts only
        for case in document["TestCases"]:
            yield case["Rule"], case.get("Input") or "", "FailAt" in case


ALL: Final = [*cases()]


def outcome(rule: str, text: str) -> str:
    try:
        RULES[rule](text)
    except Unsupported:
        return "not done"
    except (Problem, AssertionError):
        return "refused"
    return "read"


@needs_shared
def test_every_case_is_read_or_refused_as_it_says_or_stands_here_with_a_reason() -> None:
    wrong = []
    for rule, text, fails in ALL:
        if rule in NOT_READ or text in OTHERWISE or text.startswith("$metadata#"):
            continue
        found = outcome(rule, text)
        if found == "not done":
            as_expected = any(re.search(words, text) for words, _ in NOT_DONE)
        elif found == "refused":
            as_expected = fails or text in ENCODED
        else:
            as_expected = not fails or text in BY_MODEL or text in LENIENT
        if not as_expected:
            wrong.append((rule, text, found))
    assert wrong == []


@needs_shared
def test_no_rule_is_forgotten_and_no_reason_is_left_over() -> None:
    rules = Counter(rule for rule, _, _ in ALL)
    assert set(rules) <= set(RULES) | set(NOT_READ)
    assert not set(NOT_READ) - set(rules)
    texts = {text for _, text, _ in ALL}
    assert set(OTHERWISE) | BY_MODEL | LENIENT | ENCODED <= texts
    assert all(any(re.search(words, text) for text in texts) for words, _ in NOT_DONE)
    read = sum(number for rule, number in rules.items() if rule in RULES)
    assert (len(ALL), read > 800) == (1_041, True)


@pytest.mark.parametrize(
    "text",
    ["geography'SRID=0;Point(142.1 64.1)'", "geometry'SRID=0;MultiPoint()'", "geo.length(a)"],
)
def test_positions_are_refused_and_never_guessed(text: str) -> None:
    try:
        found = expression(text)
    except Unsupported:
        return
    assert not isinstance(found, Literal)  # a function that is refused when its name is looked up
