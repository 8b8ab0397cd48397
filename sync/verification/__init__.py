"""Verification: published status worked out again from its receipts, and receipts followed to their raw pages."""
