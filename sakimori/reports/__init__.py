"""The monthly report: figures of a month, an analyst's words, a second person's yes, a PDF on the portal."""
