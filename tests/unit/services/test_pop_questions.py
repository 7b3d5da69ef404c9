"""Whom a pop asks what: at once by the number, afterwards by the one who is known, and never more than needed."""

from dataclasses import dataclass, field
from typing import Any

from tieline.connectors.contract import Result
from tieline.domain.match_verdict import Verdict
from tieline.domain.people import KnownNumber, Person
from tieline.domain.phone import PhoneNumber
from tieline.domain.references import ExternalRef
from tieline.domain.screen_pop import Match
from tieline.kit.deadline import Deadline
from tieline.mapping.compile import compile_rows
from tieline.mapping.record import RecordMapping
from tieline.mapping.source import RowSource
from tieline.services.pop_questions import Plan
from tieline.services.sources import Question, Source

CALLER = PhoneNumber(raw="+8613800138001", e164="+8613800138001", national="138 0013 8001", country="CN")
PHONE, CUSTOMER, BOTH = frozenset({"phone"}), frozenset({"customer_id"}), frozenset({"phone", "customer_id"})


@dataclass
class Offered:
    """A connection that says what it can be asked: operation -> (needs, takes)."""

    name: str
    inputs: dict[str, tuple[frozenset[str], frozenset[str]]] = field(default_factory=dict)

    def needs(self, operation: str) -> frozenset[str] | None:
        return self.inputs[operation][0] if operation in self.inputs else None

    def takes(self, operation: str) -> frozenset[str]:
        return self.inputs[operation][1] if operation in self.inputs else frozenset()

    async def run(self, operation: str, *, deadline: Deadline, **inputs: Any) -> Result:  # noqa: ANN401 - as the contract says
        raise NotImplementedError(operation, deadline, inputs)


def mapping(kind: str) -> RecordMapping:
    return compile_rows({"id": {"from": "id"}}, kind=kind, source=RowSource("test"))


CRM = Offered("crm", {"customer.find": (PHONE, PHONE), "customer.get": (CUSTOMER, CUSTOMER)})
ERP = Offered("erp", {"customer.find": (PHONE, PHONE), "order.list": (PHONE, BOTH), "account.get": (CUSTOMER, CUSTOMER)})
HELPDESK = Offered("helpdesk", {"customer.find": (PHONE, PHONE), "ticket.list": (PHONE, BOTH)})

SOURCES = {
    "customer": (
        Source("customer", CRM, mapping("customer")),
        Source("customer", ERP, mapping("customer")),
        Source("customer", HELPDESK, mapping("customer"), on_demand=True),
    ),
    "order": (Source("order", ERP, mapping("order")),),
    "ticket": (Source("ticket", HELPDESK, mapping("ticket")),),
    "account": (Source("account", ERP, mapping("account")),),
}
PLAN = Plan(SOURCES, "1001", CALLER)


def person(*refs: str) -> Person:
    return Person(known=tuple(KnownNumber(CALLER.e164 or "", ExternalRef.parse(ref)) for ref in refs))


def verdict(chosen: Person | None, *, shared: bool = False, state: str = "known") -> Verdict:
    return Verdict(Match.model_validate({"state": state}), chosen=chosen, shared=shared)


def asked(questions: Any) -> list[tuple[str, str, list[str]]]:  # noqa: ANN401 - an iterator of questions
    found: list[Question] = list(questions)
    return [(question.block, question.operation, sorted(question.inputs)) for question in found]


def test_everything_that_needs_only_the_number_is_asked_at_once() -> None:
    assert asked(PLAN.by_phone()) == [
        ("profile", "customer.find", ["phone"]),
        ("profile@erp", "customer.find", ["phone"]),
        ("orders", "order.list", ["phone"]),
        ("tickets", "ticket.list", ["phone"]),
    ]


def test_who_is_known_is_asked_for_where_a_system_wants_its_own_id() -> None:
    known = verdict(person("crm:1", "erp:2"))
    assert asked(PLAN.by_customer(known)) == [("account", "account.get", ["customer_id"])]


def test_on_a_shared_number_everything_is_asked_again_about_the_one_who_is_known() -> None:
    known = verdict(person("crm:1", "erp:2", "helpdesk:3"), shared=True)
    assert asked(PLAN.by_customer(known)) == [
        ("orders", "order.list", ["customer_id", "phone"]),
        ("tickets", "ticket.list", ["customer_id", "phone"]),
        ("account", "account.get", ["customer_id"]),
    ]


def test_a_system_that_was_not_searched_yet_is_searched_for_the_one_on_a_shared_number() -> None:
    known = verdict(person("crm:1"), shared=True)
    assert asked(PLAN.by_customer(known)) == [("profile@helpdesk", "customer.find", ["phone"])]


def test_nobody_known_is_nobody_asked_about() -> None:
    assert asked(PLAN.by_customer(verdict(None, state="none"))) == []
    assert asked(PLAN.by_customer(verdict(person("erp:2"), shared=True, state="maybe"))) == []


def test_a_record_is_looked_up_by_its_id_where_its_system_can_be_asked() -> None:
    found = list(PLAN.by_reference(["crm:7", "erp:8", "gone:9"]))
    assert asked(found) == [("profile@crm:7", "customer.get", ["customer_id"])]
    assert (found[0].follows, found[0].of_one) == ("crm:7", True)


def test_the_same_question_has_the_same_key_and_another_persons_has_not() -> None:
    first, again = (next(iter(PLAN.by_customer(verdict(person("erp:2"))))) for _ in range(2))
    other = next(iter(PLAN.by_customer(verdict(person("erp:3")))))
    assert first.key == again.key != other.key


def test_a_plan_of_systems_that_know_no_customers_tells_nobody_apart() -> None:
    plain = Offered("shop", {"order.list": (PHONE, PHONE)})
    assert PLAN.tells_people_apart
    assert not Plan({"order": (Source("order", plain, mapping("order")),)}, None, CALLER).tells_people_apart
