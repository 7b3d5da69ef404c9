"""WeCom and DingTalk: who comes in, who does not, and what is sent; answers as their documents show them."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tieline.connectors.wire.messages import Incoming, Outgoing
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured
from tieline.kit.clock import utc_now
from tieline.kit.deadline import Deadline
from tieline.security.json_web_tokens import TokenRefused
from tieline.services.sign_in import attempt as attempts
from tieline.services.sign_in.dingtalk import DingtalkProvider
from tieline.services.sign_in.file import DingtalkEntry, WecomEntry
from tieline.services.sign_in.provider import Identity, Returned
from tieline.services.sign_in.wecom import WecomProvider

BACK = "https://tieline.acme.cn/desk/sign-in/x/callback"
TOKEN = {"errcode": 0, "errmsg": "ok", "access_token": "app-token", "expires_in": 7200}
MEMBER = {"errcode": 0, "errmsg": "ok", "userid": "zhangsan"}
PERSON = {"accessToken": "person-token", "refreshToken": "r", "expireIn": 7200, "corpId": "ding0123"}
ME = {"nick": "张三", "unionId": "z21HjQliSzpw0Yxxxx", "openId": "o"}
APP = {"accessToken": "app-token", "expireIn": 7200}
COLLEAGUE = {"errcode": 0, "errmsg": "ok", "result": {"contact_type": 0, "userid": "zhangsan"}, "request_id": "r"}


class Script:
    """A wire that answers in order and keeps what was sent."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = list(answers)
        self.sent: list[Outgoing] = []

    async def send(self, outgoing: Outgoing, *, deadline: Deadline) -> Incoming:
        assert deadline.remaining_s() > 0
        self.sent.append(outgoing)
        return Incoming(200, {}, json.dumps(self._answers[len(self.sent) - 1]).encode())

    async def aclose(self) -> None:
        """Nothing was opened."""

    def asked(self) -> list[str]:
        return [f"{each.method} {urlsplit(each.url).hostname}{urlsplit(each.url).path}" for each in self.sent]


def wecom(wire: Script) -> WecomProvider:
    entry = WecomEntry(kind="wecom", title="企业微信", corp_id="ww0123", agentid="1000002", secret="env:X")
    return WecomProvider(entry, "s3cret", wire, monotonic=lambda: 0.0)


def dingtalk(wire: Script) -> DingtalkProvider:
    entry = DingtalkEntry(kind="dingtalk", title="钉钉", client_id="dingabc", client_secret="env:X", corp_id="ding0123")
    return DingtalkProvider(entry, "s3cret", wire, monotonic=lambda: 0.0)


async def back(provider: WecomProvider | DingtalkProvider, **query: str) -> Identity:
    attempt = attempts.begin("x", now=utc_now())
    return await provider.identify(Returned(query), attempt, BACK)


async def test_wecom_is_asked_by_page_and_state() -> None:
    attempt = attempts.begin("x", now=utc_now())
    address = urlsplit(await wecom(Script()).leave_for(attempt, BACK))
    query = {name: values[0] for name, values in parse_qs(address.query).items()}
    assert f"{address.scheme}://{address.netloc}{address.path}" == "https://login.work.weixin.qq.com/wwlogin/sso/login"
    assert query == {
        "login_type": "CorpApp",
        "appid": "ww0123",
        "agentid": "1000002",
        "redirect_uri": BACK,
        "state": attempt.state,
    }


async def test_a_member_of_the_company_comes_in_and_the_apps_token_is_kept() -> None:
    wire = Script(TOKEN, MEMBER, {"errcode": 0, "UserId": "lisi"})
    provider = wecom(wire)
    assert await back(provider, code="c") == Identity(issuer="wecom:ww0123", subject="zhangsan", name="zhangsan")
    assert (await back(provider, code="d")).name == "lisi"
    who = "GET qyapi.weixin.qq.com/cgi-bin/auth/getuserinfo"
    assert wire.asked() == ["GET qyapi.weixin.qq.com/cgi-bin/gettoken", who, who]
    assert parse_qs(urlsplit(wire.sent[0].url).query) == {"corpid": ["ww0123"], "corpsecret": ["s3cret"]}
    assert parse_qs(urlsplit(wire.sent[1].url).query) == {"access_token": ["app-token"], "code": ["c"]}
    assert "s3cret" not in repr(wire.sent)


async def test_a_token_that_ended_early_is_asked_for_anew_once() -> None:
    wire = Script(TOKEN, {"errcode": 42001, "errmsg": "access_token expired"}, {**TOKEN, "access_token": "newer"}, MEMBER)
    assert (await back(wecom(wire), code="c")).subject == "zhangsan"
    assert parse_qs(urlsplit(wire.sent[3].url).query)["access_token"] == ["newer"]
    again = Script(TOKEN, {"errcode": 40014}, TOKEN, {"errcode": 40014})
    with pytest.raises(VendorBadAnswer):
        await back(wecom(again), code="c")
    assert len(again.sent) == 4


async def test_dingtalk_is_asked_by_page_and_state() -> None:
    attempt = attempts.begin("x", now=utc_now())
    query = parse_qs(urlsplit(await dingtalk(Script()).leave_for(attempt, BACK)).query)
    assert (query["client_id"], query["scope"], query["state"]) == (["dingabc"], ["openid corpid"], [attempt.state])


async def test_a_colleague_comes_in_by_the_companys_user_id() -> None:
    wire = Script(PERSON, ME, APP, COLLEAGUE)
    found = await back(dingtalk(wire), authCode="c")
    assert found == Identity(issuer="dingtalk:ding0123", subject="z21HjQliSzpw0Yxxxx", name="zhangsan")
    assert wire.asked() == [
        "POST api.dingtalk.com/v1.0/oauth2/userAccessToken",
        "GET api.dingtalk.com/v1.0/contact/users/me",
        "POST api.dingtalk.com/v1.0/oauth2/accessToken",
        "POST oapi.dingtalk.com/topapi/user/getbyunionid",
    ]
    assert json.loads(wire.sent[0].body or b"") == {
        "clientId": "dingabc",
        "clientSecret": "s3cret",
        "code": "c",
        "grantType": "authorization_code",
    }
    assert wire.sent[1].headers["x-acs-dingtalk-access-token"] == "person-token"
    assert json.loads(wire.sent[3].body or b"") == {"unionid": "z21HjQliSzpw0Yxxxx"}


REFUSED: dict[str, tuple[Callable[[Script], WecomProvider | DingtalkProvider], list[dict[str, Any]], dict[str, str], str]] = {
    "an outside contact": (wecom, [TOKEN, {"errcode": 0, "openid": "o", "external_userid": "wm"}], {"code": "c"}, "not_a_member"),
    "a used code": (wecom, [TOKEN, {"errcode": 40029, "errmsg": "invalid code"}], {"code": "c"}, "code_refused"),
    "no code": (wecom, [], {}, "code_missing"),
    "a name that is no text": (wecom, [TOKEN, {"errcode": 0, "userid": 7}], {"code": "c"}, "not_a_member"),
    "a code under the other name": (dingtalk, [], {"code": "c"}, "code_missing"),
    "a refusal": (dingtalk, [], {"error": "access_denied", "authCode": "c"}, "provider_refused"),
    "a code DingTalk does not know": (
        dingtalk,
        [{"code": "invalidParameter.authCode.notFound"}],
        {"authCode": "c"},
        "code_refused",
    ),
    "another company": (dingtalk, [{**PERSON, "corpId": "ding9"}], {"authCode": "c"}, "another_company"),
    "no company": (dingtalk, [{"accessToken": "t"}], {"authCode": "c"}, "another_company"),
    "nobody of ours": (dingtalk, [PERSON, ME, APP, {"errcode": 60121}], {"authCode": "c"}, "not_a_member"),
    "an outside contact of DingTalk": (
        dingtalk,
        [PERSON, ME, APP, {"errcode": 0, "result": {"contact_type": 1, "userid": "x"}}],
        {"authCode": "c"},
        "not_a_member",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_whoever_is_not_ours_stays_outside(name: str) -> None:
    make, answers, query, why = REFUSED[name]
    wire = Script(*answers)
    with pytest.raises(TokenRefused) as refused:
        await back(make(wire), **query)
    assert (refused.value.why, len(wire.sent)) == (why, len(answers))


@pytest.mark.parametrize("code", [40001, 40013, 60020])
async def test_a_wrong_secret_or_address_is_the_administrators_business(code: int) -> None:
    with pytest.raises(VendorMisconfigured) as refused:
        await back(wecom(Script({"errcode": code, "errmsg": "x"})), code="c")
    assert refused.value.code == "provider_config"
    with pytest.raises(VendorMisconfigured):
        await back(dingtalk(Script(PERSON, ME, {"code": "invalidClientIdOrSecret"})), authCode="c")


@pytest.mark.parametrize("make", [wecom, dingtalk])
async def test_neither_tells_of_leaving(make: Callable[[Script], WecomProvider | DingtalkProvider]) -> None:
    assert await make(Script()).leave_address(BACK) is None
    with pytest.raises(TokenRefused):
        await make(Script()).logged_out("x.y.z")
