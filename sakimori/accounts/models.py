"""User: somebody who signs in. Whose customer's rows he may see is said in `customers`, not here."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models


class SocRole(models.TextChoices):
    """A person's place at the SOC's desk; customers' people have none."""

    NONE = "", "お客様"
    ANALYST = "analyst", "アナリスト"
    MANAGER = "manager", "SOC 責任者"


class User(AbstractUser):
    """Signs in with `username`, the login ID of the letter. Staff flags of Django are not used."""

    username = models.CharField("ログインID", max_length=150, unique=True, validators=[AbstractUser.username_validator])
    soc_role = models.CharField("役割", max_length=16, choices=SocRole, blank=True, default=SocRole.NONE)

    phone = models.CharField(
        "電話番号", max_length=32, blank=True, help_text="Where the duty roster calls this person."
    )
    must_change_password = models.BooleanField(
        default=False, help_text="The password is that of the letter: no page opens before it is changed."
    )

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta(AbstractUser.Meta):
        verbose_name = "利用者"
        verbose_name_plural = "利用者"

    @property
    def is_soc(self) -> bool:
        """Whether this person sits at the SOC's desk."""
        return self.soc_role != SocRole.NONE

    @property
    def shown_name(self) -> str:
        """Family name first, as Japanese names are written; the login ID when no name is known."""
        return f"{self.last_name} {self.first_name}".strip() or self.username
