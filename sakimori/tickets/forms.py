"""What both faces ask of a person who writes into a ticket: text, files, and a token against sending it twice."""

import secrets
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile

from sakimori.tickets.actions import Words
from sakimori.tickets.uploads import (
    ALLOWED,
    EXTENSIONS,
    MOST_FILES,
    NotAccepted,
    Upload,
    check,
    check_count,
    check_size,
)

_LONGEST_TEXT = 5000


class _SeveralFiles(forms.FileInput):
    """The browser's own choice of several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:  # noqa: ARG002
        """All files of this name, those of an empty choice left out."""
        return files.getlist(name) if hasattr(files, "getlist") else files.get(name) or []


class UploadsField(forms.FileField):
    """Up to five files, checked by name, size and content. Clean: a list of `Upload`."""

    widget = _SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> Any:  # noqa: ARG002
        """Refuse all of them with the sentence about the first that does not pass."""
        chosen: Sequence[UploadedFile[Any]] = [file for file in data or [] if file.name]
        limit = settings.CONFIG.upload_mib
        try:
            check_count(len(chosen))
            for file in chosen:
                check_size(file.name or "", file.size or 0, limit_mib=limit)
            return [check(file.name or "", file.read(), limit_mib=limit) for file in chosen]
        except NotAccepted as refusal:
            raise ValidationError(str(refusal)) from refusal


class WordsForm(forms.Form):
    """Text and files for a ticket. A form of its own token is one message, however often it is sent."""

    text = forms.CharField(
        label="内容",
        help_text=f"{_LONGEST_TEXT:,} 文字までご記入いただけます。パスワードなどの秘密は書かないでください。",
        max_length=_LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    uploads = UploadsField(label="添付ファイル（任意）", required=False)
    token = forms.RegexField(
        r"^[0-9a-f]{32}$",
        widget=forms.HiddenInput,
        error_messages={
            "required": "画面を開き直して、もう一度お試しください。",
            "invalid": "画面を開き直して、もう一度お試しください。",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["token"].initial = lambda: secrets.token_hex(16)
        uploads = self.fields["uploads"]
        uploads.help_text = (
            f"{MOST_FILES} 個まで、1 個 {settings.CONFIG.upload_mib} MB まで。お預かりできる形式：{ALLOWED}。"
            "マクロを含むファイルはお預かりできません。"
        )
        uploads.widget.attrs.update(
            {
                "accept": ",".join(f".{extension}" for extension in EXTENSIONS),
                "data-limit-mib": settings.CONFIG.upload_mib,
                "data-most": MOST_FILES,
            }
        )

    def words(self) -> Words:
        """What the person wrote, once the form is valid."""
        uploads: list[Upload] = self.cleaned_data["uploads"]
        return Words(text=self.cleaned_data["text"], token=self.cleaned_data["token"], uploads=uploads)
