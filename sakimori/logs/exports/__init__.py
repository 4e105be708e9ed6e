"""What is handed out of the log: as a table or as the lines came, at once or as a bundle with the chain."""
