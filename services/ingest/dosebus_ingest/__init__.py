"""DoseBus ingest: takes DICOM objects and keeps them."""
