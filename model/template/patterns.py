"""Patterns that texts must hold: RE2, as in CEL, whose time grows with the text and no faster."""

import json
from typing import Final

from cel_expr_python import cel

_ENVIRONMENT: Final = cel.NewEnv(variables={"text": cel.Type.STRING})


class Pattern:
    """A pattern to be found anywhere in a text; `^` and `$` are the text's own ends."""

    def __init__(self, source: str) -> None:
        """Compile it.

        Raises:
            ValueError: If it is none.
        """
        written = json.dumps(source, ensure_ascii=False)
        try:
            self._expression = _ENVIRONMENT.compile(f"text.matches({written})")
            found = self._evaluate("")
        except (RuntimeError, TypeError) as error:  # half a character, which the binding cannot take
            raise ValueError("pattern is no regular expression: it cannot be written") from error
        if found not in (True, False):
            said = str(found).partition("invalid regular expression: ")[2]
            raise ValueError(f"pattern is no regular expression: {said or found}")

    def found_in(self, text: str) -> bool:
        """Say whether a text holds it."""
        return self._evaluate(text) is True

    def _evaluate(self, text: str) -> object:
        value: object = self._expression.eval(_ENVIRONMENT.Activation({"text": text})).plain_value()
        return value
