"""The OData feed of the portfolio: which sets there are, and the way in."""
