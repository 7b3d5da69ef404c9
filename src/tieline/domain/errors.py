"""Every foreseen error, each carrying the decision that follows from it.

    TielineError
    ├── RequestRefused            permanent  422  request_refused
    │   ├── BodyMalformed         permanent  400  (code given)
    │   ├── NotSignedIn           permanent  401  auth_failed
    │   ├── StepUpRequired        permanent  401  step_up_required
    │   ├── NotAllowed            permanent  403  forbidden
    │   ├── NotFound              permanent  404  not_found
    │   ├── StateConflict         permanent  409  conflict
    │   │   ├── InProgress        permanent  409  idempotency_in_progress
    │   │   └── SecondPersonRequired  permanent  409  second_person_required
    │   ├── PreconditionFailed    permanent  412  precondition_failed
    │   ├── PreconditionRequired  permanent  428  precondition_required
    │   └── Gone                  permanent  410  gone
    ├── RateLimited               transient  429  rate_limited
    ├── Overloaded                transient  503  overloaded
    ├── ParentMissing             transient  409  parent_missing
    ├── ConfigRefused             config     422  config_invalid
    │   ├── ManifestInvalid       config     422  manifest_invalid
    │   └── MappingInvalid        config     422  mapping_invalid
    └── ConnectorError            (below)
        ├── VendorTimeout         transient  504  upstream_timeout
        ├── VendorUnavailable     transient  502  upstream_unavailable
        ├── VendorThrottled       transient  503  upstream_throttled
        ├── VendorAuthExpired     transient  502  upstream_auth_expired
        ├── VendorBadAnswer       transient  502  upstream_bad_answer
        ├── CircuitOpen           transient  503  upstream_paused
        ├── CapacityExhausted     transient  503  upstream_busy
        ├── VendorMisconfigured   config     502  upstream_config
        ├── EgressForbidden       config     422  url_forbidden
        ├── TransferForbidden     config     502  transfer_not_permitted
        ├── VendorRejected        permanent  502  upstream_rejected
        ├── VendorDoNotDisturb    permanent  409  do_not_disturb
        ├── VendorConflict        permanent  409  upstream_conflict
        ├── VendorDuplicate       permanent  409  upstream_duplicate
        ├── VendorAmbiguous       permanent  409  upstream_ambiguous
        └── OutcomeUnknown        unknown    502  upstream_unknown

`kind` says what happens next: `transient` is tried again, `config` waits for an administrator, `permanent` never changes by
repetition, `internal` is our own fault, `unknown` must be read back before anything is repeated.
"""

from typing import ClassVar, Literal
from uuid import UUID

ErrorKind = Literal["transient", "config", "permanent", "internal", "unknown"]


class TielineError(Exception):
    """The root: a foreseen failure. Texts never contain a value from outside."""

    kind: ClassVar[ErrorKind] = "internal"
    code: str = "internal_error"
    http_status: int = 500
    title: ClassVar[str] = "Something went wrong on our side"

    def __init__(self, detail: str = "", *, code: str | None = None, hint: str = "") -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.hint = hint
        if code is not None:
            self.code = code


class RequestRefused(TielineError):
    """The request is well-formed but cannot be carried out."""

    kind, code, http_status = "permanent", "request_refused", 422
    title = "The request cannot be carried out"


class BodyMalformed(RequestRefused):
    """The request could not be read; `http_status` varies with the code (400, 413, 415 …)."""

    code, http_status = "body_malformed", 400
    title = "The request could not be read"

    def __init__(self, detail: str = "", *, code: str | None = None, hint: str = "", http_status: int = 400) -> None:
        super().__init__(detail, code=code, hint=hint)
        self.http_status = http_status


class NotSignedIn(RequestRefused):
    """Nobody, or nobody we know, is asking."""

    code, http_status = "auth_failed", 401
    title = "Sign in first"


class StepUpRequired(RequestRefused):
    """The asker must show once more who they are; `max_age_s`: how long ago that may have been, in seconds (RFC 9470)."""

    code, http_status = "step_up_required", 401
    title = "Sign in once more first"

    def __init__(self, detail: str = "", *, max_age_s: int) -> None:
        super().__init__(detail)
        self.max_age_s = max_age_s


class NotAllowed(RequestRefused):
    """The asker is known and lacks the right."""

    code, http_status = "forbidden", 403
    title = "This is not permitted for you"


class NotFound(RequestRefused):
    """There is no such thing, or none that the asker may see."""

    code, http_status = "not_found", 404
    title = "There is no such thing"


class StateConflict(RequestRefused):
    """The thing is not in a state that allows this."""

    code, http_status = "conflict", 409
    title = "Not possible in the present state"


class InProgress(StateConflict):
    """The same request is being carried out at this moment."""

    code = "idempotency_in_progress"
    title = "The same request is still being carried out"
    retry_after_s: ClassVar[float] = 1.0


class SecondPersonRequired(StateConflict):
    """Somebody else must approve it first. `approval`: the id of what waits for them; then the very same is asked again."""

    code = "second_person_required"
    title = "A second person must approve this first"

    def __init__(self, *, approval: UUID) -> None:
        hint = f"Somebody else approves {approval}, and the same is asked again. Alone here? See TIELINE_SECOND_PERSON."
        super().__init__(hint=hint)
        self.approval = approval


class PreconditionFailed(RequestRefused):
    """The thing changed since the asker read it."""

    code, http_status = "precondition_failed", 412
    title = "It was changed meanwhile; read it again"


class PreconditionRequired(RequestRefused):
    """The asker must say which state of the thing the change is meant for."""

    code, http_status = "precondition_required", 428
    title = "Say with If-Match which version you change"


class Gone(RequestRefused):
    """It was there once: a used or expired one-time code."""

    code, http_status = "gone", 410
    title = "No longer available"


class RateLimited(TielineError):
    """This asker has asked too often. `retry_after_s`: seconds after which it may be worth asking again."""

    kind, code, http_status = "transient", "rate_limited", 429
    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after_s: float) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Overloaded(TielineError):
    """We must shed work; the sender should come back."""

    kind, code, http_status = "transient", "overloaded", 503
    title = "Too busy, try again shortly"


class ParentMissing(TielineError):
    """What this is about is not here yet; it waits for it, a day at most (bad input B53)."""

    kind, code, http_status = "transient", "parent_missing", 409
    title = "What this is about is not known yet"


class ConfigRefused(TielineError):
    """What an administrator wrote cannot be used. `where` names file, line and row."""

    kind, code, http_status = "config", "config_invalid", 422
    title = "The configuration cannot be used"

    def __init__(self, detail: str = "", *, where: str = "", code: str | None = None, hint: str = "") -> None:
        super().__init__(f"{where}: {detail}" if where else detail, code=code, hint=hint)
        self.where = where


class ManifestInvalid(ConfigRefused):
    """A connector.yaml cannot be used."""

    code = "manifest_invalid"
    title = "The connector manifest cannot be used"


class MappingInvalid(ConfigRefused):
    """A mapping row cannot be used."""

    code = "mapping_invalid"
    title = "The field mapping cannot be used"


class ConnectorError(TielineError):
    """A vendor did not do what was asked. `retry_after_s` is the vendor's wish, in seconds, if it named one."""

    kind: ClassVar[ErrorKind] = "transient"
    code, http_status = "upstream_error", 502
    title = "The other system did not answer as hoped"

    def __init__(self, detail: str = "", *, code: str | None = None, hint: str = "", retry_after_s: float | None = None) -> None:
        super().__init__(detail, code=code, hint=hint)
        self.retry_after_s = retry_after_s


class VendorTimeout(ConnectorError):
    """No answer within the time allowed."""

    code, http_status = "upstream_timeout", 504
    title = "The other system did not answer in time"


class VendorUnavailable(ConnectorError):
    """The vendor could not be reached, or failed inside."""

    code = "upstream_unavailable"
    title = "The other system is not available"


class VendorThrottled(ConnectorError):
    """The vendor asked us to slow down."""

    code, http_status = "upstream_throttled", 503
    title = "The other system asked us to slow down"


class VendorAuthExpired(ConnectorError):
    """Our credentials ran out and a fresh sign-in did not help within this call."""

    code = "upstream_auth_expired"
    title = "The sign-in at the other system has expired"


class VendorBadAnswer(ConnectorError):
    """The vendor answered something that cannot be read."""

    code = "upstream_bad_answer"
    title = "The other system's answer could not be read"


class CircuitOpen(ConnectorError):
    """The vendor failed repeatedly and is left alone for a while."""

    code, http_status = "upstream_paused", 503
    title = "The other system is left alone after repeated failures"


class CapacityExhausted(ConnectorError):
    """Our own limits for this connection are used up."""

    code, http_status = "upstream_busy", 503
    title = "The limit for calls to the other system is reached"


class VendorMisconfigured(ConnectorError):
    """The connection's settings or credentials are wrong; only an administrator can help."""

    kind, code = "config", "upstream_config"
    title = "The connection to the other system is set up wrongly"


class EgressForbidden(VendorMisconfigured):
    """The address is one we never call."""

    code, http_status = "url_forbidden", 422
    title = "This address may not be called"


class TransferForbidden(ConnectorError):
    """The system is abroad, and nobody has said that data may go there; `transfer_withheld`: this field may not."""

    kind, code = "config", "transfer_not_permitted"
    title = "Data may not leave the country for this system"


class VendorRejected(ConnectorError):
    """The vendor understood and refused; repeating changes nothing."""

    kind, code = "permanent", "upstream_rejected"
    title = "The other system refused"


class VendorDoNotDisturb(VendorRejected):
    """The customer is not to be called, or not again today; nobody may get around it."""

    code, http_status = "do_not_disturb", 409
    title = "The customer is not to be called"


class VendorConflict(VendorRejected):
    """The vendor's object changed under us."""

    code, http_status = "upstream_conflict", 409
    title = "The object was changed in the other system"


class VendorDuplicate(VendorRejected):
    """The vendor already has it."""

    code, http_status = "upstream_duplicate", 409
    title = "The other system already has it"


class VendorAmbiguous(VendorRejected):
    """Several objects fit where one was expected."""

    code, http_status = "upstream_ambiguous", 409
    title = "Several objects in the other system fit"


class OutcomeUnknown(ConnectorError):
    """The write may or may not have happened."""

    kind, code = "unknown", "upstream_unknown"
    title = "It is not known whether the other system did it"
