"""Roll-ups: programmes and the portfolio out of their projects' snapshots."""
