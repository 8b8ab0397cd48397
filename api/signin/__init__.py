"""How people and programs say who they are: passwords, OpenID Connect, sessions, tokens."""
