"""The SOC desk's pages. No tables of its own; never imports portal."""
