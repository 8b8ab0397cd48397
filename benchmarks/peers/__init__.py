"""Other programs that read a Jira, installed beside Muster and measured on the same sandbox."""
