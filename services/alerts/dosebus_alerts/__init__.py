"""DoseBus alerts: sums dose over time and warns people once."""
