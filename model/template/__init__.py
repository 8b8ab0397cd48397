"""Data-collection templates: what a record must hold, and how good the one at hand is."""
