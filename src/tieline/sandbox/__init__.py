"""Simulated CRM, ERP, helpdesk and PBX; imports nothing of ours."""
