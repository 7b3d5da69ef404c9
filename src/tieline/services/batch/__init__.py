"""Data in and out by the file: the phone index, tickets, the audit trail."""
