"""Signing in with DingTalk (钉钉): like OAuth, but with names of its own (`authCode`, camel case) and no ID token.

The person's token tells the company and a union id; the application's token turns that into the company's user id.
Sources: the vendor's SDK 2.2.65 (`oauth2_1_0`, `contact_1_0`); https://help.dingtalk.io/open/development/query-a-user-by-the-union-id
(read 2026-11-26). Written from them, never called.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import urlencode

from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.security.id_tokens import LoggedOut
from tieline.security.json_web_tokens import TokenRefused
from tieline.services.sign_in.app_token import AppToken
from tieline.services.sign_in.attempt import Attempt
from tieline.services.sign_in.file import DingtalkEntry
from tieline.services.sign_in.provider import WITHIN_S, Identity, Returned, fetch, post_json, with_query

LOGIN_PAGE: Final = "https://login.dingtalk.com/oauth2/auth"
API: Final = "https://api.dingtalk.com/v1.0"
OLDER_API: Final = "https://oapi.dingtalk.com"
NOT_FOUND: Final = 60121
"""No such person in this company."""


class DingtalkProvider:
    """One application of one company."""

    def __init__(self, entry: DingtalkEntry, secret: str, wire: Wire, *, monotonic: Callable[[], float]) -> None:
        self._entry = entry
        self._secret = secret
        self._wire = wire
        self._token = AppToken(self._issue, monotonic)
        self.issuer = f"dingtalk:{entry.corp_id}"
        self.title = entry.title
        self.session_h = entry.session_h
        self.asks_each_time = True

    def agent_id(self, name: str) -> str | None:
        """Return which agent of ours somebody is; None: none."""
        return self._entry.agent_id(name)

    async def leave_for(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return the address of the login page. `corpid` in the scope makes the answer name the company."""
        fields = {
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "client_id": self._entry.client_id,
            "scope": "openid corpid",
            "state": attempt.state,
            "prompt": "consent",
        }
        return with_query(LOGIN_PAGE, fields)

    async def identify(self, returned: Returned, attempt: Attempt, redirect_uri: str) -> Identity:
        """Return who came back. Raises: TokenRefused: of another company, or nobody of ours. ConnectorError."""
        del attempt, redirect_uri  # nothing of theirs comes back but the state, which is checked before
        code = returned.code("authCode")
        deadline = Deadline.after(WITHIN_S)
        given = {
            "clientId": self._entry.client_id,
            "clientSecret": self._secret,
            "code": code,
            "grantType": "authorization_code",
        }
        tokens = await post_json(self._wire, f"{API}/oauth2/userAccessToken", given, deadline=deadline)
        if not isinstance(tokens.get("accessToken"), str):
            raise TokenRefused("code_refused")
        if tokens.get("corpId") != self._entry.corp_id:
            raise TokenRefused("another_company")
        headers = {"x-acs-dingtalk-access-token": tokens["accessToken"]}
        person = await fetch(self._wire, f"{API}/contact/users/me", deadline=deadline, headers=headers)
        union_id = person.get("unionId")
        if not isinstance(union_id, str) or not union_id:
            raise VendorBadAnswer("DingTalk did not say who it is")
        member = await self._member(union_id, deadline)
        return Identity(issuer=self.issuer, subject=union_id, name=member)

    async def leave_address(self, back: str) -> str | None:
        """Lead nowhere: DingTalk knows no signing out by address."""
        del back
        return None

    async def logged_out(self, token: str) -> LoggedOut:
        """Refuse: DingTalk sends no such tokens."""
        del token
        raise TokenRefused("logout_unsupported")

    async def _member(self, union_id: str, deadline: Deadline) -> str:
        """Return the user id within the company. Raises: TokenRefused: it has none."""
        query = urlencode({"access_token": await self._token.get(deadline)})
        address = f"{OLDER_API}/topapi/user/getbyunionid?{query}"
        answer = await post_json(self._wire, address, {"unionid": union_id}, deadline=deadline)
        if answer.get("errcode") == NOT_FOUND:
            raise TokenRefused("not_a_member")
        result = answer.get("result")
        if answer.get("errcode") != 0 or not isinstance(result, dict):
            self._token.forget()
            raise VendorBadAnswer("DingTalk did not say who it is")
        return _colleague(result)

    async def _issue(self, deadline: Deadline) -> tuple[str, float]:
        given = {"appKey": self._entry.client_id, "appSecret": self._secret}
        answer = await post_json(self._wire, f"{API}/oauth2/accessToken", given, deadline=deadline)
        if not isinstance(answer.get("accessToken"), str):
            raise VendorMisconfigured("DingTalk refuses our application", code="provider_config")
        return answer["accessToken"], float(answer["expireIn"])


def _colleague(result: Mapping[str, Any]) -> str:
    """Return the user id of an employee; an outside contact of the company (`contact_type` 1) is none."""
    member = result.get("userid")
    if result.get("contact_type", 0) != 0 or not isinstance(member, str) or not member:
        raise TokenRefused("not_a_member")
    return member
