"""Alarms of a policy over history: what proves them right or false, what was missed, and how much earlier."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from model.backtest import Seen, Terms, compared, earlier_by, record, summed
from model.status.colour import Colour

START = date(2026, 1, 5)
FINISH = date(2026, 12, 18)
TERMS = Terms(slip_days=10, horizon_days=28)
LETTERS = {"G": Colour.GREEN, "A": Colour.AMBER, "R": Colour.RED, "?": Colour.GREY, "B": Colour.BLUE}


def day(week: int) -> date:
    return START + timedelta(weeks=week)


def weeks(colours: str, *late: int | None, reported: str = "") -> list[Seen]:
    """Return a week a letter; `late` are the days of slip known in each, `reported` the weeks' reported colours."""
    slips = [*late, *([late[-1] if late else 0] * (len(colours) - len(late)))]
    said = reported.ljust(len(colours), "G")
    return [
        Seen(
            day(week),
            LETTERS[letter],
            None if days is None else FINISH + timedelta(days=days),
            said[week] == "R",
        )
        for week, (letter, days) in enumerate(zip(colours, slips, strict=True))
    ]


def test_an_alarm_before_the_finish_moves_is_right_and_one_before_nothing_is_false() -> None:
    (alarm,) = record(weeks("GRRRRRR", 0, 0, 0, 11), TERMS).alarms
    assert (alarm.began, alarm.ended, alarm.verdict, alarm.outcome) == (day(1), None, "right", day(3))
    (alarm,) = record(weeks("GRRGGGG"), TERMS).alarms
    assert (alarm.began, alarm.ended, alarm.verdict) == (day(1), day(3), "false")


def test_a_slip_of_exactly_the_limit_or_after_the_horizon_proves_nothing() -> None:
    assert record(weeks("GRRRRRR", 0, 0, 0, 10), TERMS).alarms[0].verdict == "false"
    assert record(weeks("GRRRRRR", 0, 0, 0, 0, 0, 0, 11), TERMS).alarms[0].verdict == "false"


def test_a_red_report_proves_an_alarm_right_unless_it_was_red_already() -> None:
    assert record(weeks("GRRRRRR", reported="GGGR"), TERMS).alarms[0].verdict == "right"
    assert record(weeks("GRRRRRR", reported="GRRR"), TERMS).alarms[0].verdict == "false"


def test_an_alarm_is_undecided_while_the_horizon_runs_or_nobody_says_when_it_finishes() -> None:
    assert record(weeks("GGGGR"), TERMS).alarms[0].verdict == "undecided"
    assert record(weeks("GRRRRRR", None), TERMS).alarms[0].verdict == "undecided"
    assert record(weeks("GGRB"), TERMS).alarms[0].verdict == "false"  # it finished: nothing can come any more


def test_a_grey_day_neither_ends_an_alarm_nor_begins_one() -> None:
    assert [(each.began, each.ended) for each in record(weeks("GR?RG"), TERMS).alarms] == [(day(1), day(4))]
    assert record(weeks("G??G"), TERMS).alarms == ()


def test_what_went_wrong_without_a_warning_is_missed_and_the_same_trouble_counts_once() -> None:
    missed = record(weeks("GGGGGG", 0, 0, 15), TERMS)
    assert [(each.day, each.warned_on) for each in missed.events] == [(day(2), None)]
    warned = record(weeks("GRRRRR", 0, 0, 15), TERMS)
    assert [(each.day, each.warned_on) for each in warned.events] == [(day(2), day(1))]
    assert record(weeks("GGG", reported="RRR"), TERMS).events == ()  # it was so when the history began


def test_two_policies_are_compared_by_their_first_alarms() -> None:
    late, early = weeks("GGGRRRR", 0, 0, 0, 15), weeks("GRRRRRR", 0, 0, 0, 15)
    quiet = weeks("GGGGGGG")
    before = {"A": record(late, TERMS), "B": record(quiet, TERMS), "C": record(quiet, TERMS)}
    after = {"A": record(early, TERMS), "B": record(weeks("GRGGGGG"), TERMS), "C": record(quiet, TERMS)}
    found = compared(before, after)
    assert [(each["project"], each["months_earlier"]) for each in found] == [("A", 0.46), ("B", None)]
    assert summed(before.values())["missed"] == 1
    sums = summed(after.values())
    assert (sums["alarms"], sums["right"], sums["false"], sums["false_share"]) == (2, 1, 1, 0.5)
    assert (sums["warned"], sums["missed"], sums["lead_months"]) == (1, 0, 0.46)


def test_nothing_to_count_is_null_and_not_nought() -> None:
    found = summed([record(weeks("GGG"), TERMS)])
    assert (found["alarms"], found["false_share"], found["lead_months"]) == (0, None, None)
    assert earlier_by(None, START) is None


def test_an_amber_alarm_counts_amber_and_worse() -> None:
    terms = Terms(Colour.AMBER, slip_days=10, horizon_days=28)
    assert record(weeks("GAARG"), terms).first == day(1)
    assert "AMBER or worse" in terms.says()


HISTORY = st.lists(
    st.tuples(st.sampled_from("GAR?"), st.none() | st.integers(-30, 60), st.booleans()),
    min_size=1,
    max_size=30,
)


def drawn(found: list[tuple[str, int | None, bool]]) -> list[Seen]:
    return [
        Seen(day(week), LETTERS[letter], None if late is None else FINISH + timedelta(days=late), red)
        for week, (letter, late, red) in enumerate(found)
    ]


@settings(max_examples=80)
@given(HISTORY, st.integers(0, 40), st.integers(1, 120))
def test_alarms_cover_the_days_at_alarm_level_and_events_are_what_the_definition_says(
    found: list[tuple[str, int | None, bool]], slip: int, horizon: int
) -> None:
    terms, history = Terms(Colour.RED, slip, horizon), drawn(found)
    judged = record(history, terms)
    for seen in history:
        inside = any(
            each.began <= seen.day and (each.ended is None or seen.day < each.ended) for each in judged.alarms
        )
        assert inside or not terms.is_alarm(seen.colour)
        assert not inside or terms.is_alarm(seen.colour) or seen.colour is Colour.GREY
    wrong = [_wrong(history, number, terms) for number in range(len(history))]
    onsets = [
        seen.day for number, seen in enumerate(history) if number and wrong[number] and not wrong[number - 1]
    ]
    assert [each.day for each in judged.events] == onsets
    assert all(each.warned_on is None or each.warned_on < each.day for each in judged.events)
    sums = summed([judged])
    assert sums["alarms"] == sums["right"] + sums["false"] + sums["undecided"]


def _wrong(history: list[Seen], number: int, terms: Terms) -> bool:
    """Say the same the slow way."""
    seen = history[number]
    since = seen.day - timedelta(days=terms.horizon_days)
    slips = [
        (seen.finish - each.finish).days
        for each in history[:number]
        if each.day >= since and each.finish is not None and seen.finish is not None
    ]
    return seen.reported_red or any(days > terms.slip_days for days in slips)


@settings(max_examples=40)
@given(HISTORY)
def test_a_laxer_alarm_never_comes_later(found: list[tuple[str, int | None, bool]]) -> None:
    history = drawn(found)
    red, amber = (record(history, Terms(colour)).first for colour in (Colour.RED, Colour.AMBER))
    assert red is None or (amber is not None and amber <= red)
