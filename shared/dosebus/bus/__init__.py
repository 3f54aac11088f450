"""The bus: the only code that knows a broker."""
