"""A Jira Cloud and a Jira Data Center over one world of issues."""
