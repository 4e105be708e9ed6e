"""ご利用状況: bandwidth against the plan, applying for a larger plan, how the customer's sites are set up."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.models import User
from sakimori.accounts.paging import page_of
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.lib.calendar import Month
from sakimori.lib.jst import day_of, utc_now
from sakimori.usage import actions
from sakimori.usage.chart import draw
from sakimori.usage.figures import MonthFigure
from sakimori.usage.percentile import mbps_to_cover
from sakimori.usage.queries import MonthRow, contracts_with_usage, days_of, first_month, hours_of, months_of
from sakimori.usage.words import mbps, site_rows

_MONTHS = 4
_KEPT_SECONDS = 24 * 3600


class UpgradeForm(forms.Form):
    """Which month's overage is waived, and how large the plan becomes."""

    def __init__(self, data: Any, *, months: list[Month], figure: MonthFigure | None) -> None:
        super().__init__(data)
        self.fields["month"] = forms.ChoiceField(
            label="超過料金の免除を受ける月", choices=[(str(month), month.written) for month in months]
        )
        self.fields["to_mbps"] = forms.IntegerField(
            label="変更後の契約帯域（Mbps）",
            help_text=_help(figure),
            min_value=1,
            max_value=actions.MOST_MBPS,
            widget=forms.TextInput(attrs={"inputmode": "numeric"}),
        )

    def wish(self) -> actions.Wish:
        """What was filled in."""
        return actions.Wish(Month.parse(self.cleaned_data["month"]), self.cleaned_data["to_mbps"])


def _help(figure: MonthFigure | None) -> str:
    if figure is None or figure.bits_per_second is None:
        return ""
    needed = mbps_to_cover(figure.bits_per_second)
    return (
        f"{figure.month.written}の使用帯域（{mbps(figure.bits_per_second)}）をまかなうには、"
        f"{needed} Mbps 以上が必要です。"
    )


@require_GET
@signed_in
def usage(request: PersonRequest) -> HttpResponse:
    """The person's only contract in full, or a list of his contracts."""
    now = utc_now()
    contracts = access.visible(contracts_with_usage(since=first_month(now, _MONTHS)), request.user)
    page, shown = page_of(contracts, request)
    if page.paginator.count == 1:
        return _show_contract(request, shown[0], now)
    rows = [{"contract": row, "month": months_of(row, 1, now=now)[0]} for row in shown]
    return _show(request, "portal/usages.html", {"page": page, "rows": rows})


@require_GET
@signed_in
def contract(request: PersonRequest, number: str) -> HttpResponse:
    """One contract in full."""
    now = utc_now()
    return _show_contract(request, _contract(request.user, number, now), now)


@require_GET
@signed_in
def chart(request: PersonRequest, number: str) -> HttpResponse:
    """This month's bandwidth as a picture, drawn once for each figure that it shows."""
    now = utc_now()
    found = _contract(request.user, number, now)
    figure = months_of(found, 1, now=now)[0].figure
    if figure.bits_per_second is None:
        raise Http404("見つかりません")
    key = f"usage-chart:{found.pk}:{figure.month}:{figure.samples}:{figure.bits_per_second}:{found.plan_mbps}"
    picture = cache.get(key)
    if picture is None:
        points = hours_of(found, figure.month)
        picture = draw(figure.month, points, plan_mbps=found.plan_mbps, percentile=figure.bits_per_second)
        cache.set(key, picture, _KEPT_SECONDS)
    return HttpResponse(picture, content_type="image/svg+xml")


@require_http_methods(["GET", "POST"])
@signed_in
def upgrade(request: PersonRequest, number: str) -> HttpResponse:
    """帯域アップグレード: say what will happen, then take the application."""
    now = utc_now()
    found = _contract(request.user, number, now)
    access.check_may_restore(request.user, found.customer)
    months = actions.months_to_upgrade(found, now=now)
    figure = next((row.figure for row in months_of(found, 1, now=now)), None)
    form = UpgradeForm(request.POST or None, months=months, figure=figure)
    if request.method == "POST" and form.is_valid():
        try:
            actions.ask_upgrade(found, form.wish(), by=request.user, now=now)
        except actions.NotPossible as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "帯域アップグレードのお申し込みを受け付けました。")
            return HttpResponseRedirect(reverse("portal:contract-usage", args=[number]))
    open_now = found.plan_mbps is not None and bool(months) and found.runs_on(day_of(now))
    return _show(request, "portal/upgrade.html", {"contract": found, "form": form, "open_now": open_now})


def _show_contract(request: PersonRequest, row: Contract, now: datetime) -> HttpResponse:
    months = list(months_of(row, _MONTHS, now=now))
    runs = row.runs_on(day_of(now))
    context = {
        "contract": row,
        "runs": runs,
        "months": months,
        "this": months[0].figure,
        "sites": site_rows(row),
        "site_months": _site_months(row, months),
        "days": days_of(row, months[0].figure.month),
        "state": getattr(row, "usage_state", None),
        "may_ask": request.user.is_soc or access.may_restore(request.user, row.customer),
        "can_ask": runs and row.plan_mbps is not None,
    }
    return _show(request, "portal/usage.html", context)


def _site_months(row: Contract, months: list[MonthRow]) -> list[dict[str, object]]:
    """Per site, the percentile of each month in the order of `months`."""
    return [
        {"site": site, "cells": [(month.figure.month, month.sites.get(site.pk)) for month in months]}
        for site in row.sites.all()
    ]


def _contract(user: User, number: str, now: datetime) -> Contract:
    return access.get(contracts_with_usage(since=first_month(now, _MONTHS)), user, number=number)


def _show(request: PersonRequest, template: str, context: dict[str, object]) -> HttpResponse:
    customers = [] if request.user.is_soc else list(access.customers_of(request.user))
    return render(request, template, {"customers": customers, **context})
