"""Signing people in by somebody else who knows them: OpenID Connect, WeCom, DingTalk."""
