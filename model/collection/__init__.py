"""Collection, pure: periods and calendars, who may do what, the steps of a submission, reminders and measures."""
