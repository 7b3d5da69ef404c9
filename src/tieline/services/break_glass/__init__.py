"""Local administrators, for the day nobody else can sign in (S10)."""
