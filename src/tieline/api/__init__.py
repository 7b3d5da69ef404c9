"""The JSON door: translate, call, return."""
