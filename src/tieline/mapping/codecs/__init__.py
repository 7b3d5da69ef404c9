"""Named, tested primitives that turn a vendor's value into a plain one and back."""
