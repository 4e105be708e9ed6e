"""The row of what a phone provider and its call-backs have told of one call."""

from django.db import models

from sakimori.notify.dialogue import Stage
from sakimori.notify.interface import PhoneState

# A call that waits to be dialled has come to nothing yet.
_RESULTS = [(state.value, state.value) for state in PhoneState if state is not PhoneState.QUEUED]


class PhoneLeg(models.Model):
    """One call at the provider. Written before the provider is asked; call-backs and readings only add to it.

    account: which of our accounts was asked. sid: the provider's mark, empty until the provider or a call-back has
    said it. is_dropped: provably not placed. readings: how often it was missed on the provider's list since it was
    asked for; read_at: the first time, by the provider's clock. status: the provider's word, which only moves forward.
    stage to turns: the talk (`dialogue.py`), result what came of it. bridged_at: when an operator took the call over.

    turn: counted up by every question of the provider that was answered. asked is the digest of the last one, answer
    what it was told: a question that comes again gets the same answer and changes nothing.
    """

    call = models.OneToOneField("notify.Call", on_delete=models.CASCADE, related_name="leg")
    account = models.CharField(max_length=64)
    to = models.CharField(max_length=20)
    caller = models.CharField(max_length=20)
    sid = models.CharField(max_length=64, blank=True, db_index=True)
    intended_at = models.DateTimeField()
    is_dropped = models.BooleanField(default=False)
    readings = models.PositiveSmallIntegerField(default=0)
    read_at = models.DateTimeField(null=True, blank=True)
    status = models.CharField(max_length=16, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=32, blank=True)
    stage = models.CharField(max_length=12, choices=[(stage.value, stage.value) for stage in Stage], blank=True)
    silences = models.PositiveSmallIntegerField(default=0)
    wrong = models.PositiveSmallIntegerField(default=0)
    turns = models.PositiveSmallIntegerField(default=0)
    is_human = models.BooleanField(default=False)
    turn = models.PositiveSmallIntegerField(default=0)
    asked = models.CharField(max_length=64, blank=True)
    answer = models.TextField(blank=True)
    result = models.CharField(max_length=16, choices=_RESULTS, blank=True)
    bridged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "notify"
        verbose_name = "発信サービスの通話"
