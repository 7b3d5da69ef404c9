"""What people can agree to, and by which way they said so."""

from typing import Literal

Purpose = Literal["recording", "survey", "marketing", "sensitive_data", "transfer_abroad", "sharing"]
Channel = Literal["call", "form", "chat", "email", "letter", "app", "import"]
