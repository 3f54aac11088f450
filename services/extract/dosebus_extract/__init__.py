"""DoseBus extract: reads dose out of DICOM objects and records it."""
