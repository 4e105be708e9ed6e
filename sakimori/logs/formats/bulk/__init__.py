"""Many CEF lines at once: from a block of bytes to Arrow columns, with work per column instead of work per value.

Only lines that are regular in every respect come this way. Whatever is odd is left to the careful parser, which alone
says what a line means: for every line that is taken here both must give the same, and a property test holds that.
"""

from sakimori.logs.formats.bulk.reading import TableReader

__all__ = ["TableReader"]
