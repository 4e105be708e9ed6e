"""The main menu, for the person who looks at the page."""

from collections.abc import Mapping
from typing import Any

from django import template
from django.urls import reverse

from sakimori.accounts.menu import menu_of

register = template.Library()


@register.inclusion_tag("sakimori/menu.html", takes_context=True)
def main_menu(context: Mapping[str, Any]) -> dict[str, object]:
    """Groups of (label, address, whether it is the current part)."""
    request = context["request"]
    here = request.resolver_match.view_name if request.resolver_match else ""
    # Only the portal has the entry, so only there the question is asked.
    asked = context.get("has_log_page")
    has_log_page = bool(not request.user.is_soc and (asked() if callable(asked) else asked))
    groups = [
        (group.label, [(entry.label, reverse(entry.page), entry.stands_for(here)) for entry in group.entries])
        for group in menu_of(request.user, has_log_page=has_log_page)
    ]
    return {"groups": groups}
