"""DoseBus web: the pages and the API."""
