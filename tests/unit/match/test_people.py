"""Records of several systems become people (rule book 4.3)."""

from datetime import UTC, date, datetime

import pytest

from tieline.domain.customer import Customer
from tieline.domain.line import Line
from tieline.domain.match_carry import carriers, how_carried, really_has
from tieline.domain.people import KnownNumber, Person, group
from tieline.domain.phone_normalise import normalise
from tieline.domain.references import ExternalRef
from tieline.sandbox.demo import people as residents
from tieline.sandbox.names import LATIN

LINE = Line(number="+861065543800", name="Support", area_code="010")
CALLER = normalise("+8613800138000", line=LINE)


def customer(ref: str, name: str | None = None, **fields: object) -> Customer:
    return Customer.model_validate({"ref": ExternalRef.parse(ref), "name": name, "phones": ("13800138000",), **fields})


def known(ref: str, **fields: object) -> KnownNumber:
    return KnownNumber(e164="+8613800138000", ref=ExternalRef.parse(ref), **fields)  # type: ignore[arg-type]  # columns vary by test


def refs(people: tuple[Person, ...]) -> list[tuple[str, ...]]:
    return [person.refs for person in people]


def test_two_systems_that_know_the_same_name_know_one_person() -> None:
    people = group([customer("crm:1", "张三"), customer("erp:9", "张 三")])

    assert refs(people) == [("crm:1", "erp:9")]


def apostrophes() -> list[str]:
    """Return the sandbox's own people who carry an apostrophe: several systems keep each of them."""
    crowd = {name for by_sex in LATIN.values() for names in by_sex.values() for name in names}
    told = {person.name for person in residents(datetime(2026, 11, 22, 2, 0, tzinfo=UTC))}
    return sorted(name for name in crowd | told if "'" in name and name[0].isalpha())


@pytest.mark.parametrize("name", apostrophes())
def test_a_name_with_an_apostrophe_is_one_persons_in_every_system(name: str) -> None:
    surname_first = ", ".join(reversed(name.rsplit(" ", 1)))

    people = group(
        [customer("crm:1", name), customer("erp:9", name.replace("'", "’")), customer("desk:5", surname_first.upper())]
    )

    assert refs(people) == [("crm:1", "erp:9", "desk:5")]


def test_there_are_people_with_an_apostrophe() -> None:
    assert {"James O'Neill", "Chloé D'Angelo", "Jürgen Weiß-O'Neill"} <= set(apostrophes())


def test_the_more_trusted_record_comes_first_whatever_came_in_first() -> None:
    (person,) = group([customer("erp:9", "张三"), customer("crm:1", "张三")], trust=("crm", "erp"))

    assert (person.ref, person.source) == ("crm:1", "crm")


def test_the_same_email_or_id_number_is_the_same_person_in_another_script() -> None:
    by_email = group([customer("crm:1", "李伟", emails=("Li@Acme.cn",)), customer("erp:9", "Li Wei", emails=("li@acme.cn ",))])
    by_id = group(
        [customer("crm:1", "李伟", id_number="11010119900307123x"), customer("erp:9", "Li Wei", id_number="11010119900307123X")]
    )

    assert refs(by_email) == refs(by_id) == [("crm:1", "erp:9")]


def test_masked_ids_and_emails_prove_nothing() -> None:
    people = group(
        [
            customer("crm:1", "李伟", id_number="110101********1234", emails=("l***@acme.cn",)),
            customer("erp:9", "王芳", id_number="110101********1234", emails=("l***@acme.cn",)),
        ]
    )

    assert len(people) == 2


def test_father_and_son_of_one_name_stay_apart() -> None:
    people = group(
        [customer("crm:1", "张伟", birth_date=date(1960, 1, 1)), customer("crm:2", "张伟", birth_date=date(1990, 1, 1))],
    )

    assert len(people) == 2


def test_a_couple_sharing_one_email_in_one_system_stays_apart() -> None:
    people = group([customer("crm:1", "张三", emails=("home@qq.com",)), customer("crm:2", "李四", emails=("home@qq.com",))])

    assert len(people) == 2


def test_a_company_is_never_one_with_a_person_of_its_name() -> None:
    people = group([customer("crm:1", "云帆科技", kind="organization"), customer("erp:9", "云帆科技")])

    assert [person.kind for person in people] == ["organization", "person"]


def test_a_nameless_record_joins_the_only_person() -> None:
    assert refs(group([customer("erp:9"), customer("crm:1", "张三")], trust=("crm", "erp"))) == [("crm:1", "erp:9")]


def test_a_nameless_record_joins_nobody_when_there_are_two() -> None:
    people = group([customer("crm:1", "张三"), customer("crm:2", "李四"), customer("erp:9")])

    assert refs(people) == [("crm:1",), ("crm:2",), ("erp:9",)]


def test_a_surname_joins_the_one_it_fits() -> None:
    people = group([customer("crm:1", "张三"), customer("crm:2", "李四"), customer("erp:9", "李女士")])

    assert refs(people) == [("crm:1",), ("crm:2", "erp:9")]


def test_the_index_row_belongs_to_the_record_it_points_at_even_if_the_name_has_changed() -> None:
    (person,) = group([customer("crm:1", "张三丰")], [known("crm:1", display_name="张三")])

    assert (person.name, len(person.known)) == ("张三丰", 1)


def test_a_merged_record_is_its_survivor() -> None:
    assert refs(group([customer("crm:1", "旧名", merged_into="2"), customer("crm:2", "张三")])) == [("crm:1", "crm:2")]


def test_index_rows_alone_make_people() -> None:
    (person,) = group([], [known("crm:1", display_name="张三", company="云帆科技")])

    assert (person.name, person.company, person.kind) == ("张三", "云帆科技", "person")


def test_only_records_with_the_callers_number_count() -> None:
    near_miss = customer("crm:2", "李四", phones=("13800138001",))
    own = customer("crm:1", "张三", phones=("010-65543800", "+86 138-0013-8000"))

    assert [really_has(one, CALLER, line=LINE) for one in (own, near_miss)] == [True, False]
    assert carriers([own, near_miss], [], CALLER, line=LINE) == ((own,), ())


def test_a_record_without_any_telephone_counts_by_its_row_in_the_index() -> None:
    bare = customer("erp:9", "张三", phones=())
    row = known("erp:9")

    assert carriers([bare], [row], CALLER, line=LINE) == ((bare,), (row,))
    assert carriers([bare], [], CALLER, line=LINE) == ((), ())


def test_the_extension_tells_people_behind_one_number_apart() -> None:
    caller = normalise("010-65543800转801", line=LINE)
    reaches = [
        how_carried(Person(customers=(customer("crm:1", "张三", phones=(written,)),)), caller, line=LINE).reach
        for written in ("010-65543800-801", "01065543800", "010-65543800x802")
    ]
    plain_caller = normalise("010-65543800", line=LINE)
    behind = how_carried(Person(customers=(customer("crm:1", "张三", phones=("010-65543800-801",)),)), plain_caller, line=LINE)

    assert reaches == ["same_extension", "plain", "other_extension"]
    assert behind.reach == "behind_extension"


def test_a_label_says_when_a_number_is_not_direct() -> None:
    labels = [("mobile", None), ("公司总机", False), ("Switchboard", False), (None, None)]

    for label, direct in labels:
        assert how_carried(Person(known=(known("crm:1", label=label),)), CALLER, line=LINE).direct is direct
    assert how_carried(Person(known=(known("crm:1", label="home", direct=True),)), CALLER, line=LINE).direct is True
