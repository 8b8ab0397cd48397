"""Who is who and what is what: proposals, officers' decisions on them, and conflicts between claims."""
