"""Random histories against the simulated vendor: blocks, restores, people's edits there, faults, two workers, kills.

However a history is played: once faults cease and the duties have run out, the vendor's lists hold our active blocks
and other people's entries, and nothing else; at no moment was a foreign entry lost or anything written that nobody
had decided. The vendor's own record is the judge. A configured Django with its tables is needed; rows are rolled back.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from django.db import transaction

from bench.history_ground import LAG, OURS, Killed, open_block
from bench.history_hands import Hands
from bench.history_judge import Wrong, judge, judge_foreign
from bench.simulated_vendor import SITES
from sakimori.blacklist import actions, missing, reach
from sakimori.blacklist.decision import Decision, Outcome
from sakimori.blacklist.duties import apply_blocks, compare_lists
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.reasons import Reason
from sakimori.customers.models import Site
from sakimori.simulators.faults import Fault, FaultKind
from sakimori.simulators.spec import BlacklistMode
from sakimori.simulators.state import milliseconds

_SCOPES = ([], [], [SITES[0]], list(SITES))
_STEPS = 14


def play(seed: int, mode: BlacklistMode) -> int:
    """One history, the same for the same seed. Returns how many calls it cost; `Wrong` if a promise was broken."""
    with _rolled_back():
        history = _History(seed, mode)
        try:
            history.play()
            history.settle()
            judge(history)
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


class _History(Hands):
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
            (3, self.somebody_adds_ours),
            (2, self.widen),
            (3, self.share),
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
            judge_foreign(self)

    # Moves.

    def attack(self) -> None:
        address = self.dice.choice(OURS)
        if not open_block(address):
            self.put(address, BlockState.APPROVED, list(self.dice.choice(_SCOPES)))

    def restore(self) -> None:
        block = open_block(self.dice.choice(OURS))
        if block is not None:
            with suppress(actions.NotPossible):
                actions.request_restore(block, by=self.dana, reason="", now=self.now)

    def share(self) -> None:
        """Somebody has an address on one list, and then we want it on all of its sites, perhaps for a while only."""
        address = self.dice.choice(OURS)
        self.add_by_hand(address)
        if open_block(address) is None:
            self.put(address, BlockState.APPROVED, list(self.dice.choice(([], list(SITES)))))
        self.work()
        block = open_block(address)
        if block is not None and self.dice.random() < 0.6:
            with suppress(actions.NotPossible):
                actions.request_restore(block, by=self.dana, reason="", now=self.now)
            self.work()

    def widen(self) -> None:
        """Another site is attacked from an address that is blocked on one only."""
        block = open_block(self.dice.choice(OURS))
        site = Site.objects.get(vendor_site_id=self.dice.choice(SITES))
        if block is not None and block.state != BlockState.FAILED and not reach.covers(block, site):
            reach.extend(block, site, Decision(Outcome.BLOCK, Reason.ATTACK_BLOCKED), now=self.now)

    def work(self) -> None:
        for _ in range(self.dice.randint(1, 3)):
            self.run(apply_blocks, self.dice.choice(("one", "two")))
            self.now += timedelta(seconds=2)

    def compare(self) -> None:
        self.run(compare_lists, "one")

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
        if self.now - self.edited_at > LAG:
            until = milliseconds(self.now + LAG)
            self.vendor.fault(Fault(FaultKind.STALE, seconds=LAG.total_seconds(), until_ms=until))

    def rush(self) -> None:
        """One after the other comes and goes while reads lag."""
        self.lag()
        for _ in range(3):
            self.dice.choice((self.attack, self.attack, self.restore))()
            self.run(apply_blocks, "one")
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
        raise Killed

    def other_worker(self) -> None:
        self.run(apply_blocks, "three")

    def decide(self) -> None:
        """An analyst decides about what is missing, and about what the vendor did not take."""
        for block in Block.objects.filter(contract=self.contract, missing_since__isnull=False):
            decision = self.dice.choice((missing.put_back, missing.accept_removal))
            decision(block, by=self.dana, now=self.now)
        for block in Block.objects.filter(contract=self.contract, state=BlockState.FAILED):
            answer = self.dice.choice((actions.approve, actions.refuse))
            answer(block, by=self.dana, now=self.now)

    # The end.

    def settle(self) -> None:
        self.vendor.heal()
        for name in self.vendor.names():
            self.vendor.switch(name, enabled=True)
        for _ in range(4):
            self._run_out()
            self.decide()
            if not self.unsettled():
                return

    def _run_out(self) -> None:
        for _ in range(6):
            self.now += timedelta(minutes=11)
            self.run(apply_blocks, "one")
            self.run(compare_lists, "one")
            if not self.unsettled():
                return
