"""The bad-input book, row by row: where each is held, and what its requests get through the front from either of two replicas."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import httpx
import pytest
from tests.api.bad_input import CANARY, ROWS
from tests.front.before_two import TwoReplicas
from tests.front.book import BOOK, MATRIX, NOT_SENT
from tests.front.sent import MISPLACED, SENT, Sent
from tests.held import lost

PROBLEM: Final = "application/problem+json"
OF_ROW: Final[Mapping[str, Sequence[Sent]]] = {row: [sent for sent in SENT if sent.row == row] for row in BOOK}


def test_the_book_has_its_83_rows() -> None:
    rows = [f"B{number:02}" for number in range(1, 83)]
    rows.insert(2, "B02w")
    assert (list(BOOK), len(BOOK)) == (rows, 83)


def test_every_row_is_held_by_tests_that_exist() -> None:
    assert {row: lost(held) for row, held in BOOK.items() if lost(held) or not held} == {}


def test_the_rows_of_the_matrix_are_those_that_have_a_case() -> None:
    assert {row for row, held in BOOK.items() if MATRIX in held} == {bad.id.partition("-")[0] for bad in ROWS}


def test_every_row_is_sent_or_says_why_not() -> None:
    assert {row for row in BOOK if not OF_ROW[row]} == set(NOT_SENT)
    assert {sent.row for sent in SENT} <= set(BOOK)


@pytest.mark.parametrize("row", [row for row in BOOK if row not in NOT_SENT])
async def test_a_row_through_the_front(front: TwoReplicas, row: str) -> None:
    answers = {sent.bad.id: await asked(front, sent) for sent in OF_ROW[row]}
    wrong = {name: found for name, found in answers.items() if found}
    assert wrong == {}


async def asked(front: TwoReplicas, sent: Sent) -> str:
    """Send it once for each replica, and say what is wrong with the answers, in words."""
    found = [judged(front, sent, await front.send(sent.bad, signed=signing(front, sent))) for _ in front.replicas]
    return "; ".join(filter(None, found))


def signing(front: TwoReplicas, sent: Sent) -> dict[str, str]:
    proof = sent.proof(sent.bad.content or b"") if sent.proof else {}
    return {**{"machine": front.as_machine, "agent": front.as_agent, "nobody": {}}[sent.whom], **proof}


def judged(front: TwoReplicas, sent: Sent, answer: httpx.Response) -> str:
    status, code, is_problem = sent.bad.status, sent.bad.code, sent.refused
    if front.proxied or sent.bad.id.startswith("B30"):
        status, code, is_problem = MISPLACED.get(sent.bad.id, (status, code, is_problem))
    told = f"{answer.status_code} {answer.text[:200]}"
    if answer.status_code != status or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return told
    if CANARY in answer.text + str(answer.headers):
        return f"repeats what was sent: {told}"
    if is_problem and (answer.headers["content-type"], answer.json()["code"], answer.json()["status"]) != (PROBLEM, code, status):
        return told
    return ""


async def test_both_replicas_answer_and_neither_stumbled(front: TwoReplicas) -> None:
    """Asked often enough, the front leads to either; and nothing that was sent left a trace of a fault in their logs."""
    for _ in range(6):
        assert (await asked(front, Sent(next(sent.bad for sent in SENT if sent.row == "B40")))) == ""
    answered: Counter[int] = Counter()
    for number, replica in enumerate(front.replicas[: 2 if front.proxied else 1]):
        lines = [json.loads(line) for line in replica.log.read_text().splitlines() if line.startswith("{")]
        answered[number] = sum(line["event"] == "request.answered" and line["route"] == "/v1/reviews/{item_id}" for line in lines)
        assert [line for line in lines if line["event"] == "request.crashed"] == []
        assert "Traceback" not in replica.log.read_text()
        assert CANARY not in replica.log.read_text()
    assert all(answered.values()), answered
