"""Policies as they are stored: versions, which one holds, what a new one would change, how it would have done."""
