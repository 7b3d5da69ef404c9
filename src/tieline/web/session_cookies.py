"""Cookies that scripts cannot read and other sites cannot send along; with TLS, of this host alone (S09)."""

from fastapi import Response


def give_cookie(answer: Response, name: str, value: str, *, life_s: int | None = None) -> None:
    """Set a cookie; without a life it goes when the browser closes."""
    answer.set_cookie(name, value, max_age=life_s, path="/", httponly=True, samesite="lax", secure=name.startswith("__Host-"))


def drop_cookie(answer: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    answer.delete_cookie(name, path="/", httponly=True, samesite="lax", secure=name.startswith("__Host-"))
