"""What an archive or an Office file says of itself, read from its list of entries: nothing is unpacked.

The one entry that is read, up to a limit, is an Office file's list of content types: macros cannot run unless it
names them.
"""

import lzma
import struct
import zipfile
import zlib
from enum import Enum
from io import BytesIO

_MOST_ENTRIES = 5000
_MOST_BYTES = 512 << 20
# Text shrinks to a tenth, white images and empty sheets to a hundredth; bombs to a thousandth.
_MOST_RATIO = 200
_ALWAYS_FINE = 16 << 20
# What reading a broken, encrypted or unknown archive raises, whatever the bytes are.
_BROKEN = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
)
_TYPES_ENTRY = "[Content_Types].xml"
_MOST_TYPES_BYTES = 1 << 20
_MACRO_PARTS = ("vbaproject", "/macrosheets/")
_MACRO_TYPES = (b"macroenabled", b"vbaproject", b"macrosheet")


class Archive(Enum):
    """What an archive should be: the entry that every file of this format has, or none."""

    ANY = ""
    EXCEL = "xl/workbook.xml"
    WORD = "word/document.xml"
    POWERPOINT = "ppt/presentation.xml"


def archive_trouble(content: bytes, wanted: Archive) -> str:
    """Why it may not come in, as the end of a Japanese sentence; empty when it may."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
            return (
                _size_trouble(entries, len(content))
                or _kind_trouble(entries, wanted)
                or _macro_trouble(archive, entries)
            )
    except _BROKEN:
        return "、ファイルが壊れているか、形式が拡張子と一致しないため、お預かりできません。"


def _size_trouble(entries: list[zipfile.ZipInfo], size_bytes: int) -> str:
    unpacked = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    overlapping = packed > size_bytes
    dense = unpacked > _ALWAYS_FINE and unpacked > _MOST_RATIO * size_bytes
    if overlapping or dense or unpacked > _MOST_BYTES or len(entries) > _MOST_ENTRIES:
        return "、展開後の大きさまたは件数が大きすぎるため、お預かりできません。"
    return ""


def _kind_trouble(entries: list[zipfile.ZipInfo], wanted: Archive) -> str:
    names = {entry.filename for entry in entries}
    if not names:
        return "、中身のないファイルのため、お預かりできません。"
    if any(_leaves(name) for name in names):
        return "、中に不正な名前のファイルが含まれているため、お預かりできません。"
    if wanted is not Archive.ANY and not {wanted.value, _TYPES_ENTRY} <= names:
        return "、内容が拡張子の示す形式と一致しないため、お預かりできません。"
    return ""


def _leaves(name: str) -> bool:
    """Whether unpacking it would write outside the chosen folder."""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]


def _macro_trouble(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> str:
    names = [entry.filename.lower() for entry in entries]
    if any(part in name for name in names for part in _MACRO_PARTS) or _types_name_macros(archive, entries):
        return "、マクロを含むため、お預かりできません。マクロを含まない形式で保存してからお選びください。"
    return ""


def _types_name_macros(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> bool:
    for entry in entries:
        if entry.filename.lower() == _TYPES_ENTRY.lower():
            with archive.open(entry) as stream:
                text = stream.read(_MOST_TYPES_BYTES + 1).replace(b"\0", b"").lower()
            if len(text) > _MOST_TYPES_BYTES or any(mark in text for mark in _MACRO_TYPES):
                return True
    return False
