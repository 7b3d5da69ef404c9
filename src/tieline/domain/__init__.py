"""The canonical model and its pure rules, in the field's words."""
