"""Azure DevOps, Services and Server: projects, iterations and work items with their whole history."""
