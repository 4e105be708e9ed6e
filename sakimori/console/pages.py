"""What every page of the console carries: the open alarms and the way back."""

from hashlib import sha256

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from sakimori.notify.models import Alarm
from sakimori.notify.queries import open_alarms

_MOST_ALARMS = 20


def show(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """A console page with the alarms on top."""
    return render(request, template, {**alarm_context(), **context})


def alarm_context() -> dict[str, object]:
    """Open alarms, how many there are, and a mark that changes when they do."""
    alarms = list(open_alarms())
    return {"alarms": alarms[:_MOST_ALARMS], "alarm_count": len(alarms), "alarm_mark": _mark(alarms)}


def back(request: HttpRequest, *, otherwise: str) -> HttpResponse:
    """Return to the page that the person came from (`next`), if it is one of ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse(otherwise)
    return HttpResponseRedirect(target)


def _mark(alarms: list[Alarm]) -> str:
    text = "|".join(f"{alarm.pk}.{alarm.count}.{alarm.severity}.{alarm.sentence}" for alarm in alarms)
    return sha256(text.encode()).hexdigest()[:16]
