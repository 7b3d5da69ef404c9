"""Check that whatever the inbound part of a manifest refers to exists, and that what claims to prove a sender holds a secret."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from tieline.connectors.contract import CAPABILITIES, READS_AGAIN
from tieline.connectors.language.references import Reference, TreePath, references
from tieline.connectors.manifest.inbound import CallIntake, EventIntake, Inbound
from tieline.connectors.manifest.inbound_proof import VerifyNone, VerifySignature, each_proof
from tieline.connectors.manifest.inbound_reply import REPLY_ROOTS, Reply
from tieline.connectors.manifest.schema import Manifest
from tieline.connectors.manifest.signing import REQUEST_PARTS
from tieline.domain.event import EVENT_KINDS

Fault = tuple[TreePath, str]
CheckTree = Callable[[object, TreePath, set[str]], Iterator[Fault]]
NOT_PROVEN: Final = (
    "this proves nothing without a secret field of config; if nothing can prove the sender, write kind: none and because"
)


# What a page of somebody else's could make a browser send along with a GET, or what every browser has.
_SENT_BY_BROWSERS: Final = frozenset({"none", "basic", "ip", "timestamp", "condition"})
GET_UNPROVEN: Final = "accept: query needs a proof no browser sends by itself: path_secret, static, static_header or a signature"


def check_inbound(manifest: Manifest, check_tree: CheckTree) -> Iterator[Fault]:
    """Yield every fault with its path in the file."""
    inbound = manifest.inbound
    if inbound is None:
        return
    for kind in inbound.kinds:
        intake: CallIntake | EventIntake = getattr(inbound, kind)
        yield from _check_intake(manifest, intake, ("inbound", kind), check_tree)
    yield from _check_plan(manifest, inbound)


def _check_intake(manifest: Manifest, intake: CallIntake | EventIntake, at: TreePath, check_tree: CheckTree) -> Iterator[Fault]:
    yield from _check_proofs(manifest, intake.verify, (*at, "verify"), check_tree)
    if "query" in intake.accept and {proof.kind for proof in each_proof(intake.verify)} <= _SENT_BY_BROWSERS:
        yield (*at, "accept"), GET_UNPROVEN
    yield from _check_reply(intake.reply, (*at, "reply"), check_tree)
    for number, challenge in enumerate(intake.challenges):
        place: TreePath = (*at, "challenges", number)
        if challenge.verify is not None:
            yield from _check_proofs(manifest, challenge.verify, (*place, "verify"), check_tree)
        yield from _check_reply(challenge.reply, (*place, "reply"), check_tree)
    if intake.sealed is not None:
        sealed = {"key": intake.sealed.key, "receiver": intake.sealed.receiver}
        yield from check_tree(sealed, (*at, "sealed"), {"config"})
    if isinstance(intake, EventIntake):
        yield from _check_reading_again(manifest, intake, at)


def _check_proofs(manifest: Manifest, proofs: Sequence[Any], at: TreePath, check_tree: CheckTree) -> Iterator[Fault]:
    named: list[Reference] = []
    for number, proof in enumerate(each_proof(tuple(proofs))):
        place: TreePath = (*at, number) if len(proofs) > 1 else at
        tree = proof.model_dump(exclude={"because"}, by_alias=True)
        named += [found for _, found in references(tree) if isinstance(found, Reference)]
        own = {"request", *proof.values} if isinstance(proof, VerifySignature) else set()
        yield from check_tree(tree, place, {"config", *own})
    yield from ((at, fault) for fault in _request_faults(named))
    if all(isinstance(proof, VerifyNone) for proof in each_proof(tuple(proofs))):
        return
    if not any(found.root == "config" and found.steps and found.steps[0] in manifest.secrets for found in named):
        yield at, NOT_PROVEN


def _request_faults(named: Sequence[Reference]) -> Iterator[str]:
    for found in named:
        if found.root == "request" and (not found.steps or found.steps[0] not in REQUEST_PARTS):
            yield f"there is no ${found}; of a request there are {', '.join(sorted(REQUEST_PARTS))}"


def _check_reply(reply: Reply, at: TreePath, check_tree: CheckTree) -> Iterator[Fault]:
    tree = {"json": reply.json_, "text": reply.text, "xml": reply.xml, "seal": reply.seal, "headers": reply.headers}
    yield from check_tree(tree, at, {"config", *REPLY_ROOTS})
    for _, found in references(tree):
        if isinstance(found, Reference) and found.root == "header" and ".".join(found.steps) != ".".join(found.steps).lower():
            yield at, f"write ${str(found).lower()}: in a reply, the names of headers are in lower case"
    if reply.sign is not None:
        yield from check_tree(reply.sign.model_dump(by_alias=True), (*at, "sign"), {"config", "request", "sealed"})


def _check_reading_again(manifest: Manifest, intake: EventIntake, at: TreePath) -> Iterator[Fault]:
    for number, row in enumerate(intake.events):
        readers = READS_AGAIN.get(EVENT_KINDS.get(row.emit, ""), ()) if row.refetch else ()
        if row.refetch and not any(reader in manifest.operations for reader in readers):
            needed = " or ".join(readers) or "an operation that reads it, and there is none for this kind"
            yield (*at, "events", number, "refetch"), f"to read a {EVENT_KINDS[row.emit]} again, the connector needs {needed}"


def _check_plan(manifest: Manifest, inbound: Inbound) -> Iterator[Fault]:
    for number, poll in enumerate(inbound.poll):
        yield from _check_operation(manifest, poll.operation, ("inbound", "poll", number, "operation"), writes=False)
    if inbound.subscription is not None:
        for key, operation in inbound.subscription.operations:
            yield from _check_operation(manifest, operation, ("inbound", "subscription", key), writes=True)


def _check_operation(manifest: Manifest, operation: str, at: TreePath, *, writes: bool) -> Iterator[Fault]:
    if operation not in manifest.operations:
        yield at, f"the connector has no operation {operation}"
    elif operation in CAPABILITIES and CAPABILITIES[operation].writes is not writes:
        yield at, f"{operation} {'only reads' if writes else 'writes, and asking for news must change nothing'}"
