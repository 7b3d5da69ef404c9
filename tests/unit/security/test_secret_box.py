import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tieline.domain.errors import ConfigRefused
from tieline.security.ciphers import Key, Sm4Gcm
from tieline.security.key_file import add_key
from tieline.security.secret_box import KeysAtHand, SecretBox

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


def test_one_changed_bit_is_noticed_wherever_it_is(key_file: Path) -> None:
    box = SecretBox.open(key_file)
    sealed = box.seal("s3cret", **PLACE)
    for position in range(len(sealed)):
        changed = bytearray(sealed)
        changed[position] ^= 1
        with pytest.raises(ConfigRefused):
            box.unseal(bytes(changed), **PLACE)


@pytest.mark.parametrize("length", [0, 1, 2, 12, 13, 20, 62, 75, 80])
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


def test_what_was_sealed_before_there_were_data_keys_still_opens_and_is_not_current(key_file: Path) -> None:
    write_keys(key_file, b"1" * 32)
    place = b"\0\0\0\3crm\0\0\0\5token\1"
    old = b"\1" + b"n" * 12 + AESGCM(b"1" * 32).encrypt(b"n" * 12, b"s3cret", place)
    box = SecretBox.open(key_file)
    assert (box.unseal(old, **PLACE), box.is_current(old)) == ("s3cret", False)
    again = box.rewrap(old, new_data_key=False, **PLACE)
    assert (box.unseal(again, **PLACE), box.is_current(again)) == ("s3cret", True)


def test_a_new_outer_key_wraps_the_data_key_anew_and_leaves_what_that_seals(key_file: Path) -> None:
    old = SecretBox.open(key_file).seal("s3cret", **PLACE)
    assert add_key(key_file) == 2
    box = SecretBox.open(key_file)
    moved, resealed = box.rewrap(old, new_data_key=False, **PLACE), box.rewrap(old, new_data_key=True, **PLACE)
    inner = len("s3cret") + 12 + 16
    assert (moved[-inner:] == old[-inner:], resealed[-inner:] == old[-inner:]) == (True, False)
    assert (box.version_of(old), box.version_of(moved), box.unseal(moved, **PLACE)) == (1, 2, "s3cret")


def test_a_process_that_runs_finds_a_key_added_since(key_file: Path) -> None:
    running = SecretBox.open(key_file)
    add_key(key_file)
    sealed = SecretBox.open(key_file).seal("s3cret", **PLACE)
    assert (running.unseal(sealed, **PLACE), stat.S_IMODE(key_file.stat().st_mode)) == ("s3cret", 0o600)


def test_the_vector_of_sm4_gcm_comes_out() -> None:
    """RFC 8998, appendix A.1."""
    cipher = Sm4Gcm(bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    plain = b"".join(bytes([byte]) * 8 for byte in bytes.fromhex("AABBCCDDEEFFEEAA"))
    extra = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    sealed = cipher.encrypt(bytes.fromhex("00001234567800000000ABCD"), plain, extra)
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
        "83DE3541E4C2B58177E065A9BF7B62EC"
    )
    assert cipher.decrypt(bytes.fromhex("00001234567800000000ABCD"), sealed, extra) == plain


def test_a_key_for_sm4_seals_derives_and_takes_over_like_any_other(key_file: Path) -> None:
    old = SecretBox.open(key_file).seal("s3cret", **PLACE)
    add_key(key_file, sm4=True)
    box = SecretBox.open(key_file)
    moved = box.rewrap(old, new_data_key=True, **PLACE)
    assert (box.unseal(moved, **PLACE), len(moved) < len(old)) == ("s3cret", True)
    chinese_only = SecretBox(KeysAtHand({1: Key(b"k" * 16, sm4=True)}))
    assert chinese_only.unseal(chinese_only.seal("s3cret", **PLACE), **PLACE) == "s3cret"
    assert chinese_only.derive("cursors") != SecretBox({1: b"k" * 32}).derive("cursors")
