"""A form about a contact, from its sending to the answer; on both faces, which frame it and say where it leads."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest

from sakimori.customers.contacts import NotPossible
from sakimori.notify.contact_form import PersonForm


def is_taken(request: HttpRequest, form: PersonForm, action: Callable[[], object]) -> bool:
    """Whether the form was sent, was right, and the action has taken it. Else it is to be shown, with what is wrong."""
    if request.method != "POST" or not form.is_valid():
        return False
    try:
        action()
    except NotPossible as refusal:
        form.add_error(None, str(refusal))
        return False
    messages.success(request, "連絡先を登録しました。変更は、すべての連絡先へメールでお知らせします。")
    for warning in form.warnings:
        messages.warning(request, warning)
    return True
