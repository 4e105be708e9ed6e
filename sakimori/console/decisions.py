"""What an analyst decides about blocks, one or many: approve, refuse, shorten, restore. The page tells the outcome."""

from collections.abc import Sequence

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.blacklist import actions, bulk, stop
from sakimori.blacklist.kin import newer, ours_inside
from sakimori.blacklist.lasting import Lasting
from sakimori.blacklist.models import Block, RestoreChannel
from sakimori.blacklist.queries import CUSTOMER_PATH, blocks, blocks_to_decide, findings
from sakimori.console.pages import attempt, back, show, ticked
from sakimori.customers import access
from sakimori.customers.queries import contacts_to_mail
from sakimori.lib.jst import utc_now
from sakimori.tickets.actions import restore_for_somebody

_CHANNELS = (
    (RestoreChannel.DESK, "SOC の判断"),
    (RestoreChannel.PHONE, "お客様からのお電話"),
    (RestoreChannel.MAIL, "お客様からのメール"),
)
_IDENTIFIED = (
    "契約番号と、登録されている電話番号への折り返し",
    "契約番号と、登録されているメールアドレスへの確認",
)
_OTHER = "その他（補足に記入）"

_LIST = "console:attacks"
_APPROVED, _REFUSED = "登録を承認しました。", "登録を却下しました。"
_NO_SPAN = "期間を選んでください。"
_TOLD = 5  # Addresses that a message names; the list shows the others.


class RestoreForm(forms.Form):
    """Why an analyst takes an address off the list; where somebody phoned or wrote, also who, and how that is sure."""

    channel = forms.ChoiceField(
        label="受付の方法",
        choices=_CHANNELS,
        initial=RestoreChannel.DESK,
        required=False,
    )
    requester = forms.CharField(
        label="依頼者のお名前（電話・メールの場合）",
        help_text="お客様のチケットとメールに「様」を付けて載ります。100 文字まで。",
        max_length=100,
        required=False,
    )
    identified = forms.ChoiceField(
        label="ご本人の確認（電話・メールの場合）",
        choices=[("", "選択してください"), *((way, way) for way in _IDENTIFIED), (_OTHER, _OTHER)],
        required=False,
    )
    identified_more = forms.CharField(
        label="確認の補足",
        help_text="折り返した番号の下 4 桁など。「その他」を選んだ場合は必ずご記入ください。100 文字まで。",
        max_length=100,
        required=False,
    )
    reason = forms.CharField(
        label="解除の理由",
        help_text="監査記録に残ります。電話・メールのご依頼ではお客様のチケットにも載ります。200 文字まで。",
        max_length=200,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean(self) -> dict[str, object]:
        """By phone or mail nobody gets an address back without a name and a check of who he is."""
        data: dict[str, object] = super().clean() or {}
        if data.get("channel") not in actions.ASKED_FROM_OUTSIDE:
            return data
        if not data.get("requester") and "requester" not in self.errors:
            self.add_error("requester", "電話・メールのご依頼では、依頼者のお名前をご記入ください。")
        if not data.get("identified") and "identified" not in self.errors:
            self.add_error("identified", "電話・メールのご依頼では、ご本人を確認した方法をお選びください。")
        if data.get("identified") == _OTHER and not data.get("identified_more"):
            self.add_error("identified_more", "「その他」の場合は、確認した方法をご記入ください。")
        return data

    def asked(self) -> tuple[RestoreChannel, str, str]:
        """By which channel, who asked and how he was identified. At the desk nobody from outside asked."""
        data = self.cleaned_data
        channel = RestoreChannel(data["channel"] or RestoreChannel.DESK)
        if channel not in actions.ASKED_FROM_OUTSIDE:
            return channel, "", ""
        way, more = data["identified"], data["identified_more"]
        words = [more] if way == _OTHER else [way, *([f"補足: {more}"] if more else [])]
        return channel, data["requester"], "、".join(words)


@require_POST
@soc_only
def approve(request: PersonRequest, pk: int) -> HttpResponse:
    """Put the address on the list, or try a failed one again."""
    return _tell(request, bulk.approve_all([_block(request, pk)], by=request.user, now=utc_now()), _APPROVED)


@require_POST
@soc_only
def refuse(request: PersonRequest, pk: int) -> HttpResponse:
    """Leave the address alone."""
    return _tell(request, bulk.refuse_all([_block(request, pk)], by=request.user, now=utc_now()), _REFUSED)


@require_POST
@soc_only
def shorten(request: PersonRequest, pk: int) -> HttpResponse:
    """Give the entry an end: a question is approved with it."""
    row, lasting = _block(request, pk), _lasting(request)
    if lasting is None:
        messages.error(request, _NO_SPAN)
        return back(request, otherwise=_LIST)
    attempt(
        request,
        lambda: actions.shorten(row, lasts=lasting.span, by=request.user, now=utc_now()),
        f"{row.address} の期限を {lasting.label}後にしました。",
        refusal=actions.NotPossible,
    )
    return back(request, otherwise=_LIST)


@require_POST
@soc_only
def decide_chosen(request: PersonRequest) -> HttpResponse:
    """One decision about all chosen rows of the list."""
    rows = list(
        access.visible(blocks_to_decide(), request.user, customer=CUSTOMER_PATH).filter(pk__in=ticked(request.POST))
    )
    wish, lasting = request.POST.get("wish"), _lasting(request)
    if not rows:
        messages.error(request, "対象がありません。選択されていないか、すでに判断されています。")
    elif wish == "refuse":
        return _tell(request, bulk.refuse_all(rows, by=request.user, now=utc_now()), _REFUSED)
    elif wish == "approve" or (wish == "shorten" and lasting is not None):
        lasts = lasting.span if wish == "shorten" and lasting else None
        return _tell(request, bulk.approve_all(rows, by=request.user, now=utc_now(), lasts=lasts), _APPROVED)
    else:
        messages.error(request, _NO_SPAN if wish == "shorten" else "操作を選んでください。")
    return back(request, otherwise=_LIST)


@require_POST
@soc_only
def dismiss(request: PersonRequest, pk: int) -> HttpResponse:
    """A finding without a block needs nothing more."""
    row = access.get(findings(), request.user, customer=CUSTOMER_PATH, pk=pk)
    attempt(
        request,
        lambda: actions.dismiss(row, by=request.user, now=utc_now()),
        "検知を確認済みにしました。",
        refusal=actions.NotPossible,
    )
    return back(request, otherwise=_LIST)


@require_http_methods(["GET", "POST"])
@soc_only
def restore(request: PersonRequest, pk: int) -> HttpResponse:
    """Take the address off the list, with a reason."""
    row = _block(request, pk)
    form = RestoreForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        channel, requester, identified = form.asked()
        anew = "その後に再び登録されていたため、新しい登録を解除します。" if newer(row) else ""
        attempt(
            request,
            lambda: restore_for_somebody(
                row,
                channel=channel,
                requester=requester,
                identified=identified,
                by=request.user,
                reason=form.cleaned_data["reason"],
                now=utc_now(),
            ),
            f"{row.address} の解除を受け付けました。{anew}",
            refusal=actions.NotPossible,
        )
        return HttpResponseRedirect(reverse("console:block", args=[pk]))
    context = {
        "entry": row,
        "form": form,
        "contacts": contacts_to_mail(row.contract.customer),
        "ask_days": settings.CONFIG.ask_days,
        "newer": newer(row),
        "inside": ours_inside(row),
    }
    return show(request, "console/restore.html", context)


def _tell(request: PersonRequest, decided: bulk.Decided, done: str) -> HttpResponse:
    """Say what became of it, and go back to the list."""
    if decided.done:
        held = "一斉停止中のため、再開後に登録します。" if done == _APPROVED and stop.is_on() else ""
        messages.success(request, f"{_named(decided.done)} の{done}{held}")
    if decided.first:
        messages.success(request, f"{_named(decided.first)} は広い範囲のため、別の担当者の承認を待ちます。")
    for address, why in decided.refused[:_TOLD]:
        messages.error(request, why if address in why else f"{address}：{why}")
    if len(decided.refused) > _TOLD:
        messages.error(request, f"ほか {len(decided.refused) - _TOLD} 件は変更できませんでした。")
    return back(request, otherwise=_LIST)


def _named(addresses: Sequence[str]) -> str:
    """The first few addresses, and how many there are besides."""
    more = len(addresses) - _TOLD
    return "、".join(addresses[:_TOLD]) + (f" ほか {more} 件" if more > 0 else "")


def _lasting(request: PersonRequest) -> Lasting | None:
    given = request.POST.get("lasts", "")
    return Lasting(given) if given in Lasting.values else None


def _block(request: PersonRequest, pk: int) -> Block:
    return access.get(blocks(), request.user, customer=CUSTOMER_PATH, pk=pk)
