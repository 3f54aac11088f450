"""DoseBus standalone: all six services in one process, and the dosebus command."""
