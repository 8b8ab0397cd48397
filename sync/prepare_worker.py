"""The process that prepares pages: `python -m sync.prepare_worker`, started by `sync.prepare_pool`.

Standard input is a pickled `Recipe`, then one pickled tuple of parts a page; standard output one pickled answer
each: `Contents`, the words of an `UnreadablePage`, or a `Fault`. It ends with its input: when the run is over, or dead.
"""

import pickle
import sys
import traceback

from config.process import tune
from sync.prepare import Contents, Fault, Recipe, UnreadablePage, prepare


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
                answer: Contents | Fault | str = prepare(recipe.source_id, recipe.read, mapping, parts)
            except UnreadablePage as error:
                answer = str(error)
            except Exception:  # noqa: BLE001  (the run raises it; here nobody would hear of it)
                answer = Fault(traceback.format_exc())
            pickle.dump(answer, out, protocol=5)
            out.flush()
    except (EOFError, BrokenPipeError):
        return 0


if __name__ == "__main__":
    raise SystemExit(main())
