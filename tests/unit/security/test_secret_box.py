import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tieline.domain.errors import ConfigRefused
from tieline.security.secret_box import SecretBox

PLACE = {"connection": "crm", "field": "token"}


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "data" / "secret.key"


def write_keys(key_file: Path, *keys: bytes) -> None:
    key_file.parent.mkdir(exist_ok=True)
    key_file.write_bytes(b"\n".join(base64.b64encode(key) for key in keys))
    key_file.chmod(0o600)


@pytest.mark.parametrize("secret", ["s3cret", "", "密码 🔑", "x" * 10_000])
def test_what_is_sealed_opens_again_also_in_another_process(key_file: Path, secret: str) -> None:
    sealed = SecretBox.open(key_file).seal(secret, **PLACE)
    assert SecretBox.open(key_file).unseal(sealed, **PLACE) == secret


def test_the_key_file_is_made_for_its_owner_only_and_nothing_is_left_beside_it(key_file: Path) -> None:
    SecretBox.open(key_file)
    assert (stat.S_IMODE(key_file.stat().st_mode), stat.S_IMODE(key_file.parent.stat().st_mode)) == (0o600, 0o700)
    assert (list(key_file.parent.iterdir()), len(base64.b64decode(key_file.read_bytes()))) == ([key_file], 32)


def test_many_processes_at_first_start_agree_on_one_key(key_file: Path) -> None:
    with ThreadPoolExecutor(8) as at_once:
        boxes = list(at_once.map(lambda _: SecretBox.open(key_file), range(8)))
    assert {box.unseal(boxes[0].seal("s", **PLACE), **PLACE) for box in boxes} == {"s"}


def test_the_same_secret_is_never_sealed_alike(key_file: Path) -> None:
    box = SecretBox.open(key_file)
    assert len({box.seal("s", **PLACE) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"connection": "erp", "field": "token"},
        {"connection": "crm", "field": "password"},
        {"connection": "crmt", "field": "oken"},
    ],
)
def test_a_sealed_secret_does_not_open_in_another_place(key_file: Path, elsewhere: dict[str, str]) -> None:
    box = SecretBox.open(key_file)
    with pytest.raises(ConfigRefused, match="does not open"):
        box.unseal(box.seal("s", **PLACE), **elsewhere)


@pytest.mark.parametrize("position", [1, 12, 13, -1], ids=["nonce", "nonce's end", "ciphertext", "tag"])
def test_one_changed_bit_is_noticed(key_file: Path, position: int) -> None:
    box = SecretBox.open(key_file)
    sealed = bytearray(box.seal("s3cret", **PLACE))
    sealed[position] ^= 1
    with pytest.raises(ConfigRefused, match="does not open"):
        box.unseal(bytes(sealed), **PLACE)


@pytest.mark.parametrize("length", [0, 1, 12, 13, 20])
def test_what_was_cut_short_is_noticed(key_file: Path, length: int) -> None:
    box = SecretBox.open(key_file)
    with pytest.raises(ConfigRefused, match="stored secret"):
        box.unseal(box.seal("s3cret", **PLACE)[:length], **PLACE)


def test_after_a_rotation_old_secrets_open_and_new_ones_use_the_new_key(key_file: Path) -> None:
    write_keys(key_file, b"1" * 32)
    old = SecretBox.open(key_file).seal("s", **PLACE)
    write_keys(key_file, b"1" * 32, b"2" * 32)
    box = SecretBox.open(key_file)
    new = box.seal("s", **PLACE)
    assert (box.unseal(old, **PLACE), box.unseal(new, **PLACE), box.is_current(old), box.is_current(new)) == (
        "s",
        "s",
        False,
        True,
    )
    write_keys(key_file, b"1" * 32)
    with pytest.raises(ConfigRefused, match="key 2 "):
        SecretBox.open(key_file).unseal(new, **PLACE)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660, 0o620])
def test_a_key_others_may_touch_is_refused(key_file: Path, mode: int) -> None:
    SecretBox.open(key_file)
    key_file.chmod(mode)
    with pytest.raises(ConfigRefused, match="chmod 600"):
        SecretBox.open(key_file)


@pytest.mark.parametrize("content", [b"", b"not base64!", base64.b64encode(b"short"), "密".encode()])
def test_a_file_without_a_key_is_refused_in_one_sentence(key_file: Path, content: bytes) -> None:
    write_keys(key_file)
    key_file.write_bytes(content)
    with pytest.raises(ConfigRefused, match="key file") as refused:
        SecretBox.open(key_file)
    assert "\n" not in str(refused.value)


def test_a_directory_in_its_place_is_refused(key_file: Path) -> None:
    key_file.mkdir(parents=True)
    with pytest.raises(ConfigRefused, match="key file"):
        SecretBox.open(key_file)


def test_the_keys_do_not_show(key_file: Path) -> None:
    write_keys(key_file, b"k" * 32)
    box = SecretBox.open(key_file)
    assert "kkkk" not in f"{box!r}{vars(box)!r}"


def test_what_is_derived_differs_by_purpose_and_outlives_a_rotation(key_file: Path) -> None:
    write_keys(key_file, b"a" * 32)
    before = SecretBox.open(key_file).derive("cursors")
    write_keys(key_file, b"a" * 32, b"b" * 32)
    rotated = SecretBox.open(key_file)
    assert (rotated.derive("cursors") == before, rotated.derive("pseudonyms") == before, len(before)) == (True, False, 32)
