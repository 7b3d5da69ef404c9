"""Why a row, a value or a record cannot be used; inside this room only. `compile`, `read` and `write` tell the others.

    ValueError
    ├── ExpressionRefused   a path is not one: found when the row is compiled
    ├── CodecRefused        `as` names no codec, or gives it arguments it does not take: found when the row is compiled
    ├── WordsRefused        `values` cannot be followed in both directions: found when the row is compiled
    ├── Unreadable          a vendor's value is not what the row says
    └── Unwritable          a canonical value cannot be said in the vendor's words

The texts are reasons for people and never hold a value out of a record.
"""


class ExpressionRefused(ValueError):
    """`code` is `expr_invalid` or, beyond a limit, `expr_limit`."""

    def __init__(self, problem: str, *, code: str = "expr_invalid") -> None:
        super().__init__(problem)
        self.code = code


class CodecRefused(ValueError):
    """`as` names no codec, or gives one arguments it does not take."""


class WordsRefused(ValueError):
    """`values` is written the wrong way round, or says two things about one word. `key` is the entry at fault."""

    def __init__(self, problem: str, *, key: str) -> None:
        super().__init__(problem)
        self.key = key


class Unreadable(ValueError):
    """A vendor's value is not what the row says."""


class Unwritable(ValueError):
    """A canonical value cannot be said in the vendor's words."""
