"""The end of a contract (chapter 3-1): cancelled, approved by a second person, deleted for good, proven."""
