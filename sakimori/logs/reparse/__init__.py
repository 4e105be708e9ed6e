"""Reading stored files again, so that their rows are those that the parser of today makes (decision 26)."""
