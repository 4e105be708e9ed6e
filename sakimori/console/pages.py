"""What every page of the console carries: the open alarms, who is on duty, and the way back."""

from collections.abc import Callable
from hashlib import sha256

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from sakimori.blacklist import stop
from sakimori.blacklist.models import Stop
from sakimori.lib.jst import utc_now
from sakimori.notify.models import Alarm, DutyShift
from sakimori.notify.queries import newest_open_alarms
from sakimori.notify.roster import current_shift

_MOST_ALARMS = 20
_LONGEST_KEY = 18  # Digits; no database knows larger ones.


def show(request: HttpRequest, template: str, context: dict[str, object]) -> HttpResponse:
    """A console page with the alarms on top."""
    return render(request, template, {**alarm_context(), **context})


def alarm_context() -> dict[str, object]:
    """Open alarms, how many there are, who is on duty, whether all is stopped, and a mark that changes with any of it.

    alarm_newest: the number of the newest alarm, for the sound.
    """
    alarms = list(newest_open_alarms())
    shift = current_shift(utc_now())
    stopped = stop.current()
    return {
        "alarms": alarms[:_MOST_ALARMS],
        "alarm_count": len(alarms),
        "alarms_hidden": max(0, len(alarms) - _MOST_ALARMS),
        "alarm_mark": _mark(alarms, shift, stopped),
        "alarm_newest": max((alarm.pk for alarm in alarms), default=0),
        "duty": shift,
        "stopped": stopped,
    }


def attempt(request: HttpRequest, action: Callable[[], object], done: str, *, refusal: type[Exception]) -> None:
    """Do it, and say on the next page that it is done (`done`, nothing if empty) or in the refusal's words why not."""
    try:
        action()
    except refusal as error:
        messages.error(request, str(error))
    else:
        if done:
            messages.success(request, done)


def back(request: HttpRequest, *, otherwise: str) -> HttpResponse:
    """Return to the page that the person came from (`next`), if it is one of ours."""
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = reverse(otherwise)
    return HttpResponseRedirect(target)


def ticked(form: QueryDict) -> list[int]:
    """The keys of the rows that were ticked in a list. What is no key is passed over."""
    return [
        int(key) for key in form.getlist("chosen") if key.isascii() and key.isdecimal() and len(key) <= _LONGEST_KEY
    ]


def _mark(alarms: list[Alarm], shift: DutyShift | None, stopped: Stop | None) -> str:
    text = f"{shift.pk if shift else None}|{stopped.pk if stopped else None}|" + "|".join(
        f"{alarm.pk}.{alarm.count}.{alarm.severity}.{alarm.sentence}" for alarm in alarms
    )
    return sha256(text.encode()).hexdigest()[:16]
