"""The shapes of proposals, people, conflicts and settling rules; each with an example."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from api.wire.values import MOST_ID
from sync.hand_claim_rules import NUMERIC

_EXACT: Final = 15  # digits of a number that are not altered on the way

_RAW: dict[str, Any] = {
    "run": 812, "page": 4711, "position": 3, "locator": "register.xlsx!Projects!H8",
    "url": "https://contoso.sharepoint.example/register.xlsx", "sha256": "9f2c…",
}  # fmt: skip
_PROPOSAL: dict[str, Any] = {
    "id": 7, "kind": "scope", "subject": "jira-cloud CPX (Citizen Portal)", "target": "PORTAL (Citizen portal)",
    "target_id": "6f2ad4cc-0a3c-4c6e-9a58-2f1f6b6b5b11", "confidence": 0.98, "sure": "high",
    "reasons": [
        {"rule": "same_name", "says": "the same name", "weight": 0.93},
        {"rule": "same_lead", "says": "Maya Lindqvist leads it there and M. Lindqvist manages it", "weight": 0.05},
    ],
    "origin": "proposed", "state": "open", "proposed_at": "2026-11-22T02:14:09Z",
    "changed_at": "2026-11-22T02:14:09Z", "decided_at": None, "decided_by": None, "because": None,
}  # fmt: skip
_CONFLICT: dict[str, Any] = {
    "id": 3, "project": "PAYROLL", "attribute": "forecast_finish", "settled_by": "precedence",
    "because": "precedence: pmo-files before jira-dc", "opened_at": "2026-11-22T02:14:09Z",
    "changed_at": "2026-11-22T02:14:09Z", "closed_at": None, "closed_because": None,
    "claims": [
        {"id": 51, "source": "pmo-files", "value": "2027-02-05", "unit": None, "counts": True, "computed": None,
         "valid_from": "2026-11-16", "known_from": "2026-11-16T02:11:00Z", "raw": _RAW},
        {"id": 52, "source": "jira-dc", "value": "2027-03-07", "unit": None, "counts": False, "computed": None,
         "valid_from": "2026-11-02", "known_from": "2026-11-02T02:11:00Z",
         "raw": {**_RAW, "locator": "PAY-114 duedate", "url": "https://jira.example/browse/PAY-114"}},
    ],
    "word": None,
}  # fmt: skip
_RULE: dict[str, Any] = {
    "id": 2, "attribute": "forecast_finish", "project": None, "programme": "Core systems", "prefer": "latest",
    "says": "the latest date", "by": "Ada Byron", "at": "2026-11-22T09:00:00Z", "because": "plan for the worst",
    "ended_at": None, "ended_by": None, "ended_because": None,
}  # fmt: skip


def _like(example: dict[str, Any]) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [example]}, extra="allow")


class ProposalShape(BaseModel):
    """Two things that may be one, with the reasons; nothing follows until an officer confirms it."""

    model_config = _like(_PROPOSAL)

    id: int
    kind: Literal["scope", "reference", "project", "person", "account", "name"]
    subject: str
    target: str
    target_id: str = Field(description="Of the project or person")
    confidence: float = Field(description="0 to 0.99: what the weights of the reasons add up to")
    sure: str = Field(description="high, medium or low")
    reasons: list[dict[str, Any]]
    origin: Literal["proposed", "officer"]
    state: Literal["open", "confirmed", "refused", "gone"] = Field(
        description="gone: nothing speaks for it any more, and nobody decided"
    )
    proposed_at: str
    changed_at: str
    decided_at: str | None
    decided_by: str | None
    because: str | None


class ProposalDetailShape(ProposalShape):
    """A proposal with every decision that was made on it."""

    model_config = _like(
        _PROPOSAL
        | {"decisions": [{"act": "confirmed", "at": "2026-11-22T09:00:00Z", "by": "Ada Byron", "because": "asked",
                          "confidence": 0.98, "reasons": _PROPOSAL["reasons"]}]}
    )  # fmt: skip

    decisions: list[dict[str, Any]]


class DecidedShape(BaseModel):
    """A decision that was written down."""

    model_config = _like({"id": 7, "state": "confirmed", "then": "…", "counts_now": True, "warnings": []})

    id: int
    state: str | None
    then: str = Field(description="What follows")
    counts_now: bool = Field(description="false: from the next consolidation on; one is under way just now")
    warnings: list[str] = Field(
        description="What else is said of the project and contradicts what was stated"
    )


class PersonShape(BaseModel):
    """A person, with the accounts that are theirs and the written names that were confirmed to be."""

    model_config = _like(
        {
            "id": "6f2ad4cc-0a3c-4c6e-9a58-2f1f6b6b5b11", "name": "Maya Lindqvist",
            "accounts": [{"source": "jira-cloud", "account": "5b10a2", "name": "Maya Lindqvist", "active": True,
                          "matched_by": "identity"}],
            "written": ["m lindqvist"], "same_as": None,
        }
    )  # fmt: skip

    id: str
    name: str
    accounts: list[dict[str, Any]]
    written: list[str]
    same_as: str | None = Field(description="The person this one was confirmed to be; null: itself")


class ClaimConflictShape(BaseModel):
    """Sources that say different things of one attribute of a project: all that was said, the one that counts first."""

    model_config = _like(_CONFLICT)

    id: int
    project: str
    attribute: str
    settled_by: Literal["precedence", "rule", "person"]
    because: str
    claims: list[dict[str, Any]] = Field(
        description="Each with its receipt; where no page holds the value, `computed` says which rows it was counted"
        " from and where they are listed"
    )
    word: dict[str, Any] | None = Field(
        description="The word of the person that was given on it, if it stands"
    )
    opened_at: str
    changed_at: str
    closed_at: str | None = Field(description="When the sources agreed")
    closed_because: str | None


class HandClaimShape(BaseModel):
    """A value that somebody of the office stated for a project."""

    model_config = _like({
        "id": 4, "project": "PORTAL", "attribute": "forecast_finish", "value": "2027-03-31", "unit": None,
        "instead": [{"source": "pmo-files", "value": "2027-02-05", "unit": None}], "claim": 4711,
        "at": "2026-11-23T09:00:00Z", "by": "Ada Byron", "because": "the board moved it", "overtaken": False,
        "ended_at": None, "ended_by": None, "ended_because": None,
    })  # fmt: skip

    id: int
    project: str
    attribute: str
    value: Any
    unit: str | None
    instead: list[dict[str, Any]] = Field(
        description="What sources said then; empty where none said anything"
    )
    claim: int = Field(description="Its claim, of the source `collection`")
    at: str
    by: str
    because: str
    overtaken: bool = Field(description="Something was answered after it, which is what people say now")
    ended_at: str | None = Field(description="When it was withdrawn, or stated anew")
    ended_by: str | None
    ended_because: str | None


class RuleShape(BaseModel):
    """What settles the conflicts of an attribute: everywhere, in a programme, or in one project."""

    model_config = _like(_RULE)

    id: int
    attribute: str
    project: str | None
    programme: str | None
    prefer: str
    says: str
    by: str
    at: str
    because: str
    ended_at: str | None
    ended_by: str | None
    ended_because: str | None


class RuleEffectShape(BaseModel):
    """What a rule would do to the conflicts that are open; nothing was written."""

    model_config = _like(
        {"conflicts": 4, "settles": 3, "changes": ["APOLLO: 2027-01-12 of jira-cloud instead of …"]}
    )

    conflicts: int
    settles: int
    changes: list[str]


class Because(BaseModel):
    """Why: it stands beside the decision from then on."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"because": "asked both teams"}]}
    )

    because: str = Field(min_length=1, max_length=2000)


class GivenLink(Because):
    """What an officer says is one, or is not, where nothing was proposed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "scope", "subject": "jira-cloud:CPX", "target": "PORTAL",
                                         "same": True, "because": "moved there in May"}]},
    )  # fmt: skip

    kind: Literal["scope", "reference", "project", "person", "account", "name"]
    subject: str = Field(
        min_length=1, max_length=500,
        description="SOURCE:KEY of a scope, SOURCE:WORDS of a reference, a project's key, a person, or a name",
    )  # fmt: skip
    target: str = Field(
        min_length=1, max_length=500, description="A project's key, or a person: id, SOURCE:ACCOUNT, or name"
    )
    same: bool = Field(True, description="false: they are not one, and are not taken for one again")


class GivenWord(Because):
    """The claim that is to count."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"claim": 52, "because": "the board moved it"}]}
    )

    claim: int = Field(ge=1, le=MOST_ID)


class GivenHandClaim(Because):
    """The value that is to count, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"project": "PORTAL", "attribute": "forecast_finish", "value": "2027-03-31",
                                         "because": "the board moved it"}]},
    )  # fmt: skip

    project: str = Field(min_length=1, max_length=200)
    attribute: str = Field(min_length=1, max_length=200)
    value: Annotated[
        str,
        Field(min_length=1, max_length=4000),
        WithJsonSchema({
            "anyOf": [{"type": "string", "minLength": 1, "maxLength": 4000}, {"type": "number"}],
            "title": "Value",
            "description": "As it would be typed: a day as 2027-03-31; a number may be one where the attribute is",
        }),
    ]  # fmt: skip

    @model_validator(mode="before")
    @classmethod
    def _typed(cls, given: Any) -> Any:
        """Take a JSON number for the text of it, where the attribute is a number and none of its digits is lost."""
        value = given.get("value") if isinstance(given, dict) else ""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return given
        exact = sum(map(str.isdigit, str(value))) <= _EXACT
        return given | {"value": str(value)} if exact and str(given.get("attribute")) in NUMERIC else given

    @field_validator("value", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        if not isinstance(value, str):
            said = f'"{value}"' if isinstance(value, int | float) and not isinstance(value, bool) else '"150"'
            raise ValueError(f"must be a text in quotes, such as {said}")  # noqa: TRY004  (pydantic takes ValueError for a finding)
        return value


class GivenRule(Because):
    """The rule that is to be made, or tried."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"attribute": "forecast_finish", "prefer": "latest",
                                         "programme": "Core systems", "because": "plan for the worst"}]},
    )  # fmt: skip

    attribute: str = Field(min_length=1, max_length=200)
    prefer: str = Field(
        min_length=1, max_length=200,
        description="source:NAME, kind:KIND, newest, latest, earliest, highest, lowest or worst",
    )  # fmt: skip
    project: str | None = Field(None, max_length=200)
    programme: str | None = Field(None, max_length=200)
