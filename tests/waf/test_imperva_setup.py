"""The vendor's own answers about traffic and setup, also odd ones, and how they are read."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from sakimori.waf.interface import (
    Balancing,
    BalancingAlgorithm,
    CertificateKind,
    TrafficSample,
    WafCertificate,
    WafMissing,
    WafSubscription,
    WafUnavailable,
)
from tests.waf.fake_imperva import FakeImperva, ok

AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
AT_MS = 1_795_359_600_000
BPS = "api.stats.bandwidth_timeseries.bps"


def fake(*answers: httpx.Response) -> FakeImperva:
    made = FakeImperva()
    made.next_answers.extend(answers)
    return made


def series(*points: object, name: str = BPS) -> httpx.Response:
    volume = {"id": "api.stats.bandwidth_timeseries.bandwidth", "data": [[AT_MS, 37_500]]}
    return ok({"bandwidth_timeseries": [volume, {"id": name, "data": list(points)}]})


def test_the_running_bucket_and_what_was_not_asked_for_are_left_out() -> None:
    points = [[AT_MS + 300_000 * n, 1000 * abs(n)] for n in (1, -1, 0, 11, 12)]
    assert fake(series(*points)).vendor().traffic(AT, AT + HOUR) == [
        TrafficSample(AT, 0),
        TrafficSample(AT + timedelta(minutes=5), 1000),
        TrafficSample(AT + timedelta(minutes=55), 11_000),
    ]


def test_an_account_without_traffic_is_no_error() -> None:
    assert fake(ok({"bandwidth_timeseries": []})).vendor().traffic(AT, AT + HOUR) == []


def test_fractions_are_rounded() -> None:
    assert fake(series([AT_MS, 1234.6])).vendor().traffic(AT, AT + HOUR)[0].bits_per_second == 1235


@pytest.mark.parametrize(
    "answer",
    [
        ok({}),
        ok({"bandwidth_timeseries": None}),
        ok({"bandwidth_timeseries": [{"id": "x", "data": []}]}),
        ok({"bandwidth_timeseries": [{"id": BPS, "data": None}]}),
        series(["x", 1]),
        series([AT_MS]),
        series([AT_MS, -1]),
        series([AT_MS, None]),
        series([10**18, 1]),
    ],
)
def test_statistics_that_cannot_be_read_are_not_silence(answer: httpx.Response) -> None:
    with pytest.raises(WafUnavailable):
        fake(*[answer] * 4).vendor().traffic(AT, AT + HOUR)


def configuration(*centers: object, **more: object) -> httpx.Response:
    return httpx.Response(200, json={"data": [{"isPersistent": True, "dataCenters": list(centers), **more}]})


def center(*servers: dict, algorithm: object = "LB_LEAST_PENDING_REQUESTS", **more: object) -> dict:
    return {"lbAlgorithm": algorithm, "isEnabled": True, "servers": list(servers), **more}


ON, OFF, WAITS = {"isEnabled": True}, {"isEnabled": False}, {"isEnabled": "true", "serverMode": "STANDBY"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (configuration(center(ON, OFF, WAITS)), (1, 1, 1, BalancingAlgorithm.LEAST_PENDING, True)),
        (configuration(center(ON), center(ON, isEnabled=False)), (1, 1, 0, BalancingAlgorithm.LEAST_PENDING, True)),
        (configuration(center(ON), center(ON, algorithm="RANDOM")), (2, 2, 0, BalancingAlgorithm.RANDOM, True)),
        (configuration(center(ON, algorithm="NEW_ONE")), (1, 1, 0, BalancingAlgorithm.OTHER, True)),
        (configuration(center(ON, algorithm=None), isPersistent=None), (1, 1, 0, None, None)),
        (configuration(), (0, 0, 0, None, True)),
    ],
)
def test_servers_are_counted_as_far_as_they_are_on(answer: httpx.Response, expected: tuple) -> None:
    *counts, persistent = expected
    assert fake(answer).vendor().data_centers(1000) == Balancing(*counts, persistent=persistent)


@pytest.mark.parametrize(
    "body",
    [{}, {"data": []}, {"data": [{}]}, {"data": {"dataCenters": []}}, {"data": [{}], "errors": [{"status": "406"}]}],
)
def test_a_configuration_that_cannot_be_read_is_unknown(body: dict) -> None:
    with pytest.raises(WafUnavailable):
        fake(*[httpx.Response(200, json=body)] * 4).vendor().data_centers(1000)


def test_an_account_without_this_service_says_so() -> None:
    with pytest.raises(WafMissing):
        fake(httpx.Response(404, json={"errors": [{"detail": "no such site"}]})).vendor().data_centers(1000)


@pytest.mark.parametrize(
    ("ssl", "expected"),
    [
        ({}, []),
        ({"custom_certificate": {"active": False, "expirationDate": AT_MS}}, []),
        (
            {"custom_certificate": {"active": "true", "expirationDate": str(AT_MS)}, "generated_certificate": {"c": 1}},
            [WafCertificate(CertificateKind.CUSTOM, AT), WafCertificate(CertificateKind.GENERATED, None)],
        ),
        ({"custom_certificate": {"active": True}}, [WafCertificate(CertificateKind.CUSTOM, None)]),
        (
            {"custom_certificate": {"active": True, "expirationDate": 10**17}},
            [WafCertificate(CertificateKind.CUSTOM, None)],
        ),
    ],
)
def test_certificates_are_read_from_the_status(ssl: dict, expected: list) -> None:
    assert fake(ok({"site_id": 1000, "ssl": ssl})).vendor().certificates(1000) == expected


def test_a_status_without_certificates_is_unknown_not_none() -> None:
    with pytest.raises(WafUnavailable):
        fake(*[ok({"site_id": 1000})] * 4).vendor().certificates(1000)


def rows(**purchased: str) -> httpx.Response:
    named = {"bw": "Always On Bandwidth (Clean traffic)", "lb": "Load Balancing", "old": "Load Balancing (old)"}
    listed = [{"name": named[key], "purchased": text, "used": "N/A"} for key, text in purchased.items()]
    return ok({"planStatus": {"accountId": 1, "websiteProtection": {"name": "x", "planSectionRows": listed}}})


@pytest.mark.parametrize(
    ("answer", "plan", "licence"),
    [
        (rows(bw="10Mbps", lb="0"), 10, False),
        (rows(bw=" 2 Gbps ", lb="4"), 2000, True),
        (rows(bw="N/A", old="1"), None, True),
        (rows(bw="", lb="0", old="1"), None, True),
        (rows(lb="None"), None, False),
        (rows(), None, None),
    ],
)
def test_the_subscription_is_text_that_is_read(answer: httpx.Response, plan: object, licence: object) -> None:
    assert fake(answer).vendor().subscription() == WafSubscription(plan, licence)  # type: ignore[arg-type]


def test_a_subscription_without_plan_is_unknown() -> None:
    with pytest.raises(WafUnavailable):
        fake(*[ok({})] * 4).vendor().subscription()
