"""The vendor's own answers about attacks and networks, also odd ones, and how they are read."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sakimori.waf.interface import BlockedSample, NetworkEventKind, ThreatFigures, WafUnavailable
from tests.waf.fake_imperva import FakeImperva, ok

AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_MS = 1_795_359_600_000
BLOCKED = "api.stats.hits_timeseries.blocked"
DDOS = {"id": "api.threats.ddos", "name": "DDoS", "status": "ok", "incidents": 3}


def fake(*answers: httpx.Response) -> FakeImperva:
    made = FakeImperva()
    made.next_answers.extend(answers)
    return made


def figures(threats: object, *points: object, name: str = BLOCKED) -> httpx.Response:
    human = {"id": "api.stats.hits_timeseries.human", "data": [[AT_MS, 37_500]]}
    return ok({"threats": threats, "hits_timeseries": [human, {"id": name, "data": list(points)}]})


def event(**columns: object) -> dict[str, object]:
    return {
        "eventTime": "2026-11-22 15:04:05 UTC",
        "eventType": "DDOS_START_IP_RANGE",
        "eventTarget": "203.0.113.0/24",
        "reportedByPop": "TKO",
        **columns,
    }


def test_counts_and_blocked_requests_are_told_and_quiet_minutes_left_out() -> None:
    answer = figures([DDOS, {"id": "api.threats.backdoor", "incidents": 9}], [AT_MS + 300_000, 7.6], [AT_MS, 0])
    assert fake(answer).vendor().threats(AT, AT + HOUR) == ThreatFigures(
        3, (BlockedSample(AT + timedelta(minutes=5), 8),)
    )


def test_both_statistics_cost_one_call() -> None:
    made = fake(figures([DDOS]))
    vendor = made.vendor(account_id=32)
    vendor.threats(AT, AT + HOUR, site_id=1000)
    assert (vendor.calls_made(), made.calls) == (1, [("POST", "/api/stats/v1")])


@pytest.mark.parametrize(
    "answer",
    [ok({"threats": [], "hits_timeseries": []}), figures([{"id": "new"}]), figures([], [AT_MS, 4], name="new")],
)
def test_an_account_without_attacks_is_no_error(answer: httpx.Response) -> None:
    assert fake(answer).vendor().threats(AT, AT + HOUR) == ThreatFigures(0, ())


def test_numbers_may_be_written_as_text() -> None:
    assert fake(figures([DDOS | {"incidents": "12"}])).vendor().threats(AT, AT + HOUR).ddos == 12


@pytest.mark.parametrize(
    "answer",
    [
        ok({}),
        ok({"threats": {}, "hits_timeseries": []}),
        ok({"threats": []}),
        figures([DDOS | {"incidents": None}]),
        figures([DDOS], [AT_MS]),
        figures([DDOS], [AT_MS, -1]),
        figures([DDOS], [10**20, 1]),
        ok({"threats": [], "hits_timeseries": [{"id": BLOCKED, "data": None}]}),
    ],
)
def test_what_cannot_be_read_is_no_count(answer: httpx.Response) -> None:
    with pytest.raises(WafUnavailable):
        fake(*[answer] * 4).vendor().threats(AT, AT + HOUR)


def test_an_event_is_known_by_its_number_or_else_by_what_it_says() -> None:
    answer = ok(
        {
            "events": [
                event(),
                event(reportedByPop="OSA"),
                event(eventId=7),
                event(eventId="7", eventTarget="x" * 200, eventType="NEW_TYPE"),
                event(eventType="PROTECTED_IP_STATUS_DOWN", eventTime="2026-11-22 15:00:00 UTC"),
            ]
        }
    )
    found = fake(answer).vendor().network_events(AT, AT + HOUR)
    assert [(one.kind, one.at) for one in found] == [
        (NetworkEventKind.SERVERS_DOWN, AT),
        (NetworkEventKind.ATTACK_STARTED, AT + timedelta(minutes=4, seconds=5)),
        (NetworkEventKind.OTHER, AT + timedelta(minutes=4, seconds=5)),
    ]
    assert max(len(one.target) for one in found) == 100


@pytest.mark.parametrize("answer", [ok({}), ok({"events": [event(eventTime="yesterday")]}), ok({"events": [{}]})])
def test_events_that_cannot_be_read_are_an_error(answer: httpx.Response) -> None:
    with pytest.raises(WafUnavailable):
        fake(*[answer] * 4).vendor().network_events(AT, AT + HOUR)


def test_a_list_that_never_ends_holds_nobody() -> None:
    same = ok({"events": [event(eventId=number) for number in range(100)]})
    assert len(fake(same, same).vendor().network_events(AT, AT + HOUR)) == 100
    endless = [ok({"events": [event(eventId=page * 100 + n) for n in range(100)]}) for page in range(51)]
    with pytest.raises(WafUnavailable):
        fake(*endless).vendor().network_events(AT, AT + HOUR)
