"""Template filters of usage."""
