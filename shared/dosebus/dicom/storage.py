"""The storage SOP classes that can carry dose, and their transfer syntaxes (PS3.4 B.5, PS3.5 10)."""

from __future__ import annotations

VERIFICATION = "1.2.840.10008.1.1"
_STORAGE = "1.2.840.10008.5.1.4.1.1."

XRAY_RADIATION_DOSE_SR = f"{_STORAGE}88.67"
RADIOPHARMACEUTICAL_RADIATION_DOSE_SR = f"{_STORAGE}88.68"
PATIENT_RADIATION_DOSE_SR = f"{_STORAGE}88.73"
ENHANCED_XRAY_RADIATION_DOSE_SR = f"{_STORAGE}88.76"
BASIC_TEXT_SR = f"{_STORAGE}88.11"
ENHANCED_SR = f"{_STORAGE}88.22"
COMPREHENSIVE_SR = f"{_STORAGE}88.33"
COMPREHENSIVE_3D_SR = f"{_STORAGE}88.34"
EXTENSIBLE_SR = f"{_STORAGE}88.35"
SIEMENS_CSA_NON_IMAGE = "1.3.12.2.1107.5.9.1"

DOSE_REPORT_CLASSES: tuple[str, ...] = (
    XRAY_RADIATION_DOSE_SR,
    RADIOPHARMACEUTICAL_RADIATION_DOSE_SR,
    PATIENT_RADIATION_DOSE_SR,
    ENHANCED_XRAY_RADIATION_DOSE_SR,
    ENHANCED_SR,
    COMPREHENSIVE_SR,
    BASIC_TEXT_SR,
    COMPREHENSIVE_3D_SR,
    EXTENSIBLE_SR,
    SIEMENS_CSA_NON_IMAGE,
)
"""Reports: the dose SOP classes, the general ones that older systems use (root concept 113701), and Siemens'
private non-image object (Arcadis Varic)."""

DOSE_IMAGE_CLASSES: tuple[str, ...] = (
    f"{_STORAGE}1",  # Computed Radiography
    f"{_STORAGE}1.1",  # Digital X-Ray, for presentation
    f"{_STORAGE}1.1.1",  # Digital X-Ray, for processing
    f"{_STORAGE}1.2",  # Digital Mammography, for presentation
    f"{_STORAGE}1.2.1",  # Digital Mammography, for processing
    f"{_STORAGE}1.3",  # Digital Intra-Oral, for presentation
    f"{_STORAGE}1.3.1",  # Digital Intra-Oral, for processing
    f"{_STORAGE}2",  # CT
    f"{_STORAGE}2.1",  # Enhanced CT
    f"{_STORAGE}2.2",  # Legacy Converted Enhanced CT
    f"{_STORAGE}7",  # Secondary Capture
    f"{_STORAGE}7.1",  # Multi-frame Single Bit Secondary Capture
    f"{_STORAGE}7.2",  # Multi-frame Grayscale Byte Secondary Capture
    f"{_STORAGE}7.3",  # Multi-frame Grayscale Word Secondary Capture
    f"{_STORAGE}7.4",  # Multi-frame True Color Secondary Capture
    f"{_STORAGE}12.1",  # X-Ray Angiographic
    f"{_STORAGE}12.1.1",  # Enhanced XA
    f"{_STORAGE}12.2",  # X-Ray Radiofluoroscopic
    f"{_STORAGE}12.2.1",  # Enhanced XRF
    f"{_STORAGE}12.3",  # X-Ray Angiographic Bi-plane (retired)
    f"{_STORAGE}13.1.1",  # X-Ray 3D Angiographic
    f"{_STORAGE}13.1.2",  # X-Ray 3D Craniofacial
    f"{_STORAGE}13.1.3",  # Breast Tomosynthesis
    f"{_STORAGE}13.1.4",  # Breast Projection, for presentation
    f"{_STORAGE}13.1.5",  # Breast Projection, for processing
    f"{_STORAGE}20",  # Nuclear Medicine
    f"{_STORAGE}128",  # Positron Emission Tomography
    f"{_STORAGE}128.1",  # Legacy Converted Enhanced PET
    f"{_STORAGE}130",  # Enhanced PET
)
"""Images whose header tells a dose."""

STORAGE_CLASSES: tuple[str, ...] = DOSE_REPORT_CLASSES + DOSE_IMAGE_CLASSES

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1.99"
EXPLICIT_VR_BIG_ENDIAN = "1.2.840.10008.1.2.2"

UNCOMPRESSED: tuple[str, ...] = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
)
"""In the order in which we prefer them."""

COMPRESSED: tuple[str, ...] = (
    "1.2.840.10008.1.2.4.70",  # JPEG Lossless, first-order prediction
    "1.2.840.10008.1.2.4.57",  # JPEG Lossless
    "1.2.840.10008.1.2.4.80",  # JPEG-LS Lossless
    "1.2.840.10008.1.2.4.81",  # JPEG-LS Near-lossless
    "1.2.840.10008.1.2.4.90",  # JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.91",  # JPEG 2000
    "1.2.840.10008.1.2.4.201",  # High-Throughput JPEG 2000 Lossless
    "1.2.840.10008.1.2.4.202",  # High-Throughput JPEG 2000 Lossless, RPCL
    "1.2.840.10008.1.2.4.203",  # High-Throughput JPEG 2000
    "1.2.840.10008.1.2.5",  # RLE Lossless
    "1.2.840.10008.1.2.4.50",  # JPEG Baseline
    "1.2.840.10008.1.2.4.51",  # JPEG Extended
    "1.2.840.10008.1.2.4.100",  # MPEG2 Main Level
    "1.2.840.10008.1.2.4.101",  # MPEG2 High Level
    "1.2.840.10008.1.2.4.102",  # MPEG-4 AVC/H.264
    "1.2.840.10008.1.2.4.103",  # MPEG-4 AVC/H.264 BD-compatible
)
"""Kept as they come: only the header is read."""

TRANSFER_SYNTAXES: tuple[str, ...] = UNCOMPRESSED + COMPRESSED
