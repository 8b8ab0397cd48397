"""`$search`: words, phrases, and what joins them (URL conventions 5.1.8)."""

import re
from typing import Final

from api.odata.problems import TooComplex
from api.odata.syntax.scanner import Scanner
from api.odata.syntax.tree import Joined, Not, Phrase, Search

_WORD: Final = re.compile(r'[^\s"()]+')
_NESTED_WORD: Final = re.compile(r'[^\s"();]+')  # a semicolon parts the options around it
_PHRASE: Final = re.compile(r'"((?:[^"\\]|\\["\\])+)"')
_MOST_WORDS: Final = 200


def search(scanner: Scanner, *, nested: bool = False) -> Search:
    """Read a search expression; `nested` ones end at a closing parenthesis or a semicolon of what is around.

    Raises:
        Malformed: It breaks off, or there is none.
    """
    scanner.space()
    found = _Searching(scanner, nested=nested).either()
    scanner.space()
    if not scanner.done() and not nested:
        scanner.fail("a word")
    return found


class _Searching:
    def __init__(self, scanner: Scanner, *, nested: bool) -> None:
        self._scanner = scanner
        self._nested = nested
        self._words = 0

    def either(self) -> Search:
        terms = [self._both()]
        while self._operator("OR"):
            terms.append(self._both())
        return terms[0] if len(terms) == 1 else Joined(terms[0].at, "or", tuple(terms))

    def _both(self) -> Search:
        scanner = self._scanner
        terms = [self._term()]
        while True:
            before = scanner.at
            spaced = scanner.space()
            if self._ends() or self._joins("OR"):
                scanner.at = before
                break
            scanner.at = before
            if not self._operator("AND") and not spaced:
                scanner.fail("a space")
            scanner.space()
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else Joined(terms[0].at, "and", tuple(terms))

    def _ends(self) -> bool:
        scanner = self._scanner
        return (
            scanner.done() or scanner.peek(")") or (self._nested and (scanner.peek(";") or scanner.peek(",")))
        )

    def _joins(self, word: str) -> bool:
        """Say whether a word here joins: with something to join behind it, else it is looked for itself."""
        scanner = self._scanner
        before = scanner.at
        joins = scanner.take(word) and scanner.space() and not self._ends()
        scanner.at = before
        return joins

    def _operator(self, word: str) -> bool:
        scanner = self._scanner
        before = scanner.at
        if scanner.space() and self._joins(word):
            scanner.take(word)
            scanner.space()
            return True
        scanner.at = before
        return False

    def _term(self) -> Search:
        scanner = self._scanner
        at = scanner.at
        if self._joins("NOT"):
            scanner.take("NOT")
            scanner.space()
            scanner.deeper()
            term = self._term()
            scanner.up()
            return Not(at, term)
        if scanner.take("("):
            scanner.deeper()
            scanner.space()
            inner = self.either()
            scanner.space()
            scanner.need(")")
            scanner.up()
            return inner
        return Phrase(at, self._phrase())

    def _phrase(self) -> str:
        scanner = self._scanner
        self._words += 1
        if self._words > _MOST_WORDS:
            raise TooComplex(f"$search: more than {_MOST_WORDS} words", target=scanner.target, at=scanner.at)
        quoted = scanner.match(_PHRASE)
        if quoted is not None:
            return re.sub(r"\\(.)", r"\1", quoted[1])
        if (string := scanner.string()) is not None:
            return string or scanner.fail("a word")
        if scanner.peek('"'):
            scanner.fail("a closing quotation mark", len(scanner.text))
        word = scanner.match(_NESTED_WORD if self._nested else _WORD)
        return scanner.fail("a word") if word is None else word[0]
