"""What every DICOM association and file of ours has in common."""
