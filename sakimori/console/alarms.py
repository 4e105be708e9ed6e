"""The alarms bar: refreshed every few seconds on every console page; a person takes an alarm with one button.

And all alarms that there ever were.
"""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, soc_only
from sakimori.accounts.paging import page_of
from sakimori.console.pages import alarm_context, back, show
from sakimori.lib.jst import utc_now
from sakimori.notify import actions
from sakimori.notify.queries import alarms, alarms_newest_first

_NOTHING_NEW = 204


@require_GET
@soc_only
def bar(request: PersonRequest) -> HttpResponse:
    """The open alarms; 204 while they are as the page has `seen` them, so that nobody's focus is disturbed."""
    context = alarm_context()
    if context["alarm_mark"] == request.GET.get("seen"):
        return HttpResponse(status=_NOTHING_NEW)
    return render(request, "console/alarms.html", {**context, "here": request.GET.get("here", "")})


@require_POST
@soc_only
def acknowledge(request: PersonRequest, pk: int) -> HttpResponse:
    """Take an alarm."""
    actions.acknowledge(get_object_or_404(alarms(), pk=pk), by=request.user, now=utc_now())
    return back(request, otherwise="console:attacks")


@require_GET
@soc_only
def history(request: PersonRequest) -> HttpResponse:
    """Every alarm, the newest first: how often, who acknowledged it, which calls it led to."""
    return show(request, "console/alarm_history.html", {"page": page_of(alarms_newest_first(), request)[0]})
