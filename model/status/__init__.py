"""The status formulas: pure functions of facts, a date and a policy's limits, a file a subject."""
