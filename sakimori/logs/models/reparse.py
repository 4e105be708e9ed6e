"""That rows of stored files are made anew (Reparse): what was asked for, how far it is, what a crash leaves undone."""

from django.db import models

from sakimori.customers.models import Contract
from sakimori.lib.claims import Claimable


class Reparse(Claimable):
    """What somebody asked for, and how far it is. One at a time: `is_open` is unique, and None once it has ended.

    contract, first_day, last_day: only files of this contract, with events of these days of Japan. again: also files
    whose rows this parser version has made already. position_contract, position_file: all files up to these keys are
    done. left_alone: files whose rows stay as they are, by the reason.

    held_contract: its files wait in the spool while one of its days is replaced. ready_day: its copy lies ready in the
    table ready_table; from then on the day must be replaced, whatever happens. recount: files whose doubles are to be
    counted again then.
    """

    is_open = models.BooleanField(null=True, unique=True)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=150)
    contract = models.ForeignKey(Contract, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    first_day = models.DateField(null=True, blank=True)
    last_day = models.DateField(null=True, blank=True)
    again = models.BooleanField(default=False)
    files = models.PositiveBigIntegerField(default=0, help_text="How many it was about when it was asked for.")
    rows = models.PositiveBigIntegerField(default=0, help_text="Likewise.")
    position_contract = models.PositiveBigIntegerField(default=0)
    position_file = models.PositiveBigIntegerField(default=0)
    done_files = models.PositiveBigIntegerField(default=0)
    done_rows = models.PositiveBigIntegerField(default=0)
    left_alone = models.JSONField(default=dict)
    held_contract = models.ForeignKey(Contract, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    ready_day = models.DateField(null=True, blank=True)
    ready_table = models.CharField(max_length=100, blank=True)
    recount = models.JSONField(default=list)
    is_stopped = models.BooleanField(default=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "ログの再解析"
