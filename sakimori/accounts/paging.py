"""Long lists are cut into pages of fifty rows."""

from typing import TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

PER_PAGE = 50
Row = TypeVar("Row", bound=Model)


def page_of(rows: QuerySet[Row], request: HttpRequest) -> tuple[Page[Row], list[Row]]:
    """The page that `?page=` asks for, and its rows. A page that does not exist is the nearest one that does."""
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return page, list(page.object_list)
