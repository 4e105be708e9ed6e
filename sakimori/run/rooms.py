"""Which disks this installation fills, and how much of them it leaves free, by the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from sakimori.lib.disk import MIB, Floor


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk by a folder on it. warning: less free is an alarm; floor: less free, and no more logs are taken."""

    label: str
    warning: Floor
    floor: Floor


def disks() -> Sequence[Disk]:
    """The disk of the data folder, and that of the embedded log store where it lies elsewhere."""
    config = settings.CONFIG
    folders = [("データフォルダ", config.data)]
    store = _embedded_store()
    if store is not None and not store.is_relative_to(config.data):
        folders.append(("ログ保管庫", store))
    return [
        Disk(label, Floor(folder, config.disk_alarm_mib * MIB), Floor(folder, config.disk_floor_mib * MIB))
        for label, folder in folders
    ]


def reserve() -> Floor:
    """What the ingest leaves free for the database: half of the floor, so that it ends after the doors have closed.

    A log store on another machine takes nothing of this disk.
    """
    store = _embedded_store()
    return Floor(store or settings.CONFIG.data, settings.CONFIG.disk_floor_mib * MIB // 2 if store else 0)


def _embedded_store() -> Path | None:
    parts = urlsplit(settings.LOGSTORE_URL)
    return Path(parts.path) if parts.scheme == "chdb" else None
