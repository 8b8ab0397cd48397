"""What this installation is told: settings, shipped templates, mappings and policies."""
