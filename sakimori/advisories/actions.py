"""What changes in advisories: written, changed, approved by a second person, withdrawn, mailed to one customer."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from sakimori.accounts.models import User
from sakimori.advisories import texts
from sakimori.advisories.models import Advisory, AdvisoryState
from sakimori.customers import audit
from sakimori.customers.models import Contract
from sakimori.notify.actions import write_mail
from sakimori.notify.models import Priority


class NotPossible(Exception):
    """An advisory is not in a state, or the person is not the one, for what was asked; the text is for people."""


def write(*, title: str, body: str, sources: str, by: User, now: datetime) -> Advisory:
    """Save a new draft. The texts have passed `checking.py`."""
    with transaction.atomic():
        advisory = Advisory.objects.create(
            title=title, body=body, sources=sources, written_by=by, written_at=now, changed_by=by, changed_at=now
        )
        _record("advisory.write", advisory, by, now)
    return advisory


def change(advisory: Advisory, *, title: str, body: str, sources: str, by: User, now: datetime) -> None:
    """Save a draft anew. Raises NotPossible."""
    with transaction.atomic():
        locked = _locked_draft(advisory)
        locked.title, locked.body, locked.sources = title, body, sources
        locked.changed_by, locked.changed_at = by, now
        locked.save()
        _record("advisory.change", locked, by, now)


def approve(advisory: Advisory, *, seen: str, by: User, now: datetime) -> None:
    """A second person lets it go out. From now on it is on the portal; a duty mails it. Raises NotPossible.

    seen: `seen_mark` of the text that the person has read.
    """
    with transaction.atomic():
        locked = _locked_draft(advisory)
        if by.pk in (locked.written_by_id, locked.changed_by_id):
            raise NotPossible(
                "作成または変更した本人は承認できません。別の担当者が内容を確認のうえ、承認してください。"
            )
        if seen_mark(locked) != seen:
            raise NotPossible("確認中に下書きが変更されました。もう一度内容を確認してから、承認してください。")
        locked.state = AdvisoryState.APPROVED
        locked.approved_by, locked.approved_at = by, now
        locked.save()
        _record("advisory.approve", locked, by, now)


def withdraw(advisory: Advisory, *, by: User, now: datetime) -> None:
    """Give up a draft. Raises NotPossible."""
    with transaction.atomic():
        locked = _locked_draft(advisory)
        locked.state = AdvisoryState.WITHDRAWN
        locked.changed_by, locked.changed_at = by, now
        locked.save()
        _record("advisory.withdraw", locked, by, now)


def seen_mark(advisory: Advisory) -> str:
    """Changes with every change of the draft."""
    return advisory.changed_at.isoformat()


def mail_key(advisory: Advisory, customer_id: int | str = "") -> str:
    """Key of the message to one customer; without a customer, what all of them begin with."""
    return f"advisory:{advisory.pk}:{customer_id}"


def mail(advisory: Advisory, contracts: Sequence[Contract], *, now: datetime) -> None:
    """Write the mail to the customer of these running contracts. Once, whoever asks again."""
    config, customer = settings.CONFIG, contracts[0].customer
    letter = texts.Letterhead(
        service_name=config.service_name,
        customer_name=customer.name,
        contract_numbers=[contract.number for contract in contracts],
        soc_phone=config.soc_phone,
    )
    url = f"{config.base_url}{reverse('portal:advisories')}"
    write_mail(
        key=mail_key(advisory, customer.pk),
        customer=customer,
        subject=texts.subject(letter, advisory.title),
        body=texts.body(letter, advisory.title, advisory.body, advisory.links, url),
        now=now,
        priority=Priority.LATER,
    )


def _locked_draft(advisory: Advisory) -> Advisory:
    locked = Advisory.objects.select_for_update().get(pk=advisory.pk)
    if locked.state != AdvisoryState.DRAFT:
        raise NotPossible(f"この情報提供は「{locked.get_state_display()}」のため、変更できません。")
    return locked


def _record(action: str, advisory: Advisory, by: User, now: datetime) -> None:
    audit.record(action, by=by.username, target=f"advisory:{advisory.pk}", now=now)
