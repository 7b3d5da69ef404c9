import gzip

import pytest
from fastapi import Request

from tieline.web.assets import ASK_EACH_TIME, FOR_EVER, Asset, Assets, assets

FILES = {"core/a.js": Asset.of("core/a.js", b"one"), "b.css": Asset.of("b.css", b"two")}


def asking(encoding: str = "") -> Request:
    headers = [(b"accept-encoding", encoding.encode())] if encoding else []
    return Request({"type": "http", "method": "GET", "headers": headers})


def test_the_version_follows_every_name_and_content() -> None:
    versions = {
        Assets(FILES).version,
        Assets({**FILES, "b.css": Asset.of("b.css", b"2")}).version,
        Assets({"core/c.js": FILES["core/a.js"], "b.css": FILES["b.css"]}).version,
        Assets({}).version,
    }
    assert len(versions) == 4
    assert Assets(dict(reversed(FILES.items()))).version == Assets(FILES).version


def test_the_present_address_may_be_kept_for_ever_and_an_older_one_not() -> None:
    files = Assets(FILES)
    present = files.answer(asking(), files.version, "core/a.js")
    older = files.answer(asking(), "0123456789abcdef", "core/a.js")
    assert (present.body, present.headers["cache-control"]) == (b"one", FOR_EVER)
    assert (older.body, older.headers["cache-control"]) == (b"one", ASK_EACH_TIME)


def test_whoever_takes_gzip_gets_it() -> None:
    files = Assets(FILES)
    answer = files.answer(asking("br, gzip"), files.version, "b.css")
    assert (gzip.decompress(bytes(answer.body)), answer.headers["content-encoding"]) == (b"two", "gzip")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in files.answer(asking(), files.version, "b.css").headers


@pytest.mark.parametrize("name", ["", "a.js", "../web/pages.py", "core/../b.css", "core", "/etc/passwd", "templates/page.html"])
def test_only_files_of_the_folder_are_given(name: str) -> None:
    assert Assets(FILES).answer(asking(), "x", name).status_code == 404


def test_a_template_cannot_name_a_file_that_is_not_there() -> None:
    with pytest.raises(KeyError):
        Assets(FILES).address("gone.js")


@pytest.mark.parametrize(
    ("name", "media_type"),
    [("desk.js", "text/javascript; charset=utf-8"), ("css/base.css", "text/css; charset=utf-8"), ("icon.svg", "image/svg+xml")],
)
def test_types_are_exact_because_browsers_must_not_guess(name: str, media_type: str) -> None:
    assert assets().answer(asking(), "x", name).headers["content-type"] == media_type


def test_modules_are_those_of_the_named_rooms() -> None:
    assert Assets(FILES).modules("core") == ["core/a.js"]
    assert Assets(FILES).modules("card") == []
