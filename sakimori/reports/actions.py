"""What changes in reports: a row is opened, a draft is made, a second person releases it, a PDF is handed out."""

import hashlib
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from sakimori.accounts.models import User
from sakimori.customers import audit, files
from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month
from sakimori.logs.store.interface import LogStore, StoreError
from sakimori.notify.actions import raise_alarm, write_mail
from sakimori.notify.models import Priority, Severity
from sakimori.reports import wording
from sakimori.reports.figures import from_json, to_json
from sakimori.reports.gathering import NothingKept, gather
from sakimori.reports.models import Report, ReportState
from sakimori.reports.rendering import render
from sakimori.reports.schedule import due_day


class NotPossible(Exception):
    """A report cannot be changed or read in the way that was asked for; the text is for people."""


def open_report(contract: Contract, month: Month, *, now: datetime) -> bool:
    """Write down that a contract is owed the report of a month. Returns whether that was news."""
    with transaction.atomic():
        report, new = Report.objects.get_or_create(
            contract=contract, month=str(month), defaults={"due_on": due_day(month), "opened_at": now}
        )
        if new:
            _record("report.open", report, by="sakimori", now=now)
    return new


def draft(report: Report, *, comment: str, store: LogStore, by: User, now: datetime) -> None:
    """Count the figures anew, freeze them and keep the analyst's words. Raises NotPossible."""
    _insist_on_unreleased(report)
    try:
        figures = gather(report, store=store)
    except StoreError as error:
        raise NotPossible(
            "ログの保管先に接続できないため、集計できませんでした。しばらくしてからお試しください。"
        ) from error
    except NothingKept as error:
        raise NotPossible("この月のログは、保管期間を過ぎて削除されたため、集計できません。") from error
    with transaction.atomic():
        locked = Report.objects.select_for_update().get(pk=report.pk)
        _insist_on_unreleased(locked)
        locked.state = ReportState.DRAFT
        locked.figures = to_json(figures)
        locked.as_of = now
        locked.comment = comment
        locked.drafted_by = by
        locked.save()
        _record("report.draft", locked, by=by.username, now=now)


def preview(report: Report, *, now: datetime) -> bytes:
    """The PDF as it would be released now, marked as a draft. Raises NotPossible."""
    _insist_on_draft(report)
    return render(report, letterhead(report.contract), now=now)


def release(report: Report, *, seen: str, by: User, now: datetime) -> None:
    """A second person publishes the draft: PDF kept, on the portal, mail to all contacts. Raises NotPossible.

    seen: `seen_mark` of the draft that the person has read; a draft that changed meanwhile is not released.
    """
    _check_release(report, seen, by)
    content = render(report, letterhead(report.contract), now=now, draft=False)
    stored = files.keep(report.contract.customer, content)
    try:
        with transaction.atomic():
            locked = Report.objects.select_for_update().select_related("contract__customer").get(pk=report.pk)
            _check_release(locked, seen, by)
            locked.state = ReportState.RELEASED
            locked.released_by, locked.released_at = by, now
            locked.stored_name = stored
            locked.size_bytes, locked.sha256 = len(content), hashlib.sha256(content).hexdigest()
            locked.save()
            _record("report.release", locked, by=by.username, now=now)
            _tell(locked, now)
    except BaseException:
        files.remove(report.contract.customer, stored)
        raise


def seen_mark(report: Report) -> str:
    """Changes with every draft."""
    return report.as_of.isoformat() if report.as_of else ""


def read_pdf(report: Report, *, by: User, now: datetime) -> bytes:
    """The released PDF, if it is still the one that was released; otherwise the SOC is alarmed. Raises NotPossible."""
    customer = report.contract.customer
    try:
        content = files.path_of(customer, report.stored_name).read_bytes()
    except (OSError, ValueError):
        content = b""
    if hashlib.sha256(content).hexdigest() != report.sha256:
        raise_alarm(
            key=f"report-damaged:{report.pk}",
            severity=Severity.HIGH,
            sentence=f"{customer.name} の月次レポート（{report.period.written}分）のファイルを読み出せません。",
            link=reverse("console:report", args=[report.pk]),
            now=now,
        )
        raise NotPossible("レポートのファイルを読み出せませんでした。お手数ですが、SOC までお電話ください。")
    if by.is_soc:
        _record("report.download", report, by=by.username, now=now)
    return content


def letterhead(contract: Contract) -> wording.Letterhead:
    """What stands on the reports and mails of a contract."""
    config = settings.CONFIG
    return wording.Letterhead(config.service_name, contract.customer.name, contract.number, config.soc_phone)


def _tell(report: Report, now: datetime) -> None:
    letter = letterhead(report.contract)
    url = f"{settings.CONFIG.base_url}{reverse('portal:reports')}"
    write_mail(
        key=f"report:{report.pk}",
        customer=report.contract.customer,
        subject=wording.mail_subject(letter, report.period),
        body=wording.mail_body(
            letter, report.period, headline=wording.headline(from_json(report.figures or {})), url=url
        ),
        now=now,
        priority=Priority.LATER,
    )


def _check_release(report: Report, seen: str, by: User) -> None:
    _insist_on_unreleased(report)
    _insist_on_draft(report)
    if report.drafted_by_id == by.pk:
        raise NotPossible("下書きを作成した本人は公開できません。別の担当者が内容を確認のうえ、公開してください。")
    if not report.comment:
        raise NotPossible("所見が記入されていないため、公開できません。")
    if seen_mark(report) != seen:
        raise NotPossible("確認中に下書きが更新されました。もう一度内容を確認してから、公開してください。")


def _insist_on_unreleased(report: Report) -> None:
    if report.state == ReportState.RELEASED:
        raise NotPossible("このレポートは公開済みのため、変更できません。")


def _insist_on_draft(report: Report) -> None:
    if report.state == ReportState.WAITING:
        raise NotPossible("このレポートは、まだ下書きが作成されていません。")


def _record(action: str, report: Report, *, by: str, now: datetime) -> None:
    audit.record(action, by=by, target=f"report:{report.pk}", now=now, customer=report.contract.customer)
