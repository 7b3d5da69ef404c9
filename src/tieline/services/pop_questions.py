"""Whom a pop asks what: the questions that follow from the trust order and from what each system needs to know first."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

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
RECORD_BY_ID = "customer.get"


@dataclass(frozen=True)
class Plan:
    """The questions of one pop. `sources` by record kind, in order of trust; `agent` is whose screen it is for."""

    sources: Mapping[str, tuple[Source, ...]]
    agent: str | None
    caller: PhoneNumber

    def by_phone(self) -> Iterator[Question]:
        """Yield what can be asked at once: everything that needs only the number."""
        for kind, source in self._each():
            if not source.on_demand and source.connection.needs(kind.operation) == BY_PHONE:
                yield self._by_phone(kind, source)

    @cached_property
    def tells_people_apart(self) -> bool:
        """Say whether any system can be asked about one of its own customers."""
        return any("customer_id" in source.connection.takes(kind.operation) for kind, source in self._blocks())

    @cached_property
    def leads_further(self) -> bool:
        """Say whether any answer can lead to another question."""
        finders = self.sources.get(PROFILE_KIND.record, ())
        return self.tells_people_apart or any(source.connection.needs(RECORD_BY_ID) == BY_CUSTOMER for source in finders)

    def by_customer(self, verdict: Verdict) -> Iterator[Question]:
        """Yield what can be asked now that the caller is known, of systems that want their own customer id.

        Where several people share the number, also of those that can do without: by the number they would tell of everybody.
        """
        if verdict.chosen is None or verdict.match.state != "known":
            return
        ids = dict(reversed([ref.partition(":")[::2] for ref in verdict.chosen.refs]))
        finders = {source.name: source for source in self.sources.get(PROFILE_KIND.record, ())}
        for kind, source in self._blocks():
            needed = source.connection.needs(kind.operation) or frozenset()
            if "customer_id" not in (source.connection.takes(kind.operation) if verdict.shared else needed):
                continue
            if source.name in ids:
                yield self._of_one(kind, source, ids[source.name], needed=needed)
            elif source.name in finders and finders[source.name].on_demand:
                yield self._by_phone(PROFILE_KIND, finders[source.name])

    def by_reference(self, refs: Iterable[str]) -> Iterator[Question]:
        """Yield a look at each of these records by its id, where its system can be asked for one."""
        finders = {source.name: source for source in self.sources.get(PROFILE_KIND.record, ())}
        for ref in refs:
            name, _, record_id = ref.partition(":")
            source = finders.get(name)
            if source is not None and source.connection.needs(RECORD_BY_ID) == BY_CUSTOMER:
                yield self._followed(source, record_id, ref)

    def _each(self) -> Iterator[tuple[BlockKind, Source]]:
        for source in self.sources.get(PROFILE_KIND.record, ()):
            yield PROFILE_KIND, source
        yield from self._blocks()

    def _blocks(self) -> Iterator[tuple[BlockKind, Source]]:
        for kind in BLOCK_KINDS:
            for source in self.sources.get(kind.record, ()):
                yield kind, source

    def _by_phone(self, kind: BlockKind, source: Source) -> Question:
        profile = kind is PROFILE_KIND
        return Question(
            block=self._block(kind, source),
            source=source,
            mapping=source.mapping_for(self.agent),
            operation=kind.operation,
            inputs={"phone": self.caller},
            about=self.caller.key or "",
            fresh=kind.fresh,
            revalidate_after=PROFILE_REVALIDATE_AFTER if profile else None,
            nobody_fresh=NOBODY_FRESH if profile else None,
        )

    def _of_one(self, kind: BlockKind, source: Source, customer_id: str, *, needed: frozenset[str]) -> Question:
        inputs = {"customer_id": customer_id, "phone": self.caller}
        return Question(
            block=self._block(kind, source),
            source=source,
            mapping=source.mapping_for(self.agent),
            operation=kind.operation,
            inputs={name: value for name, value in inputs.items() if name in needed | BY_CUSTOMER},
            about=f"id {customer_id}",
            fresh=kind.fresh,
            of_one=True,
        )

    def _followed(self, source: Source, record_id: str, ref: str) -> Question:
        return Question(
            block=f"{PROFILE_KIND.name}@{ref}",
            source=source,
            mapping=source.mapping_for(self.agent),
            operation=RECORD_BY_ID,
            inputs={"customer_id": record_id},
            about=f"id {record_id}",
            fresh=PROFILE_KIND.fresh,
            revalidate_after=PROFILE_REVALIDATE_AFTER,
            nobody_fresh=NOBODY_FRESH,
            of_one=True,
            follows=ref,
        )

    def _block(self, kind: BlockKind, source: Source) -> str:
        return block_key(kind, connection=source.name, first=self.sources[kind.record][0].name)
