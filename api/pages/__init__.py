"""Pages for people: server rendered, plain addresses, complete without JavaScript."""
