"""What a whole connection makes of a misbehaving vendor: errors, pauses, the breaker, tokens; over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.connectors.sample import connector
from tests.faults.vendor import Asked, Step, Vendor, answer, hang, reset, vendor

from tieline.connectors.connection import VendorConnection, open_connection
from tieline.connectors.engine.exchange import SLOW_S
from tieline.connectors.wire import limits as limits_module
from tieline.domain.errors import (
    CapacityExhausted,
    CircuitOpen,
    ConnectorError,
    OutcomeUnknown,
    VendorAuthExpired,
    VendorBadAnswer,
    VendorDuplicate,
    VendorMisconfigured,
    VendorRejected,
    VendorThrottled,
    VendorTimeout,
    VendorUnavailable,
)
from tieline.domain.phone import PhoneNumber
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.security.egress import Egress

CALLER = PhoneNumber(raw="+8613800138000", e164="+8613800138000", national="13800138000", country="CN")
FIND = {"request": {"path": "/find", "query": {"phone": "$in.phone.e164"}}, "records": "body.results"}
CREATE = {
    "request": {"method": "POST", "path": "/tickets", "json": "$record"},
    "idempotency": {"none": "the vendor has no such thing"},
    "result": {"id": "body.id"},
}
LIMITS = {"per_second": 1000, "burst": 1000, "concurrency": 50, "timeout_ms": 20_000}
PATIENCE_S = 20.0
"""What a busy machine is granted where the time is not what is tested."""
FOUND = answer(b'{"results": [{"id": "1"}]}')
OAUTH = {
    "kind": "oauth2_client_credentials",
    "token_url": "${config.base_url}/token",
    "client_id": "tieline",
    "client_secret": "$config.token",
}


@asynccontextmanager
async def opened(folder: Path, *script: Step, **parts: object) -> AsyncIterator[tuple[VendorConnection, Vendor]]:
    parts = {"operations": {"customer.find": FIND, "ticket.create": CREATE}, "limits": LIMITS, **parts}
    async with vendor(*script) as crm:
        connection = open_connection(
            "crm",
            connector(folder, **parts),
            config={"base_url": crm.url},
            secrets={"token": "s3cr3t-token"},
            clock=utc_now,
            egress=Egress.parse(f"127.0.0.1=127.0.0.1/32:{crm.port}"),
        )
        yield connection, crm
        await connection.aclose()


def in_good_time() -> Deadline:
    return Deadline.after(PATIENCE_S)


async def find(connection: VendorConnection, *, within_s: float = PATIENCE_S) -> object:
    return await connection.run("customer.find", deadline=Deadline.after(within_s), phone=CALLER)


async def create(connection: VendorConnection) -> object:
    return await connection.run("ticket.create", deadline=in_good_time(), record={"title": "x"})


@pytest.mark.parametrize(
    ("step", "error", "code"),
    [
        (answer(status=500), VendorUnavailable, "upstream_unavailable"),
        (answer(status=400), VendorRejected, "upstream_rejected"),
        (answer(status=403), VendorMisconfigured, "upstream_config"),
        (answer(status=401), VendorMisconfigured, "upstream_credentials"),
        (answer(status=302, location="https://elsewhere.example"), VendorMisconfigured, "upstream_config"),
        (answer(b"{oops"), VendorBadAnswer, "upstream_bad_answer"),
        (answer(b"<html>Log in</html>", content_type="text/html"), VendorBadAnswer, "upstream_bad_answer"),
        (answer(b'{"results": "none"}'), VendorBadAnswer, "upstream_bad_answer"),
        (answer(b'{"results": [1, 2]}'), VendorBadAnswer, "upstream_bad_answer"),
        (answer(b'{"a":' * 100_000), VendorBadAnswer, "upstream_bad_answer"),
        (reset, VendorUnavailable, "upstream_unavailable"),
        (hang, VendorTimeout, "upstream_timeout"),
    ],
)
async def test_each_fault_has_its_error(tmp_path: Path, step: Step, error: type[ConnectorError], code: str) -> None:
    async with opened(tmp_path, step) as (connection, crm):
        with pytest.raises(error) as caught:
            await find(connection, within_s=1.0 if step is hang else PATIENCE_S)
        assert (type(caught.value), caught.value.code, len(crm.asked)) == (error, code, 1)


@pytest.mark.parametrize("status", [404, 410])
async def test_not_found_is_a_result(tmp_path: Path, status: int) -> None:
    async with opened(tmp_path, answer(status=status)) as (connection, _):
        result = await connection.run("customer.find", deadline=in_good_time(), phone=CALLER)
    assert (result.outcome, result.records) == ("not_found", ())


async def test_200_with_an_error_inside_is_the_error_inside(tmp_path: Path) -> None:
    rows = [{"when": {"status": "2xx", "body.code": {"not": "0"}}, "is": "duplicate"}]
    async with opened(tmp_path, answer(b'{"code": 17, "results": "object in bad days"}'), outcomes=rows) as (connection, _):
        with pytest.raises(VendorDuplicate):
            await find(connection)


async def test_429_is_throttling_and_is_not_retried(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(status=429, retry_after="7")) as (connection, crm):
        with pytest.raises(VendorThrottled) as caught:
            await find(connection)
        assert (caught.value.retry_after_s, len(crm.asked)) == (7.0, 1)


async def test_after_429_the_vendor_is_left_alone_for_as_long_as_it_wished(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(status=429, retry_after="7"), FOUND) as (connection, crm):
        for _ in range(3):
            with pytest.raises(VendorThrottled):
                await find(connection)
        assert len(crm.asked) == 1
        assert 6 < connection.health().paused_s <= 7


async def test_throttling_does_not_open_the_breaker(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(status=429, retry_after="0.01")) as (connection, crm):
        for _ in range(8):
            with pytest.raises(VendorThrottled):
                await find(connection)
            await asyncio.sleep(connection.health().paused_s)
        assert (connection.health().breaker, len(crm.asked)) == ("closed", 8)


async def test_five_failures_open_the_breaker_and_the_sixth_call_costs_nothing(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(status=503)) as (connection, crm):
        for _ in range(5):
            with pytest.raises(VendorUnavailable):
                await find(connection)
        sixth = connection.run("customer.find", deadline=in_good_time(), phone=CALLER)
        with pytest.raises(CircuitOpen):
            sixth.send(None)  # it ends before it has waited for anything
        assert (len(crm.asked), connection.health().breaker) == (5, "open")


@pytest.mark.parametrize(("step", "timeout_ms"), [(hang, 500), (reset, 20_000)], ids=["hangs", "resets"])
async def test_a_vendor_that_does_not_answer_opens_the_breaker(tmp_path: Path, step: Step, timeout_ms: int) -> None:
    async with opened(tmp_path, step, limits={**LIMITS, "timeout_ms": timeout_ms}) as (connection, crm):
        for call in (find, find, find, create, create):
            with pytest.raises(ConnectorError):
                await call(connection)
        assert (connection.health().breaker, len(crm.asked)) == ("open", 5)


async def test_hanging_calls_open_the_breaker_even_when_the_caller_leaves_first(tmp_path: Path) -> None:
    async with opened(tmp_path, hang) as (connection, crm):
        impatient = [
            asyncio.create_task(connection.run("customer.find", deadline=in_good_time(), phone=CALLER)) for _ in range(5)
        ]
        await crm.has_been_asked(5)
        await asyncio.sleep(SLOW_S)
        for call in impatient:
            call.cancel()
        await asyncio.gather(*impatient, return_exceptions=True)
        assert connection.health().breaker == "open"


async def test_a_caller_who_leaves_at_once_says_nothing_about_the_vendor(tmp_path: Path) -> None:
    async with opened(tmp_path, hang) as (connection, _):
        for _ in range(6):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.02):
                    await find(connection)
        assert connection.health().breaker == "closed"


async def test_no_time_left_means_no_call(tmp_path: Path) -> None:
    async with opened(tmp_path, FOUND) as (connection, crm):
        with pytest.raises(VendorTimeout):
            await find(connection, within_s=0)
        assert crm.asked == []


async def test_a_full_house_is_told_within_a_quarter_of_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits_module, "LIVE_WAIT_S", 0.25)
    async with opened(tmp_path, hang, limits={**LIMITS, "concurrency": 2}) as (connection, crm):
        held = [asyncio.create_task(connection.run("customer.find", deadline=in_good_time(), phone=CALLER)) for _ in range(2)]
        await crm.has_been_asked(2)
        started = asyncio.get_running_loop().time()
        with pytest.raises(CapacityExhausted):
            await find(connection)
        assert 0.2 < asyncio.get_running_loop().time() - started < PATIENCE_S / 2
        for call in held:
            call.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def test_bulk_work_leaves_places_for_a_ring(tmp_path: Path) -> None:
    async with opened(tmp_path, *([hang] * 7), FOUND, limits={**LIMITS, "concurrency": 10}) as (connection, crm):
        bulk = [
            asyncio.create_task(connection.run("customer.find", deadline=in_good_time(), priority="bulk", phone=CALLER))
            for _ in range(20)
        ]
        await crm.has_been_asked(7)
        live = await connection.run("customer.find", deadline=in_good_time(), phone=CALLER)
        assert live.outcome == "ok"
        for task in bulk:
            task.cancel()
        await asyncio.gather(*bulk, return_exceptions=True)


async def test_a_write_answered_with_500_may_have_happened(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(status=500)) as (connection, crm):
        with pytest.raises(OutcomeUnknown):
            await create(connection)
        assert len(crm.asked) == 1


async def test_a_write_answered_with_503_was_not_done(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(status=503)) as (connection, _):
        with pytest.raises(VendorUnavailable):
            await create(connection)


async def test_a_yes_without_the_id_of_what_was_made_is_not_believed(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(b"{}")) as (connection, _):
        with pytest.raises(OutcomeUnknown):
            await create(connection)


async def test_a_write_whose_answer_cannot_be_read_is_not_believed(tmp_path: Path) -> None:
    async with opened(tmp_path, answer(b"<html>")) as (connection, _):
        with pytest.raises(OutcomeUnknown):
            await create(connection)


def token(value: str, *, expires_in: int = 3600) -> bytes:
    return json.dumps({"access_token": value, "expires_in": expires_in}).encode()


class TokenVendor:
    """Gives out token-1, token-2, … and accepts only the newest; `lifetime_s` is what it says of them."""

    def __init__(self, *, lifetime_s: int = 3600, delay_s: float = 0.0) -> None:
        self.given = 0
        self.revoked = False
        self.lifetime_s = lifetime_s
        self.delay_s = delay_s

    async def __call__(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.line.startswith("POST /token"):
            await asyncio.sleep(self.delay_s)
            self.given += 1
            self.revoked = False
            await answer(token(f"token-{self.given}", expires_in=self.lifetime_s))(asked, writer)
        elif self.revoked or asked.headers.get("authorization") != f"Bearer token-{self.given}":
            await answer(status=401)(asked, writer)
        else:
            await FOUND(asked, writer)


async def test_fifty_first_calls_ask_for_one_token(tmp_path: Path) -> None:
    crm = TokenVendor(delay_s=0.05)
    async with opened(tmp_path, crm, auth=OAUTH) as (connection, seen):
        await asyncio.gather(*(find(connection) for _ in range(50)))
        assert (crm.given, len(seen.asked)) == (1, 51)
        assert b"client_secret=s3cr3t-token" in seen.asked[0].body


async def test_fifty_calls_refused_together_renew_once_and_all_succeed(tmp_path: Path) -> None:
    crm = TokenVendor(delay_s=0.05)
    async with opened(tmp_path, crm, auth=OAUTH) as (connection, _):
        await find(connection)
        crm.revoked = True
        results = await asyncio.gather(
            *(connection.run("customer.find", deadline=in_good_time(), phone=CALLER) for _ in range(50))
        )
        assert crm.given == 2
        assert {result.outcome for result in results} == {"ok"}


async def test_a_second_refusal_is_told_and_not_repeated(tmp_path: Path) -> None:
    always_401: list[Step] = [answer(token("t")), answer(status=401), answer(token("u")), answer(status=401)]
    async with opened(tmp_path, *always_401, auth=OAUTH) as (connection, crm):
        with pytest.raises(VendorAuthExpired):
            await find(connection)
        assert len(crm.asked) == 4


async def test_the_caller_who_fetches_the_token_may_leave_without_harm_to_the_others(tmp_path: Path) -> None:
    crm = TokenVendor(delay_s=0.2)
    async with opened(tmp_path, crm, auth=OAUTH) as (connection, seen):
        first = asyncio.create_task(connection.run("customer.find", deadline=in_good_time(), phone=CALLER))
        await seen.has_been_asked(1)
        second = asyncio.create_task(connection.run("customer.find", deadline=in_good_time(), phone=CALLER))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).outcome == "ok"
        assert crm.given == 1


async def test_wrong_credentials_are_not_tried_again_at_once(tmp_path: Path) -> None:
    refusal = answer(b'{"error": "invalid_client"}', status=401)
    async with opened(tmp_path, refusal, auth=OAUTH) as (connection, crm):
        for _ in range(5):
            with pytest.raises(VendorMisconfigured) as caught:
                await find(connection)
        assert (len(crm.asked), caught.value.code) == (1, "upstream_credentials")
        assert connection.health().breaker == "closed"


async def test_errors_and_their_causes_hold_nothing_of_the_answer(tmp_path: Path) -> None:
    rows = [{"when": {"status": 422}, "is": "permanent", "message": "body.msg"}]
    personal = answer('{"msg": "张三 13800138000 s3cr3t-token"}'.encode(), status=422)
    async with opened(tmp_path, personal, outcomes=rows) as (connection, _):
        with pytest.raises(VendorRejected) as caught:
            await find(connection)
    chain: BaseException | None = caught.value
    while chain is not None:
        assert not any(word in repr(chain) for word in ("张三", "13800138000", "s3cr3t"))
        chain = chain.__cause__ or chain.__context__


async def test_f04_a_system_that_fails_half_of_the_time_is_asked_once_for_each_call(tmp_path: Path) -> None:
    """A look-up is never repeated by itself, so flapping costs a vendor nothing beyond what was wanted of it."""
    flapping = [step for _ in range(20) for step in (FOUND, answer(status=503), FOUND, FOUND)]
    roomy = {**LIMITS, "concurrency": 80, "timeout_ms": 20_000}
    async with opened(tmp_path, *flapping, limits=roomy) as (connection, crm):
        ends = await asyncio.gather(*(find(connection, within_s=20.0) for _ in range(80)), return_exceptions=True)
        refused = sum(isinstance(end, ConnectorError) for end in ends)
        assert len(crm.asked) + sum(isinstance(end, CircuitOpen) for end in ends) == 80
        assert refused >= 20
