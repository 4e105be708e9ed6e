"""One module per line format. Each takes one line as bytes and gives an Event, or raises UnreadableLine."""
