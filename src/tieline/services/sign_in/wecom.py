"""Signing in with WeCom (企业微信): a code on the way back, no token of any kind; the state alone ties it to the browser.

A code is good once, for five minutes. Source: the server API's documents at https://developer.work.weixin.qq.com/document/
(read 2026-09); written from them, never called.
"""

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from tieline.connectors.wire.messages import Wire
from tieline.domain.errors import VendorBadAnswer, VendorMisconfigured
from tieline.kit.deadline import Deadline
from tieline.security.id_tokens import LoggedOut
from tieline.security.json_web_tokens import TokenRefused
from tieline.services.sign_in.app_token import AppToken
from tieline.services.sign_in.attempt import Attempt
from tieline.services.sign_in.file import WecomEntry
from tieline.services.sign_in.provider import WITHIN_S, Identity, Returned, fetch, with_query

LOGIN_PAGE: Final = "https://login.work.weixin.qq.com/wwlogin/sso/login"
API: Final = "https://qyapi.weixin.qq.com/cgi-bin"
TOKEN_ENDED: Final = frozenset({40014, 42001})
CODE_REFUSED: Final = frozenset({40029, 42003})
"""Wrong or used; expired."""


class WecomProvider:
    """One self-built application of one company."""

    def __init__(self, entry: WecomEntry, secret: str, wire: Wire, *, monotonic: Callable[[], float]) -> None:
        self._entry = entry
        self._secret = secret
        self._wire = wire
        self._token = AppToken(self._issue, monotonic)
        self.issuer = f"wecom:{entry.corp_id}"
        self.title = entry.title
        self.session_h = entry.session_h
        self.asks_each_time = True

    def agent_id(self, name: str) -> str | None:
        """Return which agent of ours somebody is; None: none."""
        return self._entry.agent_id(name)

    async def leave_for(self, attempt: Attempt, redirect_uri: str) -> str:
        """Return the address of the page with the code to scan."""
        fields = {
            "login_type": "CorpApp",
            "appid": self._entry.corp_id,
            "agentid": self._entry.agentid,
            "redirect_uri": redirect_uri,
            "state": attempt.state,
        }
        return with_query(LOGIN_PAGE, fields)

    async def identify(self, returned: Returned, attempt: Attempt, redirect_uri: str) -> Identity:
        """Return who came back. Raises: TokenRefused: not a member of the company. ConnectorError."""
        del attempt, redirect_uri  # nothing of theirs comes back but the state, which is checked before
        code = returned.code()
        deadline = Deadline.after(WITHIN_S)
        answer = await self._who(code, deadline)
        if answer.get("errcode") in TOKEN_ENDED:
            self._token.forget()
            answer = await self._who(code, deadline)
        if answer.get("errcode") in CODE_REFUSED:
            raise TokenRefused("code_refused")
        _require_ok(answer)
        member = answer.get("userid") or answer.get("UserId")  # the older spelling
        if not isinstance(member, str) or not member:
            raise TokenRefused("not_a_member")
        return Identity(issuer=self.issuer, subject=member, name=member)

    async def leave_address(self, back: str) -> str | None:
        """Lead nowhere: WeCom knows no signing out by address."""
        del back
        return None

    async def logged_out(self, token: str) -> LoggedOut:
        """Refuse: WeCom sends no such tokens."""
        del token
        raise TokenRefused("logout_unsupported")

    async def _who(self, code: str, deadline: Deadline) -> dict[str, Any]:
        query = urlencode({"access_token": await self._token.get(deadline), "code": code})
        return await fetch(self._wire, f"{API}/auth/getuserinfo?{query}", deadline=deadline)

    async def _issue(self, deadline: Deadline) -> tuple[str, float]:
        query = urlencode({"corpid": self._entry.corp_id, "corpsecret": self._secret})
        answer = await fetch(self._wire, f"{API}/gettoken?{query}", deadline=deadline)
        _require_ok(answer)
        return str(answer["access_token"]), float(answer["expires_in"])


def _require_ok(answer: dict[str, Any]) -> None:
    """Raises: VendorMisconfigured: a secret or a list of addresses is wrong. VendorBadAnswer: busy, or something new."""
    code = answer.get("errcode")
    if code in {40001, 40013, 40056, 60020}:  # secret, company, application, address not on the list
        raise VendorMisconfigured("WeCom refuses our application; see its error code in the runbook", code="provider_config")
    if code != 0:
        raise VendorBadAnswer("WeCom did not say who it is")
