"""Who is who and what is what: how alike two names are, with reasons, and how claims that differ are settled."""
