"""The page of a survey: what it shows, what it takes, and that every odd link gets the same friendly answer."""

import asyncio
import re

import pytest
from tests.api.front_door import rows
from tests.surveys.asking import Asking

UNAVAILABLE = "此链接已不可用"
HUNDRED = "太差了😡" * 25


async def test_the_page_is_small_shows_nothing_personal_and_runs_no_script(asking: Asking) -> None:
    phone = asking.somebody()
    token = await asking.invited(phone)
    page = await asking.page("GET", f"/s/{token}")
    plainly = {"Accept-Encoding": "identity"}
    loaded = [await asking.page("GET", each, headers=plainly) for each in re.findall(r'href="(/static/[^"]+)"', page.text)]
    assert [each.headers["Content-Type"].partition(";")[0] for each in loaded] == ["image/svg+xml", "text/css"]
    assert [each.status_code for each in (page, *loaded)] == [200] * 3
    assert sum(len(each.content) for each in (page, *loaded)) <= 30 * 1024
    assert page.text.count("<script") == 0
    assert phone[-8:] not in page.text
    assert "您对本次服务满意吗" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert {"default-src 'none'", "script-src 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"], "Set-Cookie" in page.headers) == (
        *("no-referrer", "no-store"),
        False,
    )


async def test_browsers_find_the_icon_where_they_look_for_one_by_themselves(asking: Asking) -> None:
    found, asked = [await asking.page(method, "/favicon.ico") for method in ("GET", "HEAD")]
    assert [(answer.status_code, answer.headers["Content-Type"]) for answer in (found, asked)] == [(200, "image/svg+xml")] * 2
    assert (found.text.startswith("<svg"), asked.content) == (True, b"")


async def test_the_page_speaks_english_when_asked(asking: Asking) -> None:
    page = await asking.page("GET", f"/s/{await asking.invited()}", params={"lang": "en"})
    assert ("How satisfied are you" in page.text, 'lang="en"' in page.text) == (True, True)


async def test_an_answer_becomes_feedback_about_the_call_and_counts_once(asking: Asking) -> None:
    call = await asking.call(asking.somebody(), agent="1002")
    token = str(await asking.send(await asking.survey_of(call)))
    answers = await asyncio.gather(*(asking.answer(token, score, "很耐心") for score in (5, 4, 3)))
    again = await asking.answer(token, 1)
    assert [answer.status_code for answer in (*answers, again)] == [200] * 4
    assert all("谢谢您的评价" in answer.text for answer in (*answers, again))
    (said,) = (await asking.ask("GET", "/v1/feedback", params={"call_id": call})).json()["items"]
    assert (said["kind"], said["score"] in {3, 4, 5}, said["text"], said["channel"], said["agent"], said["follow_up"]) == (
        *("csat", True, "很耐心", "sms", "1002"),
        None,
    )
    kept = await asking.survey_of(call)
    assert (kept["state"], kept["feedback_id"]) == ("answered", said["id"])


async def test_the_same_over_json(asking: Asking) -> None:
    token = await asking.invited()
    first = await asking.page("POST", f"/v1/surveys/{token}", json={"score": 4, "text": HUNDRED})
    again = await asking.page("POST", f"/v1/surveys/{token}", json={"score": 1})
    shown = await asking.page("GET", f"/v1/surveys/{token}", params={"lang": "en"})
    assert [answer.json() for answer in (first, again)] == [{"repeated": False}, {"repeated": True}]
    assert (shown.json()["answered"], shown.json()["language"]) == (True, "en")
    assert await rows(asking.door, "SELECT count(*), min(score) FROM feedback WHERE text = %s", HUNDRED) == [(1, 4)]


@pytest.mark.parametrize(
    ("score", "status"), [("0", 422), ("6", 422), ("-1", 422), ("5.0", 422), ("５", 422), ("", 422), ("999", 422)]
)
async def test_scores_out_of_the_scale_are_asked_for_again(asking: Asking, score: str, status: int) -> None:
    token = await asking.invited()
    answer = await asking.page("POST", f"/s/{token}", data={"score": score})
    assert (answer.status_code, "请先选择一个分数" in answer.text) == (status, True)
    assert (await asking.row(token))["state"] == "sent"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"score": 6}, 422, "score_range"),
        ({"score": "5"}, 422, "field_type"),
        ({"score": True}, 422, "field_type"),
        ({}, 422, "field_required"),
        ({"score": 5, "text": "x" * 2001}, 422, "field_length"),
        ({"score": 5, "text": "a\0b"}, 422, "text_nul"),
        ({"score": 5, "customer": "crm:1"}, 422, "field_unknown"),
        ({"score": 5, "text": "x" * 1_100_000}, 413, "body_too_large"),
    ],
)
async def test_json_that_does_not_fit_changes_nothing(asking: Asking, body: dict[str, object], status: int, code: str) -> None:
    token = await asking.invited()
    answer = await asking.page("POST", f"/v1/surveys/{token}", json=body)
    told = {answer.json()["code"], *(one["code"] for one in answer.json().get("errors") or ())}
    assert (answer.status_code, code in told) == (status, True), answer.text
    assert (await asking.row(token))["state"] == "sent"


async def test_a_text_of_a_megabyte_or_too_many_words_is_refused_and_the_page_stays_open(asking: Asking) -> None:
    token = await asking.invited()
    statuses = [(await asking.answer(token, 5, "x" * size)).status_code for size in (1_000_000, 40_000, 2001)]
    assert statuses == [413, 413, 422]
    assert (await asking.answer(token, 5, "很" * 2000)).status_code == 200


async def test_html_and_emoji_are_words_like_others(asking: Asking) -> None:
    token, text = await asking.invited(), "<script>alert(1)</script> 太差了 😡 'OR 1=1 --"
    await asking.answer(token, 1, text)
    assert await rows(asking.door, "SELECT count(*) FROM feedback WHERE text = %s", text) == [(1,)]


async def test_forged_used_expired_and_refused_links_get_the_same_page_with_the_right_status(asking: Asking) -> None:
    used, late, out = [await asking.invited() for _ in range(3)]
    await asking.answer(used, 5)
    late_id = (await asking.row(late))["id"]
    await rows(
        asking.door, "UPDATE surveys SET expires_at = now() - interval '1 second' WHERE id = %s::uuid RETURNING 1", late_id
    )
    assert (await asking.page("POST", f"/s/{out}/stop")).status_code == 200
    pages = {
        name: await asking.page("GET", f"/s/{token}")
        for name, token in (("forged", "A" * 24), ("used", used), ("late", late), ("out", out))
    }
    assert {name: page.status_code for name, page in pages.items()} == {"forged": 404, "used": 410, "late": 410, "out": 410}
    assert len({re.sub(r"/s/[^?\"]+", "", page.text) for page in pages.values()}) == 1
    assert UNAVAILABLE in pages["forged"].text
    posted = {token: (await asking.answer(token, 1)).status_code for token in ("A" * 24, late, out)}
    assert list(posted.values()) == [404, 410, 410]
    answers = [await asking.page("GET", f"/v1/surveys/{token}") for token in ("A" * 24, late, "x" * 199)]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (404, "not_found"),
        (410, "gone"),
        (404, "not_found"),
    ]


async def test_opting_out_needs_a_click_and_holds_for_everything_after(asking: Asking) -> None:
    phone = asking.somebody()
    token = await asking.invited(phone)
    looked = await asking.page("GET", f"/s/{token}/stop")
    assert (looked.status_code, (await asking.row(token))["state"]) == (200, "sent")
    done = [await asking.page("POST", f"/s/{token}/stop") for _ in range(2)]
    assert [(answer.status_code, "不会再向您发送" in answer.text) for answer in done] == [(200, True)] * 2
    (subject,) = asking.door.house.surveys.spoken_of_as([phone])
    assert await rows(asking.door, "SELECT given, channel, purpose FROM consents WHERE subject = %s", subject) == [
        (False, "form", "survey")
    ]
    assert "opted_out" in (await asking.survey_of(await asking.call(phone)))["reasons"]


async def test_another_sites_form_is_turned_away(asking: Asking) -> None:
    token = await asking.invited()
    answer = await asking.answer(token, 5, headers={"Sec-Fetch-Site": "cross-site"})
    assert (answer.status_code, (await asking.row(token))["state"]) == (403, "sent")


async def test_ten_thousand_guesses_are_stopped_and_others_are_not(asking: Asking) -> None:
    token = await asking.invited()
    async with asking.door.client(address="203.0.113.9") as client:
        statuses = [(await client.get(f"/v1/surveys/{number:024d}")).status_code for number in range(60)]
        limited = await client.get(f"/s/{token}?lang=zh-CN")
    assert statuses == [404] * 30 + [429] * 30
    assert (limited.status_code, int(limited.headers["Retry-After"]) > 0, "请稍后再试" in limited.text) == (429, True, True)
    assert (await asking.page("GET", f"/s/{token}", address="203.0.113.10")).status_code == 200
    assert (await asking.page("GET", f"/s/{token}", address="2001:db8::1")).status_code == 200
