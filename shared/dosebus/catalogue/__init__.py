"""The field catalogue: every quantity is declared once; lists, filters, charts, exports and the API follow."""
