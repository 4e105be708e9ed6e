"""From a delivered file to its lines: header, decryption, decompression, checksum, all in constant memory."""

from sakimori.logs.unpack.errors import FileReason, UnreadableFile
from sakimori.logs.unpack.file import UnpackedFile, read_log_file
from sakimori.logs.unpack.header import FileHeader
from sakimori.logs.unpack.limits import Limits
from sakimori.logs.unpack.lines import CutLine

__all__ = ["CutLine", "FileHeader", "FileReason", "Limits", "UnpackedFile", "UnreadableFile", "read_log_file"]
