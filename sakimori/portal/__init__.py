"""The customer's pages. No tables of its own; never imports console."""
