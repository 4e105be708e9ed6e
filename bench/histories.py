"""Random histories against the simulated vendor: blocks, restores, people's edits there, faults, two workers, kills.

However a history is played: once faults cease and the duties have run out, the vendor's lists hold our active blocks
and other people's entries, and nothing else; at no moment was a foreign entry lost or anything written that nobody
had decided. The vendor's own record is the judge. A configured Django with its tables is needed; rows are rolled back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta

from django.db import transaction

from bench.simulated_vendor import SITES, THEIRS, SimulatedVendor, chance_of
from sakimori.accounts.models import SocRole, User
from sakimori.blacklist import actions, missing
from sakimori.blacklist.applying import DUE_STATES
from sakimori.blacklist.duties import apply_blocks, compare_lists
from sakimori.blacklist.lists import ALL_SITES, lists_of, target_of
from sakimori.blacklist.models import CLOSED_STATES, Block, BlockState
from sakimori.customers.models import Contract, Customer, Site, VendorAccount
from sakimori.customers.secrets import give_key
from sakimori.simulators.faults import Fault, FaultKind
from sakimori.simulators.spec import BlacklistMode
from sakimori.simulators.state import milliseconds

START = datetime(2026, 11, 23, 3, tzinfo=UTC)
OURS = ("198.51.100.1", "198.51.100.2", "198.51.100.3", "2001:db8::9", "203.0.113.0/28", "2001:db8:1::/64")
FOREIGN = ("203.0.113.66", "203.0.113.128/25", "203.0.114.1-203.0.114.9", "2001:DB8:0::77")
NEVER = ("192.0.2.77", "192.0.2.78")  # Proposed or refused: nobody has approved these.
_SCOPES = ([], [], [SITES[0]], list(SITES))
_STEPS = 14
_LAG = timedelta(seconds=10)


class Wrong(Exception):
    """A history ended otherwise than it must."""


class _Killed(BaseException):
    """The process ends in the middle of a call."""


def play(seed: int, mode: BlacklistMode) -> int:
    """One history, the same for the same seed. Returns how many calls it cost; `Wrong` if a promise was broken."""
    with _rolled_back():
        history = _History(seed, mode)
        try:
            history.play()
            history.settle()
            history.judge()
            return history.vendor.calls
        except Wrong as error:
            raise Wrong(f"seed {seed}, {mode}: {error}; steps: {history.told}") from error
        finally:
            history.vendor.close()


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class _History:
    def __init__(self, seed: int, mode: BlacklistMode) -> None:
        self.dice, self.mode, self.now = chance_of(seed), mode, START
        self.told: list[str] = []
        self.edited_at = START - _LAG
        self.vendor = SimulatedVendor(mode, self.clock)
        self.client = self.vendor.client()
        self.contract = new_contract()
        self.dana = User.objects.create_user("history-dana", soc_role=SocRole.ANALYST)
        self.foreign: dict[str, set[str]] = {}
        if mode is BlacklistMode.LEGACY:
            self.foreign[str(SITES[0])] = {THEIRS}
        for address, state in zip(NEVER, (BlockState.PROPOSED, BlockState.REFUSED), strict=True):
            self._block(address, state, [])

    def clock(self) -> datetime:
        return self.now

    def play(self) -> None:
        moves: tuple[tuple[int, Callable[[], None]], ...] = (
            (8, self.attack),
            (5, self.restore),
            (8, self.work),
            (3, self.compare),
            (4, self.wait),
            (3, self.go_wrong),
            (2, self.interfere),
            (3, self.somebody_edits),
            (1, self.somebody_meddles),
            (2, self.decide),
            (3, self.rush),
            (2, self.brim),
        )
        names = [move for weight, move in moves for _ in range(weight)]
        for _ in range(_STEPS):
            move = self.dice.choice(names)
            self.told.append(move.__name__)
            move()
            self.check_foreign()

    # Moves.

    def attack(self) -> None:
        address = self.dice.choice(OURS)
        if not _open(address):
            self._block(address, BlockState.APPROVED, list(self.dice.choice(_SCOPES)))

    def restore(self) -> None:
        block = _open(self.dice.choice(OURS))
        if block is not None:
            with suppress(actions.NotPossible):
                actions.request_restore(block, by=self.dana, reason="", now=self.now)

    def work(self) -> None:
        for _ in range(self.dice.randint(1, 3)):
            self._run(apply_blocks, self.dice.choice(("one", "two")))
            self.now += timedelta(seconds=2)

    def compare(self) -> None:
        self._run(compare_lists, "one")

    def wait(self) -> None:
        self.now += timedelta(seconds=self.dice.choice((1, 5, 20, 70, 400)))

    def go_wrong(self) -> None:
        kind = self.dice.choice((*FaultKind, "lost write", "full"))
        calls = self.dice.randint(1, 3)
        if kind == "lost write":
            self.vendor.lost_writes = calls
        elif kind == "full":
            self.vendor.limit(self.dice.choice((1, 2, 1000)))
        elif kind == FaultKind.STALE:
            self.lag()
        elif kind != FaultKind.SLOW:
            seconds = 1 if kind == FaultKind.TOO_MANY else 0
            self.vendor.fault(Fault(FaultKind(kind), calls=calls, seconds=seconds))

    def lag(self) -> None:
        """What decision 3 rests on: no read lags longer than `plan.DOUBT_TIME`, nor behind an edit of somebody else.

        The latter no client of this vendor could see.
        """
        if self.now - self.edited_at > _LAG:
            until = milliseconds(self.now + _LAG)
            self.vendor.fault(Fault(FaultKind.STALE, seconds=_LAG.total_seconds(), until_ms=until))

    def rush(self) -> None:
        """One after the other comes and goes while reads lag."""
        self.lag()
        for _ in range(3):
            self.dice.choice((self.attack, self.attack, self.restore))()
            self._run(apply_blocks, "one")
            self.now += timedelta(seconds=2)

    def brim(self) -> None:
        """Lists of different length that can hold only a little more."""
        self.somebody_edits()
        self.vendor.limit(self.dice.choice((1, 2, 3)))
        for _ in range(3):
            self.attack()
        self.work()

    def interfere(self) -> None:
        """Something happens in the middle of the next call: the other worker, a customer's click, a kill."""
        happening = self.dice.choice((self.kill, self.restore, self.other_worker, self.attack))
        setattr(self.vendor, self.dice.choice(("before", "after")), happening)
        self.told.append(happening.__name__)

    def kill(self) -> None:
        raise _Killed

    def other_worker(self) -> None:
        self._run(apply_blocks, "three")

    def somebody_edits(self) -> None:
        """His own entries come and go; now and then he removes one of ours that stands still."""
        names = self.vendor.names()
        if not names or self._is_lagging():
            return
        self.edited_at = self.now
        name, entry = self.dice.choice(names), self.dice.choice(FOREIGN)
        theirs = self.foreign.setdefault(name, set())
        ours = sorted(self._still() & self.vendor.entries(name))
        if ours and self.dice.random() < 0.4:
            self.vendor.edit(name, remove=(self.dice.choice(ours),))
        elif entry in theirs:
            self.vendor.edit(name, remove=(entry,))
            theirs.discard(entry)
        else:
            self.vendor.edit(name, add=(entry,))
            theirs.add(entry)

    def somebody_meddles(self) -> None:
        """With a policy as a whole."""
        names = self.vendor.names()
        if self.mode is BlacklistMode.LEGACY or not names or self._is_lagging() or self._writing():
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

    def decide(self) -> None:
        """An analyst decides about what is missing."""
        for block in Block.objects.filter(contract=self.contract, missing_since__isnull=False):
            decision = self.dice.choice((missing.put_back, missing.accept_removal))
            decision(block, by=self.dana, now=self.now)

    # The end.

    def settle(self) -> None:
        self.vendor.heal()
        for name in self.vendor.names():
            self.vendor.switch(name, enabled=True)
        for _ in range(4):
            self._run_out()
            self.decide()
            if not self._unsettled():
                return

    def _run_out(self) -> None:
        for _ in range(6):
            self.now += timedelta(minutes=11)
            self._run(apply_blocks, "one")
            self._run(compare_lists, "one")
            if not self._unsettled():
                return

    def judge(self) -> None:
        _insist(not self._unsettled(), list(self._open_rows().values_list("address", "state", "last_error")))
        _insist(not self._open_rows().filter(missing_since__isnull=False).exists(), "something is missing still")
        wanted = self._wanted()
        for name in {*self.vendor.names(), *wanted}:
            expected = wanted.get(name, set()) | self.foreign.get(name, set())
            _insist(self.vendor.entries(name) == expected, (name, self.vendor.entries(name), expected))
        self._judge_force()
        self._judge_record()

    def _judge_force(self) -> None:
        """What is active is in force: on every site that it holds for, by the vendor's own word."""
        for block in self._open_rows().filter(state=BlockState.ACTIVE):
            for number in lists_of(block):
                target = target_of(self.contract, number)
                _insist(block.address in self.client.read_blacklist(target).everywhere, f"{block} is not in force")

    def _wanted(self) -> dict[str, set[str]]:
        wanted: dict[str, set[str]] = {}
        for block in self._open_rows().filter(state=BlockState.ACTIVE):
            for number in lists_of(block):
                for name in self._names(number):
                    wanted.setdefault(name, set()).add(block.address)
        return wanted

    def _names(self, number: int) -> list[str]:
        if self.mode is BlacklistMode.LEGACY:
            return [str(site) for site in SITES if number in (ALL_SITES, site)]
        return [f"Sakimori {self.contract.number}" + (f" {number}" if number else "")]

    def _judge_record(self) -> None:
        """What the vendor has written down of us."""
        for entry in self.vendor.our_calls():
            put_on_site = entry.method == "PUT" and "/assets/" in entry.path
            _insist(not put_on_site, "PUT takes a site's other policies off")
            for change in entry.changes:
                if change.subject.startswith("applied/"):
                    _insist(not change.removed, f"{change.removed} was taken off a site")
                    continue
                touched = {*change.added, *change.removed} - {"192.0.2.1"}
                _insist(touched <= set(OURS), f"{touched} was written")
        if self.mode is BlacklistMode.POLICY:
            theirs = "Customer blocklist" in self.vendor.policies_on(SITES[0])
            _insist(theirs, "the customer's own policy is gone")

    def check_foreign(self) -> None:
        for name, entries in self.foreign.items():
            lost = entries - self.vendor.entries(name)
            _insist(not lost, f"lost of {name}: {lost}")

    # Rows.

    def _block(self, address: str, state: BlockState, sites: list[int]) -> None:
        Block.objects.create(
            contract=self.contract,
            address=address,
            state=state,
            only_sites=sites,
            reason="attack_blocked",
            proposed_at=self.now,
            next_try_at=self.now,
        )

    def _open_rows(self):  # type: ignore[no-untyped-def]
        return Block.objects.filter(contract=self.contract).exclude(state__in=(*CLOSED_STATES, BlockState.PROPOSED))

    def _unsettled(self) -> bool:
        return bool(self._open_rows().filter(state__in=DUE_STATES).exists())

    def _writing(self) -> bool:
        return bool(self._open_rows().filter(state__in=DUE_STATES, written_at__isnull=False).exists())

    def _still(self) -> set[str]:
        """Addresses of active blocks whose last write is long ago."""
        rows = self._open_rows().filter(state=BlockState.ACTIVE, written_at__lt=self.now - timedelta(seconds=60))
        return set(rows.values_list("address", flat=True))

    def _is_lagging(self) -> bool:
        rows = self.vendor.state.rows("SELECT until_ms FROM fault WHERE kind = 'stale'")
        return any(row["until_ms"] >= milliseconds(self.now) for row in rows)

    def _run(self, duty: Callable[..., int], worker: str) -> None:
        try:
            duty(open_vendor=lambda _: self.client, worker=worker, clock=self.clock)
        except _Killed:
            # Whoever was killed has kept his claim; sometimes a restart frees it at once.
            held = self.dice.random() < 0.5
            until = self.now + timedelta(minutes=5) if held else None
            VendorAccount.objects.update(claimed_by="dead" if held else "", claimed_until=until)


def new_contract() -> Contract:
    """A customer of these histories, with two sites and an account at the vendor."""
    customer = Customer(number="C-H", name="歴史株式会社", created_at=START)
    give_key(customer)
    customer.save()
    contract = Contract.objects.create(customer=customer, number="K-H-001", starts_on=date(2026, 4, 1))
    for site in SITES:
        Site.objects.create(contract=contract, domain=f"www{site}.example.jp", vendor_site_id=site)
    VendorAccount.objects.create(contract=contract, api_id="1", sealed_api_key="x")
    return contract


def _open(address: str) -> Block | None:
    return Block.objects.filter(address=address).exclude(state__in=CLOSED_STATES).first()


def _insist(promise: bool, words: object) -> None:  # noqa: FBT001 - reads like an assertion
    if not promise:
        raise Wrong(str(words))
