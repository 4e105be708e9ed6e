"""A small IMAP4rev1 server on loopback for tests: one folder, what a client needs to fetch, and how it can fail."""

import asyncio
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sakimori.simulators.loop_thread import LoopThread


@dataclass
class ImapServer:
    """mails: by number. refuse: commands that are answered NO. hang_up_at: a command that ends the connection."""

    mails: dict[int, bytes] = field(default_factory=dict)
    password: str = "secret"
    uid_validity: int = 1
    seen: set[int] = field(default_factory=set)
    moved: dict[int, str] = field(default_factory=dict)
    claimed_size: int = 0
    refuse: str = ""
    hang_up_at: str = ""
    commands: list[str] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        writer.write(b"* OK ready\r\n")
        try:
            while line := (await reader.readline()).decode():
                tag, _, command = line.strip().partition(" ")
                self.commands.append(command)
                if self.hang_up_at and self.hang_up_at in command:
                    break
                if self.refuse and self.refuse in command:
                    writer.write(f"{tag} NO not now\r\n".encode())
                else:
                    writer.write(self._answer(command) + f"{tag} {self._end(command)}\r\n".encode())
                await writer.drain()
                if command == "LOGOUT":
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _end(self, command: str) -> str:
        wrong = command.startswith("LOGIN") and self.password not in command
        return "NO [AUTHENTICATIONFAILED] wrong" if wrong else "OK done"

    def _answer(self, command: str) -> bytes:
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1 MOVE UIDPLUS\r\n"
        if command == "LOGOUT":
            return b"* BYE\r\n"
        if command.startswith("SELECT"):
            return f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.uid_validity}] valid\r\n".encode()
        if found := re.match(r"UID SEARCH .*?UID (\d+):\*", command):
            last = max(self.mails, default=0)
            uids = [uid for uid in self.mails if uid >= int(found[1]) or uid == last]
            return f"* SEARCH {' '.join(map(str, uids))}\r\n".encode()
        if found := re.match(r"UID FETCH (\d+) \((.*)\)", command):
            return self._fetched(int(found[1]), found[2])
        if found := re.match(r"UID STORE (\d+) \+FLAGS", command):
            self.seen.add(int(found[1]))
        if found := re.match(r'UID MOVE (\d+) "?([^"]*)"?', command):
            self.moved[int(found[1])] = found[2]
            del self.mails[int(found[1])]
        return b""

    def _fetched(self, uid: int, wanted: str) -> bytes:
        raw = self.mails.get(uid)
        if raw is None:
            return b""
        if wanted == "RFC822.SIZE":
            return f"* 1 FETCH (UID {uid} RFC822.SIZE {self.claimed_size or len(raw)})\r\n".encode()
        part = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in wanted else raw
        name = wanted.replace(".PEEK", "")
        return f"* 1 FETCH (UID {uid} {name} {{{len(part)}}}\r\n".encode() + part + b")\r\n"


@contextmanager
def open_server(server: ImapServer, *, tls: ssl.SSLContext | None = None) -> Iterator[ImapServer]:
    """The server listens on a free port while the context lasts."""

    async def serve(ready: Callable[[], None], stop: asyncio.Event) -> None:
        made = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        server.port = made.sockets[0].getsockname()[1]
        async with made:
            ready()
            await stop.wait()

    thread = LoopThread(serve)
    thread.start()
    try:
        yield server
    finally:
        thread.stop()
