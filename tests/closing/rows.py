"""Rows of every model that may belong to a customer, made without knowing any of them: new rooms are covered too."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from typing import Any

from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Field, ForeignKey, Model

from sakimori.accounts.models import User
from sakimori.closing.belongings import paths_to
from sakimori.customers.models import Contract, Customer
from tests.people import NOW

_number = count(1)
_PLAIN: tuple[tuple[type, object], ...] = (
    (models.BooleanField, False),
    (models.JSONField, {}),
    (models.TimeField, NOW.time()),
    (models.DurationField, timedelta(0)),
    (models.GenericIPAddressField, "192.0.2.1"),
)


def fill(contract: Contract, user: User) -> dict[type[Model], Model]:
    """One row of every model from which a foreign key leads to the customer; every such key is set."""
    known: dict[type[Model], Model] = {Contract: contract, Customer: contract.customer, User: user}
    for model in paths_to(Customer):
        _row(model, known)
    return known


def snapshot() -> dict[type[Model], dict[Any, str]]:
    """Every row of every table as text, by key."""
    return {
        model: {row["pk"]: json.dumps(row, cls=_Encoder, sort_keys=True) for row in _rows(model)}
        for model in apps.get_models(include_auto_created=True)
    }


def _rows(model: type[Model]) -> Iterator[dict[str, Any]]:
    columns = [field.attname for field in model._meta.concrete_fields]
    yield from models.QuerySet(model).order_by("pk").values("pk", *columns)


class _Encoder(DjangoJSONEncoder):
    def default(self, o: object) -> Any:
        return bytes(o).hex() if isinstance(o, bytes | memoryview) else super().default(o)


def _row(model: type[Model], known: dict[type[Model], Model]) -> Model:
    if model not in known:
        existing = _existing(model, known)
        values = {field.name: _value(field, known) for field in model._meta.concrete_fields if not _is_made(field)}
        known[model] = existing or models.QuerySet(model).bulk_create([model(**values)])[0]
    return known[model]


def _existing(model: type[Model], known: dict[type[Model], Model]) -> Model | None:
    """A row that the test people have already."""
    for field in model._meta.concrete_fields:
        if isinstance(field, ForeignKey) and field.related_model in (Contract, Customer):
            found = models.QuerySet(model).filter(**{field.name: known[field.related_model]}).first()
            if found is not None:
                return found
    return None


def _is_made(field: "Field[Any, Any]") -> bool:
    return isinstance(field, models.AutoField) or getattr(field, "generated", False)


def _value(field: "Field[Any, Any]", known: dict[type[Model], Model]) -> Any:
    if isinstance(field, ForeignKey):
        return _related(field, known)
    if field.choices:
        return next(value for value, _ in field.flatchoices if value)
    if isinstance(field, models.EmailField):
        return f"person{next(_number)}@example.jp"
    if isinstance(field, models.CharField | models.TextField):
        return f"text-{next(_number)}"[: field.max_length or 50]
    if field.has_default():
        return field.get_default()
    if isinstance(field, models.DateTimeField):
        return NOW
    if isinstance(field, models.DateField):
        return NOW.date()
    if isinstance(field, models.BinaryField):
        return b"x"
    if field.null:
        return None
    return next((value for kind, value in _PLAIN if isinstance(field, kind)), next(_number))


def _related(field: ForeignKey[Any, Any], known: dict[type[Model], Model]) -> Model | None:
    model = field.related_model
    if model is field.model and field.null:
        return None
    if model in paths_to(Customer) or model is User or not field.null:
        return _row(model, known)
    return None
