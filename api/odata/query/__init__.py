"""Trees into SQL: names get their types here, and whatever does not fit is refused with its place."""
