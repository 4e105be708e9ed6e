"""Switches: how the simulated vendor behaves where its documents are silent. Stored, so they outlive a restart."""

import json
from dataclasses import asdict, dataclass, replace

from sakimori.simulators.state import State


@dataclass(frozen=True, slots=True)
class Switches:
    """refuse_empty_ips: a policy with an empty `ips` list is answered 400.
    max_ips: addresses per policy or list; more is answered 400 (policies) or res 2 (lists).
    propagation_seconds: until a changed blacklist bites. delivery_delay_seconds: until a log file can be read.
    life_per_minute: good requests of everyday life, over all sites; 0 = silence.
    attacks_per_hour: hostile requests among them.
    """

    refuse_empty_ips: bool = True
    max_ips: int = 1000
    propagation_seconds: int = 0
    delivery_delay_seconds: int = 0
    life_per_minute: int = 0
    attacks_per_hour: int = 0


def read_switches(state: State) -> Switches:
    """The switches as they stand."""
    return Switches(**json.loads(state.setting("switches") or "{}"))


def set_switches(state: State, **changes: object) -> Switches:
    """Change some of them. ValueError or TypeError for an unknown name or a value of the wrong kind."""
    before = read_switches(state)
    for name, value in changes.items():
        _check(name, value, before)
    after = replace(before, **changes)  # type: ignore[arg-type]  # Checked one line above.
    state.set_setting("switches", json.dumps(asdict(after)))
    return after


def _check(name: str, value: object, before: Switches) -> None:
    if name not in Switches.__slots__:
        raise ValueError(f"unknown switch {name}")
    if type(value) is not type(getattr(before, name)):
        raise TypeError(f"{name} must be {type(getattr(before, name)).__name__}")
    if isinstance(value, int) and value < 0:
        raise ValueError(f"{name} must not be negative")
