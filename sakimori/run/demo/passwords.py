"""The one password of everybody in a demo, hashed once: a good hash is slow, and the demo has many people."""

from functools import lru_cache

from django.contrib.auth.hashers import make_password


@lru_cache(maxsize=1)
def hashed(password: str) -> str:
    """What is kept of a password. Everybody who shares the demo's password shares its hash too."""
    return make_password(password)
