"""The `bi` schema: views for tools that speak SQL. Names and types are a contract, as the feed's are."""
