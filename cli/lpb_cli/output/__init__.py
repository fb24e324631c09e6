"""What a person or a script sees: the terminal, and the report."""
