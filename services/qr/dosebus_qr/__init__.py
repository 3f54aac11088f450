"""DoseBus qr: queries a PACS and has it send what is missing."""
