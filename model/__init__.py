"""What a project is: tables, frozen records, and the pure rules over them."""
