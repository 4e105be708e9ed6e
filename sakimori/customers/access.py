"""The only door to a tenant's rows.

Pages never query a tenant's model by themselves: they take rows from here. A row of another customer and a row
that does not exist look the same: `Http404`.
"""

from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404

from sakimori.accounts.models import User
from sakimori.customers.models import Customer, Member, MemberRole

Row = TypeVar("Row", bound=Model)

_MAY_RESTORE = {MemberRole.APPROVER, MemberRole.ADMIN}


def customers_of(user: User | AnonymousUser) -> QuerySet[Customer]:
    """Customers whose rows this person may see."""
    if not user.is_authenticated or not user.is_active:
        return Customer.objects.none()
    if user.is_soc:
        return Customer.objects.all()
    return Customer.objects.filter(members__user=user)


def visible(rows: QuerySet[Row], user: User | AnonymousUser, *, customer: str = "customer") -> QuerySet[Row]:
    """The part of `rows` that this person may see. `customer` is the path from the row to its customer."""
    return rows.filter(**{f"{customer}__in": customers_of(user)})


def get(rows: QuerySet[Row], user: User | AnonymousUser, *, customer: str = "customer", **lookup: object) -> Row:
    """The one row that `lookup` names, if this person may see it; otherwise Http404."""
    row = visible(rows, user, customer=customer).filter(**lookup).first()
    if row is None:
        raise Http404("見つかりません")
    return row


def check_may_restore(user: User, customer: Customer) -> None:
    """Raise PermissionDenied unless this person may take an address of the customer off the blacklist."""
    if user.is_soc and user.is_active:
        return
    if not may_restore(user, customer):
        raise PermissionDenied("この操作には承認者または管理者の権限が必要です。")


def may_restore(user: User, customer: Customer) -> bool:
    """Whether this portal user is an approver or an admin of the customer."""
    if not user.is_active:
        return False
    return Member.objects.filter(user=user, customer=customer, role__in=_MAY_RESTORE).exists()


def customers_to_act_for(user: User) -> QuerySet[Customer]:
    """Customers for whom this person may do what `check_may_restore` allows: all of them for the SOC."""
    if user.is_soc:
        return customers_of(user)
    return customers_of(user).filter(members__user=user, members__role__in=_MAY_RESTORE)
