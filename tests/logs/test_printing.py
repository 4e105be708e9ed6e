"""An event as JSON."""

import json
from pathlib import Path

from sakimori.logs.fields import FIELD_BY_NAME, Event
from sakimori.logs.printing import event_as_json
from sakimori.logs.read_file import read_events

_SAMPLES = Path(__file__).parent / "samples"


def test_an_event_is_one_line_of_json_with_our_names() -> None:
    (event,) = read_events(_SAMPLES / "incident.cef.log", private_keys={})
    assert isinstance(event, Event)
    text = event_as_json(event)
    record = json.loads(text)
    assert "\n" not in text
    assert set(record) <= set(FIELD_BY_NAME)
    assert record["time"] == "2023-11-14T22:13:20.000Z"
    assert record["attack_kinds"] == ["attack_analytics", "sql_injection"]
    assert record["extra"]["ImpervaAACountry"] == "Japan"
    assert "status" not in record
    assert "request_id" not in record


def test_nothing_of_value_is_left_out() -> None:
    events = [
        event for event in read_events(_SAMPLES / "every_name.cef.log", private_keys={}) if isinstance(event, Event)
    ]
    record = json.loads(event_as_json(events[0]))
    assert record["severity"] == 0
    assert record["rule_names"] == ["", "Example Rule"]
