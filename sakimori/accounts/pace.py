"""How often one person may do something that costs the house much: so many times in a window of time."""

from datetime import timedelta

from django.core.cache import cache

from sakimori.accounts.models import User


def is_too_fast(what: str, person: User, *, most: int, window: timedelta) -> bool:
    """Count one more time, and say whether it is one too many. The window begins with the first time.

    Counted in the cache, roughly: of times that fall together exactly, one may be missed.
    """
    key = f"pace:{what}:{person.pk}"
    if cache.add(key, 1, window.total_seconds()):
        return most < 1
    try:
        return cache.incr(key) > most
    except ValueError:  # The window has just ended.
        cache.set(key, 1, window.total_seconds())
        return False
