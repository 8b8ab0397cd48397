"""One folder a tracker: fetch what changed, page by page."""
