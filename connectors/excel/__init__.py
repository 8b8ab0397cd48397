"""Excel: workbooks on SharePoint or in a folder, read in a process that may fail safely."""
