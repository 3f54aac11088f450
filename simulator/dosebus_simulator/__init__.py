"""DoseBus simulator: modalities that make and send dose reports."""
