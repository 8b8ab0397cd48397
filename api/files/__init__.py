"""Bulk files: every set of the feed as Parquet, Arrow, CSV and NDJSON."""
