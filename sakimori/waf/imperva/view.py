"""What several lists together block. Pure."""

from collections.abc import Sequence

from sakimori.waf.interface import BlacklistView, ListCondition


def view_of(
    *, listed: Sequence[frozenset[str]], per_site: Sequence[frozenset[str]], condition: ListCondition
) -> BlacklistView:
    """`listed`: what each list names, in force or not. `per_site`: what is blocked on each site of the target."""
    everywhere = frozenset.intersection(*per_site) if per_site else frozenset()
    return BlacklistView(everywhere=everywhere, somewhere=frozenset().union(*listed, *per_site), condition=condition)
