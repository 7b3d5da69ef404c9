"""Whom a pop asks what: the questions that follow from the trust order and from what each system needs to know first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tieline.domain.match_verdict import Verdict
from tieline.domain.phone import PhoneNumber
from tieline.domain.pop_blocks import (
    BLOCK_KINDS,
    NOBODY_FRESH,
    PROFILE_KIND,
    PROFILE_REVALIDATE_AFTER,
    BlockKind,
    block_key,
)
from tieline.services.sources import Question, Source

BY_PHONE = frozenset({"phone"})
BY_CUSTOMER = frozenset({"customer_id"})


@dataclass(frozen=True, slots=True)
class Plan:
    """The questions of one pop. `sources` by record kind, in order of trust; `agent` is whose screen it is for."""

    sources: Mapping[str, tuple[Source, ...]]
    agent: str | None

    def by_phone(self, caller: PhoneNumber) -> Iterator[Question]:
        """Yield what can be asked at once: everything that needs only the number."""
        for kind, source in self._each():
            if source.connection.needs(kind.operation) == BY_PHONE:
                yield self._question(kind, source, {"phone": caller}, about=caller.key or "")

    @property
    def waits_for_customer(self) -> bool:
        """Say whether any system must be told its own customer id."""
        return any(source.connection.needs(kind.operation) == BY_CUSTOMER for kind, source in self._each())

    def by_customer(self, verdict: Verdict) -> Iterator[Question]:
        """Yield what can be asked now that one person is chosen: systems that want their own customer id."""
        if verdict.chosen is None:
            return
        ids = dict(reversed([ref.partition(":")[::2] for ref in verdict.chosen.refs]))
        for kind, source in self._each():
            if source.connection.needs(kind.operation) == BY_CUSTOMER and source.name in ids:
                yield self._question(kind, source, {"customer_id": ids[source.name]}, about=ids[source.name])

    def _each(self) -> Iterator[tuple[BlockKind, Source]]:
        for kind in (PROFILE_KIND, *BLOCK_KINDS):
            for source in self.sources.get(kind.record, ()):
                yield kind, source

    def _question(self, kind: BlockKind, source: Source, inputs: Mapping[str, object], *, about: str) -> Question:
        profile = kind is PROFILE_KIND
        return Question(
            block=block_key(kind, connection=source.name, first=self.sources[kind.record][0].name),
            source=source,
            mapping=source.mapping_for(self.agent),
            operation=kind.operation,
            inputs=inputs,
            about=about,
            fresh=kind.fresh,
            revalidate_after=PROFILE_REVALIDATE_AFTER if profile else None,
            nobody_fresh=NOBODY_FRESH if profile else None,
        )
