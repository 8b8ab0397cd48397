"""Who asks, what they may do and which rows they see: held in one place for every door."""
