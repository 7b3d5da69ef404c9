"""When two names are one person's."""

import pytest

from tieline.domain.people_names import contradict, fits, name_key, same_name, surname_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张三", "张 三"),
        ("张三", "张三先生"),
        ("张三（VIP）", "张三"),
        ("古丽娜尔·阿不都热依木", "古丽娜尔•阿不都热依木"),
        ("John Smith", "SMITH, John"),
        ("Dr. Jürgen Schröder", "jurgen schroder"),
        ("Ｊｏｈｎ Smith", "John  Smith"),
        ("𠮷田美穗", "𠮷田 美穗"),
        ("James O'Neill", "O’NEILL, James"),
        ("James O'Neill", "james oneill"),
        ("James O`Neill", "James O´Neill"),
        ("Chloé D’Angelo", "Chloe D'Angelo"),
        ("Sofía Nuñez-O’Brien", "Nunez O'Brien, Sofia"),
        ("Gulnora Oʻgʻil", "Gulnora O'g'il"),
        ("Мар'яна Коваль", "Коваль Мар’яна"),
        ("Seán O＇Casey", "Sean O'Casey"),
        ("John 'Jack' Smith", "John Jack Smith"),
    ],
)
def test_one_name_in_two_spellings(one: str, other: str) -> None:
    assert same_name(name_key(one), name_key(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("张三", "李四"),
        ("张三", "张先生"),
        ("John Smith", "Jane Smith"),
        ("张三", None),
        ("", ""),
        ("张先生", "张先生"),
        ("Li Wei", "李伟"),
        ("James O'Neill", "James O'Brien"),
        ("Sean O'Casey", "Sean Casey"),
    ],
)
def test_two_names_or_too_little_to_tell(one: str | None, other: str | None) -> None:
    assert not same_name(name_key(one), name_key(other))


@pytest.mark.parametrize(
    ("short", "complete"),
    [
        ("张先生", "张三"),
        ("张*", "张三丰"),
        ("欧阳女士", "欧阳静"),
        ("J. Smith", "John Smith"),
        ("Smith", "Smith, John"),
        ("王总", "王伟"),
        ("O'Neill", "James O'Neill"),
        ("J. O'Neill", "James O’Neill"),
        ("Seán Ó Casey", "Sean O'Casey"),
    ],
)
def test_a_short_form_fits_the_complete_name(short: str, complete: str) -> None:
    assert fits(name_key(short), name_key(complete))
    assert not contradict(name_key(short), name_key(complete))


@pytest.mark.parametrize(
    ("one", "other"), [("张先生", "李四"), ("John Smith", "Mary Jones"), ("J. Smith", "Peter Smith"), ("J. O'Neill", "J. Neill")]
)
def test_names_that_cannot_be_one_persons_contradict(one: str, other: str) -> None:
    assert contradict(name_key(one), name_key(other))


def test_names_in_different_scripts_never_contradict() -> None:
    assert not contradict(name_key("Li Wei"), name_key("李伟"))


@pytest.mark.parametrize(
    ("name", "surname"),
    [("张三", "张"), ("欧阳静", "欧阳"), ("欧阳", "欧"), ("诸葛孔明", "诸葛"), ("司马", "司"), ("马超", "马")],
)
def test_compound_surnames(name: str, surname: str) -> None:
    assert surname_of(name) == surname
