"""Contact: somebody who is told, how he is reached, at which hours, for which sites, and who stands in for him when.

Imported from `models.py`, where all rows of this room can be found.
"""

from django.db import models

from sakimori.customers.hours import Hours, hours_in_words, read_hours


class PhoneKind(models.TextChoices):
    """Who can dial a number: a machine, or only a person who gets past a switchboard or a voice menu."""

    DIRECT = "direct", "直通・携帯"
    PERSON = "person", "代表・内線・音声案内"


class Contact(models.Model):
    """連絡先: somebody who is told. Mail goes to all of them at once, calls in order of priority (chapter 1-3).

    stands_for: a deputy, called and mailed in that contact's place from `valid_from` until `valid_until`.
    sites: only about these; none means all. proven_at: when somebody last answered for himself at this number.
    failed_at: since when it is known that the number is dead. hours: see `hours.py`; empty is around the clock, and
    anything else was asked for in writing: when, who received it, and where it lies.
    """

    customer = models.ForeignKey("customers.Customer", on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField("氏名", max_length=100)
    kana = models.CharField("フリガナ", max_length=100, blank=True)
    email = models.EmailField("メールアドレス")
    phone = models.CharField("電話番号", max_length=32, blank=True)
    phone_kind = models.CharField("電話の種類", max_length=8, choices=PhoneKind, default=PhoneKind.DIRECT)
    phone_note = models.CharField("かけ方", max_length=200, blank=True)
    second_phone = models.CharField("2 番目の電話番号", max_length=32, blank=True)
    priority = models.PositiveSmallIntegerField("優先度")
    active = models.BooleanField("有効", default=True)
    hours = models.CharField("電話できる時間帯", max_length=300, blank=True)
    on_holidays = models.BooleanField("祝日も電話する", default=True)
    hours_asked_on = models.DateField("時間帯の申請日", null=True, blank=True)
    hours_received_by = models.CharField("申請の受付者", max_length=100, blank=True)
    hours_note = models.CharField("申請の控え", max_length=200, blank=True)
    sites = models.ManyToManyField("customers.Site", verbose_name="担当サイト", blank=True, related_name="contacts")
    stands_for = models.ForeignKey(
        "self", verbose_name="代理元", null=True, blank=True, on_delete=models.CASCADE, related_name="deputies"
    )
    valid_from = models.DateTimeField("代理の開始", null=True, blank=True)
    valid_until = models.DateTimeField("代理の終了", null=True, blank=True)
    proven_at = models.DateTimeField("最後に応答を確認した日時", null=True, blank=True)
    failed_at = models.DateTimeField("番号の不通を確認した日時", null=True, blank=True)

    class Meta:
        verbose_name = "連絡先"
        ordering = ["customer", "priority"]
        constraints = [models.UniqueConstraint(fields=["customer", "email"], name="contact_mail_once_per_customer")]

    def __str__(self) -> str:
        return self.name

    @property
    def call_hours(self) -> Hours:
        """At which hours he may be called."""
        return read_hours(self.hours, on_holidays=self.on_holidays)

    @property
    def hours_in_words(self) -> str:
        """The same for people."""
        return hours_in_words(self.call_hours)

    @property
    def only_a_person_can_dial(self) -> bool:
        """Whether a machine would end at a switchboard."""
        return self.phone_kind == PhoneKind.PERSON
