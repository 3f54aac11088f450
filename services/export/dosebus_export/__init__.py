"""DoseBus export: builds files from dose records."""
