"""Subscriptions at the door: the secret is shown once, what cannot be is refused, everything is audited."""

import pytest
from tests.api.front_door import FrontDoor, rows

PATH = "/v1/webhook-subscriptions"
WISH = {"url": "https://93.184.216.34/hook?token=t", "kinds": ["ticket.*", "call.ended"]}


async def test_the_secret_is_shown_once_and_never_kept_in_the_clear(open_house: FrontDoor) -> None:
    made = await open_house.ask("POST", PATH, json=WISH)
    assert made.status_code == 201, made.text
    secret = made.json()["secret"]
    assert secret.startswith("whsec_")
    found = await open_house.ask("GET", f"{PATH}/{made.json()['id']}")
    listed = await open_house.ask("GET", PATH)
    assert found.json() == {key: value for key, value in made.json().items() if key != "secret"}
    assert listed.json()["items"] == [found.json()]
    assert secret not in found.text + listed.text
    assert await rows(open_house, "SELECT 1 FROM webhook_subscriptions WHERE position(%s::bytea IN secret) > 0", secret[6:]) == []
    audited = await rows(open_house, "SELECT action, details::text FROM audit_entries WHERE action LIKE 'subscription%%'")
    assert [action for action, _ in audited] == ["subscription.created"]
    assert "token" not in audited[0][1]


@pytest.mark.parametrize(
    ("wish", "status", "code"),
    [
        ({**WISH, "url": "http://93.184.216.34/hook"}, 422, "url_forbidden"),
        ({**WISH, "url": "https://127.0.0.1/hook"}, 422, "url_forbidden"),
        ({**WISH, "url": "https://169.254.169.254/latest"}, 422, "url_forbidden"),
        ({**WISH, "url": "file:///etc/passwd"}, 422, "url_forbidden"),
        ({**WISH, "url": "https://user:pass@93.184.216.34/"}, 422, "url_forbidden"),
        ({**WISH, "url": "https://nobody.invalid/hook"}, 422, "url_unknown"),
        ({**WISH, "kinds": ["ticket.exploded"]}, 422, "field_value"),
        ({**WISH, "kinds": ["nobody.*"]}, 422, "field_value"),
        ({**WISH, "kinds": []}, 422, "field_length"),
        ({**WISH, "secret": "mine"}, 422, "field_unknown"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused_and_not_repeated(
    open_house: FrontDoor, wish: dict[str, object], status: int, code: str
) -> None:
    answer = await open_house.ask("POST", PATH, json=wish)
    problem = answer.json()
    codes = {problem["code"], *(each["code"] for each in problem.get("errors", ()))}
    assert (answer.status_code, code in codes) == (status, True), problem
    assert not any(word in answer.text for word in ("hook", "exploded", "passwd", "user:"))
    assert (await open_house.ask("GET", PATH)).json()["items"] == []


@pytest.mark.parametrize("name", ["0199c0de-0000-7000-8000-000000000001", "nobody"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/change-secret")]
)
async def test_what_is_not_there_is_not_found(open_house: FrontDoor, method: str, path: str, name: str) -> None:
    answer = await open_house.ask(method, f"{PATH}/{name}{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_list_goes_on_where_it_ended(open_house: FrontDoor) -> None:
    made = [(await open_house.ask("POST", PATH, json=WISH)).json()["id"] for _ in range(3)]
    first = (await open_house.ask("GET", f"{PATH}?limit=2")).json()
    second = (await open_house.ask("GET", PATH, params={"limit": 2, "cursor": first["next"]})).json()
    assert [one["id"] for one in (*first["items"], *second["items"])] == made[::-1]
    assert second["next"] is None
