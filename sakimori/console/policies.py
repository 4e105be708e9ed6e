"""遮断方針: what is blocked at once, asked about or only written down; of each contract, and the SOC's default.

A changed policy can be tried on the stored log before it is saved (この設定で試す).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_GET, require_http_methods

from sakimori import backends
from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.blacklist.explanations import explain
from sakimori.blacklist.policies import (
    NotPossible,
    Standing,
    Version,
    default_standing,
    follow_default,
    history,
    may_change,
    note_trial,
    rules_for,
    save_policy,
    standing_of,
)
from sakimori.blacklist.policy import KINDS, Rules
from sakimori.blacklist.replay import LISTED, Compared, Judged, Period, WhatIf, what_if
from sakimori.blacklist.stories import sentence_of
from sakimori.console.pages import show
from sakimori.console.policy_form import PolicyForm, reach_words, term_words, words_of
from sakimori.customers import access
from sakimori.customers.models import Contract
from sakimori.customers.queries import contracts
from sakimori.lib.jst import utc_now
from sakimori.logs.store.interface import StoreError, StoreUnavailable

_DAYS, _VERSIONS = 7, 10


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A contract in the list. differs: what its own policy has otherwise than the default, in words."""

    contract: Contract
    own: bool
    differs: list[str]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version in the history and what it changed, in words."""

    version: Version
    changes: list[str]


@dataclass(frozen=True, slots=True)
class Side:
    """What would have become of an address under one policy, in words."""

    outcome: str
    tone: str
    at: datetime | None = None
    kind: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class TrialRow:
    """An address under both policies."""

    row: Compared
    now: Side
    then: Side


@require_GET
@soc_only
def policies(request: PersonRequest) -> HttpResponse:
    """The default in short, and every contract with what it has otherwise."""
    page, shown = page_of(access.visible(contracts(), request.user), request)
    standing = standing_of(shown)
    rows = [_policy_row(contract, standing[contract.pk]) for contract in shown]
    default = default_standing()
    context: dict[str, object] = {
        "page": page,
        "rows": rows,
        "default": default,
        "kinds": [(kind.label, words_of(default.rules.of(kind.value))) for kind in KINDS],
        "term": term_words(default.rules),
        "reach": reach_words(default.rules),
    }
    return show(request, "console/policies.html", context)


@require_http_methods(["GET", "POST"])
@soc_only
def default_policy(request: PersonRequest) -> HttpResponse:
    """SOC 全体の既定: what holds for every contract that has no policy of its own."""
    return _page(request, None, default_standing())


@require_http_methods(["GET", "POST"])
@soc_only
def policy(request: PersonRequest, pk: int) -> HttpResponse:
    """One contract's policy."""
    contract = access.get(contracts(), request.user, pk=pk)
    return _page(request, contract, standing_of([contract])[contract.pk])


def _page(request: PersonRequest, contract: Contract | None, standing: Standing) -> HttpResponse:
    changes = may_change(contract, request.user)
    form = PolicyForm(
        request.POST if request.method == "POST" else None,
        base=standing.rules,
        default=standing.default,
        version=standing.version,
        may_change=changes,
        contracts=access.visible(contracts(), request.user) if contract is None else None,
    )
    trial = None
    if request.method == "POST" and form.is_valid():
        if request.POST.get("do") == "try":
            trial = _try(request, form, contract or form.cleaned_data["contract"])
        elif _changed(request, form, contract):
            return HttpResponseRedirect(request.path)
    context: dict[str, object] = {
        "contract": contract,
        "standing": standing,
        "form": form,
        "may_change": changes,
        "trial": trial,
        "versions": [_version_row(version) for version in history(contract, standing.default, most=_VERSIONS)],
        "trial_rows": [_trial_row(row) for row in trial.rows] if trial else [],
        "listed": LISTED,
    }
    return show(request, "console/policy.html", context)


def _changed(request: PersonRequest, form: PolicyForm, contract: Contract | None) -> bool:
    """Save, or follow the default again. A refusal stands in the form, which keeps what was typed."""
    seen, why, now = form.cleaned_data["seen"], form.cleaned_data["why"], utc_now()
    try:
        if request.POST.get("do") == "follow":
            done = follow_default(contract, seen=seen, reason=why, by=request.user, now=now)
        else:
            done = save_policy(contract, form.rules, seen=seen, reason=why, by=request.user, now=now)
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(
        request, "遮断方針を変更しました。これから届く検知に適用します。" if done else "変更はありません。"
    )
    return True


def _try(request: PersonRequest, form: PolicyForm, contract: Contract | None) -> WhatIf | None:
    if contract is None:
        form.add_error("contract", "試す契約を選択してください。")
        return None
    now, days = utc_now(), form.cleaned_data["days"] or _DAYS
    note_trial(contract, days=days, by=request.user.username, now=now)
    period = Period(now - timedelta(days=days), now)
    try:
        return what_if(contract, rules_for(contract), form.rules, period, store=backends.log_store())
    except StoreUnavailable:
        form.add_error(
            None, "ログ保管庫から時間内に回答がありません。試す期間を短くするか、時間をおいてお試しください。"
        )
    except StoreError:
        form.add_error(None, "ログ保管庫で検索できないため、試せませんでした。運用担当者に連絡してください。")
    return None


def _policy_row(contract: Contract, standing: Standing) -> PolicyRow:
    return PolicyRow(contract, standing.own, differences(standing.rules, standing.default))


def _version_row(version: Version) -> VersionRow:
    return VersionRow(version, differences(version.rules, version.before, other="変更前は"))


def differences(rules: Rules, others: Rules, *, other: str = "既定は") -> list[str]:
    """What a policy has otherwise than another one, a sentence each. other: what that one is called."""
    return [
        f"{name}：{mine}（{other}{theirs}）"
        for (name, mine), (_, theirs) in zip(_told(rules), _told(others), strict=True)
        if mine != theirs
    ]


def _told(rules: Rules) -> list[tuple[str, str]]:
    """A policy in words, part by part."""
    return [
        *((kind.label, words_of(rules.of(kind.value))) for kind in KINDS),
        ("期間", term_words(rules)),
        ("サイト", reach_words(rules)),
        ("上限", f"1 時間に {rules.cap} 件"),
    ]


_SIDES = {"block": ("遮断", "stop"), "ask": ("要判断", "wait"), "refuse": ("対象外", "")}
_NOTHING = Side("記録のみ", "")


def _trial_row(row: Compared) -> TrialRow:
    return TrialRow(row, _side(row.now), _side(row.then))


def _side(judged: Judged | None) -> Side:
    if judged is None:
        return _NOTHING
    word, tone = _SIDES[judged.outcome.value]
    return Side(word, tone, judged.at, explain(judged.kind).label, sentence_of(judged.reason))
