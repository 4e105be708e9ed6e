"""The four test people for every page test."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache

from sakimori import backends
from sakimori.lib.jst import utc_now
from sakimori.logs.attack_kinds import AttackKind
from sakimori.logs.fields import Event
from sakimori.logs.store.interface import LogStore
from tests.people import People, make_people


@pytest.fixture(autouse=True)
def _fresh_door() -> Iterator[None]:
    """Rate limits are counted in the cache, which tests of one process share.

    WhiteNoise warns when the folder of collected files is missing, and warnings are errors.
    """
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def people(db: None, log_store: LogStore, monkeypatch: pytest.MonkeyPatch) -> People:
    """Alice, Bob, Charlie and Dana with their customers, and a log store of which pages may ask."""
    monkeypatch.setattr(backends, "log_store", lambda: log_store)
    people = make_people()
    event = Event(time=utc_now() - timedelta(minutes=5), site="shop-a.example.jp", attack_kind=AttackKind.BACKDOOR)
    log_store.append([(1, event)], contract_id=people.a.pk, file_id=1)
    return people
