"""Which files go out with a mail: all of them up to a size that mail servers take; the others are named in the text."""

from collections.abc import Sequence

from sakimori.notify.interface import AttachedFile

MAX_BYTES = 7 * 1024 * 1024  # In a mail a third more, which is within the ten million bytes that servers usually take.
_MIB = 1024 * 1024


def fitting(files: Sequence[AttachedFile]) -> tuple[list[AttachedFile], list[AttachedFile]]:
    """The files that go out, in their order, and those that are left out because all together would be too large."""
    taken: list[AttachedFile] = []
    left: list[AttachedFile] = []
    room = MAX_BYTES
    for file in files:
        fits = len(file.content) <= room
        (taken if fits else left).append(file)
        room -= len(file.content) if fits else 0
    return taken, left


def with_files_named(body: str, left: Sequence[AttachedFile]) -> str:
    """The text of a mail, which tells of files that could not go out with it; nothing is left out silently."""
    if not left:
        return body
    names = "\n".join(f"・{file.name}（{len(file.content) / _MIB:,.1f} MiB）" for file in left)
    return (
        f"{body.rstrip()}\n\n■ 添付していないファイル\n"
        f"容量の都合により、次のファイルはこのメールに添付しておりません。ログイン後、チケットからご覧ください。\n{names}\n"
    )
