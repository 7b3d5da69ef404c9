"""The helpdesk: XML answers, numbers for states, and keys that make a repeated ticket one ticket."""

from xml.etree.ElementTree import Element

import httpx
import pytest
from defusedxml.ElementTree import fromstring


def tree(answer: httpx.Response) -> Element:
    assert answer.headers["content-type"] == "application/xml; charset=utf-8"
    root: Element = fromstring(answer.content)
    return root


async def test_tickets_of_a_caller(helpdesk: httpx.AsyncClient) -> None:
    root = tree(await helpdesk.get("/api/tickets.xml", params={"phone": "+8613800138000"}))
    assert root.attrib == {"offset": "0", "total": "2"}
    assert [(ticket.get("id"), ticket.findtext("state"), ticket.findtext("prio")) for ticket in root] == [
        ("8841", "3", "2"),
        ("8790", "9", "3"),
    ]
    assert root[0].findtext("requester/phone") == "tel:+86-1380-0138-000"


async def test_offset_pages(helpdesk: httpx.AsyncClient) -> None:
    root = tree(await helpdesk.get("/api/tickets.xml", params={"phone": "13800138000", "offset": "1", "limit": "1"}))
    assert [ticket.get("id") for ticket in root] == ["8790"]


async def test_markup_in_a_subject_is_escaped(helpdesk: httpx.AsyncClient) -> None:
    answer = await helpdesk.get("/api/tickets/8871.xml")
    assert b"<script>" not in answer.content
    assert tree(answer).findtext("subject") == "<script>alert('subject')</script>"


async def test_a_ticket_is_made_once_per_key(helpdesk: httpx.AsyncClient) -> None:
    form = {"requester": "900000", "subject": "来电：换货", "prio": "2"}
    first = await helpdesk.post("/api/tickets.xml", data=form, headers={"Idempotency-Key": "k-1"})
    again = await helpdesk.post("/api/tickets.xml", data=form, headers={"Idempotency-Key": "k-1"})
    other = await helpdesk.post("/api/tickets.xml", data=form | {"prio": "1"}, headers={"Idempotency-Key": "k-1"})
    assert [answer.status_code for answer in (first, again, other)] == [201, 200, 409]
    assert tree(first).get("id") == tree(again).get("id")
    assert again.headers["idempotent-replay"] == "true"
    assert tree(other).get("code") == "key_reused"


async def test_a_change_with_an_old_version_is_refused(helpdesk: httpx.AsyncClient) -> None:
    changed = tree(await helpdesk.put("/api/tickets/8841.xml", data={"state": "5", "version": "1"}))
    assert (changed.findtext("state"), changed.get("version")) == ("5", "2")
    stale = await helpdesk.put("/api/tickets/8841.xml", data={"state": "9", "version": "1"})
    assert (stale.status_code, tree(stale).get("code")) == (409, "stale_version")


async def test_a_note_is_added_once_per_key(helpdesk: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await helpdesk.post(
            "/api/tickets/8841/notes.xml", data={"text": "已回访", "author": "1002"}, headers={"Idempotency-Key": "n-1"}
        )
    shown = tree(await helpdesk.get("/api/tickets/8841.xml"))
    assert answer.headers["idempotent-replay"] == "true"
    assert [note.findtext("text") for note in shown.iter("note")].count("已回访") == 1


@pytest.mark.parametrize(
    ("method", "path", "form", "status", "code"),
    [
        ("GET", "/api/tickets/1.xml", None, 404, "not_found"),
        ("GET", "/api/tickets.xml", None, 400, "missing_field"),
        ("POST", "/api/tickets.xml", {"subject": "x"}, 400, "key_missing"),
        ("PUT", "/api/tickets/8841.xml", {"state": "77"}, 422, "bad_state"),
        ("PUT", "/api/tickets/8841.xml", {"prio": "9"}, 422, "bad_prio"),
        ("DELETE", "/api/session.xml", None, 405, "wrong_method"),
        ("GET", "/nothing", None, 404, "no_route"),
    ],
)
async def test_errors_are_xml(
    helpdesk: httpx.AsyncClient, method: str, path: str, form: dict[str, str] | None, status: int, code: str
) -> None:
    answer = await helpdesk.request(method, path, data=form)
    assert (answer.status_code, tree(answer).get("code")) == (status, code)


async def test_a_wrong_password_is_told_in_xml(helpdesk: httpx.AsyncClient) -> None:
    answer = await helpdesk.get("/api/session.xml", auth=("tieline", "wrong"))
    assert (answer.status_code, tree(answer).get("code")) == (401, "unauthorized")
    assert answer.headers["www-authenticate"].startswith("Basic")
