"""What the portal's menu must know on every page."""

from django.http import HttpRequest

from sakimori.accounts.models import User
from sakimori.customers import access
from sakimori.logs.queries import contracts_with_log_page


def menu(request: HttpRequest) -> dict[str, object]:
    """`has_log_page`: whether a contract of this customer has the option to keep logs. Asked only where it is shown."""

    def has_log_page() -> bool:
        user = request.user
        return isinstance(user, User) and access.visible(contracts_with_log_page(), user).exists()

    return {"has_log_page": has_log_page}
