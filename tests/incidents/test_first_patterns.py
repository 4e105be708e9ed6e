"""The patterns that are shipped: they understand clear words, and nothing that only sounds like them."""

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection

from sakimori.incidents.mail_rows import MailKind
from sakimori.incidents.models import MailPattern
from sakimori.incidents.patterns import Expressions, check_expression, check_pattern, understand
from sakimori.incidents.vendor_mails import expressions_of

_MIGRATION = import_module("sakimori.incidents.migrations.0012_first_mail_patterns")
FIRST = [Expressions(name, MailKind(kind), subject, text) for name, kind, subject, text in _MIGRATION._FIRST]
TEXT = "Hello,\nSite: shop.example.jp\nregards"


def test_they_can_be_used() -> None:
    for pattern in FIRST:
        check_expression(pattern.subject)
        check_expression(pattern.text)
        check_pattern(pattern)


@pytest.mark.django_db
def test_a_new_installation_has_them() -> None:
    MailPattern.objects.all().delete()  # Tests that empty the database leave it without what migrations wrote.
    _MIGRATION.write(apps, SimpleNamespace(connection=connection))
    assert {expressions_of(row) for row in MailPattern.objects.all()} == set(FIRST)


@pytest.mark.parametrize(
    ("subject", "text", "kind"),
    [
        ("DDoS attack detected", TEXT, MailKind.START),
        ("[Alert] DDoS attack has started", "The website shop.example.jp is attacked", MailKind.START),
        ("DDoS: shop.example.jp is under attack", TEXT, MailKind.START),
        ("DDoS attack ended", TEXT, MailKind.END),
        ("DDoS attack on shop.example.jp has ended", 'Domain name: "shop.example.jp"', MailKind.END),
        ("Your weekly report", "", MailKind.IGNORE),
        ("DDoS attack has not ended", TEXT, None),
        ("DDoS protection: settings changed", TEXT, None),
        ("DDoS attack detected and DDoS attack ended", TEXT, None),
        ("DDoS attack detected", "no site is named here", None),
        ("", "", None),
    ],
)
def test_what_they_understand(subject: str, text: str, kind: MailKind | None) -> None:
    found = understand(FIRST, subject=subject, text=text)
    assert found.kind == kind
    if kind in (MailKind.START, MailKind.END):
        assert found.site == "shop.example.jp"
