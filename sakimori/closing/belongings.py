"""Which rows belong to a customer or a contract: found by walking the foreign keys of every model there is.

No room is named here, so a room that is added later is covered. A row belongs to whatever any of its foreign keys
leads to. Rows are found key by key before any goes, and foreign keys are checked when the transaction ends, so the
order of deletion does not matter.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any

from django.apps import apps
from django.db.models import ForeignKey, Model, QuerySet

_AT_ONCE = 500
_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_OTHER = "その他の内部データ"

Edge = ForeignKey[Any, Any]
Keys = Mapping[type[Model], frozenset[Any]]


def every_edge(_edge: Edge) -> bool:
    """Follow every foreign key."""
    return True


@cache
def paths_to(target: type[Model], follow: Callable[[Edge], bool] = every_edge) -> Mapping[type[Model], tuple[str, ...]]:
    """Every model from which foreign keys lead to `target`, with the lookups that do; `pk` for the target itself."""
    found: dict[type[Model], list[str]] = {target: ["pk"]}
    waiting: list[tuple[type[Model], str, tuple[type[Model], ...]]] = [(target, "", (target,))]
    while waiting:
        reached, path, chain = waiting.pop()
        for model, edge in edges_to(reached):
            if follow(edge) and model not in chain:
                longer = f"{edge.name}__{path}" if path else edge.name
                found.setdefault(model, []).append(longer)
                waiting.append((model, longer, (*chain, model)))
    return {model: tuple(paths) for model, paths in found.items()}


@cache
def edges_to(target: type[Model]) -> list[tuple[type[Model], Edge]]:
    """Every foreign key of any model to `target`."""
    return [(model, edge) for model in _models() for edge in _edges(model) if edge.related_model is target]


def keys_of(owner: Model, follow: Callable[[Edge], bool] = every_edge) -> Keys:
    """The keys of all rows that belong to `owner`, its own included, by model. Models without any are left out."""
    found = {
        model: frozenset(
            key for path in paths for key in _rows(model).filter(**{path: owner.pk}).values_list("pk", flat=True)
        )
        for model, paths in paths_to(type(owner), follow).items()
    }
    return {model: keys for model, keys in found.items() if keys}


def delete(keys: Keys) -> None:
    """Delete rows as they are, without asking what protects them. Call it in a transaction."""
    for model, wanted in keys.items():
        for part in _parts(iter(wanted)):
            rows = _rows(model).filter(pk__in=part)
            rows._raw_delete(rows.db)  # The only way past PROTECT, whose rows go too.


def count_by_label(keys: Keys) -> list[tuple[str, int]]:
    """How many rows of which kind, in words, the most first."""
    counts: Counter[str] = Counter()
    for model, wanted in keys.items():
        counts[label_of(model)] += len(wanted)
    return counts.most_common()


def label_of(model: type[Model]) -> str:
    """What a model is called on pages. Those that no page shows are told together."""
    name = str(model._meta.verbose_name)
    return name if _JAPANESE.search(name) else _OTHER


def rows_by_key(model: type[Model], keys: frozenset[Any]) -> Iterator[QuerySet[Any]]:
    """The rows with these keys, in handy parts."""
    for part in _parts(iter(keys)):
        yield _rows(model).filter(pk__in=part)


def _rows(model: type[Model]) -> QuerySet[Any]:
    return QuerySet(model)


def _models() -> list[type[Model]]:
    """Models with a table of their own, also those that Django makes for many-to-many fields."""
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.managed]


def _edges(model: type[Model]) -> list[Edge]:
    return [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]


def _parts(keys: Iterator[Any]) -> Iterator[list[Any]]:
    while part := list(islice(keys, _AT_ONCE)):
        yield part
