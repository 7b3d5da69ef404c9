"""How Lotus CRM says no: problem documents with a code in capitals."""

from starlette.responses import JSONResponse


def problem(status: int, code: str, title: str) -> JSONResponse:
    """Return a problem document."""
    body = {"type": f"https://lotus.example/problems/{code.lower()}", "title": title, "status": status, "code": code}
    return JSONResponse(body, status, media_type="application/problem+json")
