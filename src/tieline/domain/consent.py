"""What people can agree to, and by which way they said so. `guardian`: a parent, to the data of a child under 14 being used."""

from typing import Literal

Purpose = Literal["recording", "survey", "marketing", "sensitive_data", "transfer_abroad", "sharing", "guardian"]
Channel = Literal["call", "form", "chat", "email", "letter", "app", "import"]
