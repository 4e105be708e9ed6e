"""Portal users who belong to no other customer: they go with their customer, with all that lets them sign in."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import CASCADE

from sakimori.accounts.models import User
from sakimori.closing.belongings import Edge, delete, edges_to, keys_of
from sakimori.customers.models import Customer, Member


@dataclass(frozen=True, slots=True)
class Leaving:
    """Users who go, with the login IDs under which the door remembers them."""

    users: tuple[User, ...] = ()
    logins: tuple[str, ...] = ()


def leaving_with(customer: Customer) -> Leaving:
    """Members of this customer and of nobody else. People of the SOC never go."""
    members = Member.objects.filter(customer=customer).values("user")
    elsewhere = Member.objects.exclude(customer=customer).values("user")
    users = tuple(User.objects.filter(pk__in=members, soc_role="").exclude(pk__in=elsewhere).order_by("pk"))
    return Leaving(users, tuple(user.username for user in users))


def forget(leaving: Leaving) -> Counter[str]:
    """Delete them with their second factors, sessions and the door's notes. Returns how many of what."""
    counts: Counter[str] = Counter()
    for user in leaving.users:
        counts += _forget_user(user)
    counts["ログインの記録"] += _forget_traces(leaving.logins)
    counts["セッション"] += _forget_sessions({str(user.pk) for user in leaving.users})
    return +counts


def are_left(leaving: Leaving) -> bool:
    """Whether anybody of them can still be found by his login ID."""
    return User.objects.filter(username__in=leaving.logins).exists()


def _forget_user(user: User) -> Counter[str]:
    """Rows that live by the user go. A row of somebody else that names him forgets him, or he becomes nameless."""
    keys = keys_of(user, _lives_by_it)
    if _is_still_named(user):
        _make_nameless(user)
        keys = {model: wanted for model, wanted in keys.items() if model is not User}
    delete(keys)
    return Counter(
        {"ログインの設定": sum(len(wanted) for model, wanted in keys.items() if model is not User), "利用者": 1}
    )


def _lives_by_it(edge: Edge) -> bool:
    return edge.remote_field.on_delete is CASCADE


def _is_still_named(user: User) -> bool:
    """Let optional references go; say whether there are others that may not be empty."""
    named = False
    for model, edge in edges_to(User):
        if _lives_by_it(edge):
            continue
        rows = model._base_manager.filter(**{edge.name: user.pk})
        if edge.null:
            rows.update(**{edge.name: None})
        else:
            named = named or rows.exists()
    return named


def _make_nameless(user: User) -> None:
    user.username = f"deleted-{user.pk}"
    user.first_name = user.last_name = user.email = user.phone = ""
    user.is_active = False
    user.set_unusable_password()
    user.save()


def _forget_traces(logins: Collection[str]) -> int:
    models = (AccessAttempt, AccessLog, AccessFailureLog)
    return sum(model.objects.filter(username__in=logins).delete()[0] for model in models)


def _forget_sessions(users: set[str]) -> int:
    if not users:
        return 0
    theirs = [session.pk for session in Session.objects.iterator() if session.get_decoded().get(SESSION_KEY) in users]
    return Session.objects.filter(pk__in=theirs).delete()[0]
