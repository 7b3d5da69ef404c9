"""Tools for people who write connectors: begin one from a description, record one exchange, translate a template."""
