"""ブラックリスト as the customer sees it: its own entries, why and until when, with the way to have one taken off."""

from dataclasses import dataclass

from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from sakimori.accounts.gates import PersonRequest, signed_in
from sakimori.accounts.models import User
from sakimori.accounts.paging import page_of
from sakimori.blacklist import table
from sakimori.blacklist.filters import BlockFilter
from sakimori.blacklist.models import Block, BlockState
from sakimori.blacklist.queries import CUSTOMER_PATH, blocks
from sakimori.blacklist.stories import Story, stories
from sakimori.customers import access
from sakimori.lib.jst import day_of, utc_now
from sakimori.portal.pages import show
from sakimori.portal.rows import Standing, standing_of
from sakimori.tickets.models import TicketBlock
from sakimori.tickets.texts.reasons import why

_STATES = [
    (BlockState.ACTIVE.value, "遮断中"),
    (BlockState.RESTORED.value, "設定を戻したもの"),
    (BlockState.PROPOSED.value, "SOC が確認中"),
    (BlockState.REFUSED.value, "登録の対象外"),
]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry. entry: its place in a ticket, if any; there the customer asks for its removal."""

    block: Block
    entry: TicketBlock | None
    standing: Standing
    story: Story
    reason: str
    may_restore: bool


@require_GET
@signed_in
def entries(request: PersonRequest) -> HttpResponse:
    """The list: what is on it unless the filter says otherwise."""
    form = _filter(request)
    page, shown = page_of(form.narrow(_visible(request)), request)
    context: dict[str, object] = {
        "page": page,
        "rows": _rows(shown, request.user),
        "form": form,
        "query": form.query(),
        "several": request.user.is_soc or access.customers_of(request.user).count() > 1,
    }
    return show(request, "portal/blacklist.html", context)


@require_GET
@signed_in
def as_csv(request: PersonRequest) -> StreamingHttpResponse:
    """What the filter finds, as a file for a spreadsheet program."""
    columns = table.customers_columns(
        lambda block: standing_of(block).words, lambda block: why(block.state, block.reason)
    )
    headers = {
        **table.HEADERS,
        "Content-Disposition": f'attachment; filename="blacklist_{day_of(utc_now()):%Y%m%d}.csv"',
    }
    pieces = table.as_csv(_filter(request).narrow(_visible(request)), columns)
    return StreamingHttpResponse(pieces, content_type=table.CONTENT_TYPE, headers=headers)


def _rows(shown: list[Block], user: User) -> list[EntryRow]:
    told = stories(shown)
    customers = {block.contract.customer_id: block.contract.customer for block in shown}
    theirs = {key: user.is_soc or access.may_restore(user, customer) for key, customer in customers.items()}
    return [
        EntryRow(
            block,
            entry := getattr(block, "ticket_block", None),
            standing := standing_of(block),
            told[block.pk],
            why(block.state, block.reason),
            may_restore=entry is not None and standing.restorable and theirs[block.contract.customer_id],
        )
        for block in shown
    ]


def _visible(request: PersonRequest) -> QuerySet[Block]:
    return access.visible(blocks(), request.user, customer=CUSTOMER_PATH)


def _filter(request: PersonRequest) -> BlockFilter:
    return BlockFilter(request.GET, now=utc_now(), states=_STATES)
