"""Long lists are cut into pages of fifty rows; of a long story the older part is folded."""

from collections.abc import Sequence
from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

PER_PAGE = 50
_LATEST = 10
_WORTH_FOLDING = 5
Row = TypeVar("Row", bound=Model)
Step = TypeVar("Step")


def page_of(rows: QuerySet[Row], request: HttpRequest) -> tuple[Page[Row], list[Row]]:
    """The page that `?page=` asks for, and its rows. A page that does not exist is the nearest one that does."""
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return page, list(page.object_list)


def folded(story: Sequence[Step]) -> tuple[Sequence[Step], Sequence[Step]]:
    """A story in the order of time as what a page folds, the older part, and what it shows, the latest ten steps.

    A few more than ten are shown all: a fold that hides two steps saves nobody's time.
    """
    cut = len(story) - _LATEST
    return (story[:cut], story[cut:]) if cut >= _WORTH_FOLDING else (story[:0], story)
