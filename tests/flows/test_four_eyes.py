"""T-4EYES: what widens access is done by two people. Each guarded action, as it is asked for, on a house with its doors shut."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

import pytest
import yaml
from tests.api.front_door import ROLES
from tests.flows.door import KNOWN, SHARED, json_of
from tests.flows.guarded_actions import (
    ACTIONS,
    CONSOLE,
    RULE,
    Guarded,
    Outcome,
    caught,
    change_key,
    loosen_rules,
    reveal_identity,
    told,
)
from tests.flows.house import RunningHouse, company, open_house
from tests.flows.house_fixtures import new_database
from tests.flows.sandbox import Sandbox

from tieline.domain.errors import Overloaded, SecondPersonRequired, StateConflict
from tieline.security import second_person
from tieline.security.permissions import Caller
from tieline.services import api_keys, approvals, policies
from tieline.services.api_keys import KeyWish
from tieline.services.approvals import Plea
from tieline.services.batch import exporting
from tieline.services.house import House
from tieline.store.policy_versions import PolicyVersion

RACERS: Final = 64

each_action = pytest.mark.parametrize("action", ACTIONS)


@pytest.fixture(scope="module")
async def a_house(
    postgres_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory, systems: Sandbox
) -> AsyncIterator[RunningHouse]:
    systems.heal()
    file = yaml.safe_load(company(systems))
    file["agents"] |= {role: {"name": role.title(), "role": role, "extensions": []} for role in ROLES}
    settings = {"auth": "on", "sign_ins_per_minute": 0, "requests_per_second": 0, "public_url": "http://127.0.0.1"}
    set_up = yaml.safe_dump(file, allow_unicode=True)
    with new_database(postgres_url, template_database) as url:
        async with open_house(url, tmp_path_factory.mktemp("eyes"), systems, set_up=set_up, **settings) as house:
            yield house


@pytest.fixture
async def guarded(a_house: RunningHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Guarded:
    """A house where nothing waits, and one row is many."""
    monkeypatch.setattr(exporting, "MOST_ALONE", 0)
    await a_house.rows_changed(b"DELETE FROM approvals")
    house = Guarded(a_house, tmp_path, ())
    who = await house.as_("supervisor")
    refs = [
        str(json_of(await house.ask("GET", f"/v1/customers?phone=%2B{number.lstrip('+')}", who))["items"][0]["ref"])
        for number in (KNOWN, SHARED)
    ]
    house.refs = tuple(refs)
    return house


async def asked(guarded: Guarded, action: str, content: int = 0) -> str:
    """Ask, be refused, and return what is waiting."""
    outcome = await ACTIONS[action][0](guarded, content)
    assert (outcome.status, outcome.code) == (409, "second_person_required")
    assert outcome.approval is not None
    return outcome.approval


def test_every_action_of_the_table_is_met_here() -> None:
    assert second_person.guarded("all") == ACTIONS.keys()
    assert exporting.MOST_ALONE == 10_000


@each_action
async def test_it_is_done_once_by_whoever_asked_when_somebody_else_has_approved(guarded: Guarded, action: str) -> None:
    ask, who = ACTIONS[action]
    first = await asked(guarded, action)
    assert await asked(guarded, action) == first, "asked again, it is the same that waits"
    assert (await guarded.decide(first, "dpo")).code == "done"
    assert (await ask(guarded, 0)).code == "done"
    assert await asked(guarded, action) != first, "once"
    assert await guarded.noted(first) == [
        ("approval.asked", who),
        ("approval.approved", "agent:dpo"),
        ("approval.used", who),
    ]


@each_action
async def test_what_is_not_exactly_what_was_approved_is_asked_anew(guarded: Guarded, action: str) -> None:
    first = await asked(guarded, action)
    await guarded.decide(first, "dpo")
    assert await asked(guarded, action, content=1) != first
    assert (await ACTIONS[action][0](guarded, 0)).code == "done", "and what was approved still is"


@each_action
async def test_nobody_approves_their_own(guarded: Guarded, action: str) -> None:
    first = await asked(guarded, action)
    kind, _, name = ACTIONS[action][1].partition(":")
    if kind == "agent":
        outcome = await guarded.decide(first, name)
        key = await key_of(guarded, name)
        by_key = told(await guarded.ask("POST", f"/v1/approvals/{first}/decide", key, {"verdict": "approved"}))
        assert (by_key.status, by_key.code) == (403, "approval_by_key")
    else:
        outcome = await caught(approvals.decide(guarded.house.house.desk, UUID(first), "approved", by=CONSOLE))
    assert (outcome.status, outcome.code) == (403, "approval_of_own")
    assert await asked(guarded, action) == first


@each_action
async def test_whoever_may_not_approve_it_neither_sees_nor_decides_it(guarded: Guarded, action: str) -> None:
    first = await asked(guarded, action)
    for role in sorted(set(ROLES) - {"dpo", "admin", "supervisor"}):
        assert (await guarded.decide(first, role)).code == "forbidden"
    for role in {"admin", "supervisor"} - {ACTIONS[action][1].partition(":")[2]}:
        may = second_person.may_approve(role, action)
        shown = json_of(await guarded.ask("GET", "/v1/approvals", await guarded.as_(role)))["items"]
        assert [one["id"] for one in shown] == ([first] if may else [])
        if not may:
            assert (await guarded.decide(first, role)).code == "not_found"
    assert await asked(guarded, action) == first


@each_action
async def test_what_is_refused_stays_refused_for_its_day(guarded: Guarded, action: str) -> None:
    ask, who = ACTIONS[action]
    first = await asked(guarded, action)
    assert (await guarded.decide(first, "dpo", "refused")).code == "done"
    outcome = await ask(guarded, 0)
    assert (outcome.status, outcome.code) == (403, "second_person_refused")
    assert (await guarded.decide(first, "dpo")).code == "approval_over"
    assert await guarded.noted(first) == [("approval.asked", who), ("approval.refused", "agent:dpo")]


@each_action
async def test_a_day_undecided_or_an_hour_approved_it_is_over(guarded: Guarded, action: str) -> None:
    first = await asked(guarded, action)
    guarded.house.clock.forward(approvals.ASKED_FOR + timedelta(minutes=1))
    late = await guarded.decide(first, "dpo")
    assert (late.status, late.code) == (409, "approval_over")
    second = await asked(guarded, action)
    assert second != first
    await guarded.decide(second, "dpo")
    guarded.house.clock.forward(approvals.GRANTED_FOR + timedelta(minutes=1))
    assert await asked(guarded, action) not in {first, second}


async def until_heard(use: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Ask until a house that is busy answers something else."""
    while True:
        outcome = await use()
        if outcome.code != Overloaded.code:
            return outcome


async def test_of_sixty_four_who_use_it_at_once_one_does(guarded: Guarded) -> None:
    desk = guarded.house.house.desk
    plea = Plea(second_person.KEY_CHANGE, {"cipher": "race"}, {})
    with pytest.raises(SecondPersonRequired) as waits:
        await approvals.require(desk, plea, by=CONSOLE)
    await guarded.decide(str(waits.value.approval), "dpo")
    leave = await approvals.require(desk, plea, by=CONSOLE)

    async def use() -> Outcome:
        async def once() -> None:
            async with desk.database.begin() as tx:
                await leave.use(tx, now=desk.now())

        return await caught(once())

    outcomes = [outcome.code for outcome in await asyncio.gather(*(until_heard(use) for _ in range(RACERS)))]
    assert (outcomes.count("done"), outcomes.count("approval_over")) == (1, RACERS - 1)
    assert [action for action, _ in await guarded.noted(str(waits.value.approval))].count("approval.used") == 1


async def test_of_many_requests_at_once_one_shows_the_number(guarded: Guarded) -> None:
    first = await asked(guarded, second_person.IDENTITY_REVEAL)
    await guarded.decide(first, "dpo")
    outcomes = await asyncio.gather(*(until_heard(lambda: reveal_identity(guarded, 0)) for _ in range(8)))
    codes = [outcome.code for outcome in outcomes]
    assert codes.count("done") == 1
    assert set(codes) <= {"done", "approval_over", "second_person_required"}


async def key_of(guarded: Guarded, maker: str, *scopes: str, agent: str | None = None) -> dict[str, str]:
    """A key that somebody made."""
    wish = KeyWish(name="test", scopes=scopes or ("approvals.decide",), agent=agent, life=timedelta(days=1))
    by = Caller(f"agent:{maker}", maker, frozenset(), agent=maker)
    text, _ = await api_keys.create(guarded.house.database, wish, asker=by, now=guarded.house.clock())
    return {"Authorization": f"Bearer {text}"}


async def test_whoever_made_the_key_that_asks_is_no_second_person(guarded: Guarded) -> None:
    key = await key_of(guarded, "admin", "policies.edit", "policies.read", "approvals.decide")
    await loosen_rules(guarded, 0)  # the rule is there now
    await guarded.house.rows_changed(b"DELETE FROM approvals")
    tag = f'"{json_of(await guarded.ask("GET", "/v1/policies/access", key))["version"]}"'
    outcome = told(await guarded.ask("PUT", "/v1/policies/access", key, {"definition": {}}, **{"If-Match": tag}))
    assert outcome.code == "second_person_required"
    assert (await guarded.decide(outcome.approval, "admin")).code == "approval_of_own"
    (shown,) = json_of(await guarded.ask("GET", "/v1/approvals", key))["items"]
    assert (shown["id"], shown["may_decide"]) == (outcome.approval, False)
    assert (await guarded.decide(outcome.approval, "dpo")).code == "done"


async def test_nobody_is_the_second_person_in_whose_name_the_asker_made_a_key(guarded: Guarded) -> None:
    first = await asked(guarded, second_person.RULES_LOOSEN)
    await key_of(guarded, "admin", "desk.open", agent="dpo")
    outcome = await guarded.decide(first, "dpo")
    assert (outcome.status, outcome.code) == (403, "approval_key_of_asker")
    await guarded.house.rows_changed(b"UPDATE api_keys SET revoked_at = now() - interval '40 days' WHERE agent = 'dpo'")
    assert (await guarded.decide(first, "dpo")).code == "done", "its last session is long over"


async def test_nobody_floods_the_list(guarded: Guarded) -> None:
    desk = guarded.house.house.desk
    for number in range(approvals.MOST_WAITING):
        with pytest.raises(SecondPersonRequired):
            await approvals.require(desk, Plea(second_person.KEY_CHANGE, {"number": number}, {}), by=CONSOLE)
    outcome = await caught(approvals.require(desk, Plea(second_person.KEY_CHANGE, {"number": -1}, {}), by=CONSOLE))
    assert (outcome.status, outcome.code) == (429, "rate_limited")
    assert await guarded.house.rows("SELECT count(*) FROM approvals") == [(approvals.MOST_WAITING,)]


async def test_nothing_kept_of_it_says_whose_number_it_was(guarded: Guarded) -> None:
    await asked(guarded, second_person.IDENTITY_REVEAL)
    (row,) = await guarded.house.rows("SELECT approvals::text FROM approvals")
    assert guarded.refs[0] not in row[0]
    assert guarded.refs[0].partition(":")[2] not in row[0]


async def test_more_rules_of_access_ask_for_nobody(guarded: Guarded) -> None:
    await loosen_rules(guarded, 0)
    who = await guarded.as_("admin")
    present = json_of(await guarded.ask("GET", "/v1/policies/access", who))
    more = {"customers": [RULE, {**RULE, "name": "others", "among": ["gold"]}]}
    tag = f'"{present["version"]}"'
    assert told(await guarded.ask("PUT", "/v1/policies/access", who, {"definition": more}, **{"If-Match": tag})).code == "done"


async def test_a_version_still_to_come_lets_nothing_pass(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever guesses the next version, and whose colleague writes it between the comparison and the change."""
    await loosen_rules(guarded, 0)
    house, by = guarded.house.house, Caller("agent:admin", "admin", frozenset(), agent="admin")
    read = policies.read
    present = await read(house, "access")
    assert present is not None

    async def overtaken(of: House, kind: str) -> PolicyVersion | None:
        found = await read(of, kind)
        monkeypatch.setattr(policies, "read", read)
        more = {"customers": [*present.definition["customers"], {**RULE, "name": f"after {present.version}"}]}
        await policies.write(of, kind, more, seen=present.version, by=by)
        return found

    monkeypatch.setattr(policies, "read", overtaken)
    outcome = await caught(policies.write(house, "access", {}, seen=present.version + 1, by=by))
    assert (outcome.status, outcome.code) == (412, "precondition_failed")


async def test_an_open_door_and_a_house_of_one_ask_for_nobody(house: RunningHouse, guarded: Guarded) -> None:
    assert house.house.desk.guarded == frozenset(), "whoever is on this machine is everybody"
    assert guarded.house.house.desk.guarded == second_person.guarded("all")
    left_out = Plea("identity.nobody_guards", {}, {})
    leave = await approvals.require(guarded.house.house.desk, left_out, by=CONSOLE)
    async with guarded.house.database.begin() as tx:
        await leave.use(tx, now=guarded.house.clock())
    assert leave.approval is None


async def test_a_use_that_is_taken_back_is_no_use(guarded: Guarded) -> None:
    desk = guarded.house.house.desk
    first = await asked(guarded, second_person.KEY_CHANGE)
    await guarded.decide(first, "dpo")
    wanted = {"cipher": "AES-256-GCM"}
    leave = await approvals.require(desk, Plea(second_person.KEY_CHANGE, wanted, wanted), by=CONSOLE)

    async def fail_after_it() -> None:
        async with desk.database.begin() as tx:
            await leave.use(tx, now=desk.now())
            raise StateConflict

    assert (await caught(fail_after_it())).code == "conflict"
    assert (await change_key(guarded, 0)).code == "done"
