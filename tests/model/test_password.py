import pytest

from model.password import LEAST, MOST, as_kept, fault


@pytest.mark.parametrize(
    "password",
    [
        "short", "password1234", "Password!2345", "P@ssw0rd2026!", "aaaaaaaaaaaaaaa", "qwertyuiop12", "123456789012",
        "1qaz2wsx3edc", "correct horse battery staple", "mira.manager2026", "november2026!!", "Summer2026Winter",
        "welcome to muster", "abcabcabcabcabc", "x" * (MOST + 1), "",
    ],
)  # fmt: skip
def test_what_is_guessed_first_is_refused_with_what_to_do(password: str) -> None:
    says = fault(password, "mira.manager", "muster")
    assert says is not None
    assert password == "" or password not in says


@pytest.mark.parametrize(
    "password",
    ["melon tractor violet", "Xk7#pQ2v9LmZ", "überraschung gelb", "9384750192837465", "ÅÄÖ ñandú 漢字 пирог"],
)
def test_length_decides_and_no_kind_of_character_is_asked_for(password: str) -> None:
    assert len(password) >= LEAST
    assert fault(password, "mira.manager", "muster") is None


def test_the_same_characters_composed_otherwise_are_the_same_password() -> None:
    assert as_kept("cafe\N{COMBINING ACUTE ACCENT} au lait") == as_kept(
        "caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait"
    )
