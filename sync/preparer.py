"""The process that prepares pages: `python -m sync.preparer`, started by `sync.preparing`.

Standard input is a pickled `Recipe`, then one pickled tuple of parts a page; standard output one pickled answer
each, `Contents` or the words of an `UnreadablePage`. It ends with its input: when the run is over, or dead.
"""

import pickle
import sys

from config.process import tune
from sync.prepare import Contents, Recipe, UnreadablePage, prepare


def main() -> int:
    """Prepare pages until there are no more."""
    tune()
    given, out = sys.stdin.buffer, sys.stdout.buffer
    try:
        recipe: Recipe = pickle.load(given)  # noqa: S301  (the run that started this process wrote it)
        mapping = recipe.compiled()
        while True:
            parts = pickle.load(given)  # noqa: S301
            try:
                answer: Contents | str = prepare(recipe.source_id, recipe.read, mapping, parts)
            except UnreadablePage as error:
                answer = str(error)
            pickle.dump(answer, out, protocol=5)
            out.flush()
    except (EOFError, BrokenPipeError):
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
