"""How a random history is judged in the end, with the vendor's own record as the witness."""

from bench.history_ground import OURS, Ground
from bench.simulated_vendor import SITES
from sakimori.blacklist.lists import lists_of, target_of
from sakimori.blacklist.models import BlockState
from sakimori.simulators.spec import BlacklistMode


class Wrong(Exception):
    """A history ended otherwise than it must."""


def judge(ground: Ground) -> None:
    """The lists hold our active blocks and other people's entries, all of it in force; else `Wrong`."""
    insist(not ground.unsettled(), list(ground.open_rows().values_list("address", "state", "last_error")))
    insist(not ground.open_rows().filter(missing_since__isnull=False).exists(), "something is missing still")
    wanted = _wanted(ground)
    for name in {*ground.vendor.names(), *wanted}:
        expected = wanted.get(name, set()) | ground.foreign.get(name, set())
        insist(ground.vendor.entries(name) == expected, (name, ground.vendor.entries(name), expected))
    _judge_force(ground)
    _judge_record(ground)


def judge_foreign(ground: Ground) -> None:
    """Nothing of anybody else is lost at this moment."""
    for name, entries in ground.foreign.items():
        lost = entries - ground.vendor.entries(name)
        insist(not lost, f"lost of {name}: {lost}")


def insist(promise: bool, words: object) -> None:  # noqa: FBT001 - reads like an assertion
    """Raise `Wrong` with these words unless it is so."""
    if not promise:
        raise Wrong(str(words))


def _judge_force(ground: Ground) -> None:
    """What is active is in force: on every site that it holds for, by the vendor's own word."""
    for block in ground.open_rows().filter(state=BlockState.ACTIVE):
        for number in lists_of(block):
            target = target_of(ground.contract, number)
            insist(block.address in ground.client.read_blacklist(target).everywhere, f"{block} is not in force")


def _wanted(ground: Ground) -> dict[str, set[str]]:
    wanted: dict[str, set[str]] = {}
    for block in ground.open_rows().filter(state=BlockState.ACTIVE):
        for number in lists_of(block):
            for name in ground.names_of(number):
                wanted.setdefault(name, set()).add(block.address)
    return wanted


def _judge_record(ground: Ground) -> None:
    """What the vendor has written down of us."""
    for entry in ground.vendor.our_calls():
        put_on_site = entry.method == "PUT" and "/assets/" in entry.path
        insist(not put_on_site, "PUT takes a site's other policies off")
        for change in entry.changes:
            if change.subject.startswith("applied/"):
                insist(not change.removed, f"{change.removed} was taken off a site")
                continue
            touched = {*change.added, *change.removed} - {"192.0.2.1"}
            insist(touched <= set(OURS), f"{touched} was written")
    if ground.mode is BlacklistMode.POLICY:
        theirs = "Customer blocklist" in ground.vendor.policies_on(SITES[0])
        insist(theirs, "the customer's own policy is gone")
