"""Lantern Desk, a helpdesk to practise on: a vendor's API with a vendor's habits. `python lantern_desk.py 8901`, Python alone.

It answers 200 to nearly everything and says in the body what it means; it keeps numbers as people typed them and finds them
by their national digits; it writes times without a zone.
"""

import json
import re
import sys
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "practice-token"
CONTACTS: tuple[Mapping[str, Any], ...] = (
    {
        "contact_id": 70412,
        "full_name": "欧阳明月",
        "tel": "138 0013 8000",
        "mail": "mingyue@oriental-lanterns.cn",
        "grade": "A",
        "since": "2024-05-06 07:08:09",
        "remark": "Prefers to be called after six.",
    },
    {"contact_id": 70413, "full_name": "Sam Lee", "tel": "010-65543811", "mail": None, "grade": "C", "since": None, "remark": ""},
)
TICKETS: dict[str, int] = {}
"""Ticket number by the key it was made with."""


class Desk(BaseHTTPRequestHandler):
    """Answers one request."""

    def do_GET(self) -> None:
        """Say who is asking, or find contacts."""
        path, query = urlsplit(self.path).path, parse_qs(urlsplit(self.path).query)
        if not self._signed_in():
            self._refuse("TOKEN", "this token opens nothing here")
        elif path == "/api/v1/me":
            self._answer({"agent": "robot"})
        elif path == "/api/v1/contacts":
            wanted = query.get("phone", [""])[0]
            found = [contact for contact in CONTACTS if wanted and re.sub(r"\D", "", str(contact["tel"])) == wanted]
            self._answer({"contacts": found})
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        """Make a ticket, once for each key."""
        sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}").get("ticket", {})
        if not self._signed_in():
            self._refuse("TOKEN", "this token opens nothing here")
        elif self.path != "/api/v1/tickets":
            self.send_error(404)
        elif sent.get("client_key") in TICKETS:
            self._refuse("DUPLICATE", "there is a ticket with this client_key")
        else:
            TICKETS[str(sent.get("client_key"))] = number = 500123 + len(TICKETS)
            self._answer({"ticket": {"no": number, "title": sent.get("title")}})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library calls it so
        """Keep the terminal quiet."""

    def _signed_in(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _answer(self, data: Mapping[str, Any]) -> None:
        self._send({"ok": True, "data": data})

    def _refuse(self, code: str, text: str) -> None:
        self._send({"ok": False, "error": {"code": code, "text": text}})

    def _send(self, body: Mapping[str, Any]) -> None:
        raw = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Desk).serve_forever()
