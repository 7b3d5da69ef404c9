"""Postgres: tables, queries as functions, the embedded server."""
