"""Reading encoded DICOM: data set, content tree, concepts, units."""
