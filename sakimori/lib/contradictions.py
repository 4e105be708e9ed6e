"""What settings may not say together: what only training may do, and doors that need a name or a key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol


class Said(Protocol):
    """What is looked at of all settings. See `config.Config`."""

    @property
    def training(self) -> bool: ...
    @property
    def inbox_vendor_url(self) -> str: ...
    @property
    def inbox_bounces_url(self) -> str: ...
    @property
    def training_dns(self) -> Path | None: ...
    @property
    def smtp_listen(self) -> tuple[str, int] | None: ...
    @property
    def vendor_address(self) -> str: ...
    @property
    def bounce_address(self) -> str: ...
    @property
    def vantage_url(self) -> str: ...
    @property
    def vantage_key(self) -> str: ...


def contradiction(said: Said) -> str:
    """The first sentence for the operator about settings that do not go together; empty where all is well."""
    return next(_found(said), "")


def _found(said: Said) -> Iterator[str]:
    plain = {
        "SAKIMORI_INBOX_VENDOR_URL": said.inbox_vendor_url,
        "SAKIMORI_INBOX_BOUNCES_URL": said.inbox_bounces_url,
    }
    for name, url in plain.items():
        if url.startswith("imap+plain://") and not said.training:
            yield f"The setting {name} is wrong: without TLS a mailbox is read in training only."
    if said.training_dns and not said.training:
        yield "The setting SAKIMORI_TRAINING_DNS is wrong: it is for training only."
    if said.smtp_listen and not (said.vendor_address or said.bounce_address):
        yield (
            "The setting SAKIMORI_SMTP_LISTEN is wrong: it needs SAKIMORI_VENDOR_ADDRESS or SAKIMORI_BOUNCE_ADDRESS, "
            "for whom the door takes mails."
        )
    if said.vantage_url and not said.vantage_key:
        yield "The setting SAKIMORI_VANTAGE_KEY is missing: the second vantage point answers nobody else."
