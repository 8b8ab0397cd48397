"""The second root: the names and types of Project Online's retired ProjectData feed, for reports that lost it."""
