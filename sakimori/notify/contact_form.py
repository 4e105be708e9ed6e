"""What is typed about a contact, on both faces: read as in a hearing sheet, with the numbers that we can dial."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from sakimori.accounts.inputs import moment_input
from sakimori.customers.dialling import first_number, second_number, split, warnings_of
from sakimori.customers.hours import BadHours, read_hours, write_hours
from sakimori.customers.models import Contact, Customer, PhoneKind, Site
from sakimori.customers.sheet import cells
from sakimori.lib.phone_numbers import NotDialable, Number

LONGEST_DEPUTY = timedelta(days=366)
_PORTAL = "MSS ポータル"


def _checked(read: Callable[[object], object]) -> Callable[[str], None]:
    """A validator from a reader of cells; what it returns is taken in `clean`."""

    def check(value: str) -> None:
        try:
            read(value)
        except cells.BadCell as error:
            raise ValidationError(str(error)) from error

    return check


def _phone(read: Callable[[str], Number]) -> Callable[[object], str]:
    """A number as people write it, if it is one that we may dial."""

    def check(value: object) -> str:
        text = cells.phone(value)
        try:
            read(text)
        except NotDialable as error:
            raise cells.BadCell(str(error)) from error
        return text

    return check


_FIRST, _SECOND = _phone(first_number), _phone(second_number)


class _Sites(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Sites by their domains."""

    def label_from_instance(self, obj: Site) -> str:
        """What the list shows."""
        return obj.domain


class PersonForm(forms.Form):
    """Who somebody is and how he is reached."""

    name = forms.CharField(label="氏名", help_text="部署名も可。", validators=[_checked(cells.name(100))])
    kana = forms.CharField(
        label="フリガナ",
        help_text="全角カタカナ。お電話でお名前を読み上げるために使います。",
        required=False,
        validators=[_checked(cells.kana)],
    )
    email = forms.CharField(label="メールアドレス", validators=[_checked(cells.mail)])
    phone = forms.CharField(
        label="電話番号",
        help_text="市外局番から。内線は「03-0000-0000 内線 12」のように入力してください。空欄の方にはお電話しません。",
        required=False,
        validators=[_checked(_FIRST)],
    )
    phone_kind = forms.ChoiceField(
        label="電話の種類",
        choices=PhoneKind.choices,
        initial=PhoneKind.DIRECT,
        help_text="代表番号・内線・音声案内の番号には、SOC の担当者がおかけします。",
    )
    phone_note = forms.CharField(
        label="かけ方（任意）",
        help_text="例：代表に「システム課の内線 123」とお伝えください。200 文字まで。",
        max_length=200,
        required=False,
        validators=[_checked(cells.name(200))],
    )
    second_phone = forms.CharField(
        label="2 番目の電話番号（任意）",
        help_text="直接つながる番号。1 番目の番号で出られないときにおかけします。",
        required=False,
        validators=[_checked(_SECOND)],
    )

    def clean(self) -> dict[str, Any]:
        """The values in their one form; the reading of a name for who is phoned."""
        found = super().clean() or {}
        readers: dict[str, Callable[[object], object]] = {
            "name": cells.name(100),
            "kana": cells.kana,
            "email": cells.mail,
            "phone": _FIRST,
            "second_phone": _SECOND,
            "phone_note": cells.name(200),
        }
        for field, read in readers.items():
            if found.get(field):
                found[field] = read(found[field])
        if found.get("phone") and not found.get("kana") and "kana" not in self.errors:
            self.add_error("kana", "お電話する方のフリガナを入力してください。")
        if found.get("second_phone") and not found.get("phone") and "phone" not in self.errors:
            self.add_error("second_phone", "1 番目の電話番号から入力してください。")
        return split(found)

    @property
    def warnings(self) -> Sequence[str]:
        """What to think about with the numbers as they stand in the form, or were taken from it."""
        shown = self.cleaned_data if self.is_bound and self.is_valid() else self.initial
        return list(warnings_of(shown.get("phone") or "", shown.get("second_phone") or ""))


class ContactForm(PersonForm):
    """A contact with hours and sites. The written request for hours is recorded; what is typed on the portal is one."""

    hours = forms.CharField(
        label="お電話できる時間帯",
        help_text=(
            "空欄は 24 時間（標準）。制限する場合は「月-金 09:00-18:00、土 22:00-06:00」のように入力してください。"
            "制限した時間帯の外では、次の優先度の方におかけします。"
        ),
        required=False,
        max_length=300,
    )
    on_holidays = forms.BooleanField(label="祝日もお電話する", required=False, initial=True)
    hours_asked_on = forms.DateField(
        label="書面を受け取った日", required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    hours_received_by = forms.CharField(label="受付者", required=False, max_length=100)
    hours_note = forms.CharField(
        label="書面の控え", help_text="例：2026/11/20 付のメール。", required=False, max_length=200
    )

    def __init__(
        self, data: Any, *, customer: Customer, contact: Contact | None = None, on_portal: bool, today: date
    ) -> None:
        self.on_portal, self.today = on_portal, today
        initial = {name: getattr(contact, name) for name in self.base_fields} if contact else {}
        super().__init__(data, initial=initial)
        sites = Site.objects.filter(contract__customer=customer).order_by("domain", "pk")
        self.fields["sites"] = _Sites(
            sites,
            label="担当サイト（任意）",
            help_text="選ばない場合は、すべてのサイトについてご連絡します。",
            required=False,
            initial=contact.sites.all() if contact else (),
            widget=forms.CheckboxSelectMultiple(),
        )
        if on_portal:
            for name in ("hours_asked_on", "hours_received_by", "hours_note"):
                del self.fields[name]

    def clean(self) -> dict[str, Any]:
        """Hours in their one form, with the request that they rest on."""
        found = super().clean()
        on_holidays = bool(found.get("on_holidays"))
        try:
            found["hours"] = write_hours(read_hours(found.get("hours", ""), on_holidays=on_holidays))
        except BadHours as error:
            self.add_error("hours", str(error))
            return found
        if found["hours"] or not on_holidays:
            self._record_request(found)
        else:
            found.update(hours_asked_on=None, hours_received_by="", hours_note="")
        return found

    def _record_request(self, found: dict[str, Any]) -> None:
        if self.on_portal:
            if {"hours", "on_holidays"} & set(self.changed_data):
                found.update(hours_asked_on=self.today, hours_received_by=_PORTAL, hours_note="")
            return
        if not found.get("hours_asked_on"):
            self.add_error("hours_asked_on", "時間帯の制限には書面が必要です。受け取った日を入力してください。")
        elif found["hours_asked_on"] > self.today:
            self.add_error("hours_asked_on", "今日までの日付を入力してください。")
        if not found.get("hours_received_by"):
            self.add_error("hours_received_by", "書面の受付者を入力してください。")


class DeputyForm(PersonForm):
    """Somebody who is called and mailed in a contact's place for a time. Times are Japanese."""

    valid_from = forms.DateTimeField(label="代理の開始（日本時間）", widget=moment_input())
    valid_until = forms.DateTimeField(label="代理の終了（日本時間）", widget=moment_input())

    def __init__(self, data: Any, *, contact: Contact, now: datetime) -> None:
        super().__init__(data)
        self.contact, self.now = contact, now

    def clean(self) -> dict[str, Any]:
        """A time that is not over, and whose place it is."""
        found = super().clean()
        begins, ends = found.get("valid_from"), found.get("valid_until")
        if begins and ends:
            if ends <= begins:
                self.add_error("valid_until", "終了は、開始より後の日時にしてください。")
            elif ends <= self.now:
                self.add_error("valid_until", "既に終わった期間は登録できません。")
            elif ends - begins > LONGEST_DEPUTY:
                self.add_error("valid_until", "代理の期間は 1 年以内にしてください。")
        found.update(stands_for=self.contact, priority=self.contact.priority)
        return found


class SpecialNoteForm(forms.Form):
    """特記事項 of a customer."""

    special_note = forms.CharField(
        label="特記事項",
        help_text="お客様への電話、遮断、解除の前に必ず表示されます。1,000 文字まで。",
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
