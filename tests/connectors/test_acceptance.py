"""What the schema of connectors was designed to stand, row by row, and where each row is held.

A row names test functions; this file fails when one of them is gone. Of a row without a test elsewhere, the test is here.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from tests.connectors.sample import MANIFEST, write_folder
from tests.held import lost
from tests.unit.connectors.wires import NOW, FakeWire, json_answer

from tieline.connectors.connection import assemble
from tieline.connectors.manifest.configuration import settle
from tieline.connectors.registry import Connector
from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.kit.deadline import Deadline
from tieline.mapping.book import load_book

ROWS: Final[dict[str, tuple[str, ...]]] = {
    "1 every vendor vector reproduces": (
        "test_vectors_of_requests_that_go_out",
        "test_vectors_of_requests_that_come_in",
        "test_a_vendors_request_is_taken_as_declared",
        "test_schemes",
    ),
    "2 numbers and long ids survive as text": (
        "test_what_looks_like_a_number_comes_back_as_the_text_it_was",
        "test_text_stays_text",
        "test_no_text_is_taken_for_anything_else_on_its_way_through_a_text_field",
        "test_integers_beyond_64_bits_are_written_whole",
    ),
    "3 a missing variable fails at load": (
        "test_a_fault_is_told_with_its_line_and_nothing_else_is",
        "test_b70_a_template_that_reaches_for_more_than_inputs_is_refused",
    ),
    "4 drop_null variants": (
        "test_nulls_of_a_record_go_out_as_the_vendor_takes_them",
        "test_an_optional_input_leaves_its_leaf_out",
        "test_constants_are_folded_and_what_is_not_set_is_left_out",
    ),
    "5 exactly one class for each code": (
        "test_each_code_of_a_vendor_has_exactly_one_meaning",
        "test_the_first_row_that_holds_wins_and_comes_before_the_usual_meaning",
        "test_every_outcome_is_a_result_or_an_error",
    ),
    "6 duplicate and out-of-order events, one history": (
        "test_events_may_arrive_in_any_order_and_twice",
        "test_a_day_heard_shuffled_and_doubled_is_the_same_day_without_a_card",
        "test_answer_before_new_call_makes_the_call_and_one_card",
    ),
    "7 local-time expiry across midnight, a Z that is none": ("test_local_expiry_across_midnight", "test_how_long_a_token_holds"),
    "8 no secret in the rendered log of any example": (
        "test_it_passes",
        "test_every_vector_loads_as_a_manifest_and_shows_no_secret_when_tried",
        "test_no_trace_repr_or_log_shows_a_credential",
        "test_try_shows_every_stage_and_no_secret",
    ),
    "9 a write without errors table or idempotency choice is refused": (
        "test_a_fault_is_told_with_its_line_and_nothing_else_is",
        "test_a_broken_folder_is_told_with_file_and_line",
    ),
    "10 unknown keys: refused by name, never carried along": (
        "test_a_key_we_do_not_know_is_refused_in_a_sentence_and_not_carried_along",
        "test_a_misspelt_field_is_told_with_what_was_meant",
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_design_is_held(row: str) -> None:
    assert not lost(ROWS[row])


ODD: Final = ["+8613800000000", "013800000000", "12345678901234567890", "1e5", "1_000", "True", "10,000", "0x10", "null", "no"]
WRITES: Final = """\
  customer.update:
    request:
      method: PUT
      path: /c/$in.customer_id
      query: {again: $in.customer_id}
      BODY: {id: $in.customer_id, name: $record.name}
    idempotency: {repeatable: it sets given values}
  customer.get:
    request: {path: /c/$in.customer_id, query: {id: $in.customer_id}}
outcomes:
"""


class Echo(FakeWire):
    """A vendor that keeps what it is sent and brings it back."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.kept: Any = None

    def _answer(self, outgoing: Outgoing) -> Incoming:
        if outgoing.body:
            self.kept = _told(outgoing)
        return json_answer(self.kept)


def _told(outgoing: Outgoing) -> dict[str, Any]:
    body = outgoing.body or b""
    if "json" in outgoing.headers["content-type"]:
        read: dict[str, Any] = orjson.loads(body)
        return read
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


@pytest.mark.parametrize("body", ["json", "form"])
@pytest.mark.parametrize("text", ODD)
async def test_what_looks_like_a_number_comes_back_as_the_text_it_was(tmp_path: Path, text: str, body: str) -> None:
    manifest = MANIFEST.replace("outcomes:\n", WRITES.replace("BODY", body), 1)
    declared = Connector(write_folder(tmp_path, {"connector.yaml": manifest}))
    settled = settle(declared.manifest, {"base_url": "https://x.example"}, {"token": "t"})
    echo = Echo()
    connection = assemble("crm", declared, settled, wire=echo, clock=lambda: NOW)
    mapping = load_book(declared.mapping_file)["customer"]
    sent = mapping.write({"name": text}, current=None, is_new=False)
    await connection.run("customer.update", deadline=Deadline.after(2), customer_id=text, record=sent)
    assert echo.kept == {"id": text, "name": text}
    assert parse_qs(urlsplit(echo.sent[0].url).query) == {"again": [text]}
    (record,) = (await connection.run("customer.get", deadline=Deadline.after(2), customer_id=text)).records
    read = mapping.read(record)
    assert (read["id"], read["name"]) == (text, text)
