"""Received mails are deleted after a hundred days; those of a customer go with his contract besides (chapter 3-1)."""

from datetime import datetime, timedelta

from sakimori.notify.models import ReceivedMail

KEPT = timedelta(days=100)


def forget_old_mails(*, now: datetime) -> int:
    """Delete what came longer ago. Returns how many."""
    old = ReceivedMail.objects.filter(received_at__lt=now - KEPT)
    return old.delete()[0]
