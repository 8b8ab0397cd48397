"""Reasons, findings and measures on pages in the reader's language; what is kept and answered stays English."""
