"""Everything outward: REST, pages, sign-in, the command line."""
