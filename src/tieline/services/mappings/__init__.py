"""How a company changes its field mappings without code: draft, preview, publish, roll back."""
