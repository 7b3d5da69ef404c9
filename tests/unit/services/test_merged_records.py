"""Records a system merged: whoever survived stands for all of them, with their numbers."""

from tieline.domain.customer import Customer
from tieline.domain.merged_records import as_their_heirs, heirs_among, without_merged
from tieline.domain.people import KnownNumber
from tieline.domain.references import ExternalRef, survivor_of


def customer(ref: str, *phones: str, merged_into: str | None = None) -> Customer:
    return Customer(ref=ExternalRef.parse(ref), name=ref, phones=phones, merged_into=merged_into)


def row(ref: str, e164: str, **more: str) -> KnownNumber:
    return KnownNumber(e164, ExternalRef.parse(ref), display_name="as it was called", **more)  # type: ignore[arg-type] # texts only


def test_a_survivor_is_named_by_its_id_or_by_its_whole_reference() -> None:
    ref = ExternalRef.parse("crm:old")
    assert [survivor_of(ref, word) for word in ("new", "other:new", "", None)] == ["crm:new", "other:new", None, None]


def test_nobody_stands_for_a_record_while_the_survivor_is_not_at_hand() -> None:
    lone = customer("crm:old", "1", merged_into="new")
    assert heirs_among([lone]) == {}
    assert without_merged([lone], (), heirs_among([lone])) == (lone,)


def test_a_chain_of_merges_ends_at_the_last_record_at_hand() -> None:
    chain = [customer("crm:a", merged_into="b"), customer("crm:b", merged_into="c"), customer("crm:c")]
    assert heirs_among(chain) == {"crm:a": "crm:c", "crm:b": "crm:c"}


def test_records_merged_into_one_another_do_not_go_round_for_ever() -> None:
    circle = [customer("crm:a", merged_into="b"), customer("crm:b", merged_into="a")]
    assert heirs_among(circle) == {"crm:a": "crm:b", "crm:b": "crm:a"}
    assert heirs_among([customer("crm:a", merged_into="a")]) == {}


def test_the_survivor_carries_every_number_once_its_own_first() -> None:
    records = [customer("crm:old", "2", "1", merged_into="new"), customer("crm:new", "1")]
    (left,) = without_merged(records, [row("crm:old", "3"), row("crm:old", "4", extension="801")], heirs_among(records))
    assert (str(left.ref), left.phones) == ("crm:new", ("1", "2", "3"))


def test_the_order_of_trust_is_kept() -> None:
    records = [customer("crm:1"), customer("crm:old", merged_into="new"), customer("erp:1"), customer("crm:new")]
    assert [str(left.ref) for left in without_merged(records, (), heirs_among(records))] == ["crm:1", "erp:1", "crm:new"]


def test_rows_of_the_index_are_the_survivors_without_the_old_name() -> None:
    kept, renamed = as_their_heirs([row("erp:1", "1"), row("crm:old", "2")], {"crm:old": "crm:new"})
    assert (str(kept.ref), kept.display_name) == ("erp:1", "as it was called")
    assert (str(renamed.ref), renamed.display_name, renamed.e164) == ("crm:new", None, "2")
