"""The promised people are there, in every system under another id, and the crowd is the same for everybody."""

from datetime import UTC, datetime

import pytest

from tieline.sandbox import demo
from tieline.sandbox.bamboo_records import member_number
from tieline.sandbox.crowd import FIRST_KEY
from tieline.sandbox.lotus_records import contact_id
from tieline.sandbox.numbers import CHINESE_SPELLINGS, key_of
from tieline.sandbox.population import System
from tieline.sandbox.willow_records import requester_id
from tieline.sandbox.world import World

MORNING = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
SYSTEMS: tuple[System, ...] = ("crm", "erp", "helpdesk")


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_known_customer_is_one_person_everywhere(world: World, system: System) -> None:
    (person,) = world.callers("+8613800138000", system)
    assert (person.name, person.segment) == ("张桂兰", "high_value")


def test_the_known_customer_has_orders_an_open_ticket_and_feedback(world: World) -> None:
    assert [order.state for order in world.orders_of(0)] == ["shipped", "refunding", "completed"]
    assert [(ticket.number, ticket.state) for ticket in world.tickets_of(0)] == [(8841, "in_progress"), (8790, "closed")]
    assert [(opinion.kind, opinion.score) for opinion in world.opinions_of(0)] == [("csat", 2), ("complaint", None)]


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_shared_number_belongs_to_two(world: World, system: System) -> None:
    assert [person.name for person in world.callers("+8613800138001", system)] == ["王芳", "陈志强"]


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("number", ["+8613900000000", "anonymous", ""])
def test_nobody_knows_the_unknown(world: World, system: System, number: str) -> None:
    assert list(world.callers(number, system)) == []


def test_a_person_has_another_id_in_each_system(world: World) -> None:
    for name_of in (contact_id, member_number, requester_id):
        assert len({name_of(key) for key in world.people}) == len(world.people)
    assert len({contact_id(0), member_number(0), requester_id(0)}) == 3


def test_every_spelling_of_a_mobile_is_one_number() -> None:
    assert {key_of(spell("13800131234")) for spell in CHINESE_SPELLINGS} == {"8613800131234"}


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("010-85201000转801", "861085201000x801"),
        ("+86 10 8520 1000 ext. 802", "861085201000x802"),
        ("+49 30 23125-0", "4930231250"),
        ("０２１－５５５０１０４２", "862155501042"),
    ],
)
def test_landlines_and_extensions_keep_apart(written: str, key: str) -> None:
    assert key_of(written) == key


def test_an_extension_narrows_a_head_office_to_one(world: World) -> None:
    assert [person.name for person in world.callers("+861085201000", "crm")] == ["北京青竹科技有限公司", "赵敏", "钱进"]
    assert [person.name for person in world.callers("+86 10 8520 1000;ext=802", "crm")] == ["钱进"]


def test_a_merged_record_is_not_found_by_number_but_points_to_its_survivor(world: World) -> None:
    assert list(world.callers("13800138095", "crm")) == []
    assert world.people[7].merged_into == 6


def test_thousands_live_here_and_the_demo_numbers_are_not_theirs(world: World) -> None:
    demo_numbers = {key_of(phone) for person in demo.people(MORNING) for phone in person.phones}
    crowd = [person for key, person in world.people.items() if key >= FIRST_KEY]
    assert len(crowd) == 3000
    assert not demo_numbers & {key_of(phone) for person in crowd for phone in person.phones}


def test_two_worlds_of_one_seed_are_equal_and_another_seed_is_another_crowd(world: World) -> None:
    assert World(now=MORNING).people == world.people
    assert World(now=MORNING).orders == world.orders
    assert World(now=MORNING, seed=1).people != world.people


def test_a_smaller_crowd_is_part_of_the_larger(world: World) -> None:
    small = World(now=MORNING, crowd_size=50)
    assert small.people.items() <= world.people.items()


def test_the_crowd_holds_the_names_that_break_systems(world: World) -> None:
    names = {person.name for person in world.people.values()}
    assert any("·" in name for name in names)
    assert any(name.startswith(("欧阳", "司马", "诸葛")) for name in names)
    assert any(ord(character) > 0xFFFF for name in names for character in name)
    assert any("ü" in name for name in names)


def test_identity_cards_have_a_right_check_digit_and_a_region_nobody_has(world: World) -> None:
    cards = [person.identity_card for person in world.people.values() if person.identity_card]
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    for card in cards:
        total = sum(int(digit) * weight for digit, weight in zip(card, weights, strict=False))
        assert "10X98765432"[total % 11] == card[17]
        assert card.startswith("990105")
    assert len(cards) > 2000
