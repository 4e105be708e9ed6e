"""Every way in which the vendor can answer badly has its error, and only what is safe is repeated."""

import httpx
import pytest

from sakimori.waf.imperva import BlockList
from sakimori.waf.interface import (
    WafDoubtful,
    WafError,
    WafMissing,
    WafRefused,
    WafUnauthorised,
    WafUnavailable,
)
from tests.waf.contract import A, add, view
from tests.waf.fake_imperva import HTML, KEY, Answer, FakeImperva, refused
from tests.waf.worlds import NAME, AclWorld, PolicyWorld

JSON_404 = httpx.Response(404, json={"value": "none", "isError": True})
HTML_403 = httpx.Response(403, headers={"content-type": "text/html"}, text="<html>denied</html>")
HTML_404 = httpx.Response(404, text="  <!doctype html>")
BROKEN = httpx.Response(200, text='{"res": 0, "sit')
LIST = httpx.Response(200, json=[1, 2])
DEEP = httpx.Response(200, text="[" * 100_000)
NO_RES = httpx.Response(200, json={"sites": []})
ODD_RES = httpx.Response(200, json={"res": None, "sites": []})
UTF16 = httpx.Response(200, content=b"\xff\xfe\x00\xd8")
REDIRECT = httpx.Response(302, headers={"location": "https://elsewhere.example.net/"})

# answer, error of a read, error of a write
V1_ANSWERS = [
    (refused(1, "Unexpected error"), WafUnavailable, WafDoubtful),
    (refused(2, "Invalid input"), WafRefused, WafRefused),
    (refused(2002, "Object is not found"), WafMissing, WafMissing),
    (refused(3011, "Site unresolvable"), WafRefused, WafRefused),
    (refused(3015, "Internal error"), WafUnavailable, WafUnavailable),
    (refused(6001, "Invalid configuration parameter name"), WafRefused, WafRefused),
    (refused(9403, "Unknown account"), WafUnauthorised, WafUnauthorised),
    (refused(9411, "Authentication missing or invalid"), WafUnauthorised, WafUnauthorised),
    (refused(9413, "Unknown/unauthorized site_id"), WafUnauthorised, WafUnauthorised),
    (refused(9418, "Disabled API Key"), WafUnauthorised, WafUnauthorised),
    (httpx.Response(200, json={"res": "9418"}), WafUnauthorised, WafUnauthorised),
    (NO_RES, WafUnavailable, WafDoubtful),
    (ODD_RES, WafUnavailable, WafDoubtful),
]
POLICY_ANSWERS = [
    (httpx.Response(200, json={"value": [], "isError": True}), WafUnavailable, WafDoubtful),
    (httpx.Response(200, json={"isError": False}), WafUnavailable, WafDoubtful),
]
ANSWERS = [
    (HTML, WafUnavailable, WafDoubtful),
    (BROKEN, WafUnavailable, WafDoubtful),
    (LIST, WafUnavailable, WafDoubtful),
    (DEEP, WafUnavailable, WafDoubtful),
    (UTF16, WafUnavailable, WafDoubtful),
    (REDIRECT, WafUnavailable, WafDoubtful),
    (HTML_403, WafUnavailable, WafDoubtful),
    (HTML_404, WafUnavailable, WafDoubtful),
    (httpx.Response(400, json={"errors": [{"detail": "bad"}]}), WafRefused, WafRefused),
    (httpx.Response(401), WafUnauthorised, WafUnauthorised),
    (httpx.Response(403), WafUnauthorised, WafUnauthorised),
    (httpx.Response(404), WafMissing, WafMissing),
    (httpx.Response(406), WafRefused, WafRefused),
    (httpx.Response(408), WafUnavailable, WafDoubtful),
    (httpx.Response(429), WafUnavailable, WafUnavailable),
    (httpx.Response(500, json={"value": "An internal error occurred", "isError": True}), WafUnavailable, WafDoubtful),
    (httpx.Response(502), WafUnavailable, WafDoubtful),
    (httpx.Response(503, headers={"retry-after": "1"}), WafUnavailable, WafDoubtful),
    (httpx.Response(504), WafUnavailable, WafDoubtful),
    (httpx.ConnectError("x"), WafUnavailable, WafUnavailable),
    (httpx.ConnectTimeout("x"), WafUnavailable, WafUnavailable),
    (httpx.PoolTimeout("x"), WafUnavailable, WafUnavailable),
    (httpx.ReadTimeout("x"), WafUnavailable, WafDoubtful),
    (httpx.WriteTimeout("x"), WafUnavailable, WafDoubtful),
    (httpx.ReadError("x"), WafUnavailable, WafDoubtful),
    (httpx.RemoteProtocolError("x"), WafUnavailable, WafDoubtful),
]  # fmt: skip


def names(rows: list) -> list[str]:
    return [f"{getattr(answer, 'status_code', type(answer).__name__)}-{n}" for n, (answer, _, _) in enumerate(rows)]


def exactly(error: type[WafError], caught: WafError) -> bool:
    """A refusal must not be one of its two special kinds by accident, and the other way round."""
    kinds = (WafDoubtful, WafMissing, WafUnauthorised, WafUnavailable, WafRefused)
    return next(kind for kind in kinds if isinstance(caught, kind)) is error


def acl_world() -> AclWorld:
    fake = FakeImperva(legacy=True)
    return AclWorld(fake, block_list=BlockList.ACL)


def policy_world() -> PolicyWorld:
    world = PolicyWorld(FakeImperva(), block_list=BlockList.POLICY)
    world.fake.add_policy(NAME, ["203.0.113.1-203.0.113.9"])
    return world


@pytest.mark.parametrize(("answer", "error", "_"), rows := V1_ANSWERS + ANSWERS, ids=names(rows))
def test_a_cloud_v1_read_meets_it(answer: Answer, error: type[WafError], _: object) -> None:
    world = acl_world()
    world.fake.next_answers.extend([answer] * 2)
    with pytest.raises(WafError) as caught:
        world.vendor.sites()
    assert exactly(error, caught.value)
    assert len(world.fake.calls) == (2 if error is WafUnavailable else 1)


@pytest.mark.parametrize(("answer", "_", "error"), rows := V1_ANSWERS + ANSWERS, ids=names(rows))
def test_a_cloud_v1_write_meets_it(answer: Answer, _: object, error: type[WafError]) -> None:
    world = acl_world()
    world.fake.next_write_answers.extend([answer] * 2)
    with pytest.raises(WafError) as caught:
        add(world, A)
    assert exactly(error, caught.value)
    assert len(world.fake.writes) == (2 if error is WafUnavailable else 1)


@pytest.mark.parametrize(("answer", "error", "_"), rows := POLICY_ANSWERS + ANSWERS, ids=names(rows))
def test_a_policy_read_meets_it(answer: Answer, error: type[WafError], _: object) -> None:
    world = policy_world()
    world.fake.next_answers.extend([answer] * 2)
    with pytest.raises(WafError) as caught:
        view(world)
    assert exactly(error, caught.value)
    assert len(world.fake.calls) == (2 if error is WafUnavailable else 1)


@pytest.mark.parametrize(("answer", "_", "error"), rows := POLICY_ANSWERS + ANSWERS, ids=names(rows))
def test_a_policy_write_meets_it(answer: Answer, _: object, error: type[WafError]) -> None:
    world = policy_world()
    world.fake.next_write_answers.extend([answer] * 2)
    with pytest.raises(WafError) as caught:
        add(world, A)
    assert exactly(error, caught.value)
    assert len(world.fake.writes) == (2 if error is WafUnavailable else 1)


@pytest.mark.parametrize("shape", [None, {}, "x", [None], [{"name": NAME}], [{"id": "x"}]])
def test_an_unreadable_list_of_policies_is_never_an_empty_one(shape: object) -> None:
    world = policy_world()
    world.fake.next_answers.extend([httpx.Response(200, json={"value": shape, "isError": False})] * 2)
    with pytest.raises(WafUnavailable):
        view(world)


@pytest.mark.parametrize("status", [{}, {"site_id": 999, "security": {}}, {"site_id": 1000}])
def test_an_unreadable_site_is_never_an_empty_list(status: dict) -> None:
    world = acl_world()
    world.fake.next_answers.extend([httpx.Response(200, json=status | {"res": 0})] * 2)
    with pytest.raises(WafUnavailable):
        view(world)


def test_no_error_shows_the_key_or_more_than_a_line_of_foreign_text() -> None:
    world = acl_world()
    world.fake.next_answers.append(refused(2, "x" * 5000 + "\x1b[31m\r\n"))
    with pytest.raises(WafRefused) as caught:
        world.vendor.sites()
    text = str(caught.value)
    assert KEY not in text
    assert len(text) < 300
    assert text.isprintable()
    assert "結果コード 2" in text


def test_the_waits_grow_and_end() -> None:
    world = acl_world()
    vendor = world.fake.vendor(tries=9)
    world.fake.next_answers.extend([httpx.Response(503)] * 99)
    with pytest.raises(WafUnavailable):
        vendor.sites()
    # Chance stands in the middle, so a wait is three quarters of 1, 2, 4, ... 30 seconds; 90 are never passed.
    assert world.fake.slept == [0.75, 1.5, 3.0, 6.0, 12.0, 22.5, 22.5]
    assert world.fake.now <= 90


def test_four_tries_are_the_rule_and_the_last_may_succeed() -> None:
    fake = FakeImperva()
    fake.next_answers.extend([httpx.Response(503), HTML, httpx.ReadTimeout("x")])
    assert len(fake.vendor().sites()) == 2
    assert len(fake.slept) == 3


def test_one_try_means_one_call() -> None:
    fake = FakeImperva()
    fake.next_answers.append(httpx.Response(503))
    with pytest.raises(WafUnavailable):
        fake.vendor(tries=1).sites()
    assert (len(fake.calls), fake.slept) == (1, [])


def test_the_vendors_wish_is_heard_in_reads_and_writes() -> None:
    world = policy_world()
    world.fake.next_answers.append(httpx.Response(429, headers={"retry-after": "7"}))
    world.fake.next_write_answers.append(httpx.Response(429, headers={"retry-after": "11"}))
    add(world, A)
    assert world.fake.slept == [7.0, 11.0]
    assert view(world).everywhere == {A}


def test_a_wish_written_as_a_date_is_measured_against_the_vendors_clock() -> None:
    fake = FakeImperva()
    dates = {"retry-after": "Sun, 01 Jun 2025 00:00:09 GMT", "date": "Sun, 01 Jun 2025 00:00:00 GMT"}
    fake.next_answers.append(httpx.Response(429, headers=dates))
    fake.vendor().sites()
    assert fake.slept == [9.0]


@pytest.mark.parametrize("wish", ["soon", "-5", "", "Sun, 01 Jun 2025 00:00:09 GMT", "٣"])
def test_a_wish_that_makes_no_sense_is_not_heard(wish: str) -> None:
    fake = FakeImperva()
    fake.next_answers.append(httpx.Response(429, headers={"retry-after": wish.encode()}))
    fake.vendor().sites()
    assert fake.slept == [0.75]


def test_a_long_wish_is_handed_on_instead_of_holding_the_caller() -> None:
    fake = FakeImperva()
    fake.next_answers.append(httpx.Response(429, headers={"retry-after": "600"}))
    with pytest.raises(WafUnavailable) as caught:
        fake.vendor().sites()
    assert (caught.value.retry_after_seconds, fake.slept) == (600.0, [])


def test_a_write_that_was_not_sent_is_repeated() -> None:
    world = policy_world()
    world.fake.next_write_answers.append(httpx.ConnectError("x"))
    add(world, A)
    assert view(world).everywhere == {A}


def test_a_doubtful_write_is_sent_once() -> None:
    world = policy_world()
    world.fake.lost_answers = 1
    with pytest.raises(WafDoubtful):
        add(world, A)
    assert len(world.fake.writes) == 1
    assert view(world).somewhere == {A}
