"""The comparison itself: a table of lists and what they mean; and an older account, list by list of each site."""

import pytest

from bench.simulated_vendor import SITES, THEIRS, SimulatedVendor
from sakimori.blacklist.drift import Comparison, Held, compare
from sakimori.blacklist.models import Block, ListCheck
from sakimori.customers.models import AuditEntry, Site
from sakimori.notify.models import Alarm
from sakimori.simulators.spec import BlacklistMode
from sakimori.waf.interface import BlacklistView, ListCondition, ListState
from tests.blacklist.desk import Desk
from tests.people import make_people

A, B, C = "198.51.100.1", "198.51.100.2", "203.0.113.0/24"
HELD = [Held(1, A, (0,)), Held(2, B, (0,))]


def view(*entries: str, **condition: object) -> BlacklistView:
    listed = frozenset(entries)
    return BlacklistView(listed, listed, ListCondition(**condition))  # type: ignore[arg-type]


def judged(views: dict[int, BlacklistView], **more: object) -> Comparison:
    values: dict[str, object] = {"ours": {A, B}, "fresh": (), "restored": (), "known_sites": ()}
    return compare(more.pop("held", HELD), views, **{**values, **more})  # type: ignore[arg-type]


def test_what_stands_there_and_what_is_gone() -> None:
    found = judged({0: view(A, entries=1)})
    assert (found.present, found.missing, found.foreign, found.entries) == ((1,), (2,), (), 1)


def test_what_is_not_ours_is_told_in_order_with_what_nobody_can_read() -> None:
    found = judged({0: view(A, B, C, others=frozenset({"hand"}))})
    assert found.foreign == (C, "hand")


def test_what_was_taken_off_and_is_on_again() -> None:
    assert judged({0: view(A, B, C)}, restored={C, "198.51.100.77"}).back == (C,)
    assert judged({0: view(A, B)}, restored={A}).back == ()


def test_what_was_written_just_now_is_not_judged() -> None:
    found = judged({0: view(C)}, fresh={A, C})
    assert (found.present, found.missing, found.foreign) == ((), (2,), ())
    assert judged({0: view(A, B)}, fresh={A}).ours == 2


@pytest.mark.parametrize("state", [ListState.MISSING, ListState.DISABLED])
def test_the_state_of_a_list_matters_where_something_of_ours_stands(state: ListState) -> None:
    views = {0: view(A, B), 7: view(state=state)}
    assert judged(views).states == {}
    assert judged(views, held=[Held(1, A, (7,))]).states == {7: state}


def test_an_entry_on_several_lists_is_missing_when_one_of_them_lacks_it() -> None:
    held = [Held(1, A, (7, 8))]
    assert judged({7: view(A), 8: view(A)}, held=held).missing == ()
    assert judged({7: view(A), 8: view()}, held=held).missing == (1,)


def test_a_site_that_the_policy_does_not_cover_is_to_be_covered_and_nothing_is_missing() -> None:
    found = judged({0: view(A, B, unapplied=(9002,))})
    assert (found.missing, found.uncovered) == ((), (0,))
    assert judged({0: view(unapplied=(9002,))}, held=[]).uncovered == ()


def by_site(**lists: tuple[str, ...]) -> BlacklistView:
    return view(by_site={int(site[1:]): frozenset(entries) for site, entries in lists.items()})


def test_of_an_older_account_a_site_that_never_held_ours_is_new_and_gets_them() -> None:
    found = judged({0: by_site(s1=(A, B), s2=(C,))})
    assert (found.missing, found.lacking) == ((), {2: frozenset({A, B})})


def test_of_an_older_account_what_a_known_site_lacks_was_removed_and_a_new_site_does_not_get_it() -> None:
    found = judged({0: by_site(s1=(A, B), s2=(A,), s3=())})
    assert (found.present, found.missing, found.lacking) == ((1,), (2,), {3: frozenset({A})})
    assert judged({0: by_site(s1=(A, B), s2=())}, known_sites=[2]).missing == (1, 2)


@pytest.mark.django_db
def test_an_older_account_is_compared_site_by_site() -> None:
    desk = Desk(make_people())
    vendor = SimulatedVendor(BlacklistMode.LEGACY, desk.clock)
    client = vendor.client()
    desk.open = lambda _: client  # type: ignore[assignment, method-assign, return-value]
    desk.people.a.sites.all().delete()
    Site.objects.create(contract=desk.people.a, domain="www9001.example.jp", vendor_site_id=SITES[0])
    desk.block(A, B)
    desk.compare()
    check = ListCheck.objects.get(contract=desk.people.a)
    assert (check.ours, check.foreign_entries, check.known_sites) == (2, [THEIRS], [SITES[0]])
    Site.objects.create(contract=desk.people.a, domain="www9002.example.jp", vendor_site_id=SITES[1])
    desk.compare()
    assert vendor.entries(str(SITES[1])) == {A, B}
    assert AuditEntry.objects.filter(action="list.cover").count() == 1
    vendor.edit(str(SITES[1]), remove=(A,))
    desk.compare()
    assert list(Block.objects.exclude(missing_since=None).values_list("address", flat=True)) == [A]
    assert vendor.entries(str(SITES[1])) == {B}
    assert A in Alarm.objects.get().sentence
    vendor.close()
