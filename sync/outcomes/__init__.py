"""What colours and forecasts were worth: read off the snapshots, scored when the outcome is known."""
