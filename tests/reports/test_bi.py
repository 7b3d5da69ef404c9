"""BI tools: a role that reads the reporting views and nothing else, columns that stay, and the same rows as flat JSON."""

import csv
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, create_engine, func, inspect, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from tests.api.front_door import ROOT, FrontDoor, open_door, rows
from tests.reports.world import FIRST, Answer, fill, made_call

from tieline.domain.errors import ConfigRefused
from tieline.services.reports import bi
from tieline.services.reports.counting import count_due

PROMISED = Path(__file__).with_name("reporting_schema.csv")
CALLS = [
    made_call(1, at=FIRST + timedelta(hours=9), queue="sales", agent="1001", talk_s=100, wait_s=4, number="+8613800138000"),
    made_call(2, at=FIRST + timedelta(days=1), queue="support", outcome="abandoned_queue", number="+8613800138000"),
]
COLUMNS = (
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)"
    " FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0"
    " WHERE c.relnamespace = 'reporting'::regnamespace ORDER BY c.relname, a.attnum"
)


@pytest.fixture(scope="module")
async def door(another_database_url: str, pbx_token: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FrontDoor]:
    del pbx_token
    async with open_door(another_database_url, tmp_path_factory.mktemp("bi")) as opened:
        await fill(opened, CALLS, [Answer(CALLS[0].at, "csat", 5, "1001", CALLS[0])])
        await count_due(opened.house.tickets, now=opened.house.clock())
        yield opened


@pytest.fixture
async def role(door: FrontDoor) -> AsyncIterator[str]:
    name = f"bi_{secrets.token_hex(6)}"
    yield name
    if (await rows(door, "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", name)) == [(None,)]:
        await change(door, f"DROP ROLE {name}")
    else:
        await bi.revoke(door.house.tickets, name, by=ROOT)
        assert await rows(door, "SELECT 1 FROM pg_roles WHERE rolname = %s", name) == []


async def change(door: FrontDoor, statement: str) -> None:
    async with door.house.database.pool.connection() as connection:
        await connection.execute(statement.encode())


def engine_of(door: FrontDoor, role: str, password: str) -> Engine:
    address = str(door.settings.database_url.get_secret_value()) if door.settings.database_url else ""
    return create_engine(f"postgresql+psycopg://{role}:{password}@{address.rpartition('@')[2]}")


@pytest.fixture
async def reader(door: FrontDoor, role: str) -> AsyncIterator[Engine]:
    engine = engine_of(door, role, await bi.grant(door.house.tickets, role, by=ROOT))
    yield engine
    engine.dispose()


async def test_columns_promised_are_there_with_their_types(door: FrontDoor) -> None:
    there = {(view, column): kind for view, column, kind, _ in await rows(door, COLUMNS)}
    with PROMISED.open(encoding="utf-8", newline="") as file:
        promised = {(row["view"], row["column"]): row["type"] for row in csv.DictReader(file)}
    assert len(promised) > 100
    assert {key: there.get(key) for key in promised} == promised


async def test_every_column_says_what_it_is_in_both_languages(door: FrontDoor) -> None:
    silent = [(view, column) for view, column, _, told in await rows(door, COLUMNS) if not told or " / " not in told]
    assert silent == []


async def test_a_bi_tool_finds_the_views_by_reflection_and_reads_them(reader: Engine) -> None:
    metadata = MetaData()
    metadata.reflect(reader, schema="reporting", views=True)
    call = metadata.tables["reporting.fact_call"]
    agent = metadata.tables["reporting.dim_agent"]
    assert set(inspect(reader).get_view_names(schema="reporting")) == {name.partition(".")[2] for name in metadata.tables}
    assert call.c.wait_s.comment == "seconds from the beginning to the answer / 等待秒数"
    with reader.connect() as connection:
        joined = select(agent.c.role, call.c.queue, func.count()).join(agent, agent.c.agent_id == call.c.agent_id)
        found = connection.execute(joined.group_by(agent.c.role, call.c.queue)).all()
        people = set(connection.execute(select(call.c.customer_key)).scalars())
    assert [tuple(row) for row in found] == [("agent", "sales", 1)]
    assert len(people) == 1
    assert not any("138001380" in str(key) for key in people)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 FROM public.interactions",
        "SELECT salt FROM public.report_state",
        "SELECT 1 FROM public.call_facts",
        "SELECT 1 FROM public.audit_entries",
        "SET TRANSACTION READ WRITE; CREATE TABLE public.mine (a int)",
        "SET TRANSACTION READ WRITE; CREATE TABLE reporting.mine (a int)",
        "SET TRANSACTION READ WRITE; DELETE FROM reporting.fact_call",
    ],
)
async def test_it_reads_nothing_else_and_writes_nothing(reader: Engine, statement: str) -> None:
    with reader.connect() as connection, pytest.raises(ProgrammingError, match="permission denied"):
        connection.exec_driver_sql(statement)


async def test_what_takes_too_long_is_ended_and_it_may_not_take_every_connection(reader: Engine) -> None:
    with reader.connect() as connection:
        limits = connection.exec_driver_sql(
            "SELECT current_setting('statement_timeout'), current_setting('default_transaction_read_only'),"
            " (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)"
        ).one()
    assert tuple(limits) == ("1min", "on", 10)


async def test_granted_again_the_old_password_is_worth_nothing(door: FrontDoor, role: str) -> None:
    old, new = [await bi.grant(door.house.tickets, role, by=ROOT) for _ in range(2)]
    refused, welcome = engine_of(door, role, old), engine_of(door, role, new)
    with pytest.raises(OperationalError, match="password authentication failed"):
        refused.connect()
    with welcome.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM fact_call").scalar() == len(CALLS)
    welcome.dispose()
    noted = "SELECT details FROM audit_entries WHERE action = 'bi.granted' ORDER BY seq DESC LIMIT 1"
    assert await rows(door, noted) == [({"role": role},)]


async def test_a_role_of_somebody_else_is_left_alone(door: FrontDoor, role: str) -> None:
    await change(door, f"CREATE ROLE {role} NOLOGIN")
    for act in (bi.grant, bi.revoke):
        with pytest.raises(ConfigRefused):
            await act(door.house.tickets, role, by=ROOT)


async def read(door: FrontDoor, name: str, header: dict[str, str], **query: str) -> Any:  # noqa: ANN401 - a response
    params = {"from": "2026-09-01", "to": "2026-09-02", **query}
    return await door.ask("GET", f"/v1/datasets/{name}", params=params, headers=header)


async def test_a_dataset_is_flat_and_the_same_whatever_there_is(door: FrontDoor) -> None:
    key = await door.signed("reports.read")
    pages = [(await read(door, "fact_call", key, page=str(page), size="1")).json() for page in (1, 2, 3)]
    assert [(page["code"], page["total"], len(page["data"])) for page in pages] == [(0, 2, 1), (0, 2, 1), (0, 2, 0)]
    first, second = pages[0]["data"][0], pages[1]["data"][0]
    assert first.keys() == second.keys()
    assert (first["called_at"], first["date_key"], first["wait_s"], second["wait_s"]) == (
        "2026-09-01 09:00:00",
        "2026-09-01",
        4,
        None,
    )
    days = (await read(door, "call_day", key)).json()["data"]
    assert [(day["date_key"], day["queue"], day["calls"], day["served"]) for day in days] == [
        ("2026-09-01", "sales", 1, 1),
        ("2026-09-02", "support", 1, 0),
    ]


async def test_datasets_are_for_who_may_see_every_team(door: FrontDoor) -> None:
    seen = [await read(door, "call_day", await door.session(who)) for who in ("qa", "1001", "supervisor", "admin")]
    assert [answer.status_code for answer in seen] == [200, 403, 403, 403]
    nowhere = await read(door, "audit_entries", await door.signed("reports.read"))
    assert nowhere.status_code in {404, 422}
    assert (await read(door, "call_day", await door.signed("reports.read"), to="2020-01-01")).json()["code"] == "report_span"
