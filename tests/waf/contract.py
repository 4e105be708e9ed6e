"""What every `WafVendor` and `WafLogs` must do, whoever implements it. Subclasses provide `make_world`."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sakimori.waf.interface import (
    BlacklistView,
    BlockTarget,
    WafDoubtful,
    WafError,
    WafFull,
    WafLogs,
    WafMissing,
    WafRefused,
    WafUnauthorised,
    WafUnavailable,
    WafVendor,
)

NONE: frozenset[str] = frozenset()
FOREIGN = ("203.0.113.0/25", "198.51.100.7", "198.51.100.20-198.51.100.29", "2001:DB8::A", "198.51.100.99")
NET, NET6 = "203.0.113.0/24", "2001:db8:1::/64"
A, B, C = "192.0.2.11", "192.0.2.12", "2001:db8::c"


class Trouble(StrEnum):
    UNAVAILABLE = "unavailable"
    UNAUTHORISED = "unauthorised"
    LOST_ANSWER = "the write is carried out, the answer lost"


class World(Protocol):
    """A vendor together with what only its owner could do or see."""

    vendor: WafVendor
    target: BlockTarget

    def edit(self, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Somebody else changes the list; where there is none yet, he makes one for the whole target."""

    def entries(self) -> list[list[str]]:
        """The raw entries of each list that there is."""

    def writes(self) -> int:
        """How many writing calls have been carried out, by us."""

    def trouble(self, kind: Trouble) -> None:
        """The next call (the next write, for a lost answer) meets it, as often as we insist."""

    def peace(self) -> None:
        """No more trouble."""


def add(world: World, *addresses: str) -> None:
    world.vendor.change_blacklist(world.target, add=frozenset(addresses), remove=NONE)


def remove(world: World, *addresses: str) -> None:
    world.vendor.change_blacklist(world.target, add=NONE, remove=frozenset(addresses))


def view(world: World) -> BlacklistView:
    return world.vendor.read_blacklist(world.target)


class BlacklistContract:
    capacity = 1500
    examples = 30

    def make_world(self) -> World:
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> World:
        return self.make_world()

    def test_a_list_that_does_not_exist_yet_is_empty(self, world: World) -> None:
        assert view(world) == BlacklistView(everywhere=NONE, somewhere=NONE)
        assert world.writes() == 0

    def test_lists_that_are_read_together_say_what_each_says_alone(self, world: World) -> None:
        add(world, A, C)
        other = BlockTarget(policy_name="another", site_ids=world.target.site_ids[:1])
        alone = [world.vendor.read_blacklist(target) for target in (world.target, other)]
        assert world.vendor.read_blacklists([world.target, other]) == alone

    def test_an_added_address_is_blocked_everywhere(self, world: World) -> None:
        add(world, A, C)
        assert view(world) == BlacklistView(everywhere=frozenset({A, C}), somewhere=frozenset({A, C}))

    def test_what_is_there_already_is_not_written_again(self, world: World) -> None:
        add(world, A)
        before = world.writes()
        add(world, A)
        assert world.writes() == before

    def test_what_is_gone_already_is_not_written_again(self, world: World) -> None:
        remove(world, A)
        add(world, B)
        before = world.writes()
        remove(world, A)
        assert world.writes() == before
        assert view(world).everywhere == {B}

    def test_nothing_to_remove_makes_no_list(self, world: World) -> None:
        remove(world, A)
        assert (world.entries(), world.writes()) == ([], 0)

    def test_an_empty_change_asks_and_writes_nothing(self, world: World) -> None:
        world.vendor.change_blacklist(world.target, add=NONE, remove=NONE)
        assert world.writes() == 0

    def test_adding_and_removing_go_together(self, world: World) -> None:
        add(world, A, B)
        world.vendor.change_blacklist(world.target, add=frozenset({C}), remove=frozenset({A}))
        assert view(world).everywhere == {B, C}

    def test_the_same_address_cannot_come_and_go(self, world: World) -> None:
        with pytest.raises(WafRefused):
            world.vendor.change_blacklist(world.target, add=frozenset({A}), remove=frozenset({A}))
        assert world.writes() == 0

    def test_foreign_entries_keep_their_order_and_spelling(self, world: World) -> None:
        world.edit(add=FOREIGN)
        add(world, A)
        add(world, B)
        remove(world, A)
        assert world.entries()
        assert all(tuple(entries) == (*FOREIGN, B) for entries in world.entries())

    def test_edits_between_our_calls_are_kept(self, world: World) -> None:
        add(world, A)
        view(world)
        world.edit(add=["198.51.100.8"])
        add(world, B)
        world.edit(add=["203.0.113.0/28"], remove=["198.51.100.8"])
        remove(world, A)
        assert all(sorted(entries) == sorted([B, "203.0.113.0/28"]) for entries in world.entries())

    def test_an_address_that_somebody_else_removed_comes_back_when_it_is_added(self, world: World) -> None:
        add(world, A, B)
        world.edit(remove=[A])
        assert view(world).somewhere == {B}
        add(world, A)
        assert view(world).everywhere == {A, B}

    def test_addresses_and_networks_are_reported_in_canonical_form_and_the_rest_as_it_is_spelt(
        self, world: World
    ) -> None:
        world.edit(add=FOREIGN)
        assert view(world).somewhere == {"203.0.113.0/25", "198.51.100.7", "2001:db8::a", "198.51.100.99"}
        assert view(world).condition.others == {"198.51.100.20-198.51.100.29"}
        assert view(world).condition.entries == len(FOREIGN)

    def test_a_network_of_one_address_is_that_address(self, world: World) -> None:
        world.edit(add=["198.51.100.7/32", "203.0.113.0/31"])
        add(world, "198.51.100.7")
        assert view(world).everywhere == {"198.51.100.7", "203.0.113.0/31"}
        assert all(entries == ["198.51.100.7/32", "203.0.113.0/31"] for entries in world.entries())

    def test_networks_are_entries_like_addresses(self, world: World) -> None:
        add(world, NET, NET6, A)
        assert view(world).everywhere == {NET, NET6, A}
        before = world.writes()
        add(world, NET, "2001:DB8:1:0::/64")
        assert world.writes() == before
        remove(world, NET)
        assert view(world).everywhere == {NET6, A}

    def test_a_network_that_somebody_spelt_otherwise_is_the_same(self, world: World) -> None:
        world.edit(add=["203.0.113.0-203.0.113.255", "2001:DB8:1::/64"])
        add(world, NET, NET6)
        assert view(world).everywhere == {NET, NET6}
        assert all(entries == ["203.0.113.0-203.0.113.255", "2001:DB8:1::/64"] for entries in world.entries())
        remove(world, NET, NET6)
        assert view(world).somewhere == NONE

    def test_spelling_does_not_matter(self, world: World) -> None:
        world.edit(add=["2001:DB8:0:0::0A"])
        add(world, "2001:db8::a")
        assert all(entries == ["2001:DB8:0:0::0A"] for entries in world.entries())
        remove(world, "2001:db8:0::A")
        assert view(world).somewhere == NONE

    def test_emptying_the_list_and_filling_it_again(self, world: World) -> None:
        add(world, A)
        remove(world, A)
        assert view(world) == BlacklistView(everywhere=NONE, somewhere=NONE)
        add(world, B)
        assert view(world).somewhere == {B}
        assert all(entries == [B] for entries in world.entries())

    @pytest.mark.parametrize("wrong", ["", "nonsense", "192.0.2.0/33", "192.0.2.1-192.0.2.9", "fe80::1%eth0"])
    def test_what_is_no_address_or_network_is_refused_before_anything_is_written(
        self, world: World, wrong: str
    ) -> None:
        with pytest.raises(WafRefused):
            add(world, A, wrong)
        assert (world.entries(), world.writes()) == ([], 0)

    def test_a_site_that_joined_later_is_covered_by_the_next_addition(self, world: World) -> None:
        first, *_ = world.target.site_ids
        smaller = BlockTarget(policy_name=world.target.policy_name, site_ids=(first,))
        world.vendor.change_blacklist(smaller, add=frozenset({A}), remove=NONE)
        assert world.vendor.read_blacklist(smaller).everywhere == {A}
        assert view(world) == BlacklistView(everywhere=NONE, somewhere=frozenset({A}))
        add(world, A)
        assert view(world).everywhere == {A}

    def test_a_site_that_joined_later_is_covered_without_touching_the_list(self, world: World) -> None:
        first, second = world.target.site_ids
        smaller = BlockTarget(policy_name=world.target.policy_name, site_ids=(first,))
        world.vendor.change_blacklist(smaller, add=frozenset({A}), remove=NONE)
        lacking = view(world).condition.unapplied
        before = world.entries()
        assert tuple(world.vendor.cover_sites(world.target)) == lacking
        assert world.entries() == before
        assert view(world).condition.unapplied == ()
        if lacking:
            assert (lacking, view(world).everywhere) == ((second,), {A})

    def test_where_there_is_no_list_no_site_is_covered(self, world: World) -> None:
        assert tuple(world.vendor.cover_sites(world.target)) == ()
        assert (world.entries(), world.writes()) == ([], 0)

    def test_without_sites_nothing_is_blocked_everywhere(self, world: World) -> None:
        add(world, A)
        nowhere = BlockTarget(policy_name=world.target.policy_name, site_ids=())
        assert world.vendor.read_blacklist(nowhere).everywhere == NONE

    def test_a_thousand_addresses(self, world: World) -> None:
        many = {f"198.51.{n // 250}.{n % 250}" for n in range(1000)}
        world.edit(add=["203.0.113.1-203.0.113.9"])
        add(world, *many)
        assert view(world).everywhere == many
        remove(world, *many)
        assert all(entries == ["203.0.113.1-203.0.113.9"] for entries in world.entries())

    def test_a_full_list_is_refused_and_stays_as_it_is(self, world: World) -> None:
        add(world, A)
        with pytest.raises(WafFull):
            add(world, *(f"198.51.{n // 250}.{n % 250}" for n in range(self.capacity)))
        assert view(world).somewhere == {A}

    @pytest.mark.parametrize(
        ("kind", "error"), [(Trouble.UNAVAILABLE, WafUnavailable), (Trouble.UNAUTHORISED, WafUnauthorised)]
    )
    def test_trouble_has_a_name_and_passes(self, world: World, kind: Trouble, error: type[WafError]) -> None:
        world.trouble(kind)
        for ask in (world.vendor.account, world.vendor.sites, lambda: view(world)):
            with pytest.raises(error):
                ask()
        with pytest.raises((error, WafDoubtful)):
            add(world, A)
        world.peace()
        assert view(world).somewhere == NONE
        add(world, A)
        assert view(world).everywhere == {A}

    def test_a_lost_answer_is_doubtful_and_reading_back_tells(self, world: World) -> None:
        add(world, B)
        world.trouble(Trouble.LOST_ANSWER)
        with pytest.raises(WafDoubtful):
            add(world, A)
        world.peace()
        assert view(world).somewhere == {A, B}
        add(world, A)
        assert view(world).everywhere == {A, B}

    def test_a_lost_answer_on_the_very_first_write(self, world: World) -> None:
        world.trouble(Trouble.LOST_ANSWER)
        with pytest.raises(WafDoubtful):
            add(world, A)
        world.peace()
        add(world, A)
        assert view(world).everywhere == {A}
        assert all(entries == [A] for entries in world.entries())

    def test_random_histories_never_lose_a_foreign_entry(self) -> None:
        ours = st.frozensets(st.sampled_from([A, B, C, "192.0.2.13", "2001:db8:1::1"]), max_size=3)
        foreign = st.sampled_from(FOREIGN)
        step = st.one_of(
            st.tuples(st.sampled_from(["add", "remove"]), ours),
            st.tuples(st.sampled_from(["comes", "goes"]), foreign),
            st.just(("lost answer", None)),
        )

        @settings(max_examples=self.examples, database=None)
        @given(st.lists(step, max_size=12))
        def history(steps: list) -> None:
            check_history(self.make_world(), steps)

        history()


def check_history(world: World, steps: list) -> None:
    """Play the steps; the model is two sets, ours and theirs."""
    mine: set[str] = set()
    theirs: set[str] = set()
    for what, arg in steps:
        if what == "comes" and arg not in theirs:
            world.edit(add=[arg])
            theirs.add(arg)
        elif what == "goes" and arg in theirs:
            world.edit(remove=[arg])
            theirs.discard(arg)
        elif what == "add":
            insist(world, add=arg, remove=NONE)
            mine |= arg
        elif what == "remove":
            insist(world, add=NONE, remove=arg)
            mine -= arg
        elif what == "lost answer":
            world.trouble(Trouble.LOST_ANSWER)
        for entries in world.entries():
            assert theirs <= set(entries), (what, arg)
    world.peace()
    singles = {
        "203.0.113.0/25": "203.0.113.0/25",
        "198.51.100.7": "198.51.100.7",
        "2001:DB8::A": "2001:db8::a",
        "198.51.100.99": "198.51.100.99",
    }
    assert view(world).somewhere == mine | {singles[e] for e in theirs if e in singles}


def insist(world: World, *, add: frozenset[str], remove: frozenset[str]) -> None:
    """What a caller does after a doubtful write: the call reads before it writes, so it may simply come again."""
    for _ in range(10):
        try:
            world.vendor.change_blacklist(world.target, add=add, remove=remove)
        except WafDoubtful:
            world.peace()
        else:
            return
    raise AssertionError("the trouble never ended")


class LogWorld(Protocol):
    logs: WafLogs

    def put(self, name: str, body: bytes) -> None:
        """A file appears at the vendor's."""

    def drop(self, name: str) -> None:
        """A file passes its keeping time; the index still names it for a while, or not."""


class LogsContract:
    first, second = "31_1.log", "31_2.log"
    body = b"accountId:31\n|==|\n" + bytes(range(256)) * 700

    def make_log_world(self) -> LogWorld:
        raise NotImplementedError

    @pytest.fixture
    def world(self) -> LogWorld:
        return self.make_log_world()

    def test_before_the_first_file_the_index_is_missing(self, world: LogWorld) -> None:
        with pytest.raises(WafMissing):
            world.logs.log_index()

    def test_the_index_names_files_oldest_first(self, world: LogWorld) -> None:
        world.put(self.first, self.body)
        world.put(self.second, b"x")
        assert list(world.logs.log_index()) == [self.first, self.second]

    def test_a_file_comes_as_it_is(self, world: LogWorld) -> None:
        world.put(self.first, self.body)
        with world.logs.read_log(self.first) as chunks:
            assert b"".join(chunks) == self.body

    def test_a_file_that_is_gone_is_missing(self, world: LogWorld) -> None:
        world.put(self.first, self.body)
        world.drop(self.first)
        with pytest.raises(WafMissing), world.logs.read_log(self.first):
            pass
