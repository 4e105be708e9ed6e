"""What an analyst sets for one site: which page is visited, by which measure it is slow, whether it may be visited.

Each change is atomic and recorded. The checks raise ValueError with a Japanese sentence for the person.
"""

import re
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from sakimori.accounts.models import User
from sakimori.customers import audit
from sakimori.customers.models import Site
from sakimori.incidents.models import Incident
from sakimori.lib.addresses import is_public, parse_address

LEAST_SECONDS, MOST_FACTOR = 0.5, 100.0
_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.IGNORECASE
)
_PORTS = (None, 80, 443)


@dataclass(frozen=True, slots=True)
class Wish:
    """All that can be set. None: the SOC's own value counts."""

    reachable: bool
    watched: bool
    probe_url: str
    expected_text: str
    slow_seconds: float | None
    slow_factor: float | None
    origin_address: str


def settings_of(site: Site) -> Wish:
    """What is set now."""
    return Wish(**{field.name: getattr(site, field.name) for field in fields(Wish)})


def change(site: Site, wish: Wish, *, by: User, now: datetime) -> bool:
    """Set it. False when that is so already. The caller has checked every value."""
    with transaction.atomic():
        row = Site.objects.select_for_update(of=("self",)).select_related("contract__customer").get(pk=site.pk)
        before, after = asdict(settings_of(row)), asdict(wish)
        changed = {name: value for name, value in after.items() if before[name] != value}
        if not changed:
            return False
        for name, value in changed.items():
            setattr(row, name, value)
        row.save(update_fields=list(changed))
        if changed.get("reachable"):
            # Incidents that nobody could look at are looked at from now on, and end by that.
            Incident.objects.filter(site=row, ended_at=None, is_exercise=False).update(next_probe_at=now)
        details = {name: f"{before[name]} -> {value}"[:700] for name, value in changed.items()}
        audit.record(
            "site.change",
            by=by.username,
            target=f"site:{row.pk}",
            now=now,
            customer=row.contract.customer,
            details={"site": row.domain, **details},
        )
    return True


def check_url(text: str, domain: str) -> str:
    """The page to visit: of the site itself, on a usual port. Empty: its first page."""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError as error:
        raise ValueError("URL として読み取れません。https:// から入力してください。") from error
    if parts.scheme not in ("http", "https") or not host or any(sign.isspace() for sign in text):
        raise ValueError("https:// または http:// で始まる URL を入力してください。")
    if parts.username or parts.password:
        raise ValueError("URL にユーザー名やパスワードを含めることはできません。")
    if settings.CONFIG.training:
        return text
    if port not in _PORTS:
        raise ValueError("ポートは 80 または 443 だけを指定できます。")
    if not _belongs(host, domain.lower()):
        raise ValueError(f"このサイト（{domain}）のページの URL を入力してください。")
    return text


def _belongs(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}") or (domain == f"www.{host}")


def check_origin(text: str) -> str:
    """Where the origin is: a public address or the name of a host. Empty: no visits past the WAF."""
    if not text:
        return ""
    address = parse_address(text)
    if address is None and not _HOST.fullmatch(text):
        raise ValueError("IP アドレスまたはホスト名を入力してください。")
    if address is not None and not is_public(address, documentation_counts=settings.CONFIG.training):
        raise ValueError("インターネット上の公開アドレスを入力してください。")
    return text


def check_seconds(value: float | None) -> float | None:
    """Slow, but not so slow that the page counts as not displayed before."""
    most = settings.CONFIG.probe_seconds
    if value is not None and not LEAST_SECONDS <= value <= most:
        raise ValueError(f"{LEAST_SECONDS:g} から {most:g} までの秒数を入力してください。")
    return value


def check_factor(value: float | None) -> float | None:
    """How many times the usual."""
    if value is not None and not 1 <= value <= MOST_FACTOR:
        raise ValueError(f"1 から {MOST_FACTOR:g} までの倍数を入力してください。")
    return value
