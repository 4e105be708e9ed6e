"""Public samples of third parties, where they lie beside the repository: our columns hold the values they expect."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sakimori.logs.fields import Event
from sakimori.logs.formats.cef import parse_cef
from sakimori.logs.read_file import read_events
from sakimori.logs.unpack import read_log_file

_SAMPLES = Path(__file__).parents[3] / "shared" / "imperva" / "samples"
_SEKOIA = sorted((_SAMPLES / "sekoia").glob("*.json"))
_ELASTIC = _SAMPLES / "elastic" / "test-events.log"

# Their path -> our column. Their `http.request.bytes` is what we call the size of the response: see the vendor facts.
_COLUMNS = {
    "event.action": "act",
    "event.severity": "severity",
    "client.geo.city_name": "city",
    "client.geo.location.lat": "latitude",
    "client.geo.location.lon": "longitude",
    "destination.domain": "site",
    "http.request.bytes": "response_bytes",
    "http.request.id": "request_id",
    "http.request.method": "method",
    "http.request.referrer": "referrer",
    "http.response.status_code": "status",
    "imperva.event.class_id": "name",
    "imperva.pop": "pop",
    "imperva.request.x_forwarded_for": "xff",
    "imperva.session.id": "session_id",
    "imperva.user_agent.type": "client_type",
    "imperva.visitor.id": "visitor_id",
    "imperva.client.captcha_support": "captcha_support",
    "imperva.rule.additional_info": "rule_info",
    "network.protocol": "protocol",
    "organization.name": "account_name",
    "source.ip": "client_ip",
    "source.port": "client_port",
    "url.full": "url",
    "user_agent.original": "user_agent",
}
# What they read from an incident's slots without looking at the labels (a number of events as "captcha support").
_WRONG_THERE = {"imperva.client.captcha_support", "imperva.visitor.id"}
# They replaced the action of this file by a word of their own.
_OWN_WORDS = {"block": "REQ_BLOCKED_VISITOR"}


def leaf(tree: dict[str, Any], path: str) -> Any:
    for step in path.split("."):
        tree = tree.get(step) if isinstance(tree, dict) else None  # type: ignore[assignment]
    return tree


def headers(event: Event, column: str) -> list[dict[str, str]]:
    text = getattr(event, column)
    return json.loads(text) if text else []


@pytest.mark.skipif(not _SEKOIA, reason="The samples are not here.")
@pytest.mark.parametrize("path", _SEKOIA, ids=lambda path: path.stem)
def test_the_values_are_those_that_another_product_expects(path: Path) -> None:
    sample = json.loads(path.read_text(encoding="utf-8"))
    expected, event = sample["expected"], parse_cef(sample["input"]["message"].encode())
    is_incident = "Attack Analytics" in sample["input"]["message"]
    checked = 0
    for theirs, ours in _COLUMNS.items():
        value = leaf(expected, theirs)
        if value is None or (is_incident and theirs in _WRONG_THERE):
            continue
        value = _OWN_WORDS.get(value, value) if isinstance(value, str) else value
        assert str(getattr(event, ours)).lower() == str(value).lower(), theirs
        checked += 1
    assert checked >= (4 if is_incident else 15)
    _check_composed(event, expected, is_incident=is_incident)


def _check_composed(event: Event, expected: dict[str, Any], *, is_incident: bool) -> None:
    rules = leaf(expected, "imperva.rule.names") or []
    assert event.extra["ImpervaAACves"].split(",") == rules if is_incident else list(event.rule_names) == rules
    for theirs, column in (("imperva.attack.id", event.rule_ids), ("imperva.attack.type", event.rule_types)):
        assert column == tuple((leaf(expected, theirs) or "").split(",")[:-1])
    if cipher := leaf(expected, "tls.cipher"):
        assert event.tls == f"TLSv{leaf(expected, 'tls.version')} {cipher}"
    for side in ("request", "response"):
        theirs = leaf(expected, f"imperva.{side}.headers") or []
        # They left the vendor's escape in; we undo it.
        assert headers(event, f"{side}_headers") == json.loads(json.dumps(theirs).replace("\\\\=", "="))
    if not is_incident and leaf(expected, "imperva.client"):
        assert event.javascript_support == str(leaf(expected, "imperva.client.js_support")).lower()
        assert event.cookie_support == str(leaf(expected, "imperva.client.cookie_support")).lower()
    # A start of nine digits is a value made up by the vendor's documents; the other product takes it for seconds.
    if event.time.year > 1970:
        assert event.time == datetime.fromisoformat(expected["event"]["start"])
        assert event.end_time == datetime.fromisoformat(expected["event"]["end"])


@pytest.mark.skipif(not _SEKOIA, reason="The samples are not here.")
def test_a_longitude_in_the_wrong_slot_is_found() -> None:
    (path,) = (path for path in _SEKOIA if path.stem == "access_security_cached_2")
    event = parse_cef(json.loads(path.read_text(encoding="utf-8"))["input"]["message"].encode())
    assert (event.latitude, event.longitude) == (50.6219, 10.2444)
    assert (event.client_ip, event.client_ip_text) == (None, "92.140.985.97")


@pytest.mark.skipif(not _ELASTIC.exists(), reason="The samples are not here.")
def test_the_sample_file_is_unpacked() -> None:
    with read_log_file(_ELASTIC) as file:
        header = file.header
    assert (header.account_id, header.config_id, header.format_name) == (123456, 12345, "CEF")
    assert (header.checksum, len(header.checksum_as_sent)) == ("", 30)
    (event,) = read_events(_ELASTIC, private_keys={})
    assert isinstance(event, Event)
    assert (event.request_id, event.status, event.country) == ("33411452762204224", 200, "IL")
