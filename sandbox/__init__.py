"""A Jira, an Azure DevOps and a SharePoint that answer on loopback as the real ones do."""
