"""Who is asked, who is not, and that it can be told why."""

from datetime import timedelta
from typing import Any

import pytest
from tests.api.front_door import rows
from tests.surveys.asking import Asking


async def test_whoever_was_served_is_asked_once_and_the_message_names_their_page(asking: Asking) -> None:
    call = await asking.call(asking.somebody())
    await asking.settle(call)
    survey = await asking.survey_of(call)
    assert (survey["occasion"], survey["state"], survey["reasons"], survey["template"], survey["way"]) == (
        *("call", "sending", []),
        *("csat", "sms"),
    )
    token = await asking.send(survey)
    shown = await asking.page("GET", f"/v1/surveys/{token}")
    assert (shown.status_code, shown.json()["kind"], shown.json()["lowest"], shown.json()["highest"]) == (200, "csat", 1, 5)
    assert (await asking.survey_of(call))["state"] == "sent"


async def test_only_the_hash_of_a_token_is_kept(asking: Asking) -> None:
    call = await asking.call(asking.somebody())
    survey = await asking.survey_of(call)
    token = await asking.send(survey)
    assert token is not None
    assert len(token) * 6 >= 128
    kept = await rows(
        asking.door,
        "SELECT surveys::text, (SELECT string_agg(deliveries::text, '') FROM deliveries WHERE object_id = surveys.id::text) "
        "FROM surveys WHERE id = %s::uuid",
        survey["id"],
    )
    assert token not in "".join(kept[0])
    assert await rows(asking.door, "SELECT octet_length(token_hash) FROM surveys WHERE id = %s::uuid", survey["id"]) == [(32,)]


@pytest.mark.parametrize(
    ("told", "reasons"),
    [
        ({"unanswered": True}, ["nobody_talked"]),
        ({"agent": "voicemail"}, ["nobody_talked"]),
        ({"phone": "anonymous"}, ["customer_unknown"]),
        ({"phone": "+8613700137000"}, ["internal"]),
    ],
)
async def test_why_nobody_was_asked_is_kept(asking: Asking, told: dict[str, Any], reasons: list[str]) -> None:
    phone = str(told.pop("phone", "")) or asking.somebody()
    survey = await asking.survey_of(await asking.call(phone, **told))
    assert (survey["state"], set(reasons) <= set(survey["reasons"]), survey["way"]) == ("refused", True, None), survey


async def test_a_talk_cut_off_at_once_is_not_asked_about(asking: Asking) -> None:
    survey = await asking.survey_of(await asking.call(asking.somebody(), talk=timedelta(seconds=5)))
    assert (survey["state"], survey["reasons"]) == ("refused", ["talk_too_short"])


async def test_one_person_is_asked_once_in_seven_days(asking: Asking) -> None:
    phone = asking.somebody()
    await asking.call(phone)
    again = await asking.survey_of(await asking.call(phone))
    assert (again["state"], again["reasons"]) == ("refused", ["asked_recently"])
    await rows(
        asking.door,
        "UPDATE surveys SET decided_at = decided_at - interval '8 days' WHERE phone = %s AND state = 'sending' RETURNING 1",
        phone,
    )
    assert (await asking.survey_of(await asking.call(phone)))["state"] == "sending"


async def test_a_ticket_is_asked_about_when_it_is_solved_but_not_an_internal_one(asking: Asking) -> None:
    made = {}
    for category in ("退款", "内部"):
        wish = {"subject": "x", "category": category, "phone": asking.somebody()}
        ticket = await asking.ticket(**wish)
        await asking.close(ticket)
        await asking.decide()
        (made[category],) = await asking.surveys(ticket_id=ticket)
    assert (made["退款"]["occasion"], made["退款"]["state"], made["退款"]["reasons"]) == ("ticket", "sending", [])
    assert (made["内部"]["state"], made["内部"]["reasons"]) == ("refused", ["internal"])


async def test_whoever_said_no_is_not_asked_and_may_say_yes_again(asking: Asking) -> None:
    phone = asking.somebody()
    await asking.consent(phone, given=False)
    assert (await asking.survey_of(await asking.call(phone)))["reasons"] == ["opted_out"]
    await asking.consent(phone, given=True)
    assert (await asking.survey_of(await asking.call(phone)))["state"] == "sending"


async def test_the_next_way_is_taken_when_one_fails_and_the_last_failure_is_kept(asking: Asking) -> None:
    call = await asking.call(asking.somebody())
    assert await asking.send(await asking.survey_of(call), fails="upstream_rejected")
    second = await asking.survey_of(call)
    assert (second["state"], second["way"], second["reasons"]) == ("sending", "backup", ["sms:upstream_rejected"])
    await asking.send(second, way="backup", fails="upstream_config")
    failed = await asking.survey_of(call)
    assert (failed["state"], failed["reasons"]) == ("failed", ["sms:upstream_rejected", "backup:upstream_config"])


async def test_the_reminder_is_one_and_none_once_it_was_answered(asking: Asking) -> None:
    call = await asking.call(asking.somebody())
    token = await asking.send(await asking.survey_of(call))
    survey = await asking.survey_of(call)
    promised = "SELECT key, due_at > now() + interval '23 hours' FROM deliveries WHERE object_id = %s ORDER BY position"
    assert await rows(asking.door, promised, survey["id"]) == [
        (f"{survey['id']}:sms", False),
        (f"{survey['id']}:reminder", True),
    ]
    assert await asking.send(survey) == token
    reminded = await asking.survey_of(call)
    assert (reminded["state"], reminded["reminded_at"] is not None) == ("sent", True)
    assert len(await rows(asking.door, promised, survey["id"])) == 2
    assert (await asking.answer(str(token), 5)).status_code == 200
    assert await asking.send(survey) is None


async def test_the_exchange_asks_where_it_is_set_up_to_and_no_message_follows(asking: Asking) -> None:
    phone, call = asking.somebody(), f"c-ivr-{asking.somebody()}"
    now = asking.door.house.clock()
    for kind in ("ringing", "answered"):
        await asking.tell(call, kind, phone, agent="1001", at=now, queue="voice_box")
    prompts = [(await asking.ask("POST", "/v1/survey-prompts", json={"call_id": call})).json() for _ in range(2)]
    assert prompts[0] == prompts[1]
    assert (prompts[0]["ask"], prompts[0]["question"]["kind"]) == (True, "nps")
    said = await asking.page("POST", f"/v1/surveys/{prompts[0]['token']}", json={"score": 9})
    assert (said.status_code, said.json()) == (200, {"repeated": False})
    await asking.tell(call, "ended", phone, agent="1001", at=now)
    await asking.settle(call)
    survey = await asking.survey_of(call)
    assert (survey["state"], survey["way"]) == ("answered", "ivr")
    other = await asking.call(asking.somebody())
    refused = (await asking.ask("POST", "/v1/survey-prompts", json={"call_id": other})).json()
    assert (refused["ask"], refused["token"]) == (False, None)
    assert (await asking.ask("POST", "/v1/survey-prompts", json={"call_id": "c-nobody"})).status_code == 404


async def test_an_agent_reads_only_what_is_about_their_own_work(asking: Asking) -> None:
    call = await asking.call(asking.somebody(), agent="1002")
    for agent, count in (("1001", 0), ("1002", 1), ("supervisor", 1)):
        answer = await asking.door.ask("GET", "/v1/surveys", params={"call_id": call}, headers=await asking.door.session(agent))
        assert (agent, len(answer.json()["items"])) == (agent, count)
