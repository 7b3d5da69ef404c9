import pytest
from fastapi import Request

from tieline.web.languages import language_of, texts
from tieline.web.painter import content_policy


def asking(*, query: str = "", accept: str = "", cookie: str = "") -> Request:
    headers = [(b"accept-language", accept.encode()), (b"cookie", cookie.encode())]
    return Request({"type": "http", "method": "GET", "headers": headers, "query_string": query.encode()})


@pytest.mark.parametrize(
    ("request_", "preferred", "expected"),
    [
        (asking(), None, "en"),
        (asking(accept="zh-TW,en;q=0.5"), None, "zh-CN"),
        (asking(accept="fr-FR, en-GB;q=0.9, zh;q=0.8"), None, "en"),
        (asking(accept="fr, de"), None, "en"),
        (asking(accept="en"), "zh", "zh-CN"),
        (asking(accept="en", cookie="tieline_language=zh-CN"), None, "zh-CN"),
        (asking(cookie="tieline_language=en"), "zh", "en"),
        (asking(query="lang=zh-CN", cookie="tieline_language=en"), "en", "zh-CN"),
        (asking(query="lang=<script>", cookie="tieline_language=%00"), None, "en"),
    ],
)
def test_asked_for_then_chosen_then_set_then_the_browsers(request_: Request, preferred: str | None, expected: str) -> None:
    assert language_of(request_, preferred=preferred) == expected


def test_a_text_nobody_wrote_is_a_mistake_and_an_optional_one_is_not() -> None:
    with pytest.raises(KeyError):
        texts("en").say("no.such.text")
    assert texts("en").say_or("role.night_owl", "night_owl") == "night_owl"


def test_the_policy_names_only_the_softphones_that_may_frame_us() -> None:
    assert "frame-ancestors 'none'" in content_policy()
    assert content_policy(("https://phone.acme.cn", "https://b.acme.cn")).endswith(
        "frame-ancestors https://phone.acme.cn https://b.acme.cn"
    )
    assert "unsafe" not in content_policy()
