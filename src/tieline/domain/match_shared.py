"""When a number turns out to be a line of several people, without anybody marking it: who was chosen on it, and when."""

from datetime import timedelta
from typing import Final

CHOICES_THAT_SHARE: Final = 2
"""So many different people, chosen within `CHOICES_WITHIN`, mark the number as shared."""

CHOICES_WITHIN: Final = timedelta(days=30)
