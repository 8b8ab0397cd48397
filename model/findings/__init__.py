"""Findings as work: what can be done about one, and what is said when it closes."""
