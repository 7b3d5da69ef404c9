"""Pure parts of which every signature is made, for requests that go out and for those that come in."""
