"""The drop folder: a folder per contract, into which an SFTP server, or anybody else, writes log files.

The contract comes from the folder, which is named by its number: whoever runs the SFTP server gives each customer his
own. A file that was taken is removed from the folder; it lies in the spool and in the ledger by then.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sakimori.customers.models import Contract
from sakimori.customers.queries import running_contracts
from sakimori.lib.jst import day_of
from sakimori.logs.models import DoorState
from sakimori.logs.receive import accept as accepting
from sakimori.logs.receive.door_state import in_words, note, states_of
from sakimori.logs.receive.folder import Changing, Folder, Found, Unreadable
from sakimori.logs.spool import Spool, TooLarge

DOOR = "drop"
_NOTED_EVERY = timedelta(minutes=1)


@dataclass
class DropFolders:
    """All contracts' folders under one root. `quiet`: a file that did not change for so long is complete."""

    root: Path
    spool: Spool
    clock: Callable[[], datetime]
    quiet: timedelta
    _folders: dict[str, Folder] = field(default_factory=dict)

    def take(self) -> int:
        """Take every complete file of every contract that runs. Returns how many. One's trouble stops no other."""
        contracts = [row for row in running_contracts(day_of(self.clock())) if self._has_folder(row)]
        states = states_of(contracts, DOOR, now=self.clock()) if contracts else {}
        return sum(self._take(contract, states[contract.pk]) for contract in contracts)

    def _has_folder(self, contract: Contract) -> bool:
        return is_folder_name(contract.number) and (self.root / contract.number).exists()

    def _take(self, contract: Contract, state: DoorState) -> int:
        folder = self._folders.setdefault(contract.number, Folder(self.root / contract.number))
        taken, error, left_out = 0, "", _LeftOut()
        try:
            for file in folder.complete(now=self.clock(), pause=self.quiet):
                taken += self._take_file(contract, folder, file, left_out)
        except Unreadable:
            error = "フォルダを開けません。"
        except OSError as raised:
            error = f"{type(raised).__name__}: {raised}"
        self._note(state, taken, error, left_out.sentence())
        return taken

    def _take_file(self, contract: Contract, folder: Folder, file: Found, left_out: "_LeftOut") -> int:
        if file.look.size_bytes > accepting.LIMIT_BYTES:
            left_out.too_large.append(file.name)
            return 0
        try:
            with folder.taken(file) as chunks:
                accepting.accept(
                    chunks, contract=contract, door=DOOR, name=file.name, spool=self.spool, now=self.clock()
                )
        except (Changing, TooLarge):
            return 0  # It was not complete after all; the next looks see it again.
        except Unreadable:
            left_out.unreadable.append(file.name)
            return 0
        return 1

    def _note(self, state: DoorState, taken: int, error: str, left_out: str) -> None:
        """Looks are frequent, so a row is written when there is something to say, and once a minute."""
        last, is_news = state.last_success_at, taken or error or state.last_error or left_out != state.left_out
        if is_news or last is None or self.clock() - last >= _NOTED_EVERY:
            note(
                state,
                taken=taken,
                error=error,
                clock=self.clock,
                pause=self.quiet,
                left_out=None if error else left_out,
            )


@dataclass
class _LeftOut:
    """What could not be taken, by name. It keeps no other file out."""

    unreadable: list[str] = field(default_factory=list)
    too_large: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """Empty if all is well."""
        return in_words(
            {
                "ファイルを読み取れないか、移動できません": self.unreadable,
                "ファイルが大きすぎます": self.too_large,
            }
        )


def is_folder_name(number: str) -> bool:
    """Whether a contract's number can name a folder, and no other place."""
    return bool(number) and not number.startswith(".") and "/" not in number and number.isprintable()
