"""訓練: exercises on the desk: which there were and how they went; a manager starts and stops them."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from sakimori.accounts.gates import PersonRequest, manager_only, soc_only
from sakimori.accounts.models import SocRole
from sakimori.accounts.paging import PER_PAGE, page_of
from sakimori.console.pages import attempt, show
from sakimori.customers import access
from sakimori.customers.models import Site
from sakimori.incidents.actions import NotPossible
from sakimori.incidents.clocks import passed, read
from sakimori.incidents.course import Exercise
from sakimori.incidents.exercise import (
    FASTEST,
    exercises,
    replayable,
    scenario_of,
    start_exercise,
    stop_exercise,
)
from sakimori.incidents.models import Incident
from sakimori.incidents.queries import CUSTOMER_PATH, rounds_about
from sakimori.incidents.sandbox import Trainee, make_sandbox, sandbox_sites
from sakimori.incidents.scenario import INVENTED, BadScenario, Scenario
from sakimori.incidents.telling import clocks_of, mails_about
from sakimori.lib.jst import utc_now

_PATH = f"incident__{CUSTOMER_PATH}"
_ROWS = (1, 2, 3)


class StartForm(forms.Form):
    """Whom to train with what, and how fast."""

    site: "forms.ModelChoiceField[Site]" = forms.ModelChoiceField(
        label="訓練用のお客様", queryset=None, empty_label=None
    )
    scenario = forms.ChoiceField(label="シナリオ")
    speed = forms.FloatField(
        label="早送り（倍）",
        min_value=1,
        max_value=FASTEST,
        initial=30,
        help_text=f"1 から {FASTEST:.0f} まで。30 倍では、10 分間の障害が 20 秒で終わります。"
        "電話とメールの速さは変わりません。",
    )

    def __init__(self, request: PersonRequest, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._past = {
            f"past-{row.pk}": row
            for row in access.visible(replayable(), request.user, customer=CUSTOMER_PATH)[:PER_PAGE]
        }
        site, scenario = self.fields["site"], self.fields["scenario"]
        site.queryset = access.visible(sandbox_sites(), request.user, customer=CUSTOMER_PATH)  # type: ignore[attr-defined]
        site.label_from_instance = lambda row: f"{row.contract.customer.name}（{row.domain}）"  # type: ignore[attr-defined]
        scenario.choices = [  # type: ignore[attr-defined]
            *((key, each.title) for key, each in INVENTED.items()),
            *((key, _past_title(row)) for key, row in self._past.items()),
        ]

    def chosen(self) -> Scenario:
        """The scenario. Raises BadScenario when the past incident cannot be played."""
        key = self.cleaned_data["scenario"]
        return scenario_of(self._past[key]) if key in self._past else INVENTED[key]


def _past_title(row: Incident) -> str:
    """Who it was is nobody's business in an exercise: only what and when."""
    return f"過去の再現：{row.get_kind_display()}（インシデント {row.pk}、検知 {row.signals} 件）"


@require_GET
@soc_only
def overview(request: PersonRequest) -> HttpResponse:
    """All exercises, and for a manager the forms to begin one."""
    return _overview(request, StartForm(request))


@require_POST
@manager_only
def start(request: PersonRequest) -> HttpResponse:
    """Begin an exercise; what cannot be begun comes back with its reason."""
    form = StartForm(request, request.POST)
    if not form.is_valid():
        return _overview(request, form)
    data = form.cleaned_data
    try:
        row = start_exercise(data["site"], form.chosen(), speed=data["speed"], by=request.user, now=utc_now())
    except (NotPossible, BadScenario) as refusal:
        messages.error(request, str(refusal))
        return _overview(request, form)
    messages.success(request, "訓練を開始しました。")
    return HttpResponseRedirect(reverse("console:exercise", args=[row.pk]))


@require_POST
@manager_only
def sandbox(request: PersonRequest) -> HttpResponse:
    """Make a sandbox customer of a name and up to three contacts."""
    given = [[request.POST.get(f"{what}{row}", "").strip() for what in ("name", "mail", "phone")] for row in _ROWS]
    trainees = [Trainee(*each) for each in given if any(each)]
    name = request.POST.get("name", "")
    attempt(
        request,
        lambda: make_sandbox(name=name, trainees=trainees, by=request.user, now=utc_now()),
        "訓練用のお客様を登録しました。",
        refusal=NotPossible,
    )
    return HttpResponseRedirect(reverse("console:exercises"))


@require_GET
@soc_only
def exercise(request: PersonRequest, pk: int) -> HttpResponse:
    """How an exercise goes or went: every step's clock against its goal."""
    row = access.get(exercises(), request.user, customer=_PATH, pk=pk)
    clocks = clocks_of([row.incident])[row.incident_id]
    readings = read(clocks)
    context: dict[str, object] = {
        "exercise": row,
        "incident": row.incident,
        "readings": readings,
        "passed": passed(readings),
        "wanted": [reading for reading in readings if reading.goal],
        "rounds": access.visible(rounds_about(row.incident), request.user),
        "mails": access.visible(mails_about(row.incident), request.user),
        "may_act": request.user.soc_role == SocRole.MANAGER,
    }
    return show(request, "console/exercise.html", context)


@require_POST
@manager_only
def stop(request: PersonRequest, pk: int) -> HttpResponse:
    """Break an exercise off."""
    row: Exercise = access.get(exercises(), request.user, customer=_PATH, pk=pk)
    stop_exercise(row, by=request.user, now=utc_now())
    messages.success(request, "訓練を中止しました。")
    return HttpResponseRedirect(reverse("console:exercise", args=[row.pk]))


def _overview(request: PersonRequest, form: StartForm) -> HttpResponse:
    page, rows = page_of(access.visible(exercises(), request.user, customer=_PATH), request)
    may_act = request.user.soc_role == SocRole.MANAGER
    sites = access.visible(sandbox_sites(), request.user, customer=CUSTOMER_PATH)
    context: dict[str, object] = {
        "page": page,
        "rows": rows,
        "form": form,
        "may_act": may_act,
        "sandboxes": list(sites),
        "places": _ROWS,
    }
    return show(request, "console/exercises.html", context)
