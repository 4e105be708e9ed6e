"""Other people's hands at the vendor's console, in a random history: single entries, and policies as a whole."""

from datetime import timedelta

from bench.history_ground import OURS, Ground, open_block
from bench.simulated_vendor import SITES
from sakimori.blacklist.lists import lists_of
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.standing import DUE_STATES
from sakimori.simulators.spec import BlacklistMode

FOREIGN = ("203.0.113.66", "203.0.113.128/25", "203.0.114.1-203.0.114.9", "2001:DB8:0::77")


class Hands(Ground):
    """What somebody does to lists that there are. He never knows of us, and nothing of his may be lost."""

    def somebody_edits(self) -> None:
        """His own entries come and go; now and then he removes one of ours that stands still."""
        names = self.vendor.names()
        if not names or self.is_lagging():
            return
        self.edited_at = self.now
        name, entry = self.dice.choice(names), self.dice.choice(FOREIGN)
        theirs = self.foreign.setdefault(name, set())
        ours = sorted(self._still() & self.vendor.entries(name) - theirs)
        if ours and self.dice.random() < 0.4:
            self.vendor.edit(name, remove=(self.dice.choice(ours),))
        elif entry in theirs:
            self.vendor.edit(name, remove=(entry,))
            theirs.discard(entry)
        else:
            self.vendor.edit(name, add=(entry,))
            theirs.add(entry)

    def somebody_adds_ours(self) -> None:
        """He puts one of our addresses on one list, or takes his off again."""
        mine = sorted((name, address) for name, entries in self.foreign.items() for address in entries & {*OURS})
        if mine and self.dice.random() < 0.4 and not self.is_lagging():
            name, address = self.dice.choice(mine)
            self.edited_at = self.now
            self.vendor.edit(name, remove=(address,))
            self.foreign[name].discard(address)
        else:
            self.add_by_hand(self.dice.choice(OURS))

    def add_by_hand(self, address: str) -> None:
        """Where it is not ours nor about to be."""
        names = self.vendor.names()
        if not names or self.is_lagging():
            return
        name = self.dice.choice(names)
        theirs = self.foreign.setdefault(name, set())
        if address not in self.vendor.entries(name) and not self._may_be_ours(address, name):
            self.edited_at = self.now
            self.vendor.edit(name, add=(address,))
            theirs.add(address)

    def somebody_meddles(self) -> None:
        """With a policy as a whole."""
        names = self.vendor.names()
        if self.mode is BlacklistMode.LEGACY or not names or self.is_lagging() or self._writing():
            return
        self.edited_at = self.now
        name = self.dice.choice(names)
        match self.dice.choice(("off", "on", "delete", "take off")):
            case "off":
                self.vendor.switch(name, enabled=False)
            case "on":
                self.vendor.switch(name, enabled=True)
            case "delete":
                self.vendor.delete(name)
                self.foreign.pop(name, None)
            case _:
                self.vendor.take_off(name, SITES[0])

    def _still(self) -> set[str]:
        """Addresses of active blocks whose last write is long ago."""
        rows = self.open_rows().filter(state=BlockState.ACTIVE, written_at__lt=self.now - timedelta(seconds=60))
        return set(rows.values_list("address", flat=True))

    def _writing(self) -> bool:
        return bool(self.open_rows().filter(state__in=DUE_STATES, written_at__isnull=False).exists())

    def _may_be_ours(self, address: str, name: str) -> bool:
        """No client of this vendor could tell an entry of ours, whose fate is open, from the same of somebody else."""
        block = open_block(address)
        if block is None or block.state == BlockState.PROPOSED:
            return False
        under_way = block.state in DUE_STATES and block.written_at is not None
        return under_way or name in self._names_of_block(block)

    def _names_of_block(self, block: Block) -> set[str]:
        noted = block.ours_on or []
        numbers = {*lists_of(block), *noted} if block.state == BlockState.ACTIVE else set(noted)
        return {name for number in numbers for name in self.names_of(number)}
