"""Collection: template versions, cycles, submissions and answers, as they are stored."""
