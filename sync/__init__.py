"""The path of the data, a module a step, and the only place that commits.

The steps, in the order of a run:

- `jobs`, `schedule`, `worker`: what is due and who does it; `run`: one run from start to end, with `run_start`
  (how much is read), `run_context` (what the steps share) and `run_finish` (what follows the pull).
- `pull` → `prepare` (with `preparing`, `prepare_worker`) → `normalise` → `land` → `store`: a page on its way in.
- `census`, `absence`, `settling`, `brake`, `tombstone`: what is no longer there, and what became of it.
- `quarantine`, `rejects`, `refused`: what could not be read; `questions`: what a run will not decide alone.
- `control`, `ledger`, `reconcile`: the sums.
- `mapping`, `compiling`, `versions`, `preview`, `drift`: how a source is read, and when it no longer is so.
- `replay`, `rebuild`, `rawpage`: the model again from stored pages.
- `match`, `bind`, `people`, `claim`, `precedence`: which records are one project's, and whose word counts.
- `collect`, `records`: projects held to templates; `facts`, `dimensions`, `consolidate`, `compose`, `receipts`:
  colours, and the receipt of each.
- `apply`, `saving`, `credentials`, `tokens`, `login`: what officers configure.
"""
