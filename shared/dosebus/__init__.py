"""DoseBus: the ground that every service stands on."""
