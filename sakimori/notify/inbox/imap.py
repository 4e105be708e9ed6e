"""A mailbox read by IMAP behind TLS: which mails are new, what they are, and that they are seen. Nothing is deleted."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError

_CONNECT_SECONDS = 10
_READ_SECONDS = 30
_TROUBLES = (IMAPClientError, OSError, ValueError, KeyError, TypeError, AttributeError, UnicodeError)


class InboxTrouble(Exception):
    """The mailbox cannot be read now; the text is for the operator and names no password."""


@dataclass(frozen=True, slots=True)
class InboxAddress:
    """Where a mailbox is. url: imaps://user@host/folder, or imap+plain:// to this machine. move_to: empty: stay."""

    url: str
    password: str
    move_to: str = ""


class Inbox(Protocol):
    """An open mailbox. Every method raises InboxTrouble."""

    @property
    def uid_validity(self) -> int:
        """Changes when the server counts its mails anew."""

    def uids_after(self, last: int, *, since: date | None) -> list[int]:
        """Numbers of the mails above `last`, in order; only those that came on or after `since`, if it is given."""

    def size(self, uid: int) -> int:
        """Bytes of a mail; 0 if it is gone."""

    def head(self, uid: int) -> bytes:
        """Only its headers."""

    def mail(self, uid: int) -> bytes:
        """The whole mail."""

    def done(self, uid: int) -> None:
        """Mark it as seen, and move it where a folder is given for that."""


@contextmanager
def open_inbox(address: InboxAddress, *, trust: ssl.SSLContext | None = None) -> Iterator[Inbox]:
    """The mailbox, while the context lasts. Raises InboxTrouble."""
    parts = urlsplit(address.url)
    secure = parts.scheme == "imaps"
    with _told():
        client = IMAPClient(
            parts.hostname,
            port=parts.port or (993 if secure else 143),
            ssl=secure,
            ssl_context=(trust or ssl.create_default_context()) if secure else None,
            timeout=SocketTimeout(_CONNECT_SECONDS, _READ_SECONDS),
            use_uid=True,
        )
    try:
        with _told():
            client.login(unquote(parts.username or ""), address.password or unquote(parts.password or ""))
            chosen = client.select_folder(unquote(parts.path.strip("/")) or "INBOX")
            found = _ImapInbox(client, int(chosen[b"UIDVALIDITY"]), address.move_to)
        yield found
    finally:
        with suppress(*_TROUBLES):
            client.logout()
        with suppress(*_TROUBLES):
            client.shutdown()


class _ImapInbox:
    def __init__(self, client: Any, uid_validity: int, move_to: str) -> None:
        self._client = client
        self._move_to = move_to
        self.uid_validity = uid_validity

    def uids_after(self, last: int, *, since: date | None) -> list[int]:
        """See `Inbox.uids_after`. A server answers `n:*` with its last mail even if that is older."""
        wanted: list[Any] = ["UID", f"{last + 1}:*"]
        if since is not None:
            wanted += ["SINCE", since]
        with _told():
            return sorted(uid for uid in self._client.search(wanted) if uid > last)

    def size(self, uid: int) -> int:
        """See `Inbox.size`."""
        return int(self._field(uid, "RFC822.SIZE") or 0)

    def head(self, uid: int) -> bytes:
        """See `Inbox.head`."""
        return bytes(self._field(uid, "BODY.PEEK[HEADER]", b"BODY[HEADER]") or b"")

    def mail(self, uid: int) -> bytes:
        """See `Inbox.mail`."""
        return bytes(self._field(uid, "BODY.PEEK[]", b"BODY[]") or b"")

    def done(self, uid: int) -> None:
        """See `Inbox.done`."""
        with _told():
            self._client.add_flags([uid], [rb"\Seen"])
            if self._move_to and self._client.has_capability("MOVE"):
                self._client.move([uid], self._move_to)

    def _field(self, uid: int, wanted: str, name: bytes | None = None) -> Any:
        with _told():
            return self._client.fetch([uid], [wanted]).get(uid, {}).get(name or wanted.encode())


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except _TROUBLES as error:
        raise InboxTrouble(f"{type(error).__name__}: {error}"[:300]) from error
